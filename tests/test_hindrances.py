"""A machine on which nothing can work is told of in one line, before anything fails in many."""

import errno
import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import doctor, hindrances, interrupted, lab

ROOT = Path(__file__).resolve().parents[1]
# What make runs, and what it calls itself.
OF_MAKE = {
    "book": ("authoring.book",),
    "sphinx": ("authoring.plain_sphinx",),
    "pdf": ("authoring.pdf",),
    "test": ("authoring.stages", "few"),
    "course": ("lab", "."),
}
COURSE = (("cli", "start", "work"), ("cli", "check", "a.ipynb"), ("cli", "doctor"))
ALONE = ("unshare", "--map-root-user", "--net")  # with a loopback interface of its own, down


def run(folder, module, *arguments, before=(), umask=-1):
    command = [*before, sys.executable, "-m", f"course_lib.{module}", *arguments]
    return subprocess.run(command, cwd=folder, umask=umask, capture_output=True, text=True)


def may_be_alone():
    return shutil.which(ALONE[0]) and not subprocess.run([*ALONE, "true"]).returncode


@pytest.fixture
def unreachable(monkeypatch):
    def connect(*_):
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.mark.skipif(os.name != "posix", reason="the umask says little there")
@pytest.mark.parametrize("umask", [0o777, 0o700, 0o400, 0o200, 0o111])
@pytest.mark.parametrize("command", [OF_MAKE["book"], OF_MAKE["test"], *COURSE], ids=" ".join)
def test_a_umask_that_locks_its_owner_out_is_one_line(tmp_path, umask, command):
    done = run(tmp_path, *command, umask=umask)
    said = hindrances.LOCKED_OUT.format(umask)
    assert done.returncode
    assert done.stderr.partition(": ")[2] == f"{said}\n"
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []  # which nobody could remove


@pytest.mark.parametrize("umask", [0o777, 0o700])
def test_no_environment_is_made_that_could_not_be_opened(tmp_path, umask):
    make = runpy.run_path(str(ROOT / "environment" / "make.py"))
    before = os.umask(umask)
    try:
        with pytest.raises(make["Failed"], match=f"the umask {umask:04o} .* Run `umask 022`"):
            make["make"](tmp_path, make["Progress"](sys.stdout))
        assert os.umask(umask) == umask  # it is left as it was
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077, 0o027, 0])
def test_a_umask_that_others_feel_is_none_of_our_business(umask):
    before = os.umask(umask)
    try:
        assert hindrances.locked_out() == ""
        assert os.umask(umask) == umask
    finally:
        os.umask(before)


@pytest.mark.skipif(not may_be_alone(), reason="no network of one's own may be made here")
@pytest.mark.parametrize("who", OF_MAKE)
def test_a_machine_that_can_not_reach_itself_is_one_line(tmp_path, who):
    """Jupyter Book would end in a hundred lines, and JupyterLab begin, and never run a cell."""
    done = run(tmp_path, *OF_MAKE[who], before=ALONE)
    assert done.returncode
    assert (done.stdout, done.stderr) == ("", f"{who}: {hindrances.CUT_OFF}\n")


def test_the_programs_of_make_ask_first(monkeypatch, capsys, unreachable):
    monkeypatch.setattr(interrupted, "end_at_once", lambda who: None)
    assert interrupted.in_one_line("book", lambda: pytest.fail("it was begun")) == 1
    assert lab.main("work") == 2
    said = hindrances.CUT_OFF
    assert capsys.readouterr() == ("", f"book: {said}\ncourse: {said}\n")


def test_the_doctor_knows_that_no_kernel_could_be_reached(unreachable):
    finding = doctor.kernel()
    assert not finding.ok
    assert finding.todo == hindrances.CUT_OFF


def test_this_machine_reaches_itself():
    assert hindrances.cut_off() == ""


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMFILE])
def test_what_the_system_forbids_is_not_taken_for_it(monkeypatch, number):
    def connect(*_):
        raise OSError(number, "No")

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert hindrances.cut_off() == ""
