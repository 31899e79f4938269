"""Make the site: the notebooks, the API, the guide for teachers and the page on the data.

Usage: ``python notebooks/website.py [FOLDER] [--teacher]`` after ``npm ci --prefix docs`` and
``pip install -e '.[site]'`` (``make site`` does all three). The stored notebooks are shown,
nothing is executed, and a page loads nothing from the network. FOLDER is build/site unless
another is named. It is for students: with --teacher, it goes to build/site_for_teachers and has the
solutions and the guide, too. If git knows the repository's address on GitHub, notebooks have
buttons for Colab and Binder.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

import nastut
import walks
from badges import BLOCK, origin, owner_and_name
from build import GUARD, NOTEBOOKS
from handouts import handout, is_solution
from sheet import HIDDEN

ROOT = NOTEBOOKS.parent
FOLDER = ROOT / "build" / "site"
FOR_TEACHERS = ROOT / "build" / "site_for_teachers"
TEACHING = ("teaching", "lab")
"""The pages that are for teachers only."""

MATHJAX = ROOT / "docs" / "node_modules" / "mathjax" / "es5" / "tex-svg.js"

HOME = """
```{{toctree}}
:caption: Notebooks
:hidden:

{notebooks}
```

```{{toctree}}
:caption: More
:hidden:

{pages}
api
contributing
```
"""

REPOSITORY = "NASTUT_REPOSITORY"
"""The variable by which ``docs/conf.py`` is told the address of the repository."""

PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
"""The pages of ``docs/``; each is a page of the site."""

CSS = """\
/* Pictures are drawn on white: where the page is dark they keep their paper. */
html[data-theme="dark"] .bd-content div.cell_output .text_html:not(:has(table.dataframe)) {
  background: none; color: inherit; padding: 0;
}
html[data-theme="dark"] .bd-content div.cell_output img { background: white; padding: 0; }
.output img { max-width: 100%; height: auto; }
/* A phone is narrow: long names may break anywhere, wide tables and formulas scroll. */
.bd-content, .bd-content code, .bd-content span.pre { overflow-wrap: anywhere; }
.bd-content p code, .bd-content td code, .bd-content span.pre { white-space: normal; }
/* In a table a word stays whole, and the table scrolls. */
.bd-content table * { overflow-wrap: normal !important; word-break: normal !important; }
/* The theme marks what was searched for, and leaves a link there the colour of links. */
.bd-content a .highlighted { color: var(--pst-color-text-base); }
.bd-content kbd { white-space: nowrap; }
mjx-container[display="true"] { overflow-x: auto; max-width: 100%; }
"""


SCRIPT = """\
// What a button says is its name: the theme's labels say something else, or less.
addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[aria-label], summary[aria-label]"))
    if (button.textContent.trim()) button.removeAttribute("aria-label");
});
"""


def page(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook whose solutions are folded on the site, and whose guards are gone."""
    made = nbformat.from_dict(notebook)
    for cell in made.cells:
        if is_solution(cell) and cell.cell_type == "code":
            cell.metadata["tags"] = [*cell.metadata.tags, "hide-cell"]
        elif GUARD in cell.metadata.get("tags", ()):
            cell.metadata["tags"] = [*cell.metadata.tags, "remove-cell"]
        elif HIDDEN in cell.metadata.get("tags", ()):
            cell.metadata["tags"] = [*cell.metadata.tags, "hide-input"]
            prompts = {"code_prompt_show": "Show the code", "code_prompt_hide": "Hide the code"}
            cell.metadata["mystnb"] = prompts
    return made


def linked(text: str) -> str:
    """Return a page whose links to notebooks hold on the site, where all lies in one folder."""
    return re.sub(r"\]\((?:\.\./)?notebooks/(\w+)\.ipynb\)", r"](\1)", text)


def home(readme: str, stems: list[str], pages: list[str]) -> str:
    """Return the first page: the README, with links that hold on a site of these pages."""
    text = BLOCK.sub("", readme)  # images of badges lie elsewhere
    text = re.sub(r"docs/(\w+\.svg)", r"_static/\1", text)
    text = linked(text)
    text = re.sub(
        r"\[([^]]+)\]\(docs/(\w+)\.md\)",
        lambda link: f"[{link[1]}]({link[2]})" if link[2] in pages else link[1],
        text,
    )
    text = text.replace("](CONTRIBUTING.md)", "](contributing)")
    text = re.sub(r"\[([^]]+)\]\((?:CHANGELOG\.md|LICENSE)\)", r"\1", text)
    return text + HOME.format(notebooks="\n".join(stems), pages="\n".join(pages))


def api() -> str:
    """Return a page of directives: every public name, by the room that it lives in."""
    rooms: dict[str, list[str]] = {}
    for name in nastut.__all__:
        thing = getattr(nastut, name)
        if inspect.ismodule(thing):
            module, directive = thing.__name__, f"automodule:: {thing.__name__}\n   :members:"
        elif inspect.isclass(thing):
            module, directive = thing.__module__, f"autoclass:: nastut.{name}\n   :members:"
        elif inspect.isfunction(thing):
            module, directive = thing.__module__, f"autofunction:: nastut.{name}"
        else:
            continue  # a letter of sympy: what it stands for is said where it is used
        room = module.split(".")[1]
        rooms.setdefault(room, []).append(f".. {directive}\n")
    parts = ["The API\n=======\n\nEvery public name, by its room.\n"]
    for room, directives in rooms.items():
        parts += [f"{room}\n{'-' * len(room)}\n", *directives]
    return "\n".join(parts)


def collect(folder: Path, teacher: bool = False) -> None:
    """Put all that Sphinx reads into one folder."""
    pages = [name for name in PAGES if teacher or name not in TEACHING]
    static = folder / "_static"
    static.mkdir()
    shutil.copyfile(MATHJAX, static / "tex-svg.js")
    for picture in (ROOT / "docs").glob("*.svg"):
        shutil.copyfile(picture, static / picture.name)
    (static / "pages.js").write_text(SCRIPT, encoding="utf-8")
    (static / "pages.css").write_text(CSS, encoding="utf-8")
    shutil.copyfile(ROOT / "docs" / "conf.py", folder / "conf.py")
    for name in pages:
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        (folder / f"{name}.md").write_text(linked(text), encoding="utf-8")
    for name in ("walks.js", "walks.css"):
        shutil.copyfile(ROOT / "docs" / name, static / name)
    prose = (folder / "walks.md").read_text(encoding="utf-8")
    (folder / "walks.md").write_text(walks.page(prose), encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (folder / "contributing.md").write_text(contributing, encoding="utf-8")
    stored = sorted(NOTEBOOKS.glob("*.ipynb"))  # the lessons, then the sheet
    for path in stored:
        notebook = nbformat.read(path, as_version=4)
        if not teacher and any(map(is_solution, notebook.cells)):
            notebook = handout(notebook)
        nbformat.write(page(notebook), folder / path.name)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = home(readme, [path.stem for path in stored], pages)
    (folder / "index.md").write_text(first, encoding="utf-8")
    (folder / "api.rst").write_text(api(), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Build the site; a warning, such as a broken link, is an error. Return Sphinx's status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--teacher", action="store_true", help="with the solutions and the guide")
    options = parser.parse_args(arguments)
    target: Path = options.folder or (FOR_TEACHERS if options.teacher else FOLDER)
    if not MATHJAX.is_file():
        parser.error(f"{MATHJAX} is missing: install Node.js, then run 'npm ci --prefix docs'")
    if missing := [name for name in ("myst_nb", "sphinx_book_theme") if not find_spec(name)]:
        parser.error(
            f"{' and '.join(missing)} not installed: run "
            "'python -m pip install -c constraints.txt -e \".[site]\"'"
        )
    from sphinx.cmd.build import build_main  # only now: the pages can be tested without Sphinx

    with suppress(ValueError):  # a folder without an address has no buttons
        os.environ[REPOSITORY] = f"https://github.com/{owner_and_name(origin())}"
    with TemporaryDirectory() as temporary:
        collect(Path(temporary), options.teacher)
        status = build_main(["-q", "-W", "--keep-going", "-b", "html", temporary, str(target)])
    if not status:
        print(f"the site is in {target}: open {target / 'index.html'} in a browser")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
