"""What explains that two students wrote the same: the stub, and the course's own solution."""

import functools

from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import get, ids
from course_lib.instructor.intake.extract import extract
from course_lib.instructor.similar.blocks import Block, blocks_of
from course_lib.learner import released_folder

COURSE = "the course's own solution"


@functools.cache
def released_cells() -> frozenset[str]:
    """Every code cell of the notebooks as the course hands them out."""
    files = released_folder().glob("*.ipynb")
    return frozenset(source for file in files for _, source in extract(file.read_bytes()).code)


@functools.cache
def released() -> frozenset[int]:
    """Fingerprints of those cells."""
    blocks = (block for source in released_cells() for block in blocks_of(source, ""))
    return frozenset(one for block in blocks for one in block.prints)


@functools.cache
def solutions() -> tuple[Block, ...]:
    """The reference of every exercise."""
    return tuple(
        block for one in ids() for block in blocks_of(reference_code(get(one).reference), one)
    )


@functools.cache
def public() -> frozenset[int]:
    """Fingerprints of all that the course shows: those cells, and every reference."""
    return released() | {one for block in solutions() for one in block.prints}
