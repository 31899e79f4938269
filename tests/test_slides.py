"""Slides show what an audience can take in, give nothing away and load nothing from the network."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import browsers
import lectures
from build import LONG, NOTEBOOKS, slide_type, sources
from chromium import PATIENCE
from slides import (
    ALONE,
    LEFT_TO_READERS,
    PACKAGES,
    PLOT_LABEL,
    VENDORED,
    Bond,
    evidence,
    export,
    has_picture,
    lecture,
    main,
)

STEMS = [source.stem for source in sources()]
PROOF = "assert 1 == 1"
PLOT = [
    {"output_type": "display_data", "data": {"text/html": "<img alt='A plot.'>"}, "metadata": {}}
]


@pytest.fixture(params=STEMS)
def stored(request):
    return nbformat.read(NOTEBOOKS / f"{request.param}.ipynb", as_version=4)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (new_markdown_cell("# 01 · Graphs"), "slide"),
        (new_markdown_cell("## 1 · A graph"), "slide"),
        (new_markdown_cell("Prose."), "subslide"),
        (new_markdown_cell("<details><summary>Hint</summary>\n\nThis.\n\n</details>"), "skip"),
        (new_markdown_cell("It is 3.", metadata={"tags": ["solution"]}), "skip"),
        (new_code_cell("# Solution 1.1\n3", metadata={"tags": ["solution"]}), "skip"),
        (new_code_cell("import nastut as nt\n\nrng = nt.setup(seed=0)"), "skip"),
        (new_code_cell('answer = ...\n\nnt.check("1.1", answer)'), "skip"),
        (new_code_cell("import math\n\n\ndef helper():\n    return math.pi"), "skip"),
        (new_code_cell("x = 1\n" * (LONG + 1) + "plt.show()"), "subslide"),
        (new_code_cell("x = 1\n" * LONG + "assert x == 1"), "skip"),
        (new_code_cell(PROOF), "-"),
        (new_code_cell("nt.draw(cell)"), "-"),
    ],
)
def test_slide_type_of_a_live_slide(cell, kind):
    assert slide_type(cell) == kind


def cut(*sources, outputs=()):
    """Return the pieces of cells: of prose, or of code if it begins with a ">>> "."""
    cells = [
        new_code_cell(text.removeprefix(">>> "), outputs=[*outputs])
        if text.startswith(">>> ")
        else new_markdown_cell(text)
        for text in sources
    ]
    return lecture(new_notebook(cells=cells)).cells


@pytest.mark.parametrize(
    ("before", "after", "bond"),
    [
        ("## A heading", "Prose.", Bond.FIRM),
        ("Prose.", "## A heading", Bond.NEW),
        ("Prose.", "More prose.", Bond.LOOSE),
        ("It is the product", "$$ P $$", Bond.FIRM),
        ("A sentence.", "$$ P $$", Bond.FIRM),
        ("$$ R = 1 , $$", "where 1 is one.", Bond.FIRM),
        ("$$ R = 1 $$", "This is **REINFORCE**.", Bond.FIRM),
        ("$$ R = 1 $$", "Now another thing.", Bond.CLOSE),
        ("In the picture:", "- a line", Bond.FIRM),
        ("- a line", "- a dot", Bond.CLOSE),
        ("It prints two numbers:", f">>> {PROOF}", Bond.FIRM),
        ("It prints two numbers.", f">>> {PROOF}", Bond.CLOSE),
        (f">>> {PROOF}", "Now another thing.", Bond.LOOSE),
        (f">>> {PROOF}", "The last line checks it.", Bond.CLOSE),
        ("Prose.", "> **Exercise 1.1** ★ · 5 minutes", Bond.NEW),
        ("> **Exercise 1.1** ★ · 5 minutes", "Prose.", Bond.NEW),
        ("> **Exercise 1.1** ★ · 5 minutes", ">>> def f(x):\n    return ...", Bond.CLOSE),
        (">>> answer = ...\n\nnt.check('1.1', answer)", f">>> {PROOF}", Bond.NEW),
    ],
)
def test_no_sentence_is_cut_from_what_it_speaks_of(before, after, bond):
    cells = [piece for piece in cut(before, after) if piece.source.strip()]
    assert cells[-1].metadata["bond"] == bond
    if not before.startswith((">", "#")) and not after.startswith((">", "#")):  # in one cell, too
        assert cut(f"{before}\n\n{after}")[-1].metadata["bond"] == bond


def test_the_sentence_that_leads_to_what_comes_may_leave_its_paragraph():
    long = "This says a lot. " * 10
    assert [piece.source for piece in cut(f"{long}Now see:")] == [long.strip(), "Now see:"]
    assert len(cut("Short. Now see:")) == 1


def test_words_of_a_picture_stay_with_it_and_what_comes_before_one_goes_to_that():
    *_, words, last = cut(">>> draw()", "In the picture:\n\n- a line", outputs=PLOT)
    assert (words.metadata["bond"], last.metadata["bond"]) == (Bond.FIRM, Bond.FIRM)
    _, words, _ = cut(">>> draw()", "The picture shows it.", ">>> draw()", outputs=PLOT)
    assert words.metadata["bond"] == Bond.LOOSE


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("x = 1\nassert x == 1", "assert x == 1"),
        ("for x in xs:\n    assert x\ny = 2", "for x in xs:\n    assert x"),
        ("for x in xs:\n    x += 1\n    assert x", ""),
        ("assert (\n    x\n)", "assert (\n    x\n)"),
    ],
)
def test_evidence_is_what_checks_and_does_nothing_else(source, shown):
    assert evidence(source) == shown


def test_no_check_of_a_claim_is_lost_and_no_guard_is_shown(stored):
    """What is tagged as a guard is for us; every other assert is what the prose speaks of."""
    shown = {piece.id: piece.source for piece in lecture(stored).cells}
    for cell in stored.cells:
        tags = {"solution", "guard"} & set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or tags or "nt.setup(" in cell.source:
            assert cell.id not in shown
            continue
        for line in evidence(cell.source).splitlines():
            assert line in shown[cell.id]


def test_every_code_has_something_to_see(stored):
    before = None
    for cell in lecture(stored).cells:
        if cell.cell_type == "code":
            definition = len(cell.source.splitlines()) <= ALONE or before.source.endswith(":")
            assert cell.outputs or "assert" in cell.source or definition
        before = cell


def test_lecture_gives_no_answer_away_and_says_nothing_to_the_type_checker(stored):
    shown = lecture(stored).cells
    assert shown[0].source.startswith("# ")
    for cell in shown:
        assert not re.search("# Solution|details>", cell.source)
        if cell.cell_type == "code":
            assert not re.search("nt.check|nt.setup|type: ignore", cell.source)
            ast.parse(cell.source)


def test_nothing_of_the_prose_is_lost(stored):
    pieces = lecture(stored).cells
    kept = [note for piece in pieces for note in piece.metadata["notes"]]
    kept = "".join("".join([*kept, *(piece.source for piece in pieces)]).split())
    for cell in stored.cells:
        if cell.cell_type == "markdown" and "solution" not in cell.metadata.get("tags", ()):
            for paragraph in re.split(r"\n\n|</?\w+>|\n(?=- |\d\. )", cell.source):
                assert "".join(paragraph.split()) in kept or paragraph.startswith(LEFT_TO_READERS)


def test_answers_and_usual_mistakes_are_told_to_who_speaks():
    fold = "<details><summary>{}</summary>\n\nIt is 3.\n\n</details>"
    card = "> **Exercise 1.3** ★ · 5 minutes"
    text = "\n\n".join([card, "Prose.", fold.format("Hint"), fold.format("1. Why?"), "More."])
    first, *others, last = cut(text)
    assert [piece.source for piece in (first, *others, last)] == [
        card,
        "Prose.",
        "1. Why?",
        "More.",
    ]
    assert len(first.metadata["notes"]) >= 3
    assert all(note.startswith("A usual mistake: ") for note in first.metadata["notes"])
    assert last.metadata["notes"] == ["Hint: It is 3.", "1. Why?: It is 3."]


def test_smallest_label_of_a_plot_is_the_one_that_is_reckoned_with():
    points = PLOT_LABEL / 110 * 72
    for path in (NOTEBOOKS.parent / "nastut").glob("*/*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for size in re.findall(r"\b(?:font)?size=(\d+)", line if "rng." not in line else ""):
                assert float(size) >= points, (path, line)


@pytest.fixture(scope="module")
def chapters():
    stored = {stem: nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4) for stem in STEMS}
    return {stem[:2]: lecture(notebook).cells for stem, notebook in stored.items()}


def test_the_guide_is_the_list_of_its_lectures(chapters):
    """Each row is shown, or told; the time of all pieces is that of the lecture."""
    made = lectures.decks(chapters)
    assert list(made) == [*(f"lecture_{n}" for n in range(1, 5)), "lecture_of_90_minutes"]
    for plan in lectures.plans(lectures.GUIDE.read_text(encoding="utf-8")):
        cells = made[plan.name].cells
        assert len(plan.rows) >= 8
        assert sum(cell.metadata.get("seconds", 0) for cell in cells) == pytest.approx(90 * 60)
        told = [note for cell in cells for note in cell.metadata["notes"]]
        minutes = [int(note.split()[1].strip(",")) for note in told if note.startswith("Minute ")]
        assert minutes == [row.minute for row in plan.rows]
        assert plan.remarks in cells[0].metadata["notes"]


@pytest.mark.parametrize(
    ("what", "first"),
    [
        ("02, sections 1 and 3", ["## 1 · A tree with numbers", "## 3 · Decoding: from the list"]),
        ("*Ask the prediction of 02:* of how many? Then section 6", ["## A prediction", "## 6 · "]),
        ("08, its *prediction*: is it 0.3?", ["## A prediction"]),
        ("exercises 2.2 and 3.3 in pairs", ["> **Exercise 2.2", "> **Exercise 3.3"]),
        ("How many? Guess.", []),
    ],
)
def test_row_names_what_is_shown(what, first, chapters):
    found, _ = lectures.shown(lectures.Row(0, what, ""), chapters, "")
    starts = [piece.source for piece in found if piece.source.startswith(("## ", "> **Exercise"))]
    assert len(starts) == len(first)
    assert all(map(str.startswith, starts, first))


def test_section_that_is_not_there_is_said(chapters):
    with pytest.raises(ValueError, match=r"'## 9 · ', which is there 0 times"):
        lectures.shown(lectures.Row(0, "02, section 9", ""), chapters, "")
    with pytest.raises(ValueError, match=r"'> \*\*Exercise 2.9\*\*', which is there 0 times"):
        lectures.shown(lectures.Row(0, "exercise 2.9", ""), chapters, "")


@pytest.mark.slow
def test_page_loads_nothing_from_the_network_and_each_picture_has_its_words(stored):
    made = lecture(stored)
    html = export(made, "name")
    texts = re.findall(r'<img[^>]*? alt="([^"]*)"', html, re.DOTALL)
    assert len(texts) == sum(has_picture(cell) for cell in made.cells if "outputs" in cell)
    assert all(len(text) > 20 and not text.startswith("No description") for text in texts)
    loaded = re.findall(r'<(?:script|link|iframe)[^>]+(?:src|href)="([^"]+)"', html)
    assert {address.removeprefix("vendor/") for address in loaded} <= set(VENDORED.values())
    assert {address for address in loaded if "mathjax" in address}
    assert not re.search(r"cdn|unpkg|jsdelivr", re.sub(r'"data:[^"]*"', "", html))


def page_count(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


MEASURE = """() => [...document.querySelectorAll("section.page")].map((page) => {
  for (const one of [page, page.parentElement]) {
    one.hidden = false;
    one.style.display = "block";
  }
  const box = page.getBoundingClientRect();
  const found = { body: [99], code: [99], label: [99], right: 0, bottom: 0, end: "" };
  const reach = (end) => {
    found.right = Math.max(found.right, end.right - box.left);
    found.bottom = Math.max(found.bottom, end.bottom - box.top);
  };
  const texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let last = page;
  while (texts.nextNode()) {
    const [text, around] = [texts.currentNode, texts.currentNode.parentElement];
    range.selectNodeContents(text);
    if (!text.data.trim() || !range.getClientRects().length || around.closest("mjx-assistive-mml"))
      continue;
    const code = around.closest("pre, code");
    found[code ? "code" : "body"].push(parseFloat(getComputedStyle(around).fontSize));
    if (!code) reach(range.getBoundingClientRect());
    found.end = code ? "" : text.data.trim();
    last = text;
  }
  for (const pre of page.querySelectorAll("pre, mjx-container, .window")) {
    reach(pre.getBoundingClientRect());
    const size = parseFloat(getComputedStyle(pre).fontSize);
    if (pre.tagName === "MJX-CONTAINER") found.body.push(size);
    if (pre.closest(".input")) pre.style.whiteSpace = "pre";  // no line of code is broken
    if (pre.scrollWidth > pre.clientWidth + 1 && pre.tagName === "PRE") found.right = Infinity;
  }
  for (const image of page.querySelectorAll("img")) {
    const svg = image.src.startsWith("data:image/svg") ? decodeURIComponent(image.src) : "";
    const width = svg ? Number(svg.match(/viewBox=["']\\S+ \\S+ (\\S+)/)[1]) : image.naturalWidth;
    const found_sizes = [...svg.matchAll(/<text[^>]*? font-size=["']([\\d.]+)/g)];
    const sizes = svg ? found_sizes.map((size) => size[1]) : [PLOT];
    found.label.push((Math.min(...sizes) * image.getBoundingClientRect().width) / width);
    if (!image.closest(".window")) reach(image.getBoundingClientRect());
  }
  for (const shown of page.querySelectorAll("img, mjx-container"))
    if (last.compareDocumentPosition(shown) & Node.DOCUMENT_POSITION_FOLLOWING) found.end = "";
  for (const name of ["body", "code", "label"]) found[name] = Math.min(...found[name]) / 720;
  return found;
})""".replace("PLOT", str(PLOT_LABEL))


SECONDS = """() => [...document.querySelectorAll("section[data-timing]")]
  .reduce((sum, page) => sum + Number(page.dataset.timing), 0)"""


@pytest.mark.slow
@pytest.mark.skipif(not PACKAGES.is_dir(), reason="run 'npm ci --prefix docs'")
def test_a_back_row_reads_every_slide_and_the_right_arrow_reaches_it(tmp_path):
    main([str(tmp_path)])
    size = browsers.SIZE
    with browsers.browser() as browser:
        for path in sorted(tmp_path.glob("*.html")):
            tab = browser.new_page(viewport=size)
            trouble = []
            tab.on("pageerror", lambda error, trouble=trouble: trouble.append(str(error)))
            tab.on("console", lambda said, trouble=trouble: trouble.append(said.text))
            tab.goto(path.as_uri(), timeout=PATIENCE)
            tab.wait_for_function("document.body.dataset.ready === 'yes'", timeout=PATIENCE)
            total = tab.evaluate("Reveal.getTotalSlides()")
            for _ in range(total - 1):
                tab.keyboard.press("ArrowRight")
            assert tab.evaluate("Reveal.isLastSlide()")
            assert tab.evaluate("Reveal.getSlidePastCount()") == total - 1
            slides = tab.evaluate(MEASURE)
            if path.stem.startswith("lecture"):
                assert total <= 60, "a slide a minute, with the exercises"
                assert abs(tab.evaluate(SECONDS) - 90 * 60) < total
                tab.goto(f"{path.as_uri()}?print-pdf", timeout=PATIENCE)
                tab.wait_for_function("document.body.dataset.ready === 'yes'", timeout=PATIENCE)
                tab.wait_for_function("document.querySelector('.pdf-page')", timeout=PATIENCE)
                assert page_count(tab.pdf(prefer_css_page_size=True)) == total
            assert (len(slides), trouble) == (total, [])
            for number, slide in enumerate(slides, 1):
                at = (path.stem, number, slide)
                assert slide["body"] >= 0.04, at
                assert slide["code"] >= 0.03, at
                assert slide["label"] >= 0.02, at
                assert slide["right"] <= size["width"], at
                assert slide["bottom"] <= size["height"], at
                assert not slide["end"].endswith((":", ",")), at
            tab.close()
