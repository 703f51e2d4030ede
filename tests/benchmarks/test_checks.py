"""The measurement with blind answers: what it reads, counts and keeps."""

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from course_lib.benchmarks import checks
from course_lib.cli import app
from course_lib.exercises.registry import PROJECT, ids
from course_lib.training import stored_result

HALF = '''"""Answers to `rnn_step`."""

import numpy as np


# %% single: the bias is forgotten
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh)


# %% single: none, so this should pass
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


# %% right: refused, since it isn't
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh.T)
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "rnn_step.txt").write_text(HALF, encoding="utf-8")
    monkeypatch.setattr(checks, "BLIND", tmp_path)
    monkeypatch.setattr(checks.measure, "in_child", lambda function, *given: function(*given))
    return tmp_path


def test_what_was_said_first_is_kept_and_each_kind_is_counted(folder):
    stored = folder / "stored.json"
    result = checks.run(only=["rnn_step"])
    single = {"tried": 2, "rejected": 1, "told": 1, "named": 1}
    assert result["today"]["of_all"]["single"] == single
    assert result["first"]["by_exercise"]["rnn_step"]["right"]["rejected"] == 1
    assert "rnn_step, single, none, so this should pass: passed" in checks.words(result)
    assert "rnn_step, right, refused, since it isn't: refused: " in checks.words(result)

    result["answers"][0]["first"] |= {"passed": True, "told": False}
    stored.write_text(json.dumps(result), encoding="utf-8")
    again = checks.run(only=["rnn_step"], stored=stored)
    assert again["first"]["of_all"]["single"] == {"tried": 2, "rejected": 0, "told": 0, "named": 1}
    assert again["today"]["of_all"]["single"] == single


def test_of_exercises_that_are_not_asked_for_the_verdicts_are_kept(folder):
    stored = folder / "stored.json"
    stored.write_text(json.dumps(checks.run()), encoding="utf-8")
    (folder / "grelu.txt").write_text(HALF.replace("rnn_step", "grelu"), encoding="utf-8")
    result = checks.run(only=["no_other"], stored=stored)
    assert [row["exercise"] for row in result["answers"]] == ["rnn_step"] * 3
    (folder / "rnn_step.txt").write_text(HALF.split("# %% right")[0], encoding="utf-8")
    assert "right" not in checks.run(only=["no_other"], stored=stored)["today"]["of_all"]


IN_CHANGES = """import numpy as np

# %% base: others change it
def f(x):
    a = x

    a = 2 * a
    return a

# %% single: not twice
@@
     a = x

-    a = 2 * a
# %% double: not twice, and negative
@@
-def f(x):
+def f(x, y=None):
@@
-    a = 2 * a
-    return a
+    return -a
# %% right: as it is
"""


def test_an_answer_may_be_a_change_of_the_base(folder):
    (folder / "rnn_step.txt").write_text(IN_CHANGES, encoding="utf-8")
    found = {one.kind: one.source for one in checks.answers("rnn_step")}
    assert found == {
        "single": "def f(x):\n    a = x\n\n    return a\n",
        "double": "def f(x, y=None):\n    a = x\n\n    return -a\n",
        "right": "def f(x):\n    a = x\n\n    a = 2 * a\n    return a\n",
    }


@pytest.mark.parametrize("line", ["    a = 3", "a = x", "    b"])
def test_a_change_of_what_is_not_there_once_is_refused(line):
    with pytest.raises(ValueError, match="not once"):
        checks.changed("    a = x\n    b\n    b\n", f"@@\n-{line}\n")


def test_an_answer_without_the_exercise_is_no_answer(folder):
    text = HALF.replace("def rnn_step(x_t", "def run_step(x_t")
    (folder / "rnn_step.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="rnn_step, the bias is forgotten"):
        checks.verdicts("rnn_step")


def test_a_head_that_fails_is_no_wrong_answer_found_out(folder):
    text = HALF.replace("import numpy as np", "from numpy import no_such as np")
    (folder / "rnn_step.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="no_such"):
        checks.verdicts("rnn_step")


def test_an_exercise_without_answers_is_refused():
    done = CliRunner().invoke(app, ["bench", "checks", "run_step"])
    assert done.exit_code != 0
    assert "There are no answers to run_step" in done.output


def test_every_file_answers_an_exercise_in_several_ways():
    written = sorted(path.stem for path in checks.BLIND.glob("*.txt"))
    assert not set(written) - set(ids())
    for name in written:
        found = checks.answers(name)
        kinds = Counter(one.kind for one in found)
        assert kinds["single"] >= 3, name
        assert kinds["double"] >= 1, name
        assert kinds["right"] >= 1, name
        assert len({one.digest for one in found}) == len(found), name


def test_the_stored_result_has_a_verdict_on_every_answer_and_keeps_what_is_promised():
    stored = stored_result("bench-checks")
    written = [one.digest for name in checks.exercises() for one in checks.answers(name)]
    assert [row["digest"] for row in stored["answers"]] == written
    for when in ("first", "today"):
        assert stored[when] == checks.counted(stored["answers"], when)
        single = stored[when]["of_all"]["single"]
        assert single["rejected"] >= 0.97 * single["tried"]
        assert single["told"] >= 0.75 * single["tried"]


@pytest.mark.parametrize("name", ["rnn_step", "combine"])
def test_a_sample_gets_the_stored_verdicts_again(name):
    stored = {row["digest"]: row["today"] for row in stored_result("bench-checks")["answers"]}
    for digest, verdict in checks.verdicts(name, quick=True).items():
        assert {**verdict, "sentence": ""} == {**stored[digest], "sentence": ""}


def test_every_exercise_with_a_ladder_has_answers():
    assert checks.exercises() == [one for one in ids() if not one.startswith(PROJECT)]


@pytest.mark.slow
@pytest.mark.parametrize("name", checks.exercises())
def test_a_right_answer_in_an_odd_style_passes(name):
    right = next(one for one in checks.answers(name) if one.kind == "right")
    assert checks.verdict(right)["passed"], right.about
