"""What an honest student's notebook comes to, in the sandbox that works here."""

import inspect
import json

import pytest
from a_class import ROOT, answer_code, notebook, released, solved

from course_lib.authoring.source import starting_code
from course_lib.exercises.registry import CHAPTERS, get, ids, needs_tensorflow
from course_lib.instructor.judging import notebook as judging
from course_lib.instructor.judging.notebook import REACHES
from course_lib.instructor.results.points import share

NUMPY = [one for one in ids() if not needs_tensorflow(one) and get(one).kind != "project"]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_the_solutions_pass(verdicts, chapter):
    wanted = [one for one in chapter.exercises if one in NUMPY]
    solution = json.loads((ROOT / "solutions" / f"{chapter.notebook}.ipynb").read_text())
    found = verdicts(solution, wanted)
    assert {v.outcome for v in found.values()} == {"passed"}, [
        v for v in found.values() if v.outcome != "passed"
    ]
    assert all(v.held == v.rungs for v in found.values())


@pytest.mark.parametrize("number", range(1, len(CHAPTERS) + 1))
def test_nothing_is_written_in_the_released_notebook(verdicts, number):
    """Nor is the wrong code of a bug hunt anybody's work, or anybody's mistake."""
    wanted = [one for one in CHAPTERS[number - 1].exercises if one in NUMPY]
    found = verdicts(released(number), wanted)
    assert {v.outcome for v in found.values()} == {"not written yet"}
    assert not any(v.mistake or share(v.as_dict()) for v in found.values())


def test_a_bug_hunt_that_somebody_has_begun_is_wrong(verdicts):
    code = starting_code(get("kernel_fit")).replace("error.T @ Gamma", "error.T @ (1 * Gamma)")
    [found] = verdicts(solved(5, kernel_fit=code), ["kernel_fit"]).values()
    assert (found.outcome, found.mistake) == ("not right yet", "the old fit")


def test_one_wrong_answer_does_not_spoil_the_next(verdicts):
    wrong = answer_code("rnn_step", get("rnn_step").mistakes[0].answer)
    found = verdicts(solved(1, rnn_step=wrong), ["rnn_step", "rnn_forward"])
    assert found["rnn_step"].outcome == "not right yet"
    assert found["rnn_step"].sentence == get("rnn_step").mistakes[0].sentence
    assert found["rnn_forward"].outcome == "passed"


def test_a_changed_argument_is_seen(verdicts):
    in_place = "def clip_by_global_norm(grads, max_norm):\n    for g in grads.values():\n"
    in_place += "        g *= 0.5\n    return grads, 1.0\n"
    nb = notebook(2, {"clip_by_global_norm": in_place})
    found = verdicts(nb, ["clip_by_global_norm"])["clip_by_global_norm"]
    assert "in place" in found.sentence


def test_what_a_changed_argument_hides_is_looked_at_in_the_sandbox(verdicts):
    code = starting_code(get("update_on_window"))
    code = code.replace("{name: w.copy() for name, w in params.items()}", "params.copy()")
    found = verdicts(notebook(2, {"update_on_window": code}), ["update_on_window"])
    assert found["update_on_window"].mistake == "nothing copied"


def test_a_default_is_tried_by_handing_the_others_in_by_name(verdicts):
    code = answer_code("stacked_forward").replace("rate=0.0", "rate=0.5")
    found = verdicts(notebook(3, {"stacked_forward": code}), ["stacked_forward"])
    assert found["stacked_forward"].mistake == "half by default"


def test_a_renamed_function_counts_and_is_said(verdicts):
    nb = solved(1, rnn_step=answer_code("rnn_step").replace("def rnn_step", "def my_step"))
    found = verdicts(nb, ["rnn_step"])["rnn_step"]
    assert found.outcome == "passed"
    assert "my_step" in found.remarks[0]


def test_a_missing_function_is_missing(verdicts):
    nb = {"cells": [{"cell_type": "code", "source": "x = 1"}]}
    assert verdicts(nb, ["rnn_step"])["rnn_step"].outcome == "missing"


def test_no_rung_of_a_class_compares_what_the_sandbox_says_with_itself():
    """Its calls run in there, and so would both sides of the comparison."""
    classes = [get(one) for one in ids() if not get(one).returns]
    assert classes
    for exercise in classes:
        for rung in exercise.ladder:
            assert not rung.judge.__qualname__.startswith("holds."), (exercise.id, rung.name)


@pytest.mark.parametrize(
    "code",
    [
        "sys._getframe()",
        "tf.compat.v1.get_default_graph().as_graph_def = empty",
        "a.graph._c_graph = other",
        "g = g.outer_graph",
        "graph.__class__ = Graph",
        "from tensorflow.python.framework import func_graph",
        "op_callbacks.clear_op_callbacks()",
    ],
)
def test_what_could_forge_an_answer_about_a_graph_is_looked_for(code):
    assert REACHES.search(code)


@pytest.mark.parametrize("name", ["imports", "messages", "graphs"])
def test_a_file_of_ones_own_is_no_part_of_the_judge(name):
    """A file beside the notebook hides the judge's module of the same name."""
    cells = [(1, f"from {name} import *")]
    assert judging._that_reach_out(cells, {name: "x = 1"}) == []
    assert len(judging._that_reach_out(cells, {"other": "x = 1"})) == 1
    cells = [(1, f"from {name} import *\nimport ctypes")]
    assert "says ctypes" in judging._that_reach_out(cells, {name: "x = 1"})[0]
    # No name of a file hides what isn't imported from it.
    cells = [(1, "import sys; sys._getframe()")]
    assert "says _getframe" in judging._that_reach_out(cells, {"_getframe": "x = 1"})[0]


def test_no_honest_answer_says_what_could_forge_one():
    graphs = [get(one) for one in ids() if get(one).kind == "speed up"]
    for exercise in graphs:
        for answer in (exercise.reference, *exercise.alternatives):
            assert not REACHES.search(inspect.getsource(answer)), (exercise.id, answer)
    for path in (*ROOT.glob("exercises/*.ipynb"), *ROOT.glob("solutions/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            found = REACHES.search("".join(cell["source"]))
            assert cell["cell_type"] != "code" or not found, (path.name, found)
