import pytest
import yaml

from course_lib.instructor.ci import PLACE, init
from course_lib.instructor.find import BadUsage


def test_the_workflow_says_what_the_page_promises(tmp_path):
    content = yaml.safe_load(init(tmp_path).read_text())
    assert set(content["jobs"]) == {"test", "submissions"}
    runs = [s.get("run", "") for job in content["jobs"].values() for s in job["steps"]]
    assert {"make test", "make book"} <= set(runs)
    assert any("course validate submissions --out results" in run for run in runs)
    uses = [s["uses"] for job in content["jobs"].values() for s in job["steps"] if "uses" in s]
    assert any("junit" in use for use in uses)
    assert content["permissions"] == {"contents": "read", "checks": "write"}


def test_a_workflow_of_yours_is_not_overwritten(tmp_path):
    file = tmp_path / PLACE
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(BadUsage):
        init(tmp_path)
    assert file.read_text() == "mine"
