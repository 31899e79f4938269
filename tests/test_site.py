"""The site: no broken link, nothing from the network. Needs what ``make site`` installs."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from PIL import ImageColor

pytest.importorskip("myst_nb", reason="the extra 'site' is not installed")
website = pytest.importorskip("website", reason="the extra 'site' is not installed")
if not website.MATHJAX.is_file():
    pytest.skip("docs/node_modules is missing: run 'npm ci --prefix docs'", allow_module_level=True)

import browsers  # noqa: E402
import nastut  # noqa: E402
from build import sources  # noqa: E402
from chromium import PATIENCE, NoBrowserError, chromium  # noqa: E402
from nastut.pictures.style import INK, QUIET  # noqa: E402

pytestmark = pytest.mark.slow

LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The names that a page defines, the addresses that it links to, and those that it loads."""

    def __init__(self, text):
        super().__init__()
        self.names, self.links, self.loaded, self.alts = set(), [], [], []
        self.folds, self.solutions = 0, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.names.add(values.get("id"))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in LOADING and values.get(LOADING[tag]):
            self.loaded.append(values[LOADING[tag]])
        self.folds += tag == "details"
        if tag == "img":
            self.alts.append(values.get("alt"))

    def handle_endtag(self, tag):
        self.folds -= tag == "details"

    def handle_data(self, data):
        if data.startswith("# Solution"):
            self.solutions.append(self.folds)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert website.main([str(folder), "--teacher"]) == 0  # a warning of Sphinx is an error
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}


def test_every_notebook_and_every_page_is_there(pages):
    names = [source.stem for source in sources()] + ["index", "api", *website.PAGES]
    assert {f"{name}.html" for name in names} <= set(pages)


def test_no_page_loads_anything_from_elsewhere(site, pages):
    for name, page in pages.items():
        for address in page.loaded:
            assert not re.match(r"(https?:)?//", address), (name, address)
            if not address.startswith(("data:", "#")):
                assert (site / unquote(address.partition("?")[0])).is_file(), (name, address)


WRITTEN = """() => [...document.querySelectorAll(".walk:not([hidden]) text")].map((text) => {
  const { fontSize, fill, color } = getComputedStyle(text);
  return [parseFloat(fontSize) * text.getScreenCTM().a, fill, color];
})"""


def test_graph_and_controls_of_a_walk_are_on_one_screen_and_can_be_read(site):
    inks = {f"rgb{ImageColor.getrgb(colour)}" for colour in (INK, QUIET)}
    with browsers.browser() as browser:
        tab = browser.new_page(viewport=browsers.SIZE, color_scheme="dark")
        tab.goto((site / "walks.html").as_uri(), timeout=PATIENCE)
        for which in range(tab.locator(".walks option").count()):
            tab.locator(".walks select").select_option(index=which)
            sizes, *colours = zip(*tab.evaluate(WRITTEN), strict=True)
            assert min(sizes) >= 12, which
            assert inks >= set(colours[0] + colours[1]), which
            for part in (".walk:not([hidden]) div.graph", "form", ".said"):
                box = tab.locator(f".walks {part}").bounding_box()
                assert box["y"] + box["height"] <= browsers.SIZE["height"], (which, part)
                assert box["x"] + box["width"] <= browsers.SIZE["width"], (which, part)


def test_no_link_within_the_site_is_broken(site, pages):
    for name, page in pages.items():
        for link in page.links:
            path, _, place = link.partition("#")
            if re.match(r"\w+:", path):
                continue
            target = path or name
            assert (site / unquote(target)).is_file(), (name, link)
            if place and target in pages:
                assert unquote(place) in pages[target].names, (name, link)


def test_every_picture_has_an_alternative_text(pages):
    assert all(alt for page in pages.values() for alt in page.alts)


def test_solutions_are_folded(pages):
    for source in sources():
        folds = pages[f"{source.stem}.html"].solutions
        assert folds
        assert all(folds)


def test_api_has_every_public_function_and_class(site):
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in nastut.__all__:
        if hasattr(getattr(nastut, name), "__code__") or isinstance(getattr(nastut, name), type):
            assert f'id="nastut.{name}"' in text


BROKEN = """() => [...document.querySelectorAll("td, th")].flatMap((cell) => {
  const [texts, range] = [document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), new Range()];
  const broken = [];
  while (texts.nextNode())
    for (const word of texts.currentNode.data.matchAll(/\\w+/g)) {
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const lines = [...range.getClientRects()].map((line) => Math.round(line.top));
      if (new Set(lines).size > 1) broken.push(word[0]);
    }
  return broken;
})"""


def test_no_page_is_wider_than_a_phone_and_no_word_of_a_table_is_broken(site):
    """What is wide by nature, code and tables and formulas, scrolls within the page."""
    try:
        with chromium() as browser:
            tab = browser.new_page(viewport={"width": 375, "height": 667})
            for path in sorted(site.glob("*.html")):
                tab.goto(path.as_uri(), timeout=PATIENCE)
                assert tab.evaluate("document.documentElement.scrollWidth") <= 375, path.name
                assert tab.evaluate(BROKEN) == [], path.name
    except NoBrowserError as error:
        pytest.skip(str(error))
