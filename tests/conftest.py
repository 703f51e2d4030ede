"""What several folders of tests share."""

import gc
import importlib.metadata
import itertools
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

from course_lib import cores, exercises
from course_lib.exercises import predictions
from course_lib.exercises.calling import guard
from course_lib.exercises.calling.frameworks import framework_settings, traced_gradients_forgotten
from course_lib.garbage import put_to_rest

ROOT = Path(__file__).resolve().parents[1]

# What changes the layout of a command's output is the same for all tests, wherever they are run;
# without COLUMNS, the terminal itself would be asked.
for name in ("LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
    os.environ.pop(name, None)
os.environ.pop("PYTHONUNBUFFERED", None)  # containers set it, and it hides what is printed too late
os.environ["COLUMNS"] = "80"
# A make that a test calls is none of the make that called the tests, and has its own flags and
# variables: `make test ALL=1` hands both down.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ALL", "ARGS", "SOLUTIONS"):
    os.environ.pop(name, None)

cores.compile_in_haste()

# An example takes as long as it takes: on a busy machine, a limit says nothing about the code.
settings.register_profile("course", parent=settings(), deadline=None)
settings.load_profile("course")

# A shell's background jobs ignore Ctrl-C, and so would all that their tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TERMINALS = {
    "usual": {},
    "narrow": {"COLUMNS": "40"},
    "wide": {"COLUMNS": "200"},
    "of unknown width": {"COLUMNS": None},
    "without colour": {"NO_COLOR": "1"},
    "plain C": {"LC_ALL": "C", "LANG": "C", "TERM": "dumb"},
}


@pytest.fixture(params=TERMINALS)
def terminal(request, monkeypatch):
    """Each kind of terminal in turn: a test that asks for it holds in all of them."""
    for name, value in TERMINALS[request.param].items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return request.param


FIRST = ("long", "slow")


def pytest_configure(config):
    """The mark that only the order below reads."""
    config.addinivalue_line("markers", "long: makes its file take minutes, so it is begun first")


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no core is left with one when all else is done.

    Before them come those that take minutes.
    """
    marked = {mark: {i.path for i in items if i.get_closest_marker(mark)} for mark in FIRST}
    items.sort(key=lambda item: [item.path not in marked[mark] for mark in FIRST])


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported is no garbage, and is a million objects to walk through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish():
    """What has been imported by now stays: no need to go through it each time garbage is sought."""
    put_to_rest()


FULL = 8  # files, after which what was put to rest before is looked at, too (a third of a second)
_files = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def what_a_file_leaves_is_at_rest():
    """TensorFlow keeps graphs, which each check of the next files would go through again.

    What became garbage at rest, such as the models of a file's last test, is freed now and then.
    """
    yield
    if next(_files) % FULL == 0:
        gc.unfreeze()
    put_to_rest()


@pytest.fixture(scope="session")
def share_environment():
    """Gives a folder an environment as `make` makes it, with the packages of this one.

    The function that it is takes the folder, and the checkout whose course_lib is found there.
    """

    def share(folder, course):
        venv, here = folder / ".venv", Path(sys.prefix)
        site = Path("lib") / f"python3.{sys.version_info[1]}" / "site-packages"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        for entry in (here / site).iterdir():
            (venv / site / entry.name).symlink_to(entry)
        for name in ("share", "etc"):
            if (here / name).exists():
                (venv / name).symlink_to(here / name)
        (path,) = (venv / site).glob("*course_lib*.pth")
        path.unlink()  # the link; a file of the same name takes its place
        path.touch()
        make = runpy.run_path(str(ROOT / "environment" / "make.py"))
        make["point_at_checkout"](venv / site, course)
        write_commands(venv / "bin")
        (venv / ".ready").write_bytes(make["made_from"](folder))

    return share


def write_commands(folder):
    """The commands of all packages, in the way in which pip writes them."""
    from pip._vendor.distlib.scripts import ScriptMaker

    maker = ScriptMaker(None, str(folder))
    maker.executable = f'"{folder / "python"}"'
    maker.variants = {""}
    for command in importlib.metadata.entry_points(group="console_scripts"):
        maker.make(f"{command.name} = {command.value}")
    for program in (Path(sys.prefix) / "bin").iterdir():  # such as ruff
        if not (folder / program.name).exists() and program.read_bytes()[:4] == b"\x7fELF":
            (folder / program.name).symlink_to(program)


@pytest.fixture(scope="module")
def browser():
    """Chromium, for tests that are marked so."""
    from course_lib.authoring.browser import find_chromium, open_browser

    if find_chromium() is None:
        missing = "Chromium is not on this machine; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with open_browser() as chromium:
        yield chromium


@pytest.fixture(autouse=True)
def frameworks_as_before():
    """What a test registers, seeds or sets in Keras and TensorFlow is gone after it."""
    put_back = framework_settings()
    yield
    put_back()


@pytest.fixture(autouse=True)
def session_of_a_learner():
    """Each test is a learner's session of its own: nothing was checked, hinted or predicted."""
    for kept in (exercises._passed, exercises._checked, exercises._found, exercises._hints_seen):
        kept.clear()
    predictions._made.clear()


@pytest.fixture(autouse=True)
def limit_as_before():
    """No test leaves the seconds of a rung changed: the next one in its process would have them."""
    before = guard.limit.TIME_LIMIT
    yield
    assert before == guard.limit.TIME_LIMIT


@pytest.fixture(autouse=True, scope="module")
def graphs_forgotten():
    """What a file has traced takes no memory after it; its fixtures may hold models until then."""
    with traced_gradients_forgotten():
        yield


def runs(process):
    """Whether a process runs: it is there, and no zombie that its new parent hasn't waited for."""
    try:
        os.kill(process, 0)
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # it ended in between, or there is no such folder, as on macOS
        return not Path("/proc/self/stat").exists()
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


@pytest.fixture(scope="session")
def still_running():
    """Gives which of some processes run on, though they were granted a few seconds to end."""

    def look(processes, patience=10):
        deadline = time.monotonic() + patience
        while (left := [one for one in processes if runs(one)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    return look


@pytest.fixture
def gpu():
    """The name of a GPU; tests that ask for it are skipped where there is none."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has no GPU that TensorFlow sees")
    from course_lib.graphs import without_tf32

    with without_tf32():
        yield "GPU:0"
