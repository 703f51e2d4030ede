import json
import zipfile

import pytest
from a_class import write

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.find import find

ONE = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}


def test_each_entry_of_a_folder_is_a_student(tmp_path):
    write(tmp_path / "anna" / "deep" / "01-vanilla-rnn.ipynb", ONE)
    write(tmp_path / "ben.ipynb", ONE)
    with zipfile.ZipFile(tmp_path / "cem.zip", "w") as archive:
        archive.writestr("a/b.ipynb", json.dumps(ONE))
    (tmp_path / "list.csv").write_text("no submission")
    (tmp_path / ".git").mkdir()
    found = find([tmp_path])
    assert [s.student for s in found] == ["anna", "ben", "cem"]
    assert [n for s in found for n, _ in s.load().notebooks] == [
        "deep/01-vanilla-rnn.ipynb",
        "ben.ipynb",
        "a/b.ipynb",
    ]


def test_a_folder_with_a_notebook_of_the_course_is_one_students(tmp_path):
    for name in ("01-vanilla-rnn.ipynb", "02-bptt.ipynb"):
        write(tmp_path / "dora" / name, ONE)
    found = find([tmp_path / "dora"])
    assert [s.student for s in found] == ["dora"]
    assert len(found[0].load().notebooks) == 2


def test_two_of_the_same_name_are_told_apart(tmp_path):
    for folder in ("monday", "tuesday"):
        write(tmp_path / folder / "eve.ipynb", ONE)
    found = find([tmp_path / "monday", tmp_path / "tuesday"])
    assert [s.student for s in found] == ["monday/eve.ipynb", "tuesday/eve.ipynb"]


def test_the_same_path_twice_is_one_submission(tmp_path):
    write(tmp_path / "eve.ipynb", ONE)
    assert len(find([tmp_path, tmp_path / "eve.ipynb"])) == 1


@pytest.mark.parametrize("name", ["missing", "text.txt", "empty"])
def test_nothing_to_validate_is_said(tmp_path, name):
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadUsage):
        find([tmp_path / name])
