"""Ctrl-C is one line while a program still loads, while others work for it, and at its end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course_lib import interrupted

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no Ctrl-C to send here")

# A program that gets Ctrl-C when it imports some module for the first time, or when it ends.
PROGRAM = """
import atexit, os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == WHEN:
            os.kill(os.getpid(), signal.SIGINT)

WHEN, module, *sys.argv[1:] = sys.argv[1:]
sys.meta_path.insert(0, Finder())
if WHEN == "the end":
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def stopped(when, module, *arguments, cwd=ROOT):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, when, module, *arguments],
        capture_output=True, check=False, timeout=60, cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("when", ["typer", "course_lib.commands.learner", "course_lib.doctor"])
def test_while_the_command_loads(when):
    assert stopped(when, "course_lib.cli", "doctor") == (130, "\rcourse: stopped.\n")


def test_when_the_command_is_done():
    assert stopped("the end", "course_lib.cli", "--version") == (130, "\rcourse: stopped.\n")


LOADED = {
    "book": ("rich", "authoring.book"),
    "test": ("course_lib.cores", "authoring.stages"),
    "sphinx": ("bs4", "authoring.plain_sphinx"),
    "pdf": ("yaml", "authoring.pdf"),
    "lab": ("jupyter_server", "lab", "."),
}


@pytest.mark.parametrize("who", LOADED)
def test_while_what_make_calls_loads(who, tmp_path):
    when, module, *arguments = LOADED[who]
    said = stopped(when, f"course_lib.{module}", *arguments, cwd=tmp_path)
    assert said == (130, f"\r{who}: stopped.\n")


def test_a_library_leaves_the_signal_alone():
    from course_lib import cli  # noqa: F401

    assert not interrupted.is_set()


# It prints a traceback if Ctrl-C reaches it, as does what it starts.
OTHER = """
import subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(other.pid, flush=True)
time.sleep(60)
"""
RUNS_IT = f"""
import sys
from course_lib import interrupted

def program():
    with interrupted.apart([sys.executable, "-c", {OTHER!r}]) as process:
        return process.wait()

sys.exit(interrupted.in_one_line("test", program))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_works_for_a_program_ends_with_it(number):
    with subprocess.Popen(
        [sys.executable, "-c", RUNS_IT], start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        grandchild = int(process.stdout.readline())
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, b"\rtest: stopped.\n")
    assert _is_gone(grandchild)


# It doesn't hear that it should end.
DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_told_many_times_to_end_leaves_nothing_behind(number):
    """As of Ctrl-C held down, or by `timeout`, whose signal make passes on once more."""
    program = "from course_lib import interrupted; interrupted.GRACE = 0.5\n" + RUNS_IT
    with subprocess.Popen(
        [sys.executable, "-c", program.replace(repr(OTHER), repr(DEAF))], start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        deaf = int(process.stdout.readline())
        for _ in range(20):
            os.killpg(process.pid, number)
            time.sleep(0.01)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, b"\rtest: stopped.\n")
    assert _is_gone(deaf)


def _is_gone(pid, within=5.0):
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as file:  # nobody may wait for it
            if file.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", interrupted.NOT_TO_BE_WRITTEN)
def test_a_place_that_can_not_be_written_to_is_one_line(capsys, monkeypatch, number):
    monkeypatch.setattr(interrupted, "end_at_once", lambda who: None)

    def program():
        raise OSError(number, "No", "_build")

    assert interrupted.in_one_line("book", program) == 1
    assert capsys.readouterr().err == "book: _build: No.\n"


@pytest.fixture
def no_temporary_files(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/is/not/there"])


def test_no_place_for_temporary_files_is_one_line(capsys, monkeypatch, no_temporary_files):
    monkeypatch.setattr(interrupted, "end_at_once", lambda who: None)
    assert interrupted.in_one_line("book", tempfile.mkdtemp) == 1
    said = capsys.readouterr().err
    assert said.startswith("book: There is no folder for temporary files: ")
    assert said.count("\n") == 1


NO_TEMPORARY_FILES = """
import runpy, sys, tempfile

tempfile._candidate_tempdir_list = lambda: ["/is/not/there"]
sys.argv = ["stages", "check"]
runpy.run_module("course_lib.authoring.stages", run_name="__main__")
"""


def test_make_check_without_temporary_files_is_one_line(tmp_path):
    """Matplotlib, which lists its fonts first, needs one where the home can't be written to."""
    (tmp_path / "in the way").touch()
    nowhere = {name: str(tmp_path / "in the way" / "x") for name in ("HOME", "MPLCONFIGDIR")}
    command = [sys.executable, "-c", NO_TEMPORARY_FILES]
    environment = os.environ | nowhere
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("test: There is no folder for temporary files: ")


def test_another_fault_of_a_file_is_a_fault_of_the_program(monkeypatch):
    monkeypatch.setattr(interrupted, "end_at_once", lambda who: None)
    with pytest.raises(FileNotFoundError):
        interrupted.in_one_line("book", Path("/is/not/there").read_text)


def stopped_while_it_loads(loaded):
    with interrupted.when_whole():
        signal.raise_signal(signal.SIGINT)
        loaded.append(True)


@pytest.mark.parametrize("ends_the_program", [False, True])
def test_ctrl_c_waits_until_all_is_loaded(monkeypatch, ends_the_program):
    """Unless it ends the program anyway."""
    monkeypatch.setattr(interrupted, "is_set", lambda: ends_the_program)
    loaded = []
    with pytest.raises(KeyboardInterrupt):
        stopped_while_it_loads(loaded)
    assert loaded == ([] if ends_the_program else [True])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


LOADS = """
import contextlib, os, signal, sys, threading, time
from course_lib.exercises.registry import get

def stop():
    while "tensorflow.python.ops.ragged.ragged_tensor" not in sys.modules:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=stop, daemon=True).start()
with contextlib.suppress(KeyboardInterrupt):
    {first}
    raise SystemExit("It was not stopped.")
get("VanillaRNNCell")
print("loaded")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", ['get("VanillaRNNCell")', "import course_lib.quiet, tensorflow", "import keras"]
)
def test_tensorflow_whose_first_loading_was_stopped_can_be_loaded(first):
    done = subprocess.run(
        [sys.executable, "-c", LOADS.format(first=first)], capture_output=True, text=True
    )
    assert done.stdout == "loaded\n", done.stderr[-2000:]
