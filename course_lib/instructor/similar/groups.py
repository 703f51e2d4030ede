"""Groups: three students or more of whom one answer agrees in most of its fingerprints.

What many of a class wrote says nothing about a pair, and so pairs can't show a copy that went
round. Here whole blocks are compared, and only what the course explains is left out.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from course_lib.instructor.similar.blocks import Block
from course_lib.instructor.similar.explained import public

# Of right answers that were thought out apart no two have more than two fifths in common; of a
# copy that was renamed and reordered most is left. In two or three lines several people write the
# same thing without a copy: that comes to 23 fingerprints.
SHARE, LEAST = 0.6, 24
FEW = 6  # with less a block says nothing
SMALLEST = 3  # two are a pair


@dataclass(frozen=True)
class SharedBlock:
    """What is one and the same block, or nearly.

    Args:
        blocks: by student.
        shared: the fingerprints of the version that is nearest to all of them, beyond what is
            explained.
        share: that the others have of it at least, of the fingerprints of the larger one.
    """

    blocks: dict[str, Block]
    shared: frozenset[int]
    share: float


@dataclass(frozen=True)
class Group:
    """Students who share the same blocks.

    Args:
        students: names.
        places: what they share, the most first.
    """

    students: tuple[str, ...]
    places: list[SharedBlock]


def groups(students: dict[str, list[Block]]) -> list[Group]:
    """Each group once, the one that shares the most first.

    Args:
        students: blocks by name.
    """
    versions: dict[frozenset[int], dict[str, Block]] = defaultdict(dict)
    for name, blocks in students.items():
        for block in blocks:
            own = block.prints - public()
            if len(own) >= FEW:
                versions[own].setdefault(name, block)
    shared = [one for one in _shared_blocks(versions) if len(one.blocks) >= SMALLEST]
    found: dict[tuple[str, ...], list[SharedBlock]] = defaultdict(list)
    for one in shared:
        if len(one.shared) >= LEAST:
            found[tuple(one.blocks)].append(one)
    for one in shared:  # what is too short to make a group, but belongs to one
        for names in found:
            if len(one.shared) < LEAST and set(names) <= set(one.blocks):
                found[names].append(replace(one, blocks={name: one.blocks[name] for name in names}))
    listed = [
        Group(names, sorted(places, key=lambda place: -len(place.shared)))
        for names, places in found.items()
    ]
    return sorted(listed, key=lambda g: (-sum(len(p.shared) for p in g.places), g.students))


def _shared_blocks(versions: dict[frozenset[int], dict[str, Block]]) -> Iterator[SharedBlock]:
    """Versions that are near to each other as one; each version is in one of these.

    All are near to the one that has most students around it, so that no chain of small differences
    joins what is not alike.
    """
    near = _neighbours(list(versions))
    around = {
        one: len({name for other in others for name in versions[other]})
        for one, others in near.items()
    }
    left = set(versions)
    for centre in sorted(versions, key=lambda one: (-around[one], sorted(versions[one]))):
        if centre not in left:
            continue
        members = sorted(near[centre] & left, key=lambda one: -_share(centre, one))
        left -= set(members)
        blocks: dict[str, Block] = {}
        for one in members:  # the nearest version of each student
            blocks = {**versions[one], **blocks}
        share = min(_share(centre, one) for one in members)
        yield SharedBlock(dict(sorted(blocks.items())), centre, share)


def _neighbours(versions: list[frozenset[int]]) -> dict[frozenset[int], set[frozenset[int]]]:
    """For each version those that are near, itself included; short ones are near to equals alone.

    Two that share so much share one of the rarest prints of each: only such pairs are compared.
    Bayardo, Ma, Srikant: "Scaling Up All Pairs Similarity Search", WWW 2007.
    """
    count = Counter(one for version in versions for one in version)
    near = {version: {version} for version in versions}
    index: dict[int, list[frozenset[int]]] = defaultdict(list)
    for version in (one for one in versions if len(one) >= LEAST):
        rarest = sorted(version, key=lambda one: (count[one], one))
        prefix = rarest[: len(version) - math.ceil(SHARE * len(version)) + 1]
        for other in {other for one in prefix for other in index[one]}:
            if _share(version, other) >= SHARE:
                near[version].add(other)
                near[other].add(version)
        for one in prefix:
            index[one].append(version)
    return near


def _share(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / max(len(one), len(other))
