"""What is collected for the site; that Sphinx builds it is tested in test_site.py."""

import re
import runpy
from pathlib import Path

import pytest

import nastut as nt
import walks
import website
from badges import BEGIN, END
from build import PROJECT, SHEET, sources
from website import PAGES, TEACHING, collect, home

DOCS = Path(__file__).parent.parent / "docs"
README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
STEMS = [source.stem for source in [*sources(), PROJECT, SHEET]]
STUDENTS = [name for name in PAGES if name not in TEACHING]
FIRST = home(README, STEMS, PAGES)


@pytest.mark.parametrize("pages", [PAGES, STUDENTS])
def test_first_page_links_to_pages_of_the_site_and_lists_them_all(pages):
    first = home(README, STEMS, pages)
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]*)\)", first)}
    listed = set(re.findall(r"^\w+$", first, re.MULTILINE))
    assert {*STEMS, "cluster"} <= targets
    assert (TEACHING[0] in targets, TEACHING[0] in listed) == (pages == PAGES, pages == PAGES)
    assert targets - {""} <= {*STEMS, *pages, "api", "contributing"} <= listed


def test_badges_which_lie_elsewhere_are_left_out():
    readme = README.replace(BEGIN + END, f"{BEGIN}![tests](https://example.org/tests.svg)\n{END}")
    assert readme != README
    assert home(readme, STEMS, PAGES) == FIRST


@pytest.mark.parametrize("teacher", [False, True])
def test_solutions_and_the_guide_are_for_teachers(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(website, "MATHJAX", DOCS / "conf.py")  # may not have been fetched
    collect(tmp_path, teacher)
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.ipynb"))
    assert ("# Solution 1.1" in text) is teacher
    assert all((tmp_path / f"{name}.md").exists() is teacher for name in TEACHING)


@pytest.mark.parametrize("address", ["", "https://github.com/some/one"])
def test_notebooks_have_buttons_where_a_fork_has_an_address(address, monkeypatch):
    monkeypatch.setenv(website.REPOSITORY, address)
    options = runpy.run_path(str(DOCS / "conf.py"))["html_theme_options"]
    assert options["use_download_button"] is True
    assert options.get("repository_url", "") == address
    assert ("launch_buttons" in options) is bool(address)


def test_prepared_cells_are_those_they_are_called():
    cells, table = walks.prepared(), nt.load_table()
    for name, cell in cells.items():
        if name.startswith("rank "):
            assert f"rank {table.rank(cell):,} of the table" == name
        assert ("create index 2" in name) <= cell.has_memory
    assert {nt.zoo.EXAMPLE, nt.zoo.LSTM, nt.zoo.NASCELL, nt.zoo.MAXCELL} <= set(cells.values())
    assert len(set(cells.values())) == len(cells)


def test_page_has_one_place_for_the_walks():
    prose = (DOCS / "walks.md").read_text(encoding="utf-8")
    assert walks.page(prose).count('class="walk"') == len(walks.prepared())
    for wrong in ("no place", prose + prose):
        with pytest.raises(ValueError, match="it needs one"):
            walks.page(wrong)
