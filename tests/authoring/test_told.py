"""What `make book` tells where its output is no terminal: little, but every warning."""

import sys
from pathlib import Path

import pytest

from course_lib.authoring import told

FULL = Path("/dev/full")
MANY = "import sys; [print('WARNING', i, file=sys.stderr) for i in range(20_000)]"
# As Sphinx and jupyter-cache write, in the colours that Jupyter Book gives them.
SAYS = """
import sys
root = sys.argv[1]
print("\x1b[01mRunning Sphinx v7.4.7\x1b[39;49;00m")
print("myst v3.0.1: MdParserConfig(commonmark_only=False, ...)")
print("reading sources... [  3%] \x1b[35mbook/bptt\x1b[39;49;00m")
print(f"{root}/book/bptt.md: Executing notebook using local CWD [mystnb]")
print(f"{root}/book/bptt.md: Executed notebook in 17.65 seconds [mystnb]")
print(f"\x1b[91m{root}/book/bptt.md:7: WARNING: no such label\x1b[39;49;00m", file=sys.stderr)
print("reading sources... [100%] book/text")
print("preparing documents... done")
print("copying images... [ 37%] x.svg")
sys.exit(int(sys.argv[2]))
"""


def told_of(tmp_path, code, program=SAYS):
    command = [sys.executable, "-c", program, str(tmp_path), str(code)]
    return told.run(command, tmp_path, {}, tmp_path / "_build" / "book.log")


@pytest.mark.parametrize("code", [0, 1])
def test_pages_and_warnings_are_told_and_the_rest_is_in_the_log(tmp_path, capfd, code):
    assert told_of(tmp_path, code) == code
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "    3 %: book/bptt.md was run in 18 s",
        "  100 %: now the pages are written",
    ]
    log = tmp_path / "_build" / "book.log"
    warning, *more = err.splitlines()
    assert warning == f"{tmp_path}/book/bptt.md:7: WARNING: no such label"
    assert more == ([f"The whole log: {log}"] if code else [])
    whole = log.read_text("utf-8")
    assert len(whole.splitlines()) == 9
    assert "\x1b" not in whole
    assert warning in whole


def test_no_warning_is_lost_where_there_are_many(tmp_path, capfd):
    told_of(tmp_path, 0, MANY)
    assert len(capfd.readouterr().err.splitlines()) == 20_000


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_log_that_can_not_be_written_loses_no_warning(tmp_path, capfd):
    with pytest.raises(OSError, match="No space left"):
        told.run([sys.executable, "-c", MANY], tmp_path, {}, FULL)
    assert len(capfd.readouterr().err.splitlines()) == 20_000


def test_a_full_disk_is_named(tmp_path, capfd):
    program = "raise OSError(28, 'No space left on device')"
    assert told_of(tmp_path, 1, program) == 1
    assert capfd.readouterr().err.splitlines()[-1] == "The disk is full."


COMPLAINS = """
import signal, time

def complain(*_):
    raise RuntimeError("The kernel died.")

signal.signal(signal.SIGTERM, complain)
print(1, flush=True)
time.sleep(60)
"""


def test_one_that_is_stopped_ends_without_a_word(tmp_path, capfd, monkeypatch):
    def stopped(said, whole, root):
        next(said)
        raise KeyboardInterrupt

    monkeypatch.setattr(told, "_tell_steps", stopped)
    with pytest.raises(KeyboardInterrupt):
        told_of(tmp_path, 0, COMPLAINS)
    assert capfd.readouterr().err == ""
    assert Path(tmp_path / "_build" / "book.log").exists()
