"""Two programs that write into one folder take turns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.authoring import pdf, plain_sphinx, stages, turns
from course_lib.authoring.book import build

ROOT = Path(__file__).resolve().parents[2]
WORKS = """
import sys
from pathlib import Path
from course_lib.authoring.turns import alone_in

with alone_in(Path(sys.argv[1])):
    print("begins", flush=True)
    sys.stdin.readline()
    print("ends", flush=True)
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such locks")


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", WORKS, str(folder)],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["it ends", "it is killed"])
def test_the_second_waits_until_the_first_is_done(tmp_path, how):
    folder = tmp_path / "_build"
    first = start(folder)
    assert first.stdout.readline() == "begins\n"
    second = start(folder)
    waits = "Another make is at work in _build: this one waits for it.\n"
    assert second.stdout.readline() == waits
    if how == "it ends":
        assert first.communicate("\n")[0] == "ends\n"
    else:
        first.kill()
        first.communicate()
    assert second.communicate("\n")[0] == "begins\nends\n"


def test_nobody_waits_where_there_are_no_locks(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with turns.alone_in(tmp_path), turns.alone_in(tmp_path):
        pass


def test_folders_have_turns_of_their_own(tmp_path, capsys):
    with turns.alone_in(tmp_path / "one"), turns.alone_in(tmp_path / "other"):
        pass
    assert capsys.readouterr().out == ""


class Turn(Exception):
    """Somebody asks for the turn at a folder."""


@pytest.mark.parametrize(
    "what", [build, plain_sphinx.build, pdf.main], ids=["book", "sphinx", "pdf"]
)
def test_whatever_writes_into_build_takes_its_turn(tmp_path, monkeypatch, what):
    def asked(folder):
        raise Turn(folder)

    (tmp_path / "_build/html").mkdir(parents=True)
    (tmp_path / "_build/html/index.html").touch()
    (tmp_path / "_config.yml").write_text("title: A course")
    monkeypatch.setattr(sys.modules[what.__module__], "alone_in", asked)
    with pytest.raises(Turn) as turn:
        what(tmp_path)
    assert turn.value.args == (tmp_path / "_build",)


@pytest.mark.parametrize(
    ("who", "what"), [("sphinx", plain_sphinx.build), ("test", lambda root: stages.of_make("few"))]
)
def test_a_checkout_that_can_not_be_written_to_is_one_line(
    tmp_path, monkeypatch, capsys, who, what
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda folder, how: False)
    assert what(tmp_path) == 1
    said = f"{who}: {tmp_path} can't be written to: copy the course into a folder of your own.\n"
    assert capsys.readouterr() == ("", said)
