import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from course_lib.instructor.command.ci_workflow import PLACE, WORKFLOW, init
from course_lib.instructor.errors import BadUsage


def test_the_workflow_says_what_the_page_promises(tmp_path):
    content = yaml.safe_load(init(tmp_path).read_text())
    assert set(content["jobs"]) == {"test", "submissions"}
    runs = [s.get("run", "") for job in content["jobs"].values() for s in job["steps"]]
    assert {"make test", "make book"} <= set(runs)
    assert any("course validate submissions --out results" in run for run in runs)
    uses = [s["uses"] for job in content["jobs"].values() for s in job["steps"] if "uses" in s]
    assert any("junit" in use for use in uses)
    assert content["permissions"] == {"contents": "read", "checks": "write"}


@pytest.fixture(scope="module")
def schema():
    """GitHub's workflows as their public schema has them."""
    file = Path(__file__).parent / "schemas" / "github-workflow.json"
    found = jsonschema.validators.validator_for(content := json.loads(file.read_text("utf-8")))
    return found(content)


def parsed(text):
    """YAML as GitHub reads it: `on` is a word, not a truth."""
    content = yaml.safe_load(text)
    return {"on" if key is True else key: value for key, value in content.items()}


def test_the_workflow_fits_the_public_schema(tmp_path, schema):
    text = init(tmp_path).read_text()
    assert [error.message for error in schema.iter_errors(parsed(text))] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on:", "run-on:"),
        ("timeout-minutes: 60", "timeout-minutes: soon"),
        ("contents: read", "contents: all"),
        ("      - run: make test\n", "      - runs: make test\n"),
        ("on:\n", "when:\n"),
    ],
)
def test_the_schema_sees_a_slip(right, wrong, schema):
    assert right in WORKFLOW
    assert not schema.is_valid(parsed(WORKFLOW.replace(right, wrong, 1)))


def test_a_workflow_of_yours_is_not_overwritten(tmp_path):
    file = tmp_path / PLACE
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(BadUsage):
        init(tmp_path)
    assert file.read_text() == "mine"
