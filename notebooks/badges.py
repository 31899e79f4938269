"""Write the badges of a fork into its README: Colab, Binder, and the state of its tests.

Usage: ``python notebooks/badges.py [ADDRESS] [--branch NAME]``. ADDRESS is the repository's on
GitHub; the one that git calls origin, if it is left out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
FIRST = "notebooks/00_start_here.ipynb"
BEGIN, END = "<!-- badges: python tasks.py badges -->\n", "<!-- end of badges -->\n"
BLOCK = re.compile(f"{BEGIN}(.*?){END}", re.DOTALL)


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
    """Return the badges, and the first cell on Colab, as Markdown."""
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
    return "\n".join(
        [*shown, "", f"The first cell on Colab: `%pip install -q git+{there}@{branch}`\n"]
    )


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
    """Write the badges."""
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
    README.write_text(readme, encoding="utf-8")
    print(f"{README.name} has the badges of {address}")


if __name__ == "__main__":
    main()
