"""A class to validate, and the sandbox to do it in."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for a_class

from course_lib.garbage import put_to_rest
from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging import exercise as judging
from course_lib.instructor.judging.fresh_ladder import fresh_ladder
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.sandbox.available import problem_with
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def kind():
    """The sandbox that works here; without one these tests can't say anything."""
    problems = {}
    for one in ("bubblewrap", "namespaces"):
        problems[one] = problem_with(one)
        if not problems[one]:
            return one
    why = "; ".join(f"{one}: {problem}" for one, problem in problems.items())
    pytest.skip(f"no sandbox here ({why}): install bubblewrap, or see `course doctor`")


@pytest.fixture(scope="module")
def box(kind):
    """A sandbox of that kind, for the tests of a module."""
    with Sandbox(kind) as sandbox:
        yield sandbox


@pytest.fixture(scope="session", autouse=True)
def tried_once():
    """Each test has a judge of its own, which would try the reference on its rungs once more."""
    made: dict[tuple[int, int], tuple] = {}  # an exercise is held, so that no other gets its id

    def once(exercise, seed):
        key = id(exercise), seed
        if key not in made:
            made[key] = exercise, fresh_ladder(exercise, seed)
        return made[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "fresh_ladder", once)
        yield


@pytest.fixture
def at_rest():
    """What TensorFlow keeps after a test isn't gone through at each check of the next ones."""
    yield
    put_to_rest()


@pytest.fixture
def verdicts(box):
    """From a notebook and ids to verdicts, by exercise."""

    def judged(nb, wanted, cases=None):
        judge = Judge(lambda tensorflow: box, Limits(), 5, cases or {})
        cells = extract(json.dumps(nb).encode())
        found = judge.notebook("nb.ipynb", cells.code, cells.roles, wanted)["verdicts"]
        return {v.exercise: v for v in found}

    return judged
