"""Whose work lies where: every layout in which a class has come, and what fits none."""

import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from a_class import ROOT, released
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake import tree
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.folders import MOST_READ
from course_lib.instructor.intake.names import EXPORT, HANDED_IN, PLATFORMS
from course_lib.instructor.intake.read import MOST_NOTEBOOKS
from course_lib.instructor.intake.tree import DEEPEST

ONE = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]}).encode()
STEP = json.dumps(
    {"cells": [{"cell_type": "code", "source": "def rnn_step(x): return x"}]}
).encode()
FIRST, SECOND = "01-vanilla-rnn", "02-bptt"


def lay(root: Path, *names: str, content: bytes = ONE) -> Path:
    """Files with these names; below a name that ends in .zip lies what is in that zip."""
    zips: dict[str, list[str]] = {}
    for name in names:
        outer, found, inner = name.partition(".zip/")
        if found:
            zips.setdefault(f"{outer}.zip", []).append(inner)
            continue
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for name, inner in zips.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(zipped(inner, content))
    return root


def zipped(names: list[str], content: bytes = ONE) -> bytes:
    zips: dict[str, list[str]] = {}
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            outer, found, inner = name.partition(".zip/")
            if found:
                zips.setdefault(f"{outer}.zip", []).append(inner)
            else:
                archive.writestr(name, content)
        for name, inner in zips.items():
            archive.writestr(name, zipped(inner, content))
    return into.getvalue()


def seen(found) -> dict[str, list[str]]:
    return {one.student: [file.name for file in one.sources] for one in found.submissions}


# layout: files, and what each student is found to have handed in
LAYOUTS = {
    "a folder a student": (
        [f"anna/{FIRST}.ipynb", f"anna/{SECOND}.ipynb", f"ben/deep/{FIRST}.ipynb"],
        {"anna": [f"{FIRST}.ipynb", f"{SECOND}.ipynb"], "ben": [f"deep/{FIRST}.ipynb"]},
    ),
    "a notebook or a zip a student": (
        ["anna.ipynb", f"ben.zip/{FIRST}.ipynb", "cem.zip/a/b.ipynb"],
        {"anna": ["anna.ipynb"], "ben": [f"{FIRST}.ipynb"], "cem": ["a/b.ipynb"]},
    ),
    "names behind the notebook's": (
        [f"{FIRST}_anna.ipynb", f"{SECOND}_anna.ipynb", f"{FIRST} - Ben B.ipynb"],
        {"anna": [f"{FIRST}_anna.ipynb", f"{SECOND}_anna.ipynb"],
         "Ben B": [f"{FIRST} - Ben B.ipynb"]},
    ),
    "names before the notebook's": (
        [f"anna-{FIRST}.ipynb", f"ben-{FIRST}(1).ipynb"],
        {"anna": [f"anna-{FIRST}.ipynb"], "ben": [f"ben-{FIRST}(1).ipynb"]},
    ),
    "Moodle, folders": (
        [f"Anna A_123_assignsubmission_file_/{FIRST}.ipynb",
         f"Ben B_124_assignsubmission_file_/work.zip/{FIRST}.ipynb",
         "Ben B_124_assignsubmission_onlinetext_/onlinetext.html"],
        {"Anna A": [f"{FIRST}.ipynb"],
         "Ben B": [f"work.zip/{FIRST}.ipynb", "onlinetext.html"]},
    ),
    "Moodle, files": (
        [f"Anna A_123_assignsubmission_file_{FIRST}.ipynb",
         f"Anna A_123_assignsubmission_file_{SECOND}.ipynb",
         f"Ben B_124_assignsubmission_file_{FIRST}.ipynb"],
        {"Anna A": [f"Anna A_123_assignsubmission_file_{FIRST}.ipynb",
                    f"Anna A_123_assignsubmission_file_{SECOND}.ipynb"],
         "Ben B": [f"Ben B_124_assignsubmission_file_{FIRST}.ipynb"]},
    ),
    "Moodle, two of one name": (
        [f"Anna A_123_assignsubmission_file_/{FIRST}.ipynb",
         f"Anna A_124_assignsubmission_file_/{FIRST}.ipynb"],
        {"Anna A (123)": [f"{FIRST}.ipynb"], "Anna A (124)": [f"{FIRST}.ipynb"]},
    ),
    "Canvas": (
        [f"adamsanna_LATE_1231_4561_{SECOND}-1.ipynb", f"adamsanna_1231_4562_{FIRST}.ipynb",
         f"bakerben_1232_4563_{FIRST}.ipynb"],
        {"adamsanna": [f"adamsanna_1231_4562_{FIRST}.ipynb",
                       f"adamsanna_LATE_1231_4561_{SECOND}-1.ipynb"],
         "bakerben": [f"bakerben_1232_4563_{FIRST}.ipynb"]},
    ),
    "Blackboard": (
        [f"Week 1_anna01_attempt_2026-05-01-10-00-00_{FIRST}.ipynb",
         f"Week 1_ben02_attempt_2026-05-01-11-00-00_{FIRST}.ipynb"],
        {"anna01": [f"Week 1_anna01_attempt_2026-05-01-10-00-00_{FIRST}.ipynb"],
         "ben02": [f"Week 1_ben02_attempt_2026-05-01-11-00-00_{FIRST}.ipynb"]},
    ),
    "Blackboard, users with an underscore": (
        [f"Week 1_{who}_attempt_2026-05-01-10-00-00_{FIRST}.ipynb"
         for who in ("a_o", "b_o", "1_o", "2_o", "s_12", "s_13")],
        {who: [f"Week 1_{who}_attempt_2026-05-01-10-00-00_{FIRST}.ipynb"]
         for who in ("a_o", "b_o", "1_o", "2_o", "s_12", "s_13")},
    ),
    "Blackboard, an assignment with underscores": (
        [f"RNN_Week_1_a_o_attempt_2026-05-01-10-00-00_{FIRST}.ipynb",
         f"RNN_Week_1_b_o_attempt_2026-05-01-11-00-00_{FIRST}.ipynb",
         f"RNN_Week_2_b_o_attempt_2026-05-01-11-00-00_{SECOND}.ipynb"],
        {"a_o": [f"RNN_Week_1_a_o_attempt_2026-05-01-10-00-00_{FIRST}.ipynb"],
         "b_o": [f"RNN_Week_1_b_o_attempt_2026-05-01-11-00-00_{FIRST}.ipynb",
                 f"RNN_Week_2_b_o_attempt_2026-05-01-11-00-00_{SECOND}.ipynb"]},
    ),
    "Gradescope": (
        [f"assignment_9_export/submission_1/{FIRST}.ipynb",
         "assignment_9_export/submission_12/mine.ipynb",
         f"assignment_9_export/submission_123/{FIRST}.ipynb",
         f"assignment_9_export/submission_123/b/{SECOND}.ipynb",
         "assignment_9_export/submission_123456/x.ipynb",
         "assignment_9_export/submission_metadata.yml"],
        {"submission_1": [f"{FIRST}.ipynb"], "submission_12": ["mine.ipynb"],
         "submission_123": [f"{FIRST}.ipynb", f"b/{SECOND}.ipynb"],
         "submission_123456": ["x.ipynb"]},
    ),
    "Gradescope, with one submission": (
        ["submission_1/mine.ipynb", f"submission_1/{FIRST}.ipynb", "submission_metadata.yml"],
        {"submission_1": [f"{FIRST}.ipynb", "mine.ipynb"]},
    ),
    "Gradescope's folders alone": (
        ["submission_1/anna.ipynb", f"submission_12/{FIRST}.ipynb", "submission_2/x/y.ipynb"],
        {"submission_1": ["anna.ipynb"], "submission_12": [f"{FIRST}.ipynb"],
         "submission_2": ["x/y.ipynb"]},
    ),
    "submissions that are a whole class's": (
        [f"submission_{n}/{who}.ipynb" for n in (1, 2) for who in ("anna", "ben")],
        {who: [f"submission_{n}/{who}.ipynb" for n in (1, 2)] for who in ("anna", "ben")},
    ),
    "submissions of one student": (
        [f"anna/submission_1/{FIRST}.ipynb", f"anna/submission_2/{FIRST}.ipynb",
         f"ben/{FIRST}.ipynb"],
        {"anna": [f"submission_{n}/{FIRST}.ipynb" for n in (1, 2)], "ben": [f"{FIRST}.ipynb"]},
    ),
    "names that differ in separators alone": (
        [f"anna/{FIRST}.ipynb", f"anna_/{FIRST}.ipynb", f"_anna/{SECOND}.ipynb",
         f"ben_/{FIRST}.ipynb", f"___/{FIRST}.ipynb"],
        {"anna": [f"{FIRST}.ipynb"], "anna_": [f"{FIRST}.ipynb"], "_anna": [f"{SECOND}.ipynb"],
         "ben": [f"{FIRST}.ipynb"], "?": [f"{FIRST}.ipynb"]},
    ),
    "Brightspace, with a second try": (
        [f"101-9 - Anna A - May 1, 2026 1012 AM/{FIRST}.ipynb",
         f"101-9 - Anna A - May 2, 2026 900 PM/{SECOND}.ipynb",
         f"102-9 - Ben-Li B - 3 June, 2026 1400/{FIRST}.ipynb"],
        {"Anna A": [f"{FIRST}.ipynb", f"{SECOND}.ipynb"], "Ben-Li B": [f"{FIRST}.ipynb"]},
    ),
    "Brightspace, files": (
        [f"101-9 - Anna A - May 1, 2026 1012 AM - {FIRST}.ipynb",
         f"102-9 - Ben B - May 1, 2026 1012 AM - {FIRST}.ipynb"],
        {"Anna A": [f"101-9 - Anna A - May 1, 2026 1012 AM - {FIRST}.ipynb"],
         "Ben B": [f"102-9 - Ben B - May 1, 2026 1012 AM - {FIRST}.ipynb"]},
    ),
    "Colab's copies": (
        [f"anna/Copy of {FIRST}.ipynb", f"anna/Copy of Copy of {FIRST}.ipynb",
         f"ben/Kopie von {FIRST}.ipynb", f"ben/{FIRST}.ipynb"],
        {"anna": [f"Copy of Copy of {FIRST}.ipynb", f"Copy of {FIRST}.ipynb"],
         "ben": [f"{FIRST}.ipynb", f"Kopie von {FIRST}.ipynb"]},
    ),
    "copies of Colab's that people put their names before": (
        [f"anna Copy of {FIRST}.ipynb", f"Ben B - {FIRST}.ipynb",
         f"Ben B - Copy of Copy of {FIRST}.ipynb", f"cem_Copy_of_{FIRST}.ipynb"],
        {"anna": [f"anna Copy of {FIRST}.ipynb"],
         "Ben B": [f"Ben B - {FIRST}.ipynb", f"Ben B - Copy of Copy of {FIRST}.ipynb"],
         "cem": [f"cem_Copy_of_{FIRST}.ipynb"]},
    ),
    "a notebook's name with other separators": (
        ["01_vanilla_rnn_anna.ipynb", "02_bptt_anna.ipynb", "02 bptt ben.ipynb",
         "cem_02_bptt_v2.ipynb"],
        {"anna": ["01_vanilla_rnn_anna.ipynb", "02_bptt_anna.ipynb"],
         "ben": ["02 bptt ben.ipynb"], "cem": ["cem_02_bptt_v2.ipynb"]},
    ),
    "an ending that a browser added": (
        [f"{FIRST}_anna.ipynb.txt", f"{FIRST}_ben.IPYNB.json", f"cem/{FIRST}.ipynb.txt"],
        {"anna": [f"{FIRST}_anna.ipynb.txt"], "ben": [f"{FIRST}_ben.IPYNB.json"],
         "cem": [f"{FIRST}.ipynb.txt"]},
    ),
    "a student with nothing but what programs leave": (
        [f"anna/.ipynb_checkpoints/{FIRST}-checkpoint.ipynb", f"ben/{FIRST}.ipynb",
         f"cem/{FIRST}.ipynb"],
        {"anna": [], "ben": [f"{FIRST}.ipynb"], "cem": [f"{FIRST}.ipynb"]},
    ),
    "nbgrader": (
        [f"submitted/anna/rnn/{FIRST}.ipynb", f"submitted/ben/rnn/{FIRST}.ipynb"],
        {"anna": [f"rnn/{FIRST}.ipynb"], "ben": [f"rnn/{FIRST}.ipynb"]},
    ),
    "nbgrader, as its exchange keeps it": (
        [f"anna+rnn+2026-05-01 10:00:00.123456 UTC+qH5/{FIRST}.ipynb",
         f"anna+bptt+2026-05-08 10:00:00.000001 UTC+x_2/{SECOND}.ipynb",
         f"ben_b+rnn+2026-05-01 10:00:00.5 UTC/{FIRST}.ipynb"],
        {"anna": [f"{FIRST}.ipynb", f"{SECOND}.ipynb"], "ben_b": [f"{FIRST}.ipynb"]},
    ),
    "groups of folders": (
        [f"monday/anna/{FIRST}.ipynb", f"monday/ben/{FIRST}.ipynb", f"tuesday/cem/{FIRST}.ipynb",
         f"tuesday/dora/{FIRST}.ipynb"],
        {name: [f"{FIRST}.ipynb"] for name in ("anna", "ben", "cem", "dora")},
    ),
    "groups of zips": (
        [f"monday/anna.zip/{FIRST}.ipynb", f"monday/ben.zip/x/{FIRST}.ipynb",
         f"tuesday/anna.zip/{FIRST}.ipynb", f"tuesday/cem.zip/{FIRST}.ipynb"],
        {"monday/anna": [f"{FIRST}.ipynb"], "ben": [f"x/{FIRST}.ipynb"],
         "tuesday/anna": [f"{FIRST}.ipynb"], "cem": [f"{FIRST}.ipynb"]},
    ),
    "groups of notebooks with names": (
        [f"monday/{FIRST}_anna.ipynb", f"monday/{FIRST}_ben.ipynb"],
        {"anna": [f"monday/{FIRST}_anna.ipynb"], "ben": [f"monday/{FIRST}_ben.ipynb"]},
    ),
    "versions of one student": (
        [f"anna/{FIRST}.ipynb", f"anna/{FIRST}-1.ipynb", f"anna/{FIRST} (2).ipynb",
         f"anna/old/{FIRST}.ipynb", f"anna/final version/{FIRST}.ipynb", f"ben/{FIRST}.ipynb"],
        {"anna": [f"{FIRST} (2).ipynb", f"{FIRST}-1.ipynb", f"{FIRST}.ipynb",
                  f"final version/{FIRST}.ipynb", f"old/{FIRST}.ipynb"],
         "ben": [f"{FIRST}.ipynb"]},
    ),
    "a folder a week": (
        [f"anna/week 1/{FIRST}.ipynb", f"anna/week 2/{SECOND}.ipynb", f"ben/1/{FIRST}.ipynb"],
        {"anna": [f"week 1/{FIRST}.ipynb", f"week 2/{SECOND}.ipynb"], "ben": [f"1/{FIRST}.ipynb"]},
    ),
    "a zip a chapter": (
        [f"anna/one.zip/{FIRST}.ipynb", f"anna/two.zip/{SECOND}.ipynb", f"ben/{FIRST}.ipynb"],
        {"anna": [f"one.zip/{FIRST}.ipynb", f"two.zip/{SECOND}.ipynb"], "ben": [f"{FIRST}.ipynb"]},
    ),
    "numbers of students": (
        [f"12345678/{FIRST}.ipynb", f"23456789/{FIRST}.ipynb", "34567890.ipynb"],
        {"12345678": [f"{FIRST}.ipynb"], "23456789": [f"{FIRST}.ipynb"],
         "34567890": ["34567890.ipynb"]},
    ),
    "the same student as folder and zip": (
        [f"anna/{FIRST}.ipynb", f"anna.zip/{SECOND}.ipynb"],
        {"anna": [f"{FIRST}.ipynb", f"{SECOND}.ipynb"]},
    ),
    "a folder a week, with students in it": (
        [f"week1/anna/{FIRST}.ipynb", f"week1/ben/{FIRST}.ipynb", f"week2/anna/{SECOND}.ipynb"],
        {"anna": [f"week1/{FIRST}.ipynb", f"week2/{SECOND}.ipynb"],
         "ben": [f"week1/{FIRST}.ipynb"]},
    ),
    "a folder a chapter, with students' notebooks in it": (
        [f"{FIRST}/anna.ipynb", f"{SECOND}/anna.ipynb", f"{SECOND}/ben.ipynb"],
        {"anna": [f"{FIRST}/anna.ipynb", f"{SECOND}/anna.ipynb"], "ben": [f"{SECOND}/ben.ipynb"]},
    ),
    "a folder a chapter, with one student": (
        [f"{FIRST}/anna.ipynb", f"{SECOND}/anna.ipynb"],
        {"anna": [f"{FIRST}/anna.ipynb", f"{SECOND}/anna.ipynb"]},
    ),
    "the same notebook in two weeks": (
        [f"week 1/anna/{FIRST}.ipynb", f"week 2/anna/{FIRST}.ipynb", "Woche 3/anna.zip/x.ipynb"],
        {"anna": [f"week 1/{FIRST}.ipynb", f"week 2/{FIRST}.ipynb", "Woche 3/x.ipynb"]},
    ),
    "weeks of platforms": (
        [f"Homework 1/Anna A_12_assignsubmission_file_/{FIRST}.ipynb",
         f"Homework 2/Anna A_12_assignsubmission_file_/{SECOND}.ipynb"],
        {"Anna A": [f"Homework 1/{FIRST}.ipynb", f"Homework 2/{SECOND}.ipynb"]},
    ),
    "a group of one beside a group of two": (
        [f"monday/anna/{FIRST}.ipynb", f"monday/ben/{FIRST}.ipynb", f"tuesday/cem/{SECOND}.ipynb"],
        {"anna": [f"{FIRST}.ipynb"], "ben": [f"{FIRST}.ipynb"], "cem": [f"{SECOND}.ipynb"]},
    ),
    "a group beside students without one": (
        [f"monday/anna/{FIRST}.ipynb", f"monday/ben/{FIRST}.ipynb", f"cem/{SECOND}.ipynb",
         f"dora/week 1/{FIRST}.ipynb", f"eve/deep/{FIRST}.ipynb"],
        {"anna": [f"{FIRST}.ipynb"], "ben": [f"{FIRST}.ipynb"], "cem": [f"{SECOND}.ipynb"],
         "dora": [f"week 1/{FIRST}.ipynb"], "eve": [f"deep/{FIRST}.ipynb"]},
    ),
    "students who are numbers": (
        ["1/mine.ipynb", "2/work.ipynb", f"12/{FIRST}.ipynb"],
        {"1": ["mine.ipynb"], "2": ["work.ipynb"], "12": [f"{FIRST}.ipynb"]},
    ),
    "second downloads": (
        ["anna (1).ipynb", "ben.ipynb", "ben (2).ipynb", f"cem - Copy (3).zip/{FIRST}.ipynb",
         f"{FIRST} (Dora (D)).ipynb", "Eve (Ulm).ipynb", "Fin copy.ipynb", "student-1.ipynb"],
        {"anna": ["anna (1).ipynb"], "ben": ["ben (2).ipynb", "ben.ipynb"],
         "cem": [f"{FIRST}.ipynb"], "Dora (D)": [f"{FIRST} (Dora (D)).ipynb"],
         "Eve (Ulm)": ["Eve (Ulm).ipynb"], "Fin": ["Fin copy.ipynb"],
         "student-1": ["student-1.ipynb"]},
    ),
    "versions with names of their own": (
        [f"anna/{FIRST}.ipynb", "ben/mine.ipynb", "ben/better.ipynb", "cem/rnn.ipynb"],
        {"anna": [f"{FIRST}.ipynb"], "ben": ["better.ipynb", "mine.ipynb"], "cem": ["rnn.ipynb"]},
    ),
    "what programs leave": (
        [f"anna/{FIRST}.ipynb", "anna/.ipynb_checkpoints/x.ipynb", ".DS_Store",
         "__MACOSX/._a.ipynb", "anna/._x.ipynb"],
        {"anna": [f"{FIRST}.ipynb"]},
    ),
}  # fmt: skip


# What a student may put into the folder that is graded as theirs, to be taken for others.
AS_OTHERS = {
    "folders with names": [f"mallory/{who}/x.ipynb" for who in ("anna", "ben")],
    "another spelling": [f"mallory/{who}/x.ipynb" for who in ("Anna_", "BEN")],
    "a zip of folders": [f"mallory.zip/{who}/x.ipynb" for who in ("anna", "ben")],
    "a platform's name": ["mallory/ben_124_assignsubmission_file_/x.ipynb"],
    "a platform's name and number": [
        f"mallory/{who}_assignsubmission_file_/x.ipynb" for who in ("anna_1", "ben_2")
    ],
}  # fmt: skip
CLASSES = {
    "folders": ["anna/anna.ipynb", "ben/mine.ipynb", "ben/other.ipynb", "cem/x.ipynb"],
    "zips": ["anna.zip/anna.ipynb", "ben.zip/mine.ipynb", "ben.zip/other.ipynb", "cem.zip/x.ipynb"],
    "notebooks": ["anna.ipynb", "ben.ipynb", "cem.ipynb"],
}


@pytest.mark.parametrize("inside", AS_OTHERS)
@pytest.mark.parametrize("layout", CLASSES)
def test_nobody_takes_the_name_of_another_student(tmp_path, layout, inside):
    lay(tmp_path, *CLASSES[layout], content=STEP)
    honest = {one.student: one for one in find([tmp_path]).submissions}
    assert set(honest) == {"anna", "ben", "cem"}
    lay(tmp_path, *AS_OTHERS[inside], content=STEP)
    found = find([tmp_path]).submissions
    for who, one in honest.items():
        assert [(n.sources, n.student, n.found) for n in found if n.name == who] == [
            (one.sources, who, [])
        ]
    for one in found:
        if one.student not in honest:
            assert one.student.startswith("mallory")
            assert one.name.startswith("mallory")


def test_names_in_a_folder_that_may_be_one_students_are_said(tmp_path):
    lay(tmp_path, *CLASSES["folders"], "eve/dora/x.ipynb", "eve/fin/x.ipynb", content=STEP)
    found = {one.student: one for one in find([tmp_path]).submissions}
    assert "see whether that folder is a student's" in found["dora"].found[0]


MAYBE_ONE_STUDENTS = (
    "the same student as folder and zip", "what programs leave", "names before the notebook's",
    "a notebook or a zip a student", "a group of one beside a group of two",
    "students who are numbers", "Gradescope's folders alone",
)  # fmt: skip


@pytest.mark.parametrize("whole", ["folder", "zip"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised(tmp_path, name, whole):
    names, right = LAYOUTS[name]
    if whole == "zip":
        path = tmp_path / "class.zip"
        path.write_bytes(zipped(names, STEP))
        if name in MAYBE_ONE_STUDENTS:
            pytest.skip("as a zip it may be one student's")
    else:
        path = lay(tmp_path / "class", *names, content=STEP)
    found = find([path])
    assert {s: sorted(f) for s, f in seen(found).items()} == {
        s: sorted(f) for s, f in right.items()
    }
    assert not found.not_understood
    assert not found.work_is_left


def test_the_page_lists_a_layout_of_each_platform():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    table = page.partition("| layout | the student is |")[2].partition("\n\n")[0]
    listed = [one.partition("/")[0] for one in re.findall(r"`(.+?)`", table)]
    for pattern in (*PLATFORMS, EXPORT.pattern, HANDED_IN):
        assert any(re.fullmatch(pattern, one) for one in listed), pattern


def test_a_whole_download_inside_another_folder(tmp_path):
    names = [f"x/Anna_1{n}_assignsubmission_file_/{FIRST}.ipynb" for n in (1, 2)]
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "download.zip").write_bytes(zipped(names))
    assert list(seen(find([tmp_path / "all"]))) == ["Anna (11)", "Anna (12)"]


NBGRADER = (
    f"source/rnn/{FIRST}.ipynb", f"release/rnn/{FIRST}.ipynb",
    f"submitted/anna/rnn/{FIRST}.ipynb", "submitted/anna/rnn/timestamp.txt",
    f"submitted/anna/bptt/{SECOND}.ipynb", f"submitted/ben/rnn/{FIRST}.ipynb",
    f"submitted/ben/rnn/Copy of {FIRST}.ipynb", f"autograded/anna/rnn/{FIRST}.ipynb",
    "feedback/anna/rnn/x.html", "gradebook.db", "nbgrader_config.py",
)  # fmt: skip


@pytest.mark.parametrize("above", ["", "rnn-course/"])
@pytest.mark.parametrize("whole", ["folder", "zip"])
def test_of_nbgraders_course_only_what_was_handed_in_is_graded(tmp_path, whole, above):
    """Its folders became students, and its own copies of a student's work other students."""
    names = [above + name for name in NBGRADER]
    path = lay(tmp_path / "course", *names, content=STEP)
    if whole == "zip":
        path = tmp_path / "course.zip"
        path.write_bytes(zipped(names, STEP))
    found = find([path])
    assert {who: sorted(files) for who, files in seen(found).items()} == {
        "anna": [f"bptt/{SECOND}.ipynb", f"rnn/{FIRST}.ipynb"],
        "ben": [f"rnn/{FIRST}.ipynb", f"rnn/Copy of {FIRST}.ipynb"],
    }
    (said,) = found.not_understood
    folders, _, why = said.partition(": ")
    assert {one.removeprefix(above) for one in folders.split(", ")} == {
        "source", "release", "autograded", "feedback"}  # fmt: skip
    assert why == "of nbgrader's folders only submitted holds what students handed in."
    assert not found.work_is_left


def test_a_course_of_nbgrader_with_one_student(tmp_path):
    names = [name for name in NBGRADER if "/ben/" not in name]
    assert list(seen(find([lay(tmp_path, *names, content=STEP)]))) == ["anna"]


def test_what_lies_beside_nbgraders_folders_is_listed(tmp_path):
    found = find([lay(tmp_path, *NBGRADER, f"late/cem/{FIRST}.ipynb", f"submitted/{FIRST}.ipynb")])
    assert found.work_is_left
    assert any(one.startswith("late: ") for one in found.not_understood)
    assert any("its name says nobody's" in one for one in found.not_understood)


@pytest.mark.parametrize("whole", ["folder", "zip"])
def test_where_only_copies_of_jupyter_are_it_is_said(tmp_path, whole):
    """It was said that there was no notebook in it, beside a folder that shows one."""
    copy = f".ipynb_checkpoints/{FIRST}-checkpoint.ipynb"
    within = "anna.zip" if whole == "zip" else "anna"
    lay(tmp_path, f"{within}/week/{copy}", f"{within}/week/notes.txt", f"ben/{FIRST}.ipynb",
        f"ben/{copy}")  # fmt: skip
    anna, ben = find([tmp_path]).submissions
    (said,) = anna.found
    assert said.startswith("Not looked into: week/.ipynb_checkpoints.")
    assert not ben.found


def test_with_a_pattern_a_folder_without_files_is_listed_too(tmp_path):
    """It was nowhere to be seen: a pattern looks at files alone."""
    lay(tmp_path, "anna/.ipynb_checkpoints/x.ipynb", f"ben/{FIRST}.ipynb")
    (tmp_path / "cem" / "week").mkdir(parents=True)
    (tmp_path / "dora.zip").write_bytes(b"no zip")
    found = find([tmp_path], "^([^/]+)/")
    assert list(seen(found)) == ["ben"]
    damaged, *others = found.not_understood
    assert damaged.startswith("dora.zip can't be read")
    assert [one.split(" was left out: there is no file")[0] for one in others] == ["anna", "cem"]
    assert found.work_is_left


def test_files_of_one_student_from_two_places_have_two_names(tmp_path):
    """Their remark was "01.ipynb counts, not 01.ipynb", and their modules were mixed up."""
    lay(tmp_path, f"anna/{FIRST}.ipynb", "anna/helpers.py", f"anna.zip/{FIRST}.ipynb",
        "anna.zip/helpers.py", f"ben/{FIRST}.ipynb")  # fmt: skip
    assert seen(find([tmp_path]))["anna"] == [
        f"{FIRST}.ipynb", "helpers.py", f"anna.zip/{FIRST}.ipynb", "anna.zip/helpers.py",
    ]  # fmt: skip


def test_one_students_folder_or_zip_alone(tmp_path):
    lay(tmp_path, f"dora/{FIRST}.ipynb", f"dora/{SECOND}.ipynb", "dora/notes.ipynb",
        "eve.zip/a/mine.ipynb")  # fmt: skip
    assert list(seen(find([tmp_path / "dora"]))) == ["dora"]
    assert list(seen(find([tmp_path / "eve.zip"]))) == ["eve"]


def test_a_notebook_of_the_course_among_the_students_is_not_understood(tmp_path):
    """It used to make the whole class one student."""
    lay(tmp_path, f"{FIRST}.ipynb", "anna.ipynb", "ben.ipynb", content=STEP)
    found = find([tmp_path])
    assert seen(found) == {"anna": ["anna.ipynb"], "ben": ["ben.ipynb"]}
    assert found.not_understood == [
        f"{FIRST}.ipynb: it lies among the students' work, and its name says nobody's."
    ]
    assert found.work_is_left
    lay(tmp_path / "other", f"{FIRST}.ipynb", f"anna/{FIRST}.ipynb", f"ben/{FIRST}.ipynb")
    assert list(seen(find([tmp_path / "other"]))) == ["anna", "ben"]


def test_what_is_given_twice_counts_once_however_its_path_is_written(tmp_path, monkeypatch):
    lay(tmp_path, f"anna/{FIRST}.ipynb", "out/students/anna.html", content=STEP)
    monkeypatch.chdir(tmp_path)
    for one in (Path("anna"), tmp_path / "anna", tmp_path / "anna" / f"{FIRST}.ipynb"):
        assert list(seen(find([Path("anna"), one]))) == ["anna"], one
    for one in (Path("out"), tmp_path / "out", Path("anna/../out"), Path(".") / "out"):
        assert not find([Path(".")], leave_out=[one]).not_understood, one


def test_what_is_nobodys_is_listed(tmp_path):
    lay(tmp_path, f"anna/{FIRST}.ipynb", "helpers.py", "list.csv", "task.pdf", "more.7z",
        "more.tar.gz")  # fmt: skip
    (tmp_path / "link").symlink_to(tmp_path / "anna")
    found = find([tmp_path])
    assert list(seen(found)) == ["anna"]
    said = " ".join(found.not_understood)
    for name in ("helpers.py", "list.csv", "task.pdf", "more.7z", "more.tar.gz", "link"):
        assert name in said
    assert found.work_is_left


@pytest.mark.parametrize("place", ["anna/", "anna.zip/"])
def test_folders_lie_below_each_other_only_so_deep(place, tmp_path):
    deep = f"{place}{'d/' * (DEEPEST - 2)}{FIRST}.ipynb"
    deeper = f"{place}{'e/' * (DEEPEST + 2)}{SECOND}.ipynb"
    found = find([lay(tmp_path, deep, deeper)])
    assert [name.rpartition("/")[2] for name in seen(found)["anna"]] == [f"{FIRST}.ipynb"]
    (said,) = (remark for one in found.submissions for remark in one.found)
    assert "lies too deep" in said


def test_results_inside_the_class_are_no_student(tmp_path):
    lay(tmp_path, f"anna/{FIRST}.ipynb", "out/students/anna.html", "before/ledger.jsonl")
    found = find([tmp_path], leave_out=[tmp_path / "out"])
    assert list(seen(found)) == ["anna"]
    assert found.not_understood == ["before: results of an earlier run."]
    assert not found.work_is_left


def test_a_students_file_of_that_name_hides_no_work(tmp_path):
    lay(tmp_path, f"anna/{FIRST}.ipynb", "anna/ledger.jsonl", f"ben/{FIRST}.ipynb")
    assert set(seen(find([tmp_path]))) == {"anna", "ben"}


def test_what_is_late_is_said(tmp_path):
    lay(tmp_path, f"adamsanna_LATE_1231_4561_{FIRST}.ipynb")
    assert find([tmp_path]).submissions[0].found == ["The platform calls it late."]


@pytest.mark.parametrize(
    ("by", "right"),
    [
        (r"^\w+/(?P<student>\w+)-", {"anna", "ben"}),
        (r"^\w+/(\w+)-", {"anna", "ben"}),
        (r"^\w+(?=/)", {"monday", "tuesday"}),
    ],
)
def test_a_pattern_names_the_student(tmp_path, by, right):
    lay(tmp_path, "monday/anna-one.ipynb", "tuesday/anna-two.ipynb", "monday/ben-one.ipynb",
        "x.txt", "nobody.ipynb")  # fmt: skip
    found = find([tmp_path], by)
    assert set(seen(found)) == right
    assert sum(len(files) for files in seen(found).values()) == 3
    assert "nobody.ipynb: --by finds nobody in it." in found.not_understood
    assert found.work_is_left


def test_names_in_a_zip_that_does_not_say_its_encoding(tmp_path):
    names = ["Jürgen Ångström", "李明"]
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name in names:  # as long in either encoding, to be put in its place
            entry = zipfile.ZipInfo("?" * len(name.encode()) + f"/{FIRST}.ipynb")
            archive.writestr(entry, ONE)
    content = (tmp_path / "class.zip").read_bytes()
    for name in names:
        content = content.replace(b"?" * len(name.encode()), name.encode())
    (tmp_path / "class.zip").write_bytes(content)
    assert set(seen(find([tmp_path / "class.zip"]))) == set(names)


def test_an_empty_folder_and_a_link_in_a_zip_are_their_students(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("anna/", b"")
        link = zipfile.ZipInfo(f"ben/{FIRST}.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
        for name in ("cem", "dora"):
            archive.writestr(f"{name}/{FIRST}.ipynb", ONE)
    found = find([tmp_path / "class.zip"])
    assert set(seen(found)) == {"anna", "ben", "cem", "dora"}
    assert "symbolic link" in {one.student: one for one in found.submissions}["ben"].found[0]


def test_a_copy_that_colab_named_is_nobodys(tmp_path):
    lay(tmp_path, "anna.ipynb", f"Copy of {FIRST}.ipynb", content=STEP)
    found = find([tmp_path])
    assert set(seen(found)) == {"anna"}
    assert "Copy of" in found.not_understood[0]
    assert found.work_is_left


@pytest.mark.parametrize("name", ["anna.ipynb.txt", "anna.ipynb.json"])
def test_one_notebook_with_an_ending_of_a_browser(tmp_path, name):
    assert set(seen(find([lay(tmp_path, name) / name]))) == {"anna"}


@pytest.mark.parametrize("by", ["(", "nobody-is-called-so"])
def test_a_pattern_that_is_none_or_finds_nobody_is_said(tmp_path, by):
    lay(tmp_path, "anna.ipynb")
    with pytest.raises(BadUsage, match="--by"):
        find([tmp_path], by)


def test_two_of_the_same_name_are_told_apart(tmp_path):
    lay(tmp_path, "monday/eve.ipynb", "tuesday/eve.ipynb")
    found = find([tmp_path / "monday", tmp_path / "tuesday"])
    assert list(seen(found)) == ["monday/eve.ipynb", "tuesday/eve.ipynb"]


def test_the_same_path_twice_is_one_submission(tmp_path):
    lay(tmp_path, "eve.ipynb", f"ben.zip/{FIRST}.ipynb", f"cem/{FIRST}.ipynb")
    again = [tmp_path, tmp_path / "eve.ipynb", tmp_path / "ben.zip", tmp_path / "cem", tmp_path]
    assert list(seen(find(again))) == ["ben", "cem", "eve"]


@pytest.mark.parametrize("name", ["missing", "text.txt", "empty"])
def test_nothing_to_validate_is_said(tmp_path, name):
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadUsage):
        find([tmp_path / name])


def test_letters_that_look_alike_are_the_same(tmp_path):
    lay(tmp_path, f"{FIRST}_J\u00f6rg.ipynb", f"{SECOND}_Jo\u0308rg.ipynb")
    assert len(find([tmp_path]).submissions) == 1


@pytest.mark.parametrize("whole", ["folder", "zip"])
@pytest.mark.parametrize("within", ["", "monday/", "week1/monday/"])
@pytest.mark.parametrize("flood", ["n{}.ipynb", "f{}/n.ipynb", "work.zip/n{}.ipynb"])
def test_nobody_hands_in_so_many_notebooks_that_others_are_not_read(tmp_path, flood, within, whole):
    """What a notebook is about is read, where its name doesn't say it, of so many alone."""
    lay(tmp_path / "class", *(f"{within}aaa/{flood.format(n)}" for n in range(MOST_READ + 20)))
    others = [f"{within}{who}/mine.ipynb" for who in ("ben", "cem", "dora")]
    if within:
        other = within.replace("monday", "tuesday")
        lay(tmp_path / "class", *(f"{other}aaa/{flood.format(n)}" for n in range(MOST_READ + 20)))
        others += [f"{other}{who}/mine.ipynb" for who in ("eva", "fay", "gus")]
    lay(tmp_path / "class", *others, content=STEP)
    given = tmp_path / "class"
    if whole == "zip":
        given = Path(shutil.make_archive(str(given), "zip", given))
    found = {one.name for one in find([given]).submissions}
    assert found == {"aaa", *(name.split("/")[-2] for name in others)}


def test_the_released_notebooks_are_found_by_their_names_and_by_what_they_define(tmp_path):
    content = json.dumps(released(1)).encode()
    lay(tmp_path, "group/anna.ipynb", "group/ben.ipynb", content=content)
    assert list(seen(find([tmp_path]))) == ["anna", "ben"]


def listed(*arguments):
    done = CliRunner().invoke(app, ["validate", "--list", *map(str, arguments)])
    return done.exit_code, done.output


def test_the_list_says_what_validate_will_say(tmp_path):
    lay(tmp_path, f"anna/{FIRST}.ipynb", "anna/notes.7z", "ben/answer.py")
    code, said = listed(tmp_path)
    assert code == 0
    assert "ben: answer.py\n    Only notebooks are read, not answer.py.\n" in said
    assert "    notes.7z was left out: of archives only zips are opened.\n" in said
    assert "\n2 submissions\n" in said
    for submission in find([tmp_path]).submissions:
        assert set(submission.load().remarks) <= set(re.findall(r"    (.*)", said))


def test_one_is_one(tmp_path):
    assert "\n1 submission\n" in listed(lay(tmp_path, "anna.ipynb"))[1]


def test_a_terminal_obeys_no_name(tmp_path):
    lay(tmp_path, "an\x1b[2Jna.ipynb", "b\x07en/x\x1b[31m.py", "list\r.csv", "c\u202ed.ipynb")
    _, said = listed(tmp_path)
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "an\N{REPLACEMENT CHARACTER}[2Jna" in said


def test_nor_does_it_obey_one_in_an_error(tmp_path):
    lay(tmp_path / "in", "an\x1b[2Jna.7z", "b\x07.txt")
    people = tmp_path / "list.csv"
    people.write_text("W\x1b[31mer,x\n1,2\n")
    grades = ["grades", str(tmp_path / "in"), "--for=moodle", f"--class-list={people}"]
    for arguments in (["validate", "--list", str(tmp_path / "in")], grades):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2
        assert "\N{REPLACEMENT CHARACTER}" in done.output
        assert all(c.isprintable() or c == "\n" for c in done.output)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--shard=x"], "--shard is i/n"),
        (["--shard=3/2"], "--shard is i/n"),
        (["--exercise=nope"], "nope"),
        (["--time-limit=0"], "--time-limit is a number"),
        (["--memory-limit=1"], "--memory-limit is a number"),
        (["--cases=missing.json"], "missing.json"),
        (["--weights=missing.json"], "missing.json"),
        (["--merge"], "choose one"),
    ],
)
def test_the_list_refuses_what_validate_refuses(tmp_path, options, says):
    code, said = listed(lay(tmp_path, "anna.ipynb"), *options)
    assert code == 2
    assert says in said


def test_the_list_of_a_part_holds_that_part(tmp_path):
    lay(tmp_path, *(f"s{n}.ipynb" for n in range(12)))
    parts = [re.findall(r"^(s\d+):", listed(tmp_path, f"--shard={i}/2")[1], re.M) for i in (1, 2)]
    assert sorted(parts[0] + parts[1]) == sorted(f"s{n}" for n in range(12))
    assert all(parts)


def test_the_list_of_a_zips_files_is_not_read_again_for_each_of_them(tmp_path, monkeypatch):
    """A student's zip of 20 MB that names 200,000 files made --list take eight minutes."""
    names = [f"{number}.ipynb" for number in range(300)]
    inner = [f"work.zip/{number}.ipynb" for number in range(300)]
    lay(tmp_path, *(f"anna.zip/{one}" for one in [*names, *inner]), f"ben/{FIRST}.ipynb")
    read = []

    class Counted(zipfile.ZipInfo):
        def __init__(self, *arguments):
            read.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(zipfile, "ZipInfo", Counted)
    found = find([tmp_path])
    anna = next(one for one in found.submissions if one.student == "anna")
    assert len(anna.sources) == 600
    assert len(anna.load().notebooks) == MOST_NOTEBOOKS
    assert len(read) < 4 * 601, "about once to find them, once to see whose they are, once to read"


def test_a_zip_inside_a_zip_that_lists_too_many_files_is_said_and_read_once(tmp_path, monkeypatch):
    """Eight of them in 3 MB, read in turn, took 22 seconds of the processor."""
    monkeypatch.setattr(tree, "MOST_LISTED", 50)
    inner = [f"anna.zip/{one}.zip/{number}.ipynb" for one in "abcdef" for number in range(51)]
    lay(tmp_path, f"anna.zip/{FIRST}.ipynb", "anna.zip/fits.zip/1.ipynb", *inner)
    lay(tmp_path, f"ben/{FIRST}.ipynb")
    anna = next(one for one in find([tmp_path]).submissions if one.student == "anna")
    assert [one.name for one in anna.sources] == [f"{FIRST}.ipynb", "fits.zip/1.ipynb"]
    assert len(anna.found) == 6
    assert (
        "a.zip was left out: it lists 51 files, and a zip inside a zip may list 50."
        in anna.found[0]
    )


def test_a_zip_that_is_written_again_is_read_again(tmp_path):
    lay(tmp_path, "anna.zip/1.ipynb", "anna.zip/2.ipynb", f"ben/{FIRST}.ipynb")
    anna = next(one for one in find([tmp_path]).submissions if one.student == "anna")
    assert [content for _, content in anna.load().notebooks] == [ONE, ONE]
    lay(tmp_path, "anna.zip/longer name.ipynb", "anna.zip/2.ipynb", content=STEP)
    assert [content for _, content in anna.load().notebooks] == [STEP, STEP]


def test_a_name_that_many_files_have_is_held_once(tmp_path):
    """A class of thousands, whose files are all called alike, takes less memory."""
    for student in ("anna", "ben"):
        (tmp_path / student / "week 1").mkdir(parents=True)
        (tmp_path / student / "week 1" / "01-vanilla-rnn.ipynb").write_text("{}")
    one, other = find([tmp_path]).submissions
    assert one.sources[0].name == "week 1/01-vanilla-rnn.ipynb"
    assert one.sources[0].name is other.sources[0].name
