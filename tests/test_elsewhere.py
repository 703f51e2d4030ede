"""What other places need to run the course, or to talk of it: Binder, a container, issue forms."""

import json
import os
import re
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

from course_lib.authoring.public_schemas import slips
from course_lib.authoring.workflow_rules import unreadable_or_unknown

ROOT = Path(__file__).resolve().parents[1]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))


def test_the_issue_forms_fit_the_public_schemas():
    assert {form.stem for form in FORMS} == {"set-up", "wrong-check", "wrong-sentence"}
    for form in FORMS:
        text = form.read_text("utf-8")
        assert list(slips("github-issue-forms", text)) == []
        assert list(slips("github-issue-forms", text.replace("label:", "lable:", 1))) != []
    chooser = (ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text("utf-8")
    assert list(slips("github-issue-config", chooser)) == []


def test_the_commands_that_the_forms_name_exist():
    named = re.findall(r"`(course [^`]+)`", "".join(form.read_text("utf-8") for form in FORMS))
    assert {"course doctor", "course --version"} == set(named)
    assert unreadable_or_unknown("\n".join(named), ROOT) == []


def test_binder_installs_the_course_with_a_python_that_it_takes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    version = (ROOT / ".binder/runtime.txt").read_text().strip().removeprefix("python-")
    assert f"{version}.0" in SpecifierSet(project["requires-python"])
    assert (ROOT / ".binder/requirements.txt").read_text().split() == ["."]
    script = ROOT / ".binder/postBuild"
    assert os.access(script, os.X_OK)
    assert unreadable_or_unknown(script.read_text("utf-8"), ROOT) == []


def test_the_container_is_the_system_that_ci_tests_and_has_what_ci_installs():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert container["image"] == "debian:12"
    assert container["image"] in (ROOT / ".github/workflows/tests.yml").read_text("utf-8")
    needed = re.findall(r"^need (\S+)", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    created = container["onCreateCommand"]
    assert len(needed) > 5
    assert [one for one in needed if one not in created.split() and one != "python3"] == []
    for command in (created, container["postCreateCommand"]):
        assert unreadable_or_unknown(command, ROOT) == []
