"""A fork's badges: written from its address, and from nowhere else."""

import re
import subprocess
from pathlib import Path

import pytest

import badges
from badges import BLOCK, main, owner_and_name

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
    return path


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
    assert "`%pip install -q git+https://github.com/some/one@mine`" in content


def test_only_the_badges_change_and_a_second_time_nothing(readme):
    main(["https://github.com/some/one"])
    once = readme.read_text(encoding="utf-8")
    assert BLOCK.sub(badges.BEGIN + badges.END, once) == README
    main(["https://github.com/some/one"])
    assert readme.read_text(encoding="utf-8") == once


def test_the_address_is_that_of_origin(readme):
    for command in (["init", "-q"], ["remote", "add", "origin", "git@github.com:some/one.git"]):
        subprocess.run(["git", *command], cwd=readme.parent, check=True)
    main([])
    assert "github.com/some/one/" in readme.read_text(encoding="utf-8")


def test_without_an_address_the_readme_stays(readme):
    with pytest.raises(SystemExit, match="the address is ''"):
        main([])
    assert readme.read_text(encoding="utf-8") == README
