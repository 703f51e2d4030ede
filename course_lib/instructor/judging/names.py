"""Under which name a notebook answers an exercise."""

import re

from course_lib.exercises.registry import ids
from course_lib.instructor.sandbox.defined import Found


def is_defined_in(one: str, cells: list[tuple[int, str]]) -> bool:
    """Whether the text of some cell defines it, be it run or not."""
    return any(re.search(rf"\b(?:def|class) {re.escape(one)}\b", source) for _, source in cells)


def name_of_answer(
    one: str, found: dict[str, Found], roles: dict[int, str]
) -> tuple[str | None, str]:
    """The name under which a notebook answers an exercise, and what to say about it.

    Args:
        one: id.
        found: what the notebook defines.
        roles: from numbers of cells to the exercise that the course released there.
    """
    if one in found:
        return one, ""
    there = [name for name, facts in found.items() if roles.get(facts.cell) == one]
    others = [name for name in there if name not in ids()]
    if len(others) == 1:
        return others[0], f"{one} was renamed: it is called {others[0]} here, and counts."
    plain = one.replace("_", "").lower()
    alike = [name for name in found if name.replace("_", "").lower() == plain]
    if len(alike) == 1:
        return alike[0], f"{one} was renamed: it is called {alike[0]} here, and counts."
    return None, ""
