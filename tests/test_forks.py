"""What a fork's CI and its visitors use: checked against the published schemas, not run here."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import tasks

ROOT = Path(__file__).parent.parent
SCHEMAS = {
    ".github/workflows/test.yml": "github-workflows",
    ".github/workflows/latest.yml": "github-workflows",
    ".github/ISSUE_TEMPLATE/problem.yml": "github-issue-forms",
    ".github/ISSUE_TEMPLATE/unclear.yml": "github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "github-issue-config",
    "CITATION.cff": "citation-file-format",
}


@pytest.mark.parametrize(("path", "schema"), SCHEMAS.items(), ids=SCHEMAS)
def test_file_follows_its_schema(path, schema):
    checker = pytest.importorskip("check_jsonschema")
    said = CliRunner().invoke(
        checker.main, ["--builtin-schema", f"vendor.{schema}", str(ROOT / path)]
    )
    assert said.exit_code == 0, said.output


def test_every_file_has_a_schema():
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.yml")}
    assert files | {"CITATION.cff"} == set(SCHEMAS)


def test_tested_versions_are_installed_but_in_the_weekly_run():
    pinned = (ROOT / ".github/workflows/test.yml").read_text()
    latest = (ROOT / ".github/workflows/latest.yml").read_text()
    assert pinned.count("uv pip install") == pinned.count("-c constraints.txt") == 3
    assert "constraints.txt" not in latest


def test_binder_and_devcontainer_install_the_same_as_the_workflows():
    workflow = (ROOT / ".github/workflows/test.yml").read_text()
    (install,) = set(re.findall(r"uv (pip install .*\[test\]\")", workflow))
    script = (ROOT / ".binder/postBuild").read_text()
    assert install.replace("install ", "install --system ") in script
    assert os.access(ROOT / ".binder/postBuild", os.X_OK) or sys.platform == "win32"
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "bash .binder/postBuild"
    assert {"chromium", "nodejs", "npm"} <= set(container["onCreateCommand"].split())  # for slides
    oldest = tasks.OLDEST
    assert container["image"] == f"python:{oldest[0]}.{oldest[1]}"
    runtime = (ROOT / ".binder/runtime.txt").read_text().strip()
    assert runtime == f"python-{oldest[0]}.{oldest[1]}"


def test_form_for_problems_asks_for_the_doctor():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/problem.yml").read_text())
    (doctor,) = [field for field in form["body"] if field.get("id") == "doctor"]
    assert doctor["validations"]["required"] is True
    assert "python -m nastut doctor" in doctor["attributes"]["description"]
