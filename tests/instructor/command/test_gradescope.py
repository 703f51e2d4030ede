"""The autograder as Gradescope runs it: its folders, no network, and the file that it reads."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
from a_class import solved, submission, write
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

import course_lib
from course_lib.cli import app
from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.instructor.command import gradescope_run
from course_lib.instructor.command.grader_pool import failed
from course_lib.instructor.command.gradescope_bundle import ENVIRONMENT, requirements
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.sandbox.available import problem_with
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox

# https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "integer"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["score", "max_score"],
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": FORMAT,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}
SPY = """
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    import glob, os, socket
    seen = []
    top = "/autograder/"
    for place in (top + "source/settings.json", top + "results", top + "submission"):
        try:
            seen.append(os.listdir(place) if os.path.isdir(place) else open(place).read())
        except OSError:
            pass
    try:
        socket.socket(socket.AF_INET)
        socket.create_connection(("127.0.0.1", 9), 1)
        seen.append("network")
    except OSError as error:
        pass
    try:
        os.kill(os.getppid(), 9)
        seen.append("killed")
    except OSError:
        pass
    if not os.fork():
        os.setsid()
        import time
        time.sleep(600)
    raise ValueError(f"uid {os.getuid() % 62000 < 1000} saw {seen}")
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The zip for two exercises, the first of two points."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "weights.json").write_text('{"rnn_step": 2}')
    arguments = ["gradescope", "init", f"--out={folder / 'a.zip'}", "--exercise=rnn_step",
                 "--exercise=rnn_forward", f"--weights={folder / 'weights.json'}"]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return folder / "a.zip"


@pytest.fixture
def autograder(bundle, tmp_path):
    """Runs run_autograder on a notebook, as the service does; what it leaves in results."""
    if os.geteuid() != 0 or problem_with("bubblewrap"):
        pytest.skip("to make a container with a folder /autograder, root and bubblewrap are needed")
    top = tmp_path / "autograder"
    for name in ("source", "submission", "results"):
        (top / name).mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", bundle, top / "source"], check=True)
    (top / "submission_metadata.json").write_text("{}")

    def run(content, *more, second=None):
        write(top / "submission" / "my work.ipynb", content)
        if second:
            write(top / "submission" / "other work.ipynb", second)
        shutil.copy(top / "source" / "run_autograder", top / "run_autograder")
        os.chmod(top / "run_autograder", 0o755)
        command = [
            "bwrap",
            "--unshare-net",
            "--unshare-pid",
            "--die-with-parent",
            "--clearenv",
            "--setenv",
            "PATH",
            "/usr/bin:/bin",
        ]
        for place in Path("/").iterdir():
            if place.is_symlink():
                command += ["--symlink", os.readlink(place), str(place)]
            elif place.name not in ("autograder", "dev", "proc", "tmp", "opt"):
                command += ["--ro-bind", str(place), str(place)]
        command += ["--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp",
                    "--dir", "/opt",
                    "--bind", str(top), "/autograder",
                    "--symlink", sys.prefix, ENVIRONMENT, *more]  # fmt: skip
        done = subprocess.run(
            [*command, "/autograder/run_autograder"], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        found = json.loads((top / "results" / "results.json").read_text())
        jsonschema.validate(found, SCHEMA)
        return found, done.stdout

    return run


@pytest.mark.slow
def test_an_upload_is_graded_without_a_network(autograder):
    wrong = "def rnn_forward(x, h_0, W_xh, W_hh, b_h):\n    return x, (x,)\n"
    found, _ = autograder(solved(1, rnn_forward=wrong))
    first, second = found["tests"]
    assert (first["score"], first["max_score"], first["status"]) == (2, 2, "passed")
    assert second["max_score"] == 1
    assert second["status"] == "failed"
    assert second["output"].startswith("not right yet. ")
    assert found["stdout_visibility"] == "hidden"


# A container that may make no namespaces, as Docker's usual ones: no such capability is left.
NARROW = ("--cap-drop", "CAP_SYS_ADMIN")


@pytest.mark.slow
def test_where_no_sandbox_is_allowed_another_user_computes(autograder):
    if problem_with("user"):
        pytest.skip(problem_with("user"))
    found, said = autograder(solved(1, rnn_step=SPY), *NARROW)
    assert "Students' code runs in: user" in said
    first, second = found["tests"]
    assert "ValueError: uid True saw []" in first["output"]
    assert second["status"] == "passed"


SEES = """
seen = []
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    seen.append(float(x_t.flat[0]))
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""
SAYS = "def rnn_forward(x, h_0, W_xh, W_hh, b_h):\n    raise ValueError(f'<{seen[-1]}>')\n"


@pytest.mark.slow
def test_no_result_says_the_other_numbers(autograder):
    """They are the same when the student hands in again, with a table of answers to them."""
    public = []

    def spy(*arguments):
        public.append(float(arguments[0].flat[0]))
        return get("rnn_step").reference(*arguments)

    assert check_function(get("rnn_step"), spy)
    found, _ = autograder(solved(1, rnn_step=SEES, rnn_forward=SAYS))
    assert found["tests"][0]["status"] == "passed"
    told = re.search("<([^>]*)>", found["tests"][1]["output"])[1]
    assert float(told) in public


def test_a_grader_that_comes_down_is_nobodys_zero(bundle, tmp_path, monkeypatch):
    (tmp_path / "submission").mkdir()
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("settings.json", tmp_path / "source")
    monkeypatch.setattr(gradescope_run, "find_kind", lambda: "none")
    wanted = ["rnn_step", "rnn_forward"]
    came_down = lambda todo, *_: [(key, failed(one, wanted)) for one, key in todo]  # noqa: E731
    monkeypatch.setattr(gradescope_run, "graded", came_down)
    assert gradescope_run.main(tmp_path) == 0
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    jsonschema.validate(found, SCHEMA)
    assert "tests" not in found
    assert "not your fault" in found["output"]


# In one notebook a right answer stores all that it is asked; in the other one, it is told.
PLACES = "/tmp/seen /dev/shm/seen /var/tmp/seen seen"
STORES = f"""
import os
import numpy as np

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    for place in {PLACES!r}.split():
        try:
            with open(place, "a") as file:
                file.write(str(x_t))
            os.chmod(place, 0o666)
        except OSError:
            pass
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""
TELLS = f"""
import os

def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    there = [place for place in {PLACES!r}.split() if os.path.exists(place)]
    raise ValueError(f"seen {{there}}")
"""


@pytest.mark.slow
def test_where_no_sandbox_is_allowed_one_notebook_leaves_nothing_for_another(autograder):
    """Not the numbers of hidden cases, for one: the result would say them."""
    if problem_with("user"):
        pytest.skip(problem_with("user"))
    cell = {"cell_type": "code", "metadata": {}, "source": STORES}
    found, said = autograder({"cells": [cell]}, *NARROW, second=solved(1, rnn_forward=TELLS))
    assert "Students' code runs in: user" in said
    assert found["tests"][0]["status"] == "passed"
    assert "ValueError: seen []" in found["tests"][1]["output"]


@pytest.mark.slow
def test_what_goes_wrong_is_said_in_the_result(autograder, tmp_path):
    (tmp_path / "autograder" / "source" / "settings.json").write_text("{")
    found, _ = autograder(solved(1))
    assert found["score"] == 0
    assert "not your fault" in found["output"]
    assert "Traceback" not in found["output"]


@pytest.mark.slow
def test_the_user_of_its_own_gives_the_same_verdicts_and_leaves_nothing_behind(tmp_path):
    if problem_with("user"):
        pytest.skip(problem_with("user"))
    write(tmp_path / "a.ipynb", solved(1, rnn_step=SPY))
    with Sandbox("user") as sandbox:
        judge = Judge(lambda tensorflow: sandbox, Limits(), 5, {})
        found = grade(submission(tmp_path / "a.ipynb").load(), judge, ["rnn_step", "rnn_forward"])
    assert [e["outcome"] for e in found["exercises"]] == ["error", "passed"]
    seen = subprocess.run(["ps", "-eo", "uid,stat"], capture_output=True, text=True).stdout
    there = [line.split() for line in seen.splitlines()]
    assert not [stat for uid, stat in there if uid == str(sandbox.user.uid) and stat[0] != "Z"]


def test_the_bundle_holds_what_the_format_asks_for(bundle):
    with zipfile.ZipFile(bundle) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        setup = archive.read("setup.sh").decode()
    for name in ("setup.sh", "run_autograder"):
        assert entries[name].external_attr >> 16 & 0o111
    assert "packages/course_lib/instructor/results/pages/class_page.js" in entries
    assert "packages/course_lib/data/mnist_subset.npz" in entries
    assert "packages/course_lib/released_notebooks/01-vanilla-rnn.ipynb" in entries
    assert not [name for name in entries if "__pycache__" in name or "test" in name]
    assert setup.startswith("#!/usr/bin/env bash\n")
    assert "requirements.txt" in setup


def test_the_bundle_holds_all_of_the_package_but_what_is_for_people_and_tools(bundle):
    package = Path(course_lib.__file__).parent
    inside = [file.relative_to(package) for file in package.rglob("*") if file.is_file()]
    elsewhere = {"built_book", "jupyter", "released_notebooks"}
    wanted = {
        f"packages/course_lib/{file.as_posix()}"
        for file in inside
        if file.parts[0] not in elsewhere
        and not any(part.startswith((".", "__pycache__")) for part in file.parts)
        and file.suffix not in {".md", ".toml"}
    }
    with zipfile.ZipFile(bundle) as archive:
        assert wanted <= set(archive.namelist())


def test_nobody_else_can_read_the_cases_in_it(bundle):
    assert not bundle.stat().st_mode & 0o077


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_the_scripts_are_bash(bundle, script):
    with zipfile.ZipFile(bundle) as archive:
        code = archive.read(script)
    subprocess.run(["bash", "-n"], input=code, check=True)


def test_everything_is_pinned():
    """The course's own requirements, and all that those require on this machine."""
    pinned = dict(one.split("==") for one in requirements())
    assert pinned.keys() >= {"numpy", "tensorflow", "typer", "h5py", "protobuf", "pygments"}
    assert not pinned.keys() & {"jupyterlab", "course-lib", "pytest", "ruff"}
    for name, version in pinned.items():
        assert importlib.metadata.version(name) == version
        for one in map(Requirement, importlib.metadata.requires(name) or []):
            needed = canonicalize_name(one.name)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                assert needed in pinned, f"{name} needs {needed}"


# Stands for apt-get: what can be had is told by the first word of a line of the file `offers`.
APT = """#!/bin/sh
echo "$@" >> "$BOX/log"
for name in "$@"; do
    case $name in install|-y|update|bubblewrap) continue ;; esac
    grep -qx "$name" "$BOX/offers" || { echo "E: Unable to locate package $name"; exit 100; }
done
for name in "$@"; do
    case $name in *-venv) cp "$BOX/python" "$BOX/bin/${name%-venv}" ;; esac
done
"""
PYTHON = """#!/bin/sh
case "$1" in
    -c) test "${0##*/}" != python3 || test "$PYTHON3" = new ;;
    -m) mkdir -p "$BOX/made"; echo "made with ${0##*/}" >> "$BOX/log"; exit 9 ;;
esac
"""


@pytest.mark.parametrize(
    ("there", "offers", "python3", "with_"),
    [
        (["python3.12"], [], "old", "python3.12"),
        ([], ["python3.11", "python3.11-venv"], "old", "python3.11"),
        ([], ["python3", "python3-venv"], "new", "python3"),
        ([], ["python3", "python3-venv"], "old", ""),
        ([], [], "old", ""),
    ],
)
def test_set_up_takes_the_python_that_the_image_has(
    bundle, tmp_path, there, offers, python3, with_
):
    """Ubuntu 22.04 has python3.11 beside its own, 24.04 only its own, and that without venv."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "offers").write_text("".join(f"{one}\n" for one in offers))
    for name, content in {"bin/apt-get": APT, "python": PYTHON,
                          **{f"bin/{one}": PYTHON for one in there}}.items():  # fmt: skip
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    for name in ("bash", "sh", "dirname", "grep", "cp", "mkdir"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("setup.sh", tmp_path)
    done = subprocess.run(
        [tmp_path / "bin" / "bash", tmp_path / "setup.sh"],
        env={"PATH": str(tmp_path / "bin"), "BOX": str(tmp_path), "PYTHON3": python3},
        capture_output=True,
        text=True,
    )
    log = (tmp_path / "log").read_text()
    if with_:
        assert log.splitlines()[-1] == f"made with {with_}", log + done.stderr
    else:
        assert "made with" not in log
        assert (done.returncode, "choose a newer base image" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [(["--exercise=rnn_stepp"], "Did you mean rnn_step?"), (["--weights=no.json"], "can't be read"),
     (["--cases=no.json"], "can't be read"), (["--submission-limit=1"], "from 10 to 86400")],
)  # fmt: skip
def test_bad_usage_is_said_and_writes_nothing(tmp_path, options, says):
    out = tmp_path / "a.zip"
    done = CliRunner().invoke(app, ["gradescope", "init", f"--out={out}", *options])
    assert done.exit_code == 2
    assert says in done.output
    assert not out.exists()


def test_a_place_where_no_file_can_be_is_said(tmp_path):
    for out, says in ((tmp_path, "is a folder"), (tmp_path / "no" / "a.zip", "there is no folder")):
        done = CliRunner().invoke(app, ["gradescope", "init", f"--out={out}"])
        assert (done.exit_code, says in done.output) == (2, True), done.output


def test_a_bundle_of_yours_is_not_overwritten(bundle):
    before = bundle.read_bytes()
    done = CliRunner().invoke(app, ["gradescope", "init", f"--out={bundle}"])
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert bundle.read_bytes() == before
