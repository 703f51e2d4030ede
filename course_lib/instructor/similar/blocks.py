"""A student's code as blocks: each function or class at the top of a cell, and what is between."""

import re
from collections.abc import Iterator, Set
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
        prints: its fingerprints.
    """

    place: str
    source: str
    prints: frozenset[int]

    def lines(self, shared: Set[int]) -> list[int]:
        """Numbers of the lines that these fingerprints stand for, from 1."""
        found = fingerprints(tokens_of(self.source))
        spans = (range(first, last + 1) for one, first, last in found if one in shared)
        return sorted({line for span in spans for line in span})


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
            if prints := frozenset(one for one, *_ in fingerprints(tokens_of(text))):
                yield Block(f"{place}, from line {first + 1}", text, prints)
            first = number


def _is_border(before: str, line: str) -> bool:
    """Whether a block ends here: a definition begins, or ends."""
    if BEGINS.match(line):
        return not before.startswith("@")
    return not before.strip() and line[0] not in " \t\n#)"
