"""The stages of `make test` say what they did; each way to fail fails the run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.authoring import stages
from course_lib.authoring.stages import PYTEST, Stage


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Most plugins take longer to load than these small runs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def code(text):
    return ("-c", text)


def pytest_on(folder, text, *more):
    """A command of pytest on one file with this text."""
    file = folder / "test_it.py"
    file.write_text(f"import pytest\n{text}")
    return (*PYTEST, "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *more, str(file))


PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
SKIPPED = "@pytest.mark.skip('no Chromium: install it')\ndef test_skipped(): pass\n"
LACKS = "@pytest.fixture\ndef browser(): pytest.skip('no Chromium: install it')\n"
UNUSED = "".join(f"def test_page_{i}(browser): pass\n" for i in range(3))
BROKEN = "@pytest.fixture\ndef a(): raise OSError\ndef test_error(a): pass\n"


def table(out):
    """Verdict and counts of each stage in the table at the end, by its name."""
    lines = out.rpartition("\n=== ")[2].splitlines()
    rows = [line for line in lines if line.startswith(("passed", "FAILED", "skipped"))]
    return {line[8:44].strip(): (line[:8].strip(), line.partition(" s   ")[2]) for line in rows}


def test_every_stage_runs_and_one_failure_fails_the_run(capfd):
    ran = (
        Stage("good", (code("print('one')"),)),
        Stage("bad", (code("raise SystemExit(3)"), code("print('two')"))),
        Stage("seen", (), look=lambda: ["something is wrong"]),
        Stage("last", (code("print('three')"),)),
    )
    assert stages.main(ran) == 1
    lines = capfd.readouterr().out.splitlines()
    assert {"one", "two", "three", "something is wrong"} <= set(lines)
    assert lines[-1] == "3 passed, 2 failed, 0 skipped"
    assert stages.main(ran[:1]) == 0


@pytest.mark.parametrize(
    ("text", "verdict", "counts", "exit_code"),
    [
        (PASSES, "passed", "1 passed", 0),
        (SKIPPED, "skipped", "1 skipped", 0),
        (LACKS + UNUSED, "skipped", "3 skipped", 0),
        (PASSES + LACKS + UNUSED, "passed", "1 passed, 3 skipped", 0),
        (FAILS + LACKS + UNUSED, "FAILED", "1 failed, 3 skipped", 1),
        (BROKEN, "FAILED", "1 failed", 1),
        ("", "FAILED", "1 failed", 1),
        ("no python", "FAILED", "1 failed", 1),
        ("import os\nos._exit(0)", "FAILED", "1 failed", 1),
        (f"{PASSES}def test_stops(): pytest.exit('enough')", "FAILED", "1 passed, 1 failed", 1),
    ],
)
def test_a_stage_of_tests_says_what_became_of_them(
    text, verdict, counts, exit_code, tmp_path, capfd
):
    assert stages.main((Stage("it", (pytest_on(tmp_path, text),)),)) == exit_code
    out = capfd.readouterr().out
    assert table(out) == {"it": (verdict, counts)}


def test_what_was_skipped_is_counted_and_the_cure_named(tmp_path, capfd):
    ran = (
        Stage("style", (code("pass"),)),
        Stage("book", (pytest_on(tmp_path, LACKS + UNUSED),)),
    )
    assert stages.main(ran) == 0
    out = capfd.readouterr().out
    assert "      3  no Chromium: install it" in out.splitlines()
    assert out.splitlines()[-1] == "1 passed, 0 failed, 3 skipped"


def test_what_failed_is_told_again_at_the_end(tmp_path, capfd):
    """In a log of ten thousand lines nobody finds it otherwise."""
    says = "import sys; print('one'); print('the cause', file=sys.stderr); sys.exit(3)"
    ran = (
        Stage("proofs", (code(says),)),
        Stage("it", (pytest_on(tmp_path, PASSES + FAILS + BROKEN),)),
        Stage("seen", (), look=lambda: ["a notebook is missing"]),
    )
    assert stages.main(ran) == 1
    end = capfd.readouterr().out.partition("What failed:")[2]
    assert "  one\n  the cause\n" in end
    assert "test_it::test_fails: assert False" in end
    assert "test_it::test_error: failed on setup" in end
    assert "  a notebook is missing\n" in end
    assert "test_passes" not in end
    assert stages.main((Stage("good", (code("print('fine')"),)),)) == 0
    assert "What failed" not in capfd.readouterr().out


def test_nothing_collected_is_a_failure_with_a_word(tmp_path, capfd):
    command = pytest_on(tmp_path, PASSES, "-k", "no_such_test")
    assert stages.main((Stage("it", (command,)),)) == 1
    assert "pytest found no test." in capfd.readouterr().out


def test_side_by_side_each_process_has_one_thread_and_all_are_counted(tmp_path, capfd, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    text = (
        "import os\n"
        "@pytest.mark.parametrize('i', range(6))\n"
        "def test_threads(i):\n"
        "    assert os.environ['PYTEST_XDIST_WORKER']\n"
        "    assert os.environ['OMP_NUM_THREADS'] == '1'\n"
        "    assert os.environ['TF_NUM_INTRAOP_THREADS'] == '3'  # the user's own word\n"
    )
    command = pytest_on(tmp_path, text + LACKS + UNUSED, "-p", "xdist", "-n", "2")
    assert stages.main((Stage("it", (command,)),)) == 0
    assert table(capfd.readouterr().out) == {"it": ("passed", "6 passed, 3 skipped")}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't tell")
@pytest.mark.parametrize(("mebibytes", "told"), [(1, "0.0"), (512, "0.5")])
def test_the_largest_process_is_told_also_one_that_a_stage_has_started(mebibytes, told):
    eats = f"bytearray(b'x') * ({mebibytes} << 20)"
    starts = f"import subprocess, sys; subprocess.check_call([sys.executable, '-c', {eats!r}])"
    ran = f"Stage('large', (('-c', {starts!r}),)), Stage('small', (('-c', 'pass'),))"
    run = f"from course_lib.authoring.stages import Stage, main; main(({ran}))"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert f"the largest process took {told} GiB" in done.stdout


def test_every_stage_that_runs_tests_uses_all_cores():
    commands = [c for stage in stages.STAGES for c in stage.commands if c[:2] == PYTEST]
    alone = [c for c in commands if c[-2:] == ("-m", "alone")]
    assert len(commands) == len(stages.unit_tests()) + 3
    assert len(alone) == 1
    assert all(("-n" in c) != (c in alone) for c in commands)


def test_a_quick_run_takes_a_few_cases_of_all_that_has_many():
    """The same stages, in the same order; what has no cases is run as it is."""
    for whole, few in zip(stages.STAGES, stages.A_FEW_OF_ALL, strict=True):
        assert (whole.name, whole.look) == (few.name, few.look)
        has_cases = whole.name.split()[0] in ("unit", "layers", "proofs", "browser")
        assert all(("--at-most" in command) == has_cases for command in few.commands)
        assert not any("--at-most" in command for command in whole.commands)
        if not has_cases:
            assert whole == few
        elif whole.name.split()[0] != "unit":
            started = zip(whole.commands, few.commands, strict=True)
            assert all(short[: len(long)] == long for long, short in started)
    unit = next(stage for stage in stages.A_FEW_OF_ALL if stage.name.startswith("unit"))
    ((*_, mark, plugin, _name, at_most, _),) = unit.commands
    assert (mark, plugin, at_most) == (stages.QUICK, "-p", "--at-most")
    assert unit.commands[0][len(PYTEST)] == "tests"  # no folder is left out


def test_a_quick_run_says_that_it_is_one(capfd, monkeypatch):
    said = "These were a few cases of each quick test. `make test ALL=1` runs all of all tests."
    short, long = (Stage("it", (code("pass"),)),), (Stage("it", (code("True"),)),)
    monkeypatch.setattr(stages, "A_FEW_OF_ALL", short)
    assert stages.main(short) == 0
    assert said in capfd.readouterr().out.splitlines()
    assert stages.main(long) == 0
    assert said not in capfd.readouterr().out


def test_a_quick_run_counts_and_names_what_it_left_out(tmp_path, capfd, monkeypatch):
    """pytest calls it deselected, not skipped, and a summary of what was skipped tells nothing."""
    kinds = ("slow", "alone", "browser")
    lines = "".join(f"    {kind}: a mark\n" for kind in kinds)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers =\n{lines}")
    marked = "".join(f"@pytest.mark.{kind}\ndef test_{kind}(): pass\n" for kind in kinds)
    one_slow = (
        "@pytest.mark.parametrize('x', [1, pytest.param(2, marks=pytest.mark.slow)])\n"
        "def test_of_one_case(x): pass\n"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a/test_all_slow.py").write_text(
        f"import pytest\npytestmark = pytest.mark.slow\n{PASSES}{one_slow}"
    )
    shared = ("-p", "xdist", "-n", "2", "--dist", "loadfile", "-m", stages.QUICK)
    unit = (*pytest_on(tmp_path, PASSES + marked + one_slow, *shared)[:-1], str(tmp_path))
    browser = (*pytest_on(tmp_path, PASSES + marked + one_slow, "-m", "browser"),)
    few = (Stage("unit", (unit,)), Stage("browser", (browser,)))
    monkeypatch.setattr(stages, "A_FEW_OF_ALL", few)
    assert stages.main(few) == 0
    out = capfd.readouterr().out
    assert out.splitlines()[-1] == "3 passed, 0 failed, 0 skipped"
    told = out.partition("runs all of all tests.\n")[2].splitlines()
    assert told[:4] == [
        "Tests left out, as slow or in need of the machine alone: 4",
        "      2  .",
        "      2  a: all of test_all_slow.py",
        "",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="make is not there")
@pytest.mark.parametrize(
    ("goal", "which"),
    [
        (["test"], "few"),
        (["test", "ALL=1"], "all"),
        (["check"], "check"),
        (["check", "ALL=1"], "check slow"),
    ],
)
def test_make_chooses_the_run(goal, which):
    made = subprocess.run(["make", "-n", *goal], capture_output=True, text=True, check=True)
    lines = [line.rstrip() for line in made.stdout.splitlines()]
    assert [line for line in lines if line.endswith(f"course_lib.authoring.stages {which}")]


@pytest.mark.skipif(sys.platform == "win32", reason="make is not there")
def test_a_make_that_a_test_calls_has_its_own_variables():
    """`make test ALL=1` hands ALL down to each make below it, and its flags."""
    handed_down = {"MAKEFLAGS": "k -- ALL=1", "MAKELEVEL": "1", "ALL": "1"}
    command = [sys.executable, *PYTEST, "-q", f"{__file__}::test_make_chooses_the_run"]
    done = subprocess.run(command, env=os.environ | handed_down, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_only_what_runs_notebooks_loads_nbval():
    tests = [c for stage in stages.STAGES for c in stage.commands if c[: len(PYTEST)] == PYTEST]
    assert tests
    assert all(("--nbval" in one) != ("no:nbval" in one) for one in tests)


def test_each_file_of_tests_is_run_in_one_turn():
    """Also one in a folder that is yet to come."""
    *turns, alone = stages.unit_tests()
    assert alone[-1] == "alone"
    for file in (*Path("tests").rglob("test_*.py"), Path("tests/new/test_new.py")):
        runs = []
        for command in turns:
            where = command[len(PYTEST) : command.index(stages.ON_CORES[0])]
            ignored = [one.removeprefix("--ignore=") for one in where if one.startswith("-")]
            named = [one for one in where if not one.startswith("-")]
            runs.append(any(map(file.is_relative_to, named)))
            runs[-1] &= not any(map(file.is_relative_to, ignored))
        assert sum(runs) == 1, file
    assert all(Path(folder).is_dir() for turn in stages.TRACED for folder in turn)


def test_no_marked_test_is_left_out():
    """The stages that look at marked files only rely on each mark standing in its file."""
    texts = {f: f.read_text(encoding="utf-8") for f in Path("tests").rglob("*.py")}
    for mark in ("alone", "backends", "browser"):
        bear = sorted(str(f) for f, text in texts.items() if f"mark.{mark}" in text)
        assert bear
        assert list(stages.marked(mark)) == bear
    assert not [f for f, text in texts.items() if f.name == "conftest.py" and "add_marker" in text]


def test_the_inner_loop_proves_what_has_changed(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(stages, "touched_tests", lambda root: ("tests/scratch/test_rnn.py",))
    monkeypatch.setattr(stages, "touched_exercises", lambda root: ("rnn_step", "gate"))
    _, tests, _, proofs = stages.inner_loop(tmp_path)
    assert proofs.commands[0][-3:] == ("prove", "rnn_step", "gate")
    of_modules, of_exercises = tests.commands
    assert of_modules[2] == "tests/scratch/test_rnn.py"
    assert of_exercises[2] == "tests/exercises"
    assert of_exercises[-2:] == ("-k", "rnn_step or gate")
    assert all(stages.QUICK in command for command in tests.commands)
    monkeypatch.setattr(stages, "touched_exercises", lambda root: ())
    names = [stage.name for stage in stages.inner_loop(tmp_path)]
    assert names == [
        "style",
        "quick tests of what has changed",
        "notebooks agree with their source",
    ]
    assert "nothing to prove" in capsys.readouterr().out


def test_a_check_of_slow_tests_asks_no_file_for_what_it_lacks(monkeypatch, tmp_path):
    """A run of pytest that finds no test has failed."""
    monkeypatch.setattr(stages, "touched_exercises", lambda root: ())
    monkeypatch.setattr(stages, "marked", lambda mark: ("tests/a/test_a.py", "tests/b/test_b.py"))
    for touched, by_themselves in (
        (("tests/c",), []),
        (("tests/c", "tests/a"), ["tests/a/test_a.py"]),
    ):
        monkeypatch.setattr(stages, "touched_tests", lambda root, touched=touched: touched)
        _, tests, _ = stages.inner_loop(tmp_path, slow=True)
        alone = [command for command in tests.commands if command[-1] == "alone"]
        assert [command[len(PYTEST) : len(PYTEST) + 1] for command in alone] == [
            (one,) for one in by_themselves
        ]


@pytest.mark.parametrize("slow", ["", "slow"])
def test_what_a_check_left_out_is_said_or_run(slow, monkeypatch, tmp_path, capfd):
    """A change whose slow tests fail looks as good as any other until somebody runs them."""
    marks = "import pytest\nslow, alone = pytest.mark.slow, pytest.mark.alone\n"
    tests = "def test_quick(): pass\n@slow\ndef test_slow(): 1 / 0\n@alone\ndef test_alone(): 1 / 0"
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n alone\n browser\n backends\n")
    (tmp_path / "test_new.py").write_text(f"{marks}{tests}\n")
    monkeypatch.setattr(stages, "touched_tests", lambda root: (str(tmp_path / "test_new.py"),))
    monkeypatch.setattr(stages, "touched_exercises", lambda root: ())
    monkeypatch.setattr(stages, "marked", lambda mark: (str(tmp_path / "test_new.py"),))
    monkeypatch.setattr(stages, "ON_CORES", ("-p", "no:cacheprovider"))
    monkeypatch.setattr(stages, "NO_NOTEBOOKS", ())
    monkeypatch.setattr(stages, "BY_FILE", ())
    for fast in ("STYLE", "DRIFT"):
        monkeypatch.setattr(stages, fast, Stage(fast, (code("pass"),)))
    monkeypatch.setattr(stages, "is_read_only", lambda *_: False)
    monkeypatch.setattr(stages, "fonts_are_listed", lambda: None)
    assert stages.of_make("check", *filter(None, [slow])) == bool(slow)
    out = capfd.readouterr().out
    assert (stages.WAS_QUICK in out) is not bool(slow)
    assert out.splitlines()[-1] == f"3 passed, {2 if slow else 0} failed, 0 skipped"


def test_why_all_is_looked_at_is_said_before_it_begins(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    stages.inner_loop(tmp_path)
    said = capsys.readouterr().out
    assert "not a git repository" in said
    assert "all quick tests and all exercises" in said


def test_where_all_exercises_are_touched_their_tests_are_not_chosen_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(stages, "touched_tests", lambda root: ("tests",))
    monkeypatch.setattr(stages, "touched_exercises", lambda root: stages.ids())
    _, tests, *_ = stages.inner_loop(tmp_path)
    (command,) = tests.commands
    assert command[:3] == (*PYTEST, "tests")
    assert stages.QUICK in command


# --- notebooks without a run ---------------------------------------------------------------------


def notebook(path, *cells):
    content = [
        {"cell_type": "code", "source": "1", "execution_count": count, "outputs": outputs}
        for count, outputs in cells
    ]
    path.with_suffix(".py").write_text("")
    path.write_text(json.dumps({"cells": content}))


def test_a_notebook_that_was_run_is_fine(tmp_path):
    notebook(tmp_path / "01.ipynb", (1, ["an output"]), (2, []))
    assert stages.never_run(tmp_path) == []


def test_a_notebook_that_was_never_run_is_named(tmp_path):
    notebook(tmp_path / "01.ipynb", (1, ["an output"]), (None, []))
    (problem,) = stages.never_run(tmp_path)
    assert "01.ipynb, cell 2 was never run" in problem


def test_a_notebook_whose_outputs_were_cleared_is_named(tmp_path):
    notebook(tmp_path / "01.ipynb", (1, []), (2, []))
    (problem,) = stages.never_run(tmp_path)
    assert "01.ipynb holds no output" in problem


def test_a_missing_notebook_is_named(tmp_path):
    (tmp_path / "01.py").touch()
    assert "01.py has no notebook" in stages.never_run(tmp_path)[0]
    (tmp_path / "01.py").unlink()
    assert "holds no notebook" in stages.never_run(tmp_path)[0]
