import json
import zipfile

import pytest
from a_class import released, write

from course_lib.instructor import find as finding
from course_lib.instructor.extract import Unreadable, extract
from course_lib.instructor.find import BadUsage, Submission, find

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


def test_the_key_follows_the_content(tmp_path):
    path = write(tmp_path / "eve.ipynb", ONE)
    first = Submission("eve", path).load().key()
    assert Submission("eve", path).load().key() == first
    write(path, {"cells": []})
    assert Submission("eve", path).load().key() != first


def test_memory_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "LARGEST", 100)
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


def test_cells_of_every_format():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}]}
    assert extract(json.dumps(old).encode()).code == [(1, "x = 1")]
    assert extract(json.dumps(ONE).encode()).code == [(1, "x = 1\ny = 2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_cells_in_every_encoding(encoding):
    text = json.dumps({"cells": [{"cell_type": "code", "source": "# é"}]}, ensure_ascii=False)
    assert extract(text.encode(encoding)).code == [(1, "# é")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"cells": 3}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b'{"cells": 1e999}',
    ],
)
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(Unreadable):
        extract(content)


def test_odd_cells_stop_nothing():
    cells = [
        3,
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 7},
        {"cell_type": "code", "source": ["a", 3]},
        {"cell_type": "code", "source": "\ud800"},
    ]
    found = extract(json.dumps({"cells": cells}).encode())
    assert found.code == [(3, ""), (5, "a"), (6, "?")]
    assert len(found.remarks) == 1


def test_a_retyped_cell_of_the_course_is_still_code():
    notebook = released(1)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course", {}).get("role") == "code":
            cell["cell_type"] = "markdown"
    found = extract(json.dumps(notebook).encode())
    assert "rnn_step" in found.roles.values()
    assert "had become" in found.remarks[0]
