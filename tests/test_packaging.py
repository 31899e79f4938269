"""environment.yml, pyproject.toml, constraints.txt, tasks.py and README say the same."""

import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tasks import TASKS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def requirements(*groups):
    """Return what is needed, by name, without the project itself."""
    needs = map(Requirement, chain(*groups))
    return {canonicalize_name(need.name): need for need in needs if need.name != "nastut"}


REQUIREMENTS = requirements(PROJECT["dependencies"], *EXTRAS.values())
INSTALLED = requirements(PROJECT["dependencies"], EXTRAS["test"])
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())


def pinned_versions():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): pinned for name, pinned in pins}


def test_every_requirement_has_a_lower_bound_and_a_tested_version_within_it():
    for name, requirement in REQUIREMENTS.items():
        assert [s.operator for s in requirement.specifier] == [">="], name
        assert requirement.specifier.contains(pinned_versions()[name]), name


def test_installed_version_is_the_tested_one():
    found = {name: version(name).partition("+")[0] for name in INSTALLED}
    assert found == {name: pinned_versions()[name] for name in INSTALLED}


def test_no_pin_has_a_local_suffix():
    assert not [pin for pin in pinned_versions().values() if "+" in pin]


def test_conda_environment_installs_through_the_constraints():
    *conda, pip = ENVIRONMENT["dependencies"]
    assert ENVIRONMENT["name"] == PROJECT["name"]
    assert conda == [f"python{PROJECT['requires-python']}", "pip", "graphviz"]
    assert pip == {"pip": ["--constraint=constraints.txt", "--editable=.[test]"]}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/teaching.md", "docs/cluster.md"])
def test_documented_tasks_exist(page):
    text = (ROOT / page).read_text()
    marked = "\n".join(re.findall(r"`[^`]+`|^(?: {4}|```).*$", text, re.MULTILINE))
    named = re.findall(r"\bmake ([a-z][a-z-]+)|tasks\.py (?:--here )?([a-z][a-z-]+)", marked)
    assert named
    assert {first or second for first, second in named} <= {*TASKS, "sanitize", "clean"}


def test_readme_links_exist():
    links = re.findall(r"\]\(([^):#]+)\)|src=\"([^\"]+)\"", (ROOT / "README.md").read_text())
    paths = [first or second for first, second in links]
    assert "docs/example.svg" in paths
    assert all((ROOT / path).exists() for path in paths)
