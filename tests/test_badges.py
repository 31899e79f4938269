"""What a fork's address is written into; it is invented nowhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

import badges
from badges import BLOCK, ON_COLAB, main, owner_and_name

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/some-one/a.fork",
        "https://github.com/some-one/a.fork/",
        "git@github.com:some-one/a.fork.git",
        "ssh://git@github.com/some-one/a.fork.git",
    ],
)
def test_every_form_of_an_address_is_read(address):
    assert owner_and_name(address) == "some-one/a.fork"


@pytest.fixture
def readme(tmp_path, monkeypatch):
    """Return a copy of the README, whose place for badges is empty: no address is invented."""
    assert BLOCK.findall(README) == [""]
    path = tmp_path / "README.md"
    path.write_text(README, encoding="utf-8")
    monkeypatch.setattr(badges, "README", path)
    for name in ("03_cell_injection.ipynb", "sheet.ipynb"):
        shutil.copyfile(ROOT / "notebooks" / name, tmp_path / name)
    monkeypatch.setattr(badges, "NOTEBOOKS", tmp_path)
    return path


def on_colab(folder):
    """Return the code for Colab of the notebooks in a folder, which is the same in all."""
    notebooks = [nbformat.read(path, as_version=4) for path in folder.glob("*.ipynb")]
    (code,) = {c.source for notebook in notebooks for c in notebook.cells if c.id == ON_COLAB}
    return code


def test_badges_lead_to_what_is_there(readme):
    main(["https://github.com/some/one", "--branch", "mine"])
    (content,) = BLOCK.findall(readme.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\((https://[^)]+)\)(?:\n|$)", content)
    assert len(targets) == 3
    for address in targets:
        path = re.search(r"(notebooks/\S+\.ipynb)$|workflows/(\S+\.yml)$", address)
        assert (ROOT / (path[1] or f".github/workflows/{path[2]}")).is_file()
        assert "some/one" in address
    assert all("/mine" in address for address in targets[:2])


def test_only_the_badges_change_and_a_second_time_nothing(readme):
    main(["https://github.com/some/one"])
    once = readme.read_text(encoding="utf-8")
    assert BLOCK.sub(badges.BEGIN + badges.END, once) == README
    notebooks = [path.read_text(encoding="utf-8") for path in readme.parent.glob("*.ipynb")]
    main(["https://github.com/some/one"])
    assert readme.read_text(encoding="utf-8") == once
    assert [path.read_text(encoding="utf-8") for path in readme.parent.glob("*.ipynb")] == notebooks


def test_on_colab_a_notebook_installs_from_the_fork_and_elsewhere_it_does_nothing(
    readme, monkeypatch
):
    ran = []
    shell = SimpleNamespace(run_line_magic=lambda *call: ran.append(call))
    exec(before := on_colab(readme.parent))
    main(["https://github.com/some/one", "--branch", "mine"])
    exec(after := on_colab(readme.parent), {"get_ipython": lambda: shell})
    assert not ran
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    exec(after, {"get_ipython": lambda: shell})
    assert ran == [("pip", "install -q git+https://github.com/some/one@mine")]
    with pytest.raises(ModuleNotFoundError, match=r"first run: %pip install .* copy of the repos"):
        exec(before)


def test_the_address_is_that_of_origin(readme):
    for command in (["init", "-q"], ["remote", "add", "origin", "git@github.com:some/one.git"]):
        subprocess.run(["git", *command], cwd=readme.parent, check=True)
    main([])
    assert "github.com/some/one/" in readme.read_text(encoding="utf-8")


def test_without_an_address_the_readme_stays(readme):
    with pytest.raises(SystemExit, match="the address is ''"):
        main([])
    assert readme.read_text(encoding="utf-8") == README
