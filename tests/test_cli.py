import importlib
import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from course_lib import exercises, learner
from course_lib.authoring.source import reference_code, stub_code
from course_lib.built_book import for_a_shell
from course_lib.cli import app
from course_lib.doctor import Finding
from course_lib.exercises import progress
from course_lib.exercises.next_hint import fitting
from course_lib.exercises.registry import CHAPTERS, PROJECT, get, ids
from course_lib.instructor.intake.extract import LONGEST, Unreadable, extract
from course_lib.release import mark

pytestmark = pytest.mark.usefixtures("terminal")

RIGHT = reference_code(get("rnn_step").reference)
RIGHT_TOO = reference_code(get("rnn_forward").reference)
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


def test_a_notebook_of_another_release_is_checked_and_told(write):
    path = write("import numpy as np", RIGHT)
    content = json.loads(path.read_text("utf-8")) | {"metadata": mark("0.0.1")}
    path.write_text(json.dumps(content), encoding="utf-8")
    code, out, _ = course("check", path, "rnn_step")
    assert code == 0
    assert out.startswith("mine.ipynb: It is of release 0.0.1, the checks are of ")


def test_a_stub_is_not_written_yet(write):
    code, out, _ = course("check", write("import numpy as np", STUB))
    assert (code, "○ rnn_step: not written yet" in out) == (1, True)


def test_a_missing_function_fails_and_is_named(write):
    code, out, _ = course("check", write("import numpy as np", RIGHT), "rnn_step", "rnn_forward")
    assert (code, "✗ rnn_forward: mine.ipynb defines nothing of that name." in out) == (1, True)
    assert "1 of 2 passed" in out


def test_an_exercise_of_another_chapter_is_found(write):
    path = write("import numpy as np", RIGHT, name="01-vanilla-rnn.ipynb")
    _, out, _ = course("check", path, "lstm_step")
    sentence = "✗ lstm_step: 01-vanilla-rnn.ipynb defines nothing of that name."
    assert f"{sentence} It is in 03-gated-cells.ipynb.\n" in out
    _, out, _ = course("check", path, "rnn_forward")
    assert "✗ rnn_forward: 01-vanilla-rnn.ipynb defines nothing of that name.\n" in out


def test_the_reference_that_was_imported_is_no_answer(write):
    path = write("from course_lib.scratch.rnn import rnn_step")
    code, out, _ = course("check", path, "rnn_step")
    assert (code, "defines nothing of that name" in out) == (1, True)


def test_a_chapters_notebook_is_asked_for_all_its_exercises(write):
    path = write("import numpy as np", RIGHT, name="01-vanilla-rnn.new-01234567.ipynb")
    code, out, _ = course("check", path)
    assert code == 1
    assert f"1 of {len(CHAPTERS[0].exercises)} passed" in out


def test_each_report_is_there_before_the_next_check_begins(write, monkeypatch):
    """Those of a whole notebook take minutes, and Ctrl-C must not lose what was found."""
    begun = []

    def check(function, exercise):
        if begun:
            raise KeyboardInterrupt
        begun.append(exercise)
        return exercises.check(function, exercise)

    monkeypatch.setattr("course_lib.notebook_check.check", check)
    code, out, _ = course("check", write("import numpy as np", RIGHT, RIGHT_TOO))
    assert (code, out.startswith("✓ rnn_step: passed"), "rnn_forward" in out) == (130, True, False)


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
    uses_it = RIGHT.replace("np.tanh(", "no_such_module.tanh(")
    code, out, _ = course("check", write("import numpy as np\nimport no_such_module", uses_it))
    assert code == 1
    assert "Cell 2, line 2 was left out: ModuleNotFoundError" in out


def test_an_import_that_no_exercise_needs_is_not_missed(write):
    code, out, _ = course("check", write("import numpy as np\nimport no_such_module", RIGHT))
    assert (code, "left out" in out) == (0, False)


def test_an_answer_that_could_not_be_made_says_why(write):
    cell = "@no_such_decorator\n" + RIGHT.strip()
    code, out, _ = course("check", write("import numpy as np", cell), "rnn_step")
    assert code == 1
    assert "✗ rnn_step: Cell 3, line 2 was left out: NameError: name 'no_such_decorator'" in out


NOT_NOTEBOOKS = [
    *(b"", b"{", b"[]", b"null", b'{"cells": 3}', b"[" * 100_000),
    *(b"PK\x03\x04", b"%PDF-1.7", b"\xff\xfe\0", b"<!DOCTYPE html><html>"),
    b"import numpy\n\ndef rnn_step(x):\n    return x\n",
    b'{"cells": [\n<<<<<<< HEAD\n]\n=======\n]}\n>>>>>>> other\n',
]


@pytest.mark.parametrize("content", NOT_NOTEBOOKS, ids=lambda content: repr(content[:12]))
def test_what_a_file_is_instead_of_a_notebook_is_said_as_to_the_instructor(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as said:
        extract(content)
    for command in (("check", path), ("audit-gpu", path)):
        code, _, err = course(*command)
        assert (code, f"can be read: {said.value}." in err) == (2, True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_a_notebook_in_any_encoding_is_checked(write, encoding):
    path = write("# é\nimport numpy as np", RIGHT)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
    code, out, _ = course("check", path)
    assert (code, "1 of 1 passed" in out) == (0, True)


def test_what_was_left_out_of_a_notebook_is_said(write):
    path = write("import numpy as np", RIGHT, "#" * (LONGEST + 1))
    code, out, _ = course("check", path)
    assert (code, f"{path.name}: Cell 4 was left out: it has" in out) == (0, True)


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


@pytest.mark.parametrize("beside", ["05-kernl.ipynb", "a.ipynb", "other.ipynb"])
def test_a_missing_notebook_recommends_nothing_unlike_it(write, beside):
    path = write("x = 1", name=beside)
    code, _, err = course("check", path.with_name("missing.ipynb"))
    assert (code, "There is no file" in err, "Did you mean" in err) == (2, True, False)


def test_a_folder_is_no_notebook_and_one_in_it_is_named(write, tmp_path):
    path = write("x = 1")
    code, _, err = course("check", tmp_path)
    assert (code, f"is a folder: name a notebook such as {path}." in err) == (2, True)


def test_two_notebooks_are_answered_in_one_line(write):
    first, second = write("x = 1", name="a.ipynb"), write("x = 1", name="b.ipynb")
    code, _, err = course("check", first, second)
    assert (code, f"`course check {second}`" in err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [["hint", "xyz"], ["solution", "xyz"], ["prove", "xyz"], ["check", "NOTEBOOK", "x"]],
)
def test_no_error_lists_every_exercise(write, arguments):
    notebook = write("x = 1")
    code, _, err = course(*(notebook if a == "NOTEBOOK" else a for a in arguments))
    assert code == 2
    assert len(err) < 300
    assert sum(one in err.split() for one in ids()) < 3


# --- help with an exercise -----------------------------------------------------------------------


def test_a_wrong_answer_leads_to_the_hint_that_a_shell_can_show(write):
    _, out, _ = course("check", write("import numpy as np", FORGETS))
    hints = get("rnn_step").hints
    number = fitting(hints, ["no bias"])  # the next process won't know what was found
    assert number > 1
    assert f"Next: course hint rnn_step --number {number}\n" in out
    code, out, _ = course("hint", "rnn_step")
    assert (code, out.startswith(f"Hint 1 of {len(hints)}: {hints[0].symptom}")) == (0, True)
    assert out.endswith("The next hint: `course hint rnn_step --number 2`\n")
    _, out, _ = course("hint", "rnn_step", "--number", len(hints))
    assert hints[-1].text in out
    assert "`course solution rnn_step` shows the reference" in out


def test_the_solution_is_shown():
    code, out, _ = course("solution", "rnn_step")
    assert (code, RIGHT.strip() in out) == (0, True)


@pytest.mark.parametrize("number", [0, -1, 9])
def test_a_hint_that_is_not_there_is_bad_usage(number):
    code, _, err = course("hint", "rnn_step", "--number", number)
    assert (code, f"has hints 1 to {len(get('rnn_step').hints)}" in err) == (2, True)


@pytest.mark.parametrize("verb", ["hint", "solution"])
def test_help_with_a_misspelt_exercise_names_the_nearest(verb):
    code, _, err = course(verb, "rnn_stp")
    assert (code, "Did you mean rnn_step?" in err) == (2, True)


# --- progress that can't be kept -----------------------------------------------------------------


def test_without_a_copy_check_says_once_that_nothing_is_noted(write, tmp_path):
    path = write("import numpy as np", RIGHT, FORGETS, name="01-vanilla-rnn.ipynb")
    (tmp_path / progress.FOLDER).rmdir()
    _, out, _ = course("check", path)
    assert out.count("not noted in your progress") == 1
    assert "`course start` makes one" in out


def test_where_progress_cannot_be_read_it_says_so(write, tmp_path):
    write("x = 1")
    (tmp_path / progress.FOLDER / "progress.json").mkdir()
    code, _, err = course("progress", tmp_path)
    assert (code, "progress.json can't be read (Is a directory)" in err) == (1, True)


def test_a_missing_folder_is_no_other_copy(write, tmp_path):
    write("x = 1")
    code, out, err = course("progress", tmp_path / "MISSING")
    assert (code, out) == (2, "")
    assert f"There is no folder {tmp_path / 'MISSING'}" in err


def test_a_line_is_seen_when_it_is_printed():
    """In a pipe too, where Python keeps it back; here the process ends before it would come."""
    code = """
import os
from course_lib import cli, doctor
doctor.main = lambda as_json: (print("seen"), os._exit(0))
cli.app(["doctor"])
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert done.stdout == b"seen\n"


# --- the terminal --------------------------------------------------------------------------------

COMMANDS = ("doctor", "start", "progress", "check", "hint", "solution", "validate", "reproduce")


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("command", [(), *((one,) for one in COMMANDS), ("bench",), ("ci",)])
def test_help_fits_the_terminal_and_is_whole(columns, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = course(*command, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= columns
    assert not re.search(r"\w\.\.\.$", out, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [["start"], ["progress"], ["check", "a.ipynb"], ["doctor"], ["hint", "rnn_step"], ["notebooks"],
     ["validate", "a", "--out", "b"], ["reproduce", "vanilla-mnist"], ["ci", "init"]],
    ids=" ".join,
)  # fmt: skip
def test_in_a_deleted_folder_every_command_says_so(tmp_path, arguments):
    shell = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    command = [sys.executable, "-m", "course_lib.cli", *arguments]
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "was deleted: go to another" in done.stderr


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
    count = len(CHAPTERS[0].exercises)
    bar = "█" * (20 // count)
    assert f"The vanilla RNN {bar:░<20} 1 of {count}" in lines
    assert "✓ rnn_step passed" in lines
    assert "✗ rnn_forward not right yet" in lines
    assert "· state_jacobian not tried" in lines
    assert course("progress", tmp_path)[1] == out


def test_progress_without_a_copy_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in ([], [tmp_path]):
        code, _, err = course("progress", *arguments)
        assert (code, "`course start` makes one" in err) == (2, True)


@pytest.fixture
def release(tmp_path, monkeypatch):
    """Write the release of one notebook with one exercise, whose stub is this."""
    released = tmp_path / "released"
    released.mkdir()
    monkeypatch.setattr(learner, "released_folder", lambda: released)

    def release(stub):
        mark = {"course": {"exercise": "rnn_step", "role": "code"}}
        cells = [{"cell_type": "code", "source": stub, "metadata": mark, "outputs": []}]
        (released / "01-one.ipynb").write_text(json.dumps({"cells": cells}))

    return release


def test_start_says_what_it_did(release, tmp_path):
    copy = tmp_path / "copy"
    path = copy / "01-one.ipynb"
    release("first")
    assert f"made    {path}" in course("start", copy)[1]
    assert f"kept    {path}" in course("start", copy)[1]
    release("second")
    _, out, _ = course("start", copy)
    assert f"renewed {path}: nothing was written in it" in out
    assert "  - rnn_step: what you start from changed\n" in out
    code, _, err = course("start", path)
    assert (code, "a file is in the way" in err) == (2, True)


def test_the_command_that_start_names_can_be_typed(release, tmp_path):
    copy = tmp_path / "a folder"
    release("first")
    assert f"jupyter lab {for_a_shell(copy)}\n" in course("start", copy)[1]


def test_start_and_progress_say_what_is_new_each_time(release, tmp_path):
    copy = tmp_path / "copy"
    release("first")
    course("start", copy)
    path = copy / "01-one.ipynb"
    path.write_text(path.read_text().replace("first", "mine"))
    release("second")
    change = "01-one.ipynb has a newer release:\n  - rnn_step: what you start from changed\n"
    _, out, _ = course("progress", copy)
    assert f"{change}  `course start` puts it into your copy" in out
    assert f"new     {copy}" in course("start", copy)[1]
    for verb in ("start", "progress", "start", "progress"):
        _, out, _ = course(verb, copy)
        assert f"{change}  It is 01-one.new-" in out
    assert "mine" in path.read_text()


def test_a_misspelt_verb_names_the_nearest():
    code, _, err = course("progres")
    assert (code, "progress" in err) == (2, True)


def test_a_misspelt_run_names_the_nearest():
    code, _, err = course("reproduce", "vanila-mnist")
    assert (code, "Did you mean vanilla-mnist?" in err) == (2, True)
    assert err.count("\n") == 1
    assert "kernl-adding" not in err


@pytest.mark.parametrize(
    "command",
    [("reproduce", "vanilla-mnist", "--out"), ("bench", "lstm", "--out"), ("gpu", "--json")],
    ids=" ".join,
)
def test_where_no_result_can_be_written_no_work_is_begun(command, tmp_path):
    (tmp_path / "file").touch()
    for out, says in ((tmp_path, "is a folder"), (tmp_path / "file" / "x.json", "is no folder")):
        code, _, err = course(*command, out)
        assert (code, says in " ".join(err.split())) == (2, True), err


def test_a_run_that_is_like_none_is_told_all():
    code, _, err = course("reproduce", "foo")
    assert (code, "Did you mean" in err, "kernl-adding" in err) == (2, False, True)


def test_a_project_is_found_by_the_name_of_its_file():
    for one in ids():
        if one.startswith(PROJECT):
            code, _, err = course("hint", one.removeprefix(PROJECT))
            assert (code, f"Did you mean {one}?" in err) == (2, True), err


@pytest.mark.parametrize("name", ["foo", "abc", "x"])
def test_an_exercise_that_is_like_none_gets_no_guess(name):
    code, _, err = course("hint", name)
    assert (code, "Did you mean" in err) == (2, False), err
    assert "`course progress` lists them" in err


def test_a_misspelt_exercise_is_not_proven():
    code, _, err = course("prove", "rnn_stepp")
    assert (code, "Did you mean rnn_step?" in err) == (2, True)


def test_a_misspelt_notebook_is_answered_in_one_line():
    code, printed, err = course("notebooks", "03-gated-cell")
    assert (code, printed) == (2, "")
    assert err == (
        "course: There is no notebook called '03-gated-cell'. Did you mean 03-gated-cells?\n"
    )


def test_the_wrappers_pass_on_what_was_asked_and_the_exit_code(monkeypatch, tmp_path):
    from course_lib.authoring import notebooks
    from course_lib.exercises.proving import prove

    # By its full name: in the package, the name stands for the function.
    training = importlib.import_module("course_lib.training.reproduce")
    asked = []

    def answer(*arguments, **options):
        asked.append((*arguments, *options.values()))
        return 1

    monkeypatch.setattr(notebooks, "main", answer)
    monkeypatch.setattr(prove, "main", answer)
    assert course("notebooks", "--check")[0] == 1
    assert course("notebooks", "02-bptt")[0] == 1
    assert course("prove", "--json")[0] == 1
    assert course("prove", "rnn_step", "gru_step", "--at-most", "2")[0] == 1
    assert course("prove", "rnn_step", "--at-most", "0")[0] == 2
    assert asked == [
        (True, []),
        (False, ["02-bptt"]),
        (True, None, [], None),
        (False, None, ["rnn_step", "gru_step"], 2),
    ]

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
    from course_lib.training.experiments import GROUPS

    training = importlib.import_module("course_lib.training.reproduce")
    asked = []

    def train(name, **options):
        asked.append(name)
        return {"summary": {"name": name}}

    monkeypatch.setattr(training, "reproduce", train)
    assert course("reproduce", "gradnets-200", "--quick")[0] == 0
    assert asked == list(GROUPS["gradnets-200"])
    for more in (("--out", tmp_path / "out.json"), ("--workers", 2)):
        code, _, err = course("reproduce", "gradnets-200", *more)
        assert (code, "leave --out and --workers away" in err) == (2, True)
    assert asked == list(GROUPS["gradnets-200"])


def test_all_runs_are_checked_under_one_name(monkeypatch):
    from course_lib.training.compare import SAME, Verdict
    from course_lib.training.experiments import EXPERIMENTS

    training = importlib.import_module("course_lib.training.reproduce")
    asked = []

    def check(name, **options):
        asked.append(name)
        return Verdict(SAME)

    monkeypatch.setattr(training, "check", check)
    assert course("reproduce", "all", "--check")[0] == 0
    assert asked == list(EXPERIMENTS)


# --- course --help -------------------------------------------------------------------------------


def test_every_command_has_its_place_in_the_order_of_use():
    from typer.main import get_command

    from course_lib.command_help import ORDER

    group = get_command(app)
    assert group.list_commands(None) == list(ORDER)


@pytest.mark.parametrize("typed", [str.lower, str.upper, lambda one: one.replace("_", "-")])
def test_a_name_with_other_letters_is_understood(typed):
    for one in ids():
        if typed(one) != one:
            code, _, err = course("hint", typed(one))
            assert (code, f"Did you mean {one}?" in err) == (2, True), err


def test_beside_the_copy_its_notebook_is_named(tmp_path, monkeypatch):
    """The pages print `course check 01-vanilla-rnn.ipynb ...`; `make` runs in the folder around."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "01-vanilla-rnn.ipynb").touch()
    code, _, err = course("check", "01-vanilla-rnn.ipynb", "predict_rows")
    assert (code, "Did you mean work/01-vanilla-rnn.ipynb?" in err) == (2, True), err


def test_a_link_that_leads_nowhere_is_not_recommended_in_its_own_place(tmp_path):
    (tmp_path / "mine.ipynb").symlink_to(tmp_path / "gone")
    code, _, err = course("check", tmp_path / "mine.ipynb")
    assert (code, "There is no file" in err, "Did you mean" in err) == (2, True, False)


WRITES_A_FOLDER = (["validate", "a.ipynb", "--out"], ["export", "nbgrader"])
WRITES_A_FILE = (
    ["gpu", "--json"], ["reproduce", "vanilla-mnist", "--out"], ["bench", "lstm", "--out"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "where", "said"),
    [(one, "file", "file is a file: name a folder.") for one in WRITES_A_FOLDER]
    + [(one, "", "is a folder: name a file in it.") for one in WRITES_A_FILE]
    + [(one, "file/x", "is no folder") for one in (*WRITES_A_FOLDER, *WRITES_A_FILE)],
)
def test_where_no_result_can_be_written_is_said_before_the_work(tmp_path, arguments, where, said):
    (tmp_path / "file").touch()
    code, out, err = course(*arguments, tmp_path / where)
    assert (code, out, said in err) == (2, "", True), err
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize("columns", ["0", "00", "", "20", "40", "-5", "x"])
@pytest.mark.parametrize("arguments", [["progress"], ["doctor"], ["hint", "rnn_step"]])
def test_a_console_of_any_width_is_told_all(tmp_path, monkeypatch, columns, arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("course_lib.doctor.examine", lambda: [Finding("Disk", True, "5 GB free")])
    course("start", "work")
    monkeypatch.delenv("COLUMNS", raising=False)
    _, whole, _ = course(*arguments)
    monkeypatch.setenv("COLUMNS", columns)
    code, out, err = course(*arguments)
    assert (code, err) == (0, "")
    letters = re.compile(r"\w")  # a narrow table breaks its words
    assert len(letters.findall(out)) >= len(letters.findall(whole)) > 0
