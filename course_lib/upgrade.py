"""What a newer release of a notebook changes, and whether a learner has written in theirs."""

import difflib
import json
from dataclasses import dataclass, field

from course_lib.release import release_of
from course_lib.words import listed

# The cells of an exercise, as `course notebooks` marks them, in the learner's words.
PARTS = {
    "card": "its introduction",
    "code": "what you start from",
    "check": "what is checked",
    "hints": "its hints",
}


@dataclass(frozen=True)
class Contents:
    """A notebook taken apart.

    Args:
        exercises: id of an exercise to its parts, each as text, in the notebook's order.
        rest: the other cells, in order: kind and source.
        cells: all cells that are not empty: kind, source and attached pictures.
    """

    exercises: dict[str, dict[str, str]] = field(default_factory=dict)
    rest: tuple[tuple[str, str], ...] = ()
    cells: tuple[tuple[str, str, str], ...] = ()


def take_apart(content: bytes) -> Contents | None:
    """The contents of a notebook file, None if it can't be read as one."""
    try:
        exercises, rest, cells = {}, [], []
        for cell in json.loads(content)["cells"]:
            kind, source = cell["cell_type"], "".join(cell["source"])
            pictures = json.dumps(cell.get("attachments", {}), sort_keys=True)
            if source.strip() or cell.get("attachments"):
                cells.append((kind, source, pictures))
            mark = cell.get("metadata", {}).get("course")
            if mark:
                checks = "\n".join(mark.get("checks", ()))
                exercises.setdefault(mark["exercise"], {})[mark["role"]] = f"{source}\n{checks}"
            elif source.strip():
                rest.append((kind, source))
        return Contents(exercises, tuple(rest), tuple(cells))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def was_written_in(mine: bytes, released: bytes) -> bool:
    """Whether a notebook holds more than the release that it was made from.

    Work is what stands in the cells, their order and what was pasted into them. To have run cells
    is not, nor are the empty cells that Jupyter adds, nor what it notes about a notebook.
    """
    if mine == released:
        return False
    ours, theirs = take_apart(mine), take_apart(released)
    return ours is None or theirs is None or ours.cells != theirs.cells


def is_of_the_release(mine: bytes, released: bytes) -> bool:
    """Whether a learner's notebook says that it is of the release that another one is of."""
    try:
        ours, theirs = (release_of(json.loads(content)) for content in (mine, released))
    except ValueError:
        return False
    return ours == theirs != ""


def is_the_same(old: bytes, new: bytes) -> bool:
    """Whether a newer release of a notebook holds what the older one did: its number may differ."""
    before = take_apart(old)
    return before is not None and before == take_apart(new)


def changes(
    name: str, old: dict[str, bytes], new: dict[str, bytes], answered: bool = False
) -> tuple[str, ...]:
    """What is different in the new release of a notebook, a line for each exercise.

    Args:
        name: of the notebook.
        old: every notebook as it was, by name; so that an exercise that moved to another notebook
            is seen to have moved.
        new: every notebook as it is released now.
        answered: whether the old one is the learner's, whose code says nothing about the release.
    """
    before, after = (
        {one: contents for one, c in side.items() if (contents := take_apart(c))}
        for side in (old, new)
    )
    if name not in before or name not in after:
        return ()
    ours, theirs = before[name].exercises, after[name].exercises
    stayed = _in_the_same_order([one for one in ours if one in theirs], list(theirs))
    lines = []
    for one, parts in theirs.items():
        if one not in ours:
            lines.append(f"{one}: {_where('came from', one, before, 'new')}")
            continue
        compared = [part for part in PARTS if not (answered and part in ("code", "check"))]
        found = [PARTS[p] for p in compared if ours[one].get(p) != parts.get(p)]
        if found:
            lines.append(f"{one}: {listed(found)} changed")
        if one not in stayed:
            lines.append(f"{one}: moved to another place")
    lines += [
        f"{one}: {_where('moved to', one, after, 'taken out')}" for one in ours if one not in theirs
    ]
    if not answered and before[name].rest != after[name].rest:
        lines.append("between the exercises: text or code changed")
    return tuple(lines)


def _in_the_same_order(old: list[str], new: list[str]) -> set[str]:
    """The exercises that still follow each other as they did."""
    blocks = difflib.SequenceMatcher(None, old, new).get_matching_blocks()
    return {old[block.a + i] for block in blocks for i in range(block.size)}


def _where(how: str, exercise: str, notebooks: dict[str, Contents], nowhere: str) -> str:
    for name, contents in notebooks.items():
        if exercise in contents.exercises:
            return f"{how} {name}"
    return nowhere
