import importlib
import json

import pytest
from typer.testing import CliRunner

from course_lib import learner
from course_lib.authoring.source import reference_code, stub_code
from course_lib.cli import app
from course_lib.exercises import progress
from course_lib.exercises.registry import CHAPTERS, get

pytestmark = pytest.mark.usefixtures("terminal")

RIGHT = reference_code(get("rnn_step").reference)
FORGETS = """
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh)
"""
STUB = stub_code(get("rnn_step").reference)


def course(*arguments):
    """Exit code, stdout and stderr of a command."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def write(tmp_path):
    """Write a notebook with these code cells, after one of text, into a learner's copy."""

    def write(*sources, name="mine.ipynb"):
        (tmp_path / progress.FOLDER).mkdir(exist_ok=True)
        text = {"cell_type": "markdown", "metadata": {}, "source": ["# Mine"]}
        cells = [
            {
                "cell_type": "code",
                "metadata": {},
                "source": source.splitlines(keepends=True),
                "outputs": [],
                "execution_count": None,
            }
            for source in sources
        ]
        content = {"cells": [text, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


# --- course check --------------------------------------------------------------------------------


def test_a_right_answer_passes_and_is_noted(write, tmp_path):
    code, out, _ = course("check", write("import numpy as np", RIGHT), "rnn_step")
    assert (code, "✓ rnn_step: passed" in out) == (0, True)
    assert out.endswith("1 of 1 passed\n")
    assert progress.load(tmp_path) == {"rnn_step": "passed"}


def test_a_wrong_answer_is_recognised(write, tmp_path):
    code, out, _ = course("check", write("import numpy as np", FORGETS))
    assert code == 1
    assert "The bias b_h is missing from the sum inside the tanh." in out
    assert progress.load(tmp_path) == {"rnn_step": "not right yet"}


def test_a_stub_is_not_written_yet(write):
    code, out, _ = course("check", write("import numpy as np", STUB))
    assert (code, "○ rnn_step: not written yet" in out) == (1, True)


def test_a_missing_function_fails_and_is_named(write):
    code, out, _ = course("check", write("import numpy as np", RIGHT), "rnn_step", "rnn_forward")
    assert (code, "✗ rnn_forward: mine.ipynb defines nothing of that name." in out) == (1, True)
    assert "1 of 2 passed" in out


def test_the_reference_that_was_imported_is_no_answer(write):
    path = write("from course_lib.scratch.rnn import rnn_step")
    code, out, _ = course("check", path, "rnn_step")
    assert (code, "defines nothing of that name" in out) == (1, True)


def test_a_chapters_notebook_is_asked_for_all_its_exercises(write):
    path = write("import numpy as np", RIGHT, name="01-vanilla-rnn.new-01234567.ipynb")
    code, out, _ = course("check", path)
    assert code == 1
    assert f"1 of {len(CHAPTERS[0].exercises)} passed" in out


def test_a_cell_with_a_syntax_error_is_named_and_the_rest_goes_on(write):
    path = write("import numpy as np", "x = 1\ndef broken(:\n    pass", RIGHT)
    code, out, _ = course("check", path)
    assert code == 0
    assert "Cell 3 was left out: line 2 has a syntax error" in out
    assert "`def broken(:`" in out


def test_lines_for_ipython_are_left_out(write):
    cells = (
        "%matplotlib inline\n!pip list\nimport numpy as np\nnp.tanh?\nfiles = !ls",
        f"%%time\n{RIGHT}",
        "%%bash\nexit 3",
    )
    code, out, _ = course("check", write(*cells))
    assert code == 0
    assert "Cell 2, line 1, 2, 4, 5 was left out: it is for IPython, not Python." in out
    assert "Cell 4 was left out: %%bash is not Python." in out


def test_nothing_else_runs(write, tmp_path):
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')"
    cells = (
        f"import numpy as np\n{trap}\nfor i in [1]:\n    {trap}\nx = {trap}\nif 1:\n    {trap}",
        f"[{trap} for i in range(1)]\nwith {trap}:\n    pass\nassert {trap}\ny: object = {trap}",
        RIGHT,
    )
    code, *_ = course("check", write(*cells))
    assert code == 0
    assert not (tmp_path / "ran").exists()


def test_plain_values_helpers_and_modules_beside_the_notebook_are_there(write, tmp_path):
    (tmp_path / "beside.py").write_text("import numpy as np\ntanh = np.tanh\n")
    cells = (
        "import numpy as np\nfrom beside import tanh\nSCALE = 1.0\nsquash = tanh\n"
        "plus = lambda a, b: a + b\n",
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
        "    return SCALE * squash(plus(plus(x_t @ W_xh, h_prev @ W_hh), b_h))\n",
    )
    code, out, _ = course("check", write(*cells))
    assert code == 0, out


def test_the_last_definition_counts(write):
    code, *_ = course("check", write("import numpy as np", FORGETS, RIGHT))
    assert code == 0


def test_an_import_that_fails_is_named(write):
    code, out, _ = course("check", write("import numpy as np\nimport no_such_module", RIGHT))
    assert code == 0
    assert "Cell 2, line 2 was left out: ModuleNotFoundError" in out


def test_a_name_that_was_not_taken_over_is_explained(write):
    cell = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return computed\n"
    code, out, _ = course("check", write("computed = len([1])", cell))
    assert code == 1
    assert "at the line `return computed`" in " ".join(out.split())
    assert "Only imports, functions, classes and plain values are taken" in out


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"cells": 3}', '{"worksheets": []}'])
def test_a_broken_notebook_is_bad_usage(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    code, _, err = course("check", path)
    assert (code, "is not a notebook of nbformat 4 that can be read" in err) == (2, True)


def test_a_notebook_without_exercises_is_bad_usage(write):
    code, _, err = course("check", write("x = 1"))
    assert (code, "mine.ipynb defines no exercise" in err) == (2, True)


def test_a_misspelt_notebook_names_the_nearest(write):
    path = write("x = 1")
    code, _, err = course("check", path.with_name("mien.ipynb"))
    assert (code, f"Did you mean {path}?" in err) == (2, True)


def test_a_misspelt_exercise_names_the_nearest(write):
    code, _, err = course("check", write("x = 1"), "rnn_stp")
    assert (code, "Did you mean rnn_step?" in err) == (2, True)


# --- the other verbs -----------------------------------------------------------------------------


def test_progress_is_plain_text_where_there_is_no_terminal(tmp_path, monkeypatch):
    (tmp_path / progress.FOLDER).mkdir()
    seen = {"rnn_step": "passed", "rnn_forward": "not right yet"}
    (tmp_path / progress.FOLDER / "progress.json").write_text(json.dumps(seen))
    monkeypatch.chdir(tmp_path)
    code, out, _ = course("progress")
    assert code == 0
    assert "\x1b" not in out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "The vanilla RNN ████░░░░░░░░░░░░░░░░ 1 of 5" in lines
    assert "✓ rnn_step passed" in lines
    assert "✗ rnn_forward not right yet" in lines
    assert "· state_jacobian not tried" in lines
    assert course("progress", tmp_path)[1] == out


def test_progress_without_a_copy_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in ([], [tmp_path]):
        code, _, err = course("progress", *arguments)
        assert (code, "`course start` makes one" in err) == (2, True)


def test_start_says_what_it_did(tmp_path, monkeypatch):
    released = tmp_path / "released"
    released.mkdir()
    (released / "01-one.ipynb").write_text("first")
    monkeypatch.setattr(learner, "released_folder", lambda: released)
    copy = tmp_path / "copy"
    assert f"made    {copy / '01-one.ipynb'}" in course("start", copy)[1]
    assert f"kept    {copy / '01-one.ipynb'}" in course("start", copy)[1]
    (released / "01-one.ipynb").write_text("second")
    _, out, _ = course("start", copy)
    assert "has a newer release; yours is as you left it" in out
    code, _, err = course("start", copy / "01-one.ipynb")
    assert (code, "a file is in the way" in err) == (2, True)


def test_a_misspelt_verb_names_the_nearest():
    code, _, err = course("progres")
    assert (code, "progress" in err) == (2, True)


def test_a_misspelt_run_names_the_nearest():
    code, _, err = course("reproduce", "vanila-mnist")
    assert (code, "Did you mean vanilla-mnist?" in err) == (2, True)


def test_a_misspelt_exercise_is_not_proven():
    code, _, err = course("prove", "rnn_stepp")
    assert (code, "Did you mean rnn_step?" in err) == (2, True)


def test_the_wrappers_pass_on_what_was_asked_and_the_exit_code(monkeypatch, tmp_path):
    from course_lib.authoring import notebooks
    from course_lib.exercises import prove

    # By its full name: in the package, the name stands for the function.
    training = importlib.import_module("course_lib.training.reproduce")
    asked = []

    def answer(*arguments, **options):
        asked.append((*arguments, *options.values()))
        return 1

    monkeypatch.setattr(notebooks, "main", answer)
    monkeypatch.setattr(prove, "main", answer)
    assert course("notebooks", "--check")[0] == 1
    assert course("prove", "--json")[0] == 1
    assert course("prove", "rnn_step", "gate")[0] == 1
    assert asked == [(True,), (True, None, []), (False, None, ["rnn_step", "gate"])]

    def train(name, **options):
        asked.append((name, options))
        return {"summary": {"accuracy": 0.5}}

    monkeypatch.setattr(training, "reproduce", train)
    out = tmp_path / "out.json"
    code, printed, _ = course("reproduce", "vanilla-mnist", "--seed", 3, "--quick", "--out", out)
    options = {"data": None, "seed": 3, "quick": True, "out": out, "workers": 1}
    assert asked[-1] == ("vanilla-mnist", options)
    assert (code, json.loads(printed)) == (0, {"accuracy": 0.5})


def test_a_group_of_runs_is_run_one_by_one(monkeypatch, tmp_path):
    training = importlib.import_module("course_lib.training.reproduce")
    asked = []

    def train(name, **options):
        asked.append(name)
        return {"summary": {"name": name}}

    monkeypatch.setattr(training, "reproduce", train)
    assert course("reproduce", "gradnets-200", "--quick")[0] == 0
    assert asked == list(training.GROUPS["gradnets-200"])
    code, _, err = course("reproduce", "gradnets-200", "--out", tmp_path / "out.json")
    assert (code, "leave --out" in err) == (2, True)
