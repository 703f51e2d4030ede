"""Pairs of students with a block that is alike beyond what explains it.

What a whole group shares is left to `groups`.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass

from course_lib.instructor.similar.blocks import Block
from course_lib.instructor.similar.explained import COURSE, public, released, solutions
from course_lib.instructor.similar.groups import FEW, Group


@dataclass(frozen=True)
class Enough:
    """How much has to be alike.

    Args:
        share: of the fingerprints of the smaller block.
        in_one: fingerprints in one block, about two and a half tokens each,
        in_all: or in all blocks of which that share is alike.
    """

    share: float
    in_one: int
    in_all: int

    def is_reached(self, places: list["Place"]) -> bool:
        """Whether what is alike in these places is worth a look."""
        counts = [len(place.shared) for place in places]
        return max(counts, default=0) >= self.in_one or sum(counts) >= self.in_all


# Right answers to one exercise that were thought out apart come to a half, and to eleven.
OF_STUDENTS = Enough(0.6, 16, 40)
# There is often one natural way, and the course went it too.
OF_COURSE = Enough(0.8, 20, 80)
# A fingerprint that many of a class share is what the task asks for.
MANY, MANY_SHARE, MOST = 5, 0.2, 30


@dataclass(frozen=True)
class Place:
    """Two blocks that are alike.

    Args:
        one, other: the blocks.
        shared: fingerprints that both have, beyond what is explained.
        share: of those of the smaller block.
    """

    one: Block
    other: Block
    shared: frozenset[int]
    share: float


@dataclass(frozen=True)
class Pair:
    """Two students, or a student and the course.

    Args:
        one, other: names.
        places: what is alike, the most first.
    """

    one: str
    other: str
    places: list[Place]

    @property
    def shared(self) -> int:
        """How many fingerprints are alike in all."""
        return sum(len(place.shared) for place in self.places)


def pairs(students: dict[str, list[Block]], listed: Iterable[Group] = ()) -> list[Pair]:
    """Who should be looked at, the most alike first.

    Args:
        students: blocks by name.
        listed: groups, of which what they share isn't listed again.
    """
    owners: dict[int, set[str]] = defaultdict(set)
    for name, blocks in students.items():
        for block in blocks:
            for one in block.prints:
                owners[one].add(name)
    many = max(MANY, min(MOST, MANY_SHARE * len(students)))
    counts: Counter[tuple[str, str]] = Counter()
    for one, names in owners.items():
        if one not in public() and 2 <= len(names) <= many:
            counts.update(itertools.combinations(sorted(names), 2))
    common = public() | {one for one, names in owners.items() if len(names) > many}
    candidates = [pair for pair, count in counts.items() if count >= OF_STUDENTS.in_one]
    shared = [place.blocks for group in listed for place in group.places]
    found = []
    for one, other in candidates:
        places = alike(students[one], students[other], common, OF_STUDENTS)
        known = [(blocks[one], blocks[other]) for blocks in shared if {one, other} <= {*blocks}]
        places = [place for place in places if (place.one, place.other) not in known]
        if OF_STUDENTS.is_reached(places):
            found.append(Pair(one, other, places))
    for name, blocks in students.items():
        places = alike(blocks, solutions(), released(), OF_COURSE)
        if OF_COURSE.is_reached(places):
            found.append(Pair(name, COURSE, places))
    return sorted(found, key=lambda pair: (-pair.shared, pair.one, pair.other))


def alike(
    ones: Iterable[Block], others: Iterable[Block], explained: Set[int], enough: Enough
) -> list[Place]:
    """Each block of one student with the most similar one of the other, the most alike first."""
    theirs = [(block, block.prints - explained) for block in others]
    places = []
    for block in ones:
        own = block.prints - explained
        other, prints = max(theirs, key=lambda pair: len(own & pair[1]), default=(None, set()))
        shared = own & prints
        if len(shared) < FEW:
            continue
        share = len(shared) / min(len(own), len(prints))
        if share >= enough.share:
            places.append(Place(block, other, frozenset(shared), share))
    return sorted(places, key=lambda place: -len(place.shared))
