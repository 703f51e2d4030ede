"""A student's code as blocks: each function or class at the top of a cell, and what is between."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from course_lib.instructor.similar.fingerprints import fingerprints
from course_lib.instructor.similar.tokens import tokens_of

BEGINS = re.compile(r"(?:async )?(?:def|class)\b|@")


@dataclass(frozen=True)
class Block:
    """A piece of code that is compared as a whole.

    Args:
        place: where it stands, in words.
        source: its text.
        prints: from fingerprints to the first and last line of the place that they stand for.
    """

    place: str
    source: str
    prints: dict[int, tuple[int, int]]

    def lines(self, shared: Iterable[int]) -> list[int]:
        """Numbers of the lines that these fingerprints stand for, from 1."""
        spans = (self.prints[one] for one in shared if one in self.prints)
        return sorted({line for first, last in spans for line in range(first, last + 1)})


def blocks_of(source: str, place: str) -> Iterator[Block]:
    """The blocks of a cell.

    Args:
        source: of the cell.
        place: the cell, in words.
    """
    lines, first = source.splitlines(keepends=True), 0
    for number in range(1, len(lines) + 1):
        is_end = number == len(lines) or _is_border(lines[number - 1], lines[number])
        if is_end:
            text = "".join(lines[first:number])
            prints: dict[int, tuple[int, int]] = {}
            for one, *span in fingerprints(tokens_of(text)):
                prints.setdefault(one, tuple(span))
            if prints:
                yield Block(f"{place}, from line {first + 1}", text, prints)
            first = number


def _is_border(before: str, line: str) -> bool:
    """Whether a block ends here: a definition begins, or ends."""
    if BEGINS.match(line):
        return not before.startswith("@")
    return not before.strip() and line[0] not in " \t\n#)"
