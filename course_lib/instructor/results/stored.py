"""The results of an earlier run, read one student at a time: a large class takes no memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from course_lib.instructor.errors import BadUsage

FILE = "results.json"
AT_ONCE = 1 << 20  # characters


class Stored:
    """What `course validate` left in a folder.

    Args:
        folder: with a results.json.

    Attributes:
        weights: points by exercise, in order.
        about: what was noted on the run as a whole.

    Raises:
        BadUsage: if there is none, or it is damaged.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            with self._open() as file:
                head = dict(_head(_Reader(file)))
            self.weights = {one["id"]: float(one["weight"]) for one in head["exercises"]}
            self.about = dict(head["about"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise self._none() from None

    def __iter__(self) -> Iterator[dict]:
        """Each student's result.

        Raises:
            BadUsage: if the file ends too early, or holds something else.
        """
        try:
            with self._open() as file:
                reader = _Reader(file)
                for _ in _head(reader):
                    pass
                for student in reader.elements():
                    if not isinstance(student["student"], str):
                        raise TypeError
                    if [e["exercise"] for e in student["exercises"]] != list(self.weights):
                        raise ValueError
                    yield student
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise self._none() from None

    def _open(self) -> TextIO:
        return open(self.folder / FILE, encoding="utf-8")

    def _none(self) -> BadUsage:
        return BadUsage(f"{self.folder} holds no results.json of `course validate`, or not all.")


def _head(reader: "_Reader") -> Iterator[tuple[str, object]]:
    """What stands before the students, and the reader at the first of them."""
    reader.expect("{")
    while (name := reader.value()) != "students":
        reader.expect(":")
        yield name, reader.value()
        reader.expect(",")
    reader.expect(":")


class _Reader:
    """Reads JSON from a file value by value, and holds no more of it than the value needs."""

    def __init__(self, file: TextIO):
        self.file, self.text, self.at = file, "", 0
        self.decoder = json.JSONDecoder()

    def value(self) -> object:
        """The next value, whole."""
        self._skip()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
                if end < len(self.text):  # else it may go on, as a number does
                    self.at = end
                    return value
            except json.JSONDecodeError:
                pass
            if not self._more():
                raise ValueError("the file ends inside a value")

    def elements(self) -> Iterator[object]:
        """Each element of the list that begins here."""
        self.expect("[")
        if self._skip() == "]":
            return
        while True:
            yield self.value()
            if self._skip() == "]":
                return
            self.expect(",")

    def expect(self, character: str) -> None:
        """Step over one character.

        Raises:
            ValueError: if another one stands there.
        """
        if self._skip() != character:
            raise ValueError(f"{character!r} is missing")
        self.at += 1

    def _skip(self) -> str:
        """Step over spaces; the character after them, or "" at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at].isspace():
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on, twice as much each time the same value needs more."""
        left = self.text[self.at :]
        part = self.file.read(max(AT_ONCE, len(left)))
        self.text, self.at = left + part, 0
        return bool(part)
