"""Text comes back whatever wrote it."""

import codecs

import pytest

from course_lib.instructor.intake.decoding import decoded

TEXT = "Name;Note\nO’Brien – Š;1\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8"), TEXT.encode("utf-8-sig"), TEXT.encode("windows-1252"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), TEXT.encode("utf-16-be"),
    ],
    ids=range(7),
)  # fmt: skip
def test_text_in_every_encoding_of_a_spreadsheet(content):
    assert decoded(content) == TEXT


def test_letters_of_another_alphabet_in_utf_16_without_a_mark():
    text = "Имя;Оценка\nАнна Иванова;1\nБорис Ли;2\n"
    assert decoded(text.encode("utf-16-le")) == text


def test_a_byte_that_windows_1252_lacks_is_read_too():
    assert decoded(b"a\x92b\xe4") == "a’bä"
    assert decoded(b"a\x81b\xe4") == "a\x81bä"


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\0\0\0", b"a\0", b"x\0y\0\0"])
def test_what_is_no_text_stops_nothing(content):
    decoded(content)
