"""What a command is given arrives under the right name, what is left out has the value that
`--help` tells, and the exit code is handed on.
"""

import importlib
import inspect
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.cores import allowed
from course_lib.instructor.errors import BadUsage


@pytest.fixture
def asked(monkeypatch):
    """Runs a command whose work is left out; the exit code, and with what it was called."""

    def run(work, *words, returns=3, raises=None):
        module, name = work.rsplit(".", 1)
        module = importlib.import_module(f"course_lib.{module}")
        signature, calls = inspect.signature(getattr(module, name)), []

        def noted(*arguments, **options):
            calls.append(signature.bind(*arguments, **options))
            if raises is not None:
                raise raises
            return returns

        with monkeypatch.context() as patch:
            patch.setattr(module, name, noted)
            done = CliRunner().invoke(app, [str(word) for word in words])
        if not calls:
            return done, None
        calls[0].apply_defaults()
        return done, dict(calls[0].arguments)

    return run


BENCH = {"quick": False, "as_json": False, "out": None}
VALIDATE = {
    "submissions": [Path("class")], "out": Path("to"), "jobs": allowed(), "shard": "1/1",
    "seconds": 10.0, "budget": 600.0, "megabytes": 1024, "cases": None, "weights": None,
    "exercises": [], "no_sandbox": False, "merging": False, "scheduler": "", "by": "",
    "listing": False,
}  # fmt: skip
BUNDLE = {
    "out": Path("autograder.zip"), "exercises": (), "weights": None, "cases": None, "budget": 480.0,
}  # fmt: skip
GRADES = {
    "folder": Path("to"), "platform": "moodle", "class_list": Path("c.csv"), "column": "",
    "columns": (), "out": None, "maximum": "",
}  # fmt: skip
INSTRUCTOR = "instructor.command"


@pytest.mark.parametrize("name", ["lstm", "kernl", "stream", "scan", "validate", "cluster"])
def test_a_benchmark(name, asked, tmp_path):
    more = {"validate": {"nbgrader": None}, "cluster": {"notebooks": 5_000}}.get(name, {})
    work = f"benchmarks.{name}.main"
    done, found = asked(work, "bench", name)
    assert (done.exit_code, found) == (3, BENCH | more)
    for option, changed in (
        ("--quick", {"quick": True}),
        ("--json", {"as_json": True}),
        (f"--out={tmp_path / 'it.json'}", {"out": tmp_path / "it.json"}),
    ):
        assert asked(work, "bench", name, option)[1] == BENCH | more | changed


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ([], {}),
        (["--jobs", 2], {"jobs": 2}),
        (["--shard", "2/8"], {"shard": "2/8"}),
        (["--time-limit", 5], {"seconds": 5.0}),
        (["--submission-limit", 60], {"budget": 60.0}),
        (["--memory-limit", 512], {"megabytes": 512}),
        (["--cases", "c.json"], {"cases": Path("c.json")}),
        (["--weights", "w.json"], {"weights": Path("w.json")}),
        (["--exercise", "a", "--exercise", "b"], {"exercises": ["a", "b"]}),
        (["--no-sandbox"], {"no_sandbox": True}),
        (["--merge"], {"merging": True}),
        (["--scheduler", "tcp://a:1"], {"scheduler": "tcp://a:1"}),
        (["--by", "x+"], {"by": "x+"}),
        (["--list"], {"listing": True}),
    ],
    ids=lambda one: " ".join(map(str, one)) if isinstance(one, list) else "",
)
def test_validate(options, changed, asked):
    work = f"{INSTRUCTOR}.command_line.run"
    done, found = asked(work, "validate", "class", "--out", "to", *options)
    assert (done.exit_code, found) == (3, VALIDATE | changed)


@pytest.mark.parametrize(
    ("work", "words", "arguments"),
    [
        ("similar.show_similar", ["similar", "a", "b"],
         {"paths": [Path("a"), Path("b")], "by": "", "out": None}),
        ("similar.show_similar", ["similar", "a", "--by", "x", "--out", "p.html"],
         {"paths": [Path("a")], "by": "x", "out": Path("p.html")}),
        ("grades.write_grades", ["grades", "to", "--for", "moodle", "--class-list", "c.csv"],
         GRADES),
        ("grades.write_grades", ["grades", "to", "--for", "canvas", "--class-list", "c.csv",
         "--column", "A", "--maximum", "10", "--match", "Name", "--match", "Id", "--out", "o.csv"],
         GRADES | {"platform": "canvas", "column": "A", "maximum": "10",
                   "columns": ("Name", "Id"), "out": Path("o.csv")}),
        ("weeks.write_weeks", ["weeks", "a", "b"],
         {"folders": [Path("a"), Path("b")], "out": Path("weeks.html")}),
        ("weeks.write_weeks", ["weeks", "a", "--out", "p.html"],
         {"folders": [Path("a")], "out": Path("p.html")}),
        ("gradescope_bundle.write_bundle", ["gradescope", "init"], BUNDLE),
        ("gradescope_bundle.write_bundle",
         ["gradescope", "init", "--out", "o.zip", "--exercise", "a", "--weights", "w.json",
          "--cases", "c.json", "--submission-limit", "60"],
         {"out": Path("o.zip"), "exercises": ("a",), "weights": Path("w.json"),
          "cases": Path("c.json"), "budget": 60.0}),
        ("nbgrader_export.export", ["export", "nbgrader", "f"],
         {"folder": Path("f"), "weights": None}),
        ("nbgrader_export.export", ["export", "nbgrader", "f", "--weights", "w.json"],
         {"folder": Path("f"), "weights": Path("w.json")}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)  # fmt: skip
def test_what_is_there_for_instructors(work, words, arguments, asked):
    done, found = asked(f"{INSTRUCTOR}.{work}", *words)
    assert (done.exit_code, found) == (3, arguments)


@pytest.mark.parametrize(
    ("problem", "code", "says"),
    [
        (BadUsage("The reason\x1b[2J."), 2, "course: The reason\ufffd[2J."),
        (PermissionError(13, "Permission denied", "a.csv"), 1, "course: a.csv: Permission denied."),
        (OSError(28, "No space left on device"), 1, "course: No space left on device."),
        (OSError("of no number"), 1, "course: of no number."),
        (ModuleNotFoundError("", name="fcntl"), 2, "this needs Linux or macOS, with fcntl."),
    ],
)
def test_what_an_instructor_s_command_can_not_do_is_one_line(problem, code, says, asked):
    done, _ = asked(f"{INSTRUCTOR}.weeks.write_weeks", "weeks", "a", raises=problem)
    assert done.exit_code == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("work", "words", "arguments"),
    [
        ("doctor.main", ["doctor"], {"as_json": False}),
        ("doctor.main", ["doctor", "--json"], {"as_json": True}),
        ("benchmarks.gpu.main", ["gpu"], {"quick": False, "out": None, "only": None}),
        ("benchmarks.gpu.main", ["gpu", "--quick", "--only", "cells", "--json", "o.json"],
         {"quick": True, "out": Path("o.json"), "only": "cells"}),
        ("notebook_audit.main", ["audit-gpu", "n.ipynb"],
         {"path": Path("n.ipynb"), "as_json": False}),
        ("exercises.proving.survivors.main", ["prove", "--mutants", "rnn_step"],
         {"as_json": False, "exercises": ["rnn_step"]}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)  # fmt: skip
def test_other_commands(work, words, arguments, asked):
    done, found = asked(work, *words)
    assert done.exit_code == 3
    assert found | arguments == found
