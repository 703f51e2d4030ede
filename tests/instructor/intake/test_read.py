"""What is wrong with one file costs no other file, and no other student."""

import io
import json
import struct
import zipfile

import pytest
from a_class import released, submission, write

from course_lib.instructor.intake import find as finding
from course_lib.instructor.intake import folders, read, tree
from course_lib.instructor.intake.find import find

ONE = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]}
SOLVED = {"cells": [{"cell_type": "code", "source": ["def rnn_step(x): return x"]}]}
GOOD = json.dumps(ONE).encode()


def a_zip(method=zipfile.ZIP_DEFLATED, **contents: bytes) -> bytearray:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.ipynb", content)
    return bytearray(into.getvalue())


def overwritten(data: bytearray) -> bytearray:
    """40 bytes of the first file's compressed content are others."""
    data[45:85] = bytes(range(40))
    return data


def flagged(data: bytearray, field: int, value: int) -> bytearray:
    """The first file's header says something else about it, in both places."""
    struct.pack_into("<H", data, field, value)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + field + 2, value)
    return data


BAD = json.dumps({**ONE, "metadata": {"x": [i * 7919 % 9973 for i in range(300)]}}).encode()
DAMAGED = {
    "40 bytes overwritten": (overwritten(a_zip(bad=BAD, good=GOOD)), ["good.ipynb"], "damaged"),
    "encrypted": (flagged(a_zip(bad=BAD, good=GOOD), 6, 1), ["good.ipynb"], "encrypted"),
    "an unknown method": (flagged(a_zip(bad=BAD, good=GOOD), 8, 97), ["good.ipynb"], "compression"),
    "LZMA": (a_zip(zipfile.ZIP_LZMA, bad=BAD), [], "compression (lzma)"),
    "bzip2": (a_zip(zipfile.ZIP_BZIP2, good=GOOD), ["good.ipynb"], ""),
    "truncated": (a_zip(bad=BAD, good=GOOD)[:-30], [], "damaged"),
    "nothing in it": (bytearray(), [], "damaged"),
    "no zip": (bytearray(b"PK\x03\x04nonsense"), [], "damaged"),
    "another sum": (bytearray(bytes(a_zip(zipfile.ZIP_STORED, bad=BAD, good=GOOD)).replace(
        b"7919", b"7918", 1)), ["good.ipynb"], "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_zip_is_one_remark_and_the_others_go_on(tmp_path, name):
    data, names, remark = DAMAGED[name]
    (tmp_path / "anna.zip").write_bytes(data)
    write(tmp_path / "ben.ipynb", ONE)
    anna, ben = find([tmp_path]).submissions
    assert [n for n, _ in ben.load().notebooks] == ["ben.ipynb"]
    assert [n for n, _ in anna.load().notebooks] == names
    assert len(anna.remarks) == bool(remark), anna.remarks
    assert remark in "".join(anna.remarks)


def test_zips_in_zips_are_read_up_to_a_depth(tmp_path):
    data = bytes(a_zip(deep=GOOD))
    for level in range(5):
        into = io.BytesIO()
        with zipfile.ZipFile(into, "w") as archive:
            archive.writestr(f"zip{level}.zip", data)
            archive.writestr(f"level{level}.ipynb", GOOD)
        data = into.getvalue()
    (tmp_path / "anna.zip").write_bytes(data)
    found = find([tmp_path]).submissions[0].load()
    assert [n.rpartition("/")[2] for n, _ in found.notebooks] == [
        "level4.ipynb", "level3.ipynb", "level2.ipynb",
    ]  # fmt: skip
    assert "a zip in a zip in a zip" in found.remarks[0]


def test_the_key_follows_the_content(tmp_path):
    path = write(tmp_path / "eve.ipynb", ONE)
    first = submission(path).load().key()
    assert submission(path).load().key() == first
    write(path, {"cells": []})
    assert submission(path).load().key() != first


def test_memory_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGEST", 100)
    write(tmp_path / "eve.ipynb", released(1))
    found = find([tmp_path]).submissions[0].load()
    assert not found.notebooks
    assert "larger" in found.remarks[0]


def test_what_is_not_read_is_named(tmp_path):
    write(tmp_path / "eve" / ".ipynb_checkpoints" / "a.ipynb", ONE)
    write(tmp_path / "eve" / "a.ipynb", ONE)
    for name in ("b.zip", "c.7z", "d.py", "e.pdf", "f.png", "g.png", "h.png", "i.png", "j.png"):
        (tmp_path / "eve" / name).write_bytes(b"")
    found = find([tmp_path]).submissions[0].load()
    assert [n for n, _ in found.notebooks] == ["a.ipynb"]
    assert found.remarks == [
        "b.zip can't be read: it is damaged (BadZipFile).",
        "c.7z was left out: of archives only zips are opened.",
        "Only notebooks and Python files beside them are read, not e.pdf, f.png, g.png, h.png, "
        "i.png and 1 more.",
    ]


def test_a_walk_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "MOST_FILES", (3, 3, 3))
    for number in range(5):
        write(tmp_path / f"s{number}.ipynb", ONE)
    found = find([tmp_path])
    assert len(found.submissions) == 3
    assert found.not_understood == ["Only the first 3 files were looked at."]
    assert found.work_is_left


@pytest.mark.parametrize(
    "flood",
    [
        *("aaa", "aaa.zip", "x/aaa", "x/aaa.zip"),
        *("week1/monday/aaa", "week1/monday/aaa.zip", "2026/week1/monday/aaa"),
    ],
)
def test_nobody_hands_in_so_much_that_others_are_not_looked_at(tmp_path, monkeypatch, flood):
    most = tuple(most // 2_500 for most in tree.MOST_FILES[:-1])
    monkeypatch.setattr(tree, "MOST_FILES", (*most, 1))
    names = [f"{n}.txt" for n in range(400)]
    if flood.endswith(".zip"):
        (tmp_path / flood).parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(tmp_path / flood, "w") as archive:
            for name in names:
                archive.writestr(name, b"")
    else:
        for name in names:
            (tmp_path / flood / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / flood / name).write_bytes(b"")
    above = (tmp_path / flood).parent
    for who in ("ben", "cem", "dora"):
        write(above / who / "01-vanilla-rnn.ipynb", SOLVED)
    found = {one.student: one for one in find([tmp_path]).submissions}
    assert [len(found[who].sources) for who in ("ben", "cem", "dora")] == [1, 1, 1]
    assert f"files in {flood} were looked at." in " ".join(found["aaa"].load().remarks)


def test_a_name_that_no_disk_holds_is_not_looked_at(tmp_path, monkeypatch):
    """Patterns that look for a student in a name take the square of its length, or more.

    What a program left has such a name unseen.
    """
    names = []
    asked = finding.chapter_in
    for module in (finding, folders):
        monkeypatch.setattr(module, "chapter_in", lambda name: names.append(name) or asked(name))
    with zipfile.ZipFile(tmp_path / "eve.zip", "w") as archive:
        archive.writestr("." * 65_000 + "x.ipynb", "{}")
        archive.writestr("__MACOSX/" + "." * 300 + "y.ipynb", "{}")
        archive.writestr("a.ipynb", "{}")
    found = find([tmp_path]).submissions[0].load()
    assert "a.ipynb" in names
    assert max(map(len, names)) <= tree.LONGEST_NAME
    assert [name for name, _ in found.notebooks] == ["a.ipynb"]
    assert " ".join(found.remarks).count("its name is too long") == 1


def test_of_thousands_of_notebooks_in_a_zip_few_are_read_to_find_whose_they_are(
    tmp_path, monkeypatch
):
    with zipfile.ZipFile(tmp_path / "eve.zip", "w") as archive:
        for number in range(2_000):
            archive.writestr(f"mine{number}.ipynb", " ")
    read = []
    monkeypatch.setattr(tree.File, "read", lambda *given, **named: read.append(given) or b"")
    assert len(find([tmp_path]).submissions) == 1
    assert len(read) == folders.MOST_READ  # once: what was read is known


def test_python_beside_a_notebook_that_it_names_is_taken(tmp_path, monkeypatch):
    for name, text in {
        "helper.py": "from deeper import *",
        "deeper.py": "\ufeffx = 'ä'",
        "unused.py": "",
        "not a name.py": "",
        "elsewhere/other.py": "",
    }.items():
        (tmp_path / "eve" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "eve" / name).write_text(text, encoding="utf-8")
    write(tmp_path / "eve" / "a.ipynb", ONE)
    found = find([tmp_path]).submissions[0].load()
    cells = [(1, "import helper, other")]
    assert found.modules_beside("a.ipynb", cells) == {
        "helper": "from deeper import *",
        "deeper": "x = 'ä'",
    }
    assert found.modules_beside("elsewhere/b.ipynb", cells) == {}
    assert found.arrays_beside("a.ipynb") == {}
    assert "not not a name.py, elsewhere/other.py." in found.remarks[0]
    before = found.key()
    (tmp_path / "eve" / "helper.py").write_text("")
    assert found.load().key() != before
    monkeypatch.setattr(read, "LARGEST_MODULE", 5)
    monkeypatch.setattr(read, "MOST_MODULES", 2)
    said = " ".join(found.load().remarks)
    assert "Only the first 2 Python files in a folder were read, not unused.py." in said
    assert "deeper.py was left out: it is larger than" in said


def test_python_files_of_one_folder_leave_room_for_those_of_the_next(tmp_path):
    for number in range(read.MOST_MODULES + 7):
        write(tmp_path / "eve" / "a" / "work.ipynb", ONE)
        (tmp_path / "eve" / "a" / f"m{number:03}.py").write_text("")
    write(tmp_path / "eve" / "b" / "work.ipynb", ONE)
    (tmp_path / "eve" / "b" / "helper.py").write_text("x = 1")
    found = find([tmp_path]).submissions[0].load()
    assert found.modules_beside("b/work.ipynb", [(1, "import helper")]) == {"helper": "x = 1"}
    missing = ", ".join(f"a/m{number:03}.py" for number in range(read.MOST_MODULES, 55))
    assert f"in a folder were read, not {missing} and 2 more." in " ".join(found.remarks)


def test_all_python_files_together_are_so_large_at_most(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "ALL_MODULES", 10)
    for folder in "ab":
        write(tmp_path / "eve" / folder / "work.ipynb", ONE)
        (tmp_path / "eve" / folder / "helper.py").write_text("x = 1 #")
    found = find([tmp_path]).submissions[0].load()
    assert found.modules_beside("a/work.ipynb", [(1, "import helper")])
    assert "b/helper.py was left out: it is larger than" in " ".join(found.remarks)
