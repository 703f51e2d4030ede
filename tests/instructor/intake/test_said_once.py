import io
import zipfile

import pytest

from course_lib.instructor.command import listing
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.said_once import MOST_NAMED, said_once


def test_few_are_said_one_by_one():
    few = [f"{n}.txt was left out: it is encrypted." for n in range(MOST_NAMED)]
    assert said_once(few) == few


def test_many_of_one_reason_are_one_sentence():
    many = [f"{n}.txt was left out: it is encrypted." for n in range(1_600)]
    (said,) = said_once(many)
    assert said == (
        "0.txt was left out: it is encrypted. The same holds for 1,599 more, such as 1.txt, 2.txt, "
        "3.txt, 4.txt."
    )


def test_reasons_and_other_sentences_stay_apart_and_in_their_order():
    many = [f"{n}.7z can't be read: it is damaged." for n in range(9)]
    links = [f"{n} was left out: it is a symbolic link." for n in range(9)]
    said = said_once(["One thing.", *many, "Another.", *links, "One thing."])
    assert len(said) == 5
    assert [one.split(" ")[0] for one in said] == ["One", "One", "0.7z", "Another.", "0"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_zip_of_many_names_that_lead_outside_takes_one_line(tmp_path, beside, capsys):
    """In a student's own zip, and among the work of a class."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("01-vanilla-rnn.ipynb", '{"cells": []}')
        for number in range(1_600):
            archive.writestr(f"../{number}.ipynb", "{}")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.zip").write_bytes(content.getvalue())
    path = tmp_path / "class" if beside else tmp_path / "class" / "anna.zip"
    found = find([path])
    listing.show(found)
    out = capsys.readouterr().out
    assert out.count("points outside the zip") == 1
    assert "1,599 more" in out
    (one,) = found.submissions
    assert len(one.load().remarks) == 1
