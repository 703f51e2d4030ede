"""A class of a few in the real sandbox, which is quick: honest, hostile and unreadable.

All that we know of is tried by test_class.py and test_hostile.py, which take minutes.
"""

import json
import subprocess
import sys

import pytest
from a_class import answer_code, solved, write

from course_lib.exercises.registry import get
from course_lib.instructor.sandbox.view import SCRATCH

HOSTILE = f"""def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    with open('{SCRATCH}/full', 'wb') as file:
        while True:
            file.write(bytes(10**6))
"""
WRONG = get("rnn_step").mistakes[0]
CLASS = {
    "anna": solved(1),
    "ben": solved(1, rnn_step=answer_code("rnn_step", WRONG.answer)),
    "mallory": solved(1, rnn_step=HOSTILE),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, kind):
    """What `course validate` says of each student, and its exit code."""
    base = tmp_path_factory.mktemp("class")
    for student, content in CLASS.items():
        write(base / "in" / f"{student}.ipynb", content)
    (base / "in" / "cut off.ipynb").write_text(json.dumps(solved(1))[:1000])
    done = subprocess.run(
        [sys.executable, "-m", "course_lib.cli", "validate", str(base / "in"),
         f"--out={base / 'out'}", "--jobs=1", "--memory-limit=256",
         "--exercise=rnn_step", "--exercise=rnn_forward"],
        capture_output=True, text=True,
    )  # fmt: skip
    results = json.loads((base / "out" / "results.json").read_text(encoding="utf-8"))
    return done.returncode, {one["student"]: one for one in results["students"]}


@pytest.mark.parametrize(
    ("student", "outcome", "mistake"),
    [
        ("anna", "passed", None),
        ("ben", "not right yet", WRONG.name),
        ("mallory", "error", None),
    ],
)
def test_each_gets_a_grade_of_their_own(graded, student, outcome, mistake):
    step, forward = graded[1][student]["exercises"]
    assert (step["outcome"], step["mistake"]) == (outcome, mistake)
    assert forward["outcome"] == "passed"


def test_a_file_that_cannot_be_read_stops_nothing(graded):
    code, students = graded
    assert code == 1  # somebody has to look at it
    assert students["cut off"]["status"] == "unreadable"
    assert students.keys() == {*CLASS, "cut off"}
