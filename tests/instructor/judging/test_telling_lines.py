import json

import pytest
from a_class import answer_code, solved

from course_lib.exercises.registry import get
from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.telling_lines import LONGEST, telling_lines, where_it_stands
from course_lib.instructor.sandbox.limits import Limits

STEP = '''
def rnn_step(
    x_t, h_prev, W_xh, W_hh, b_h
):
    """Docstring with # and
    return nothing
    """
    # a comment: Anna, 4711
    first = x_t @ W_xh  # Anna
    a_t = first + h_prev @ W_hh + b_h

    return a_t

print("not this")
'''


def test_the_lines_that_show_the_mistake_are_taken():
    assert telling_lines(STEP, "rnn_step", "rnn_step", "no tanh") == [
        "first = x_t @ W_xh",
        "a_t = first + h_prev @ W_hh + b_h",
    ]


@pytest.mark.parametrize("mistake", get("rnn_step").mistakes, ids=lambda one: one.name)
def test_each_named_mistake_of_a_step_shows(mistake):
    code = answer_code("rnn_step", mistake.answer)
    lines = telling_lines(code, "rnn_step", "rnn_step", mistake.name)
    assert 1 <= len(lines) <= 2
    assert all(line in code for line in lines)


def test_of_what_is_missing_the_end_is_shown():
    reference = answer_code("rnn_forward").splitlines()
    code = "\n".join(line for line in reference if "h_0" not in line or "def" in line)
    lines = telling_lines(code, "rnn_forward", "rnn_forward", "h 0 ignored")
    assert lines
    assert all(line in code for line in lines)


@pytest.mark.parametrize(
    "source",
    ["", "def rnn_step", "class rnn_step:", "def other():\n    x = 1", '"""' * 3, "\x00" * 100,
     "def rnn_step():\n" + "    x = 1\n" * 100_000, "def rnn_step():\n    '''\n" + "y\n" * 1000],
    ids=range(8),
)  # fmt: skip
def test_whatever_stands_there_it_comes_to_an_end(source):
    assert len(telling_lines(source, "rnn_step", "rnn_step", "no tanh")) <= 2


def test_a_long_line_is_cut():
    code = f"def rnn_step(x_t):\n    return {'x_t + ' * 100}x_t\n"
    (line,) = telling_lines(code, "rnn_step", "rnn_step", "no tanh")
    assert len(line) == LONGEST


def test_a_verdict_on_a_recognised_mistake_carries_them(verdicts):
    wrong = answer_code("rnn_step", get("rnn_step").mistakes[0].answer)
    found = verdicts(solved(1, rnn_step=wrong), ["rnn_step", "rnn_forward"])
    assert found["rnn_step"].code
    assert found["rnn_step"].code[0] in wrong
    assert found["rnn_forward"].code == []


@pytest.mark.parametrize(
    ("imports", "called"),
    [
        ("from mine import rnn_step", "rnn_step"),
        ("from mine import (\n    step as rnn_step,\n)", "step"),
        ("import mine\nrnn_step = mine.step", "step"),
    ],
)
def test_the_lines_of_an_answer_in_a_file_beside_the_notebook(imports, called):
    modules = {"other": "import mine", "mine": STEP.replace("def rnn_step", f"def {called}")}
    where = where_it_stands("rnn_step", 0, [(1, "x = 1"), (2, imports)], modules)
    assert telling_lines(*where, "rnn_step", "no tanh") == [
        "first = x_t @ W_xh",
        "a_t = first + h_prev @ W_hh + b_h",
    ]


def test_a_verdict_on_an_answer_in_a_file_carries_them_too(box):
    wrong = answer_code("rnn_step", get("rnn_step").mistakes[0].answer)
    cells = extract(json.dumps(solved(1, rnn_step="from mine import rnn_step")).encode())
    judge = Judge(lambda tensorflow: box, Limits(), 5, {})
    modules = {"mine": f"import numpy as np\n{wrong}"}
    found = judge.notebook("nb", cells.code, cells.roles, ["rnn_step"], modules=modules)
    (verdict,) = found["verdicts"]
    assert verdict.mistake
    assert verdict.code
    assert verdict.code[0] in wrong
