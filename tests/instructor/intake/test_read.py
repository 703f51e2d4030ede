from a_class import released, write

from course_lib.instructor.intake import read
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import Submission

ONE = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}


def test_the_key_follows_the_content(tmp_path):
    path = write(tmp_path / "eve.ipynb", ONE)
    first = Submission("eve", path).load().key()
    assert Submission("eve", path).load().key() == first
    write(path, {"cells": []})
    assert Submission("eve", path).load().key() != first


def test_memory_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGEST", 100)
    write(tmp_path / "eve.ipynb", released(1))
    submission = find([tmp_path])[0].load()
    assert not submission.notebooks
    assert "larger" in submission.remarks[0]


def test_checkpoints_and_zips_in_folders_are_left_out(tmp_path):
    write(tmp_path / "eve" / ".ipynb_checkpoints" / "a.ipynb", ONE)
    write(tmp_path / "eve" / "a.ipynb", ONE)
    (tmp_path / "eve" / "b.zip").write_bytes(b"")
    submission = find([tmp_path])[0].load()
    assert [n for n, _ in submission.notebooks] == ["a.ipynb"]
    assert "zip" in submission.remarks[0]
