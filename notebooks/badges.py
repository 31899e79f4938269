"""Write a fork's address into it: badges into its README, and where Colab finds nastut.

Usage: ``python notebooks/badges.py [ADDRESS] [--branch NAME]``. ADDRESS is the repository's on
GitHub; the one that git calls origin, if it is left out. The README gets the badges of Colab,
Binder and the tests. The first cell of code of each notebook, which does nothing but on Colab, gets
the address from which it installs the package there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import nbformat

from nastut.files import write_atomically

NOTEBOOKS = Path(__file__).parent
README = NOTEBOOKS.parent / "README.md"
FIRST = "notebooks/00_start_here.ipynb"
BEGIN, END = "<!-- badges: python tasks.py badges -->\n", "<!-- end of badges -->\n"
BLOCK = re.compile(f"{BEGIN}(.*?){END}", re.DOTALL)

ON_COLAB = "on-colab"
"""The identity of the cell that installs nastut on Colab."""


def owner_and_name(address: str) -> str:
    """Return "owner/name" of a repository on GitHub.

    Raises
    ------
    ValueError
        If `address` is none of the forms that git takes for a repository there.
    """
    form = r"(?:https://github\.com/|(?:ssh://)?git@github\.com[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?"
    found = re.fullmatch(form, address)
    if found is None:
        raise ValueError(
            f"the address is {address!r}; Colab and Binder need a repository on GitHub, "
            "such as https://github.com/OWNER/NAME"
        )
    return found[1]


def origin() -> str:
    """Return the address that git calls origin; nothing, if there is none."""
    git = ["git", "remote", "get-url", "origin"]
    found = subprocess.run(git, cwd=README.parent, capture_output=True, text=True)
    return found.stdout.strip()


def badges(repository: str, branch: str) -> str:
    """Return the badges as Markdown."""
    there = f"https://github.com/{repository}"
    colab = "https://colab.research.google.com"
    links = {
        "Open in Colab": (
            f"{colab}/assets/colab-badge.svg",
            f"{colab}/github/{repository}/blob/{branch}/{FIRST}",
        ),
        "Open in Binder": (
            "https://mybinder.org/badge_logo.svg",
            f"https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab/tree/{FIRST}",
        ),
        "Tests": (
            f"{there}/actions/workflows/test.yml/badge.svg",
            f"{there}/actions/workflows/test.yml",
        ),
    }
    shown = [f"[![{name}]({image})]({target})" for name, (image, target) in links.items()]
    return "\n".join([*shown, ""])


def colab_cell(readme: str) -> str:
    """Return the code that installs nastut on Colab, from the address in a README's badges."""
    written = "".join(BLOCK.findall(readme))
    if found := re.search(r"/github/([^/]+/[^/]+)/blob/(.+)/notebooks/", written):
        address = f"https://github.com/{found[1]}@{found[2]}"
        step = f'get_ipython().run_line_magic("pip", "install -q git+{address}")'
    else:
        address = "<address of your copy of the repository>"
        step = f'raise ModuleNotFoundError("first run: %pip install git+{address}")'
    return f"""\
# On Colab this installs nastut; elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    {step}"""


def with_badges(readme: str, content: str) -> str:
    """Return a README with `content` where its badges stand.

    Raises
    ------
    ValueError
        If the two lines are not there between which they stand.
    """
    if len(BLOCK.findall(readme)) != 1:
        raise ValueError(f"README.md needs these two lines, once: {BEGIN.strip()} {END.strip()}")
    return BLOCK.sub(lambda _: BEGIN + content + END, readme)


def main(arguments: list[str] | None = None) -> None:
    """Write the badges, and the address into the notebooks."""
    from build import store  # it puts the cell that is written here into what it builds

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", nargs="?")
    parser.add_argument("--branch", default="main")
    options = parser.parse_args(arguments)
    address = options.address or origin()
    try:
        content = badges(owner_and_name(address), options.branch)
        readme = with_badges(README.read_text(encoding="utf-8"), content)
    except ValueError as error:
        sys.exit(str(error))
    write_atomically(README, readme.encode())
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        (cell,) = (cell for cell in notebook.cells if cell.id == ON_COLAB)
        cell.source = colab_cell(readme)
        store(notebook, path)
    print(f"{README.name} and the notebooks have the address {address}")


if __name__ == "__main__":
    main()
