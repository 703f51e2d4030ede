import pytest

from course_lib.authoring.public_schemas import parsed
from course_lib.authoring.workflow_rules import steps
from course_lib.instructor.command.ci_workflow import PLACE, init
from course_lib.instructor.errors import BadUsage


def test_the_workflow_says_what_the_page_promises(tmp_path):
    content = parsed(init(tmp_path).read_text())
    assert set(content["jobs"]) == {"test", "submissions"}
    runs = [step.script for step in steps(content)]
    assert {"make test", "make book"} <= set(runs)
    assert any("course validate submissions --out results" in run for run in runs)
    assert any("junit" in step.content.get("uses", "") for step in steps(content))
    assert content["permissions"] == {"contents": "read", "checks": "write"}


def test_a_workflow_of_yours_is_not_overwritten(tmp_path):
    file = tmp_path / PLACE
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(BadUsage):
        init(tmp_path)
    assert file.read_text() == "mine"
