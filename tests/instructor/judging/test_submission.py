"""What real students send: cells moved, copied and deleted, other kernels, huge outputs."""

import json

import pytest
from a_class import ROOT, answer_code, released, solved, submission, write

from course_lib.exercises.registry import get
from course_lib.instructor.intake import read
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import MOST_NOTEBOOKS
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.sandbox.limits import Limits
from course_lib.release import mark

WANTED = ["rnn_step", "rnn_forward"]


@pytest.fixture
def graded(box, tmp_path):
    """Grade notebooks of one student; the verdicts by exercise, and what is remarked."""

    def result(**notebooks):
        for name, content in notebooks.items():
            write(tmp_path / "anna" / f"{name}.ipynb", content)
        judge = Judge(lambda tensorflow: box, Limits(seconds=5), 5, {})
        found = grade(submission(tmp_path / "anna").load(), judge, WANTED)
        return {e["exercise"]: e for e in found["exercises"]}, " ".join(found["remarks"])

    return result


def code_cells(notebook):
    return [
        i
        for i, cell in enumerate(notebook["cells"])
        if cell["metadata"].get("course", {}).get("role") == "code"
    ]


def outcomes(found):
    return [found[one]["outcome"] for one in WANTED]


def test_cells_that_were_moved(graded):
    notebook = solved(1)
    places = code_cells(notebook)
    cells = [notebook["cells"][i] for i in places]
    for place, cell in zip(places, reversed(cells), strict=True):
        notebook["cells"][place] = cell
    assert outcomes(graded(moved=notebook)[0]) == ["passed", "passed"]


def test_a_syntax_error_is_said_where_the_answer_is_missing(graded):
    notebook = solved(1, rnn_step="def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return (0\n")
    found = graded(broken=notebook)[0]
    assert found["rnn_step"]["outcome"] == "error"
    assert "line 2 has a syntax error" in found["rnn_step"]["sentence"]
    assert found["rnn_forward"]["outcome"] == "passed"


def test_of_a_whole_checkout_the_solutions_are_nobodys(graded):
    solution = json.loads((ROOT / "solutions" / "01-vanilla-rnn.ipynb").read_text())
    found, remarks = graded(own=released(1), theirs=solution)
    assert outcomes(found) == ["not written yet", "not written yet"]
    assert "theirs.ipynb is the course's own notebook of solutions and was left out." in remarks


def test_solutions_alone_are_graded_and_said(graded):
    solution = json.loads((ROOT / "solutions" / "01-vanilla-rnn.ipynb").read_text())
    found, remarks = graded(theirs=solution)
    assert outcomes(found) == ["passed", "passed"]
    assert "theirs.ipynb is the course's own notebook of solutions." in remarks


def test_of_a_copied_cell_the_last_one_counts_as_in_jupyter(graded):
    notebook = solved(1)
    first = code_cells(notebook)[0]
    wrong = {**notebook["cells"][first]}
    wrong["source"] = answer_code("rnn_step", get("rnn_step").mistakes[0].answer)
    notebook["cells"].insert(first, wrong)
    assert outcomes(graded(copied=notebook)[0]) == ["passed", "passed"]


def test_a_deleted_cell_is_missing_and_the_next_is_graded(graded):
    notebook = solved(1)
    del notebook["cells"][code_cells(notebook)[0]]
    assert outcomes(graded(deleted=notebook)[0]) == ["missing", "passed"]


def test_another_kernel_and_thirty_megabytes_of_output(graded):
    notebook = solved(1)
    notebook["metadata"] = {"kernelspec": {"name": "julia-1.10", "language": "julia"}}
    cell = notebook["cells"][code_cells(notebook)[0]]
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (30 << 20)}]
    assert outcomes(graded(huge=notebook)[0]) == ["passed", "passed"]


def test_a_notebook_of_format_3(graded):
    notebook = solved(1)
    cells = [
        {**cell, "input": cell.pop("source")} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert outcomes(graded(old=old)[0]) == ["passed", "passed"]


def test_of_two_notebooks_the_better_answer_counts(graded):
    wrong = answer_code("rnn_step", get("rnn_step").mistakes[0].answer)
    found, _ = graded(a_draft=solved(1, rnn_step=wrong), b_final=solved(1))
    assert outcomes(found) == ["passed", "passed"]
    assert "Handed in twice: b_final.ipynb counts" in " ".join(found["rnn_step"]["remarks"])


def test_a_name_that_holds_something_else_in_the_end_is_not_called_undefined(graded):
    notebook = solved(1)
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": "rnn_step = None"})
    found = graded(overwritten=notebook)[0]
    assert outcomes(found) == ["missing", "passed"]
    assert found["rnn_step"]["sentence"].endswith("calls rnn_step can't be called.")


@pytest.mark.parametrize(("version", "said"), [("3.99.1", True), ("3.11.0", False), (3, False)])
def test_syntax_of_a_newer_python_is_said_to_be_perhaps_right(graded, version, said):
    code = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return 1 +* 2\n"
    notebook = solved(1, rnn_step=code)
    notebook["metadata"]["language_info"] = {"name": "python", "version": version}
    assert ("it was saved with Python 3.99 and is read with 3." in graded(new=notebook)[1]) is said
    fine = solved(1)
    fine["metadata"]["language_info"] = {"version": version}
    assert "it was saved with" not in graded(new=fine)[1]


@pytest.mark.parametrize(
    ("lies_there", "said"),
    [("notes.txt", "There is no notebook in it."), ("work.zip", "No notebook was found in it.")],
)
def test_that_there_is_none_is_said_only_where_all_was_looked_at(box, tmp_path, lies_there, said):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / lies_there).write_bytes(b"no zip")
    judge = Judge(lambda tensorflow: box, Limits(seconds=5), 5, {})
    anna = submission(tmp_path / "anna").load()
    assert said in grade(anna, judge, WANTED)["remarks"]


def test_of_a_notebook_that_is_too_large_it_is_not_said_that_there_is_none(graded, monkeypatch):
    monkeypatch.setattr(read, "LARGEST", 1000)
    _, remarks = graded(large=solved(1))
    assert "large.ipynb was left out: it is larger than" in remarks
    assert "No notebook" not in remarks


def test_a_broken_notebook_beside_a_good_one(graded, tmp_path):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "broken.ipynb").write_bytes(b'{"cells": [')
    found, remarks = graded(good=solved(1))
    assert outcomes(found) == ["passed", "passed"]
    assert "broken.ipynb can't be read" in remarks


def test_five_thousand_students_are_found(tmp_path):
    text = json.dumps({"cells": []})
    for number in range(5_000):
        (tmp_path / f"s{number}.ipynb").write_text(text)
    assert len({s.student for s in find([tmp_path]).submissions}) == 5_000


def test_of_five_thousand_notebooks_of_one_student_the_first_are_read(tmp_path):
    text = json.dumps(released(1))[:100]
    for number in range(5_000):
        (tmp_path / f"{number:04}.ipynb").write_text(text)
    found = submission(tmp_path).load()
    assert len(found.notebooks) == MOST_NOTEBOOKS
    assert f"Only the first {MOST_NOTEBOOKS} notebooks were read" in found.remarks[0]


def test_an_older_release_is_graded_by_what_it_holds_and_says_so(graded):
    notebook = solved(1)
    first = notebook["cells"][code_cells(notebook)[0]]
    start = {**first, "metadata": {}, "id": "a", "source": "import numpy as np"}
    old = notebook | {"cells": [start, first], "metadata": mark("0.0.1")}
    found, remarks = graded(old=old)
    assert outcomes(found) == ["passed", "missing"]
    assert found["rnn_forward"]["sentence"] == (
        "No notebook holds this exercise. It may be newer than release 0.0.1."
    )
    assert "old.ipynb: It is of release 0.0.1, the checks are of" in remarks
    found, remarks = graded(old=old | {"metadata": mark()})
    assert found["rnn_forward"]["sentence"] == "No notebook holds this exercise."
    assert "release" not in remarks


WITH_HELPER = """import helper

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return helper.act(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


@pytest.mark.parametrize(
    ("place", "source", "outcome"),
    [
        ("helper.py", "import numpy as np\ndef act(z): return np.tanh(z)\n", "passed"),
        ("helper.py", "def act(z): return np.tanh(z)\n", "error"),
        ("elsewhere/helper.py", "import numpy as np\nact = np.tanh\n", "error"),
        pytest.param("helper.py", "while True: pass\n", "error", marks=pytest.mark.slow),
    ],
    ids=["right", "fails", "elsewhere", "endless"],
)
def test_a_file_beside_the_notebook_can_be_imported_as_in_jupyter(
    graded, tmp_path, place, source, outcome
):
    (tmp_path / "anna" / place).parent.mkdir(parents=True)
    (tmp_path / "anna" / place).write_text(source)
    found, remarks = graded(nb=solved(1, rnn_step=WITH_HELPER))
    assert outcomes(found) == [outcome, "passed"]
    if outcome == "passed":
        assert not remarks


def test_a_file_of_a_librarys_name_takes_nothing_from_the_judge(graded, tmp_path):
    (tmp_path / "anna").mkdir()
    for name in ("numpy", "messages", "course_lib", "guard", "json", "colorsys"):
        (tmp_path / "anna" / f"{name}.py").write_text("raise SystemExit\n")
    code = answer_code("rnn_step") + "\nimport numpy, messages, course_lib, guard, json, colorsys\n"
    found, _ = graded(nb=solved(1, rnn_step=code))
    assert outcomes(found) == ["passed", "passed"]


OF_THE_JUDGE = ("student", "messages", "graphs", "guard", "failure", "kernel", "namespaces",
                "system_calls", "fork_server", "reading")  # fmt: skip


def test_a_file_named_like_a_module_of_the_judge_or_an_unused_one_is_imported_as_in_jupyter(
    graded, tmp_path
):
    files = [*OF_THE_JUDGE, "colorsys"]
    (tmp_path / "anna").mkdir()
    for number, name in enumerate(files):
        (tmp_path / "anna" / f"{name}.py").write_text(f"def act(z): return z + {number}\n")
    total = " + ".join(f"{name}.act(0)" for name in files)
    code = f"""import numpy as np
import {", ".join(files)}

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    right = {total} == {sum(range(len(files)))}
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h) * right
"""
    found, remarks = graded(nb=solved(1, rnn_step=code))
    assert outcomes(found) == ["passed", "passed"], found
    assert "beside" not in remarks


@pytest.mark.parametrize(
    ("file", "imports", "says"),
    [
        ("json.py", "from json import act", "json.py beside the notebook can't be imported here: "),
        ("jax.py", "import jax; act = jax.act", "jax.py beside the notebook can't be imported"),
        ("mine/__init__.py", "from mine import act", "the folder mine beside it can't be imported"),
        ("mine/deep.py", "from mine.deep import act", "the folder mine beside it can't be"),
    ],
)
def test_what_cannot_be_imported_here_is_said_with_what_to_do(
    graded, tmp_path, file, imports, says
):
    (tmp_path / "anna" / file).parent.mkdir(parents=True)
    (tmp_path / "anna" / file).write_text("from numpy import tanh as act\n")
    code = WITH_HELPER.replace("import helper", imports).replace("helper.act", "act")
    found, remarks = graded(nb=solved(1, rnn_step=code))
    assert outcomes(found) == ["error", "passed"]
    assert says in remarks


def test_a_file_that_nobody_imports_needs_no_remark(graded, tmp_path):
    for file in ("json.py", "mine/__init__.py"):
        (tmp_path / "anna" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "anna" / file).write_text("x = 1\n")
    code = answer_code("rnn_step") + "\n# json and mine are only named\n"
    assert "can't be imported" not in graded(nb=solved(1, rnn_step=code))[1]
