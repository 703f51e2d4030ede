"""What a child says that its notebook defines; it is a student's word, so it is taken as data."""

from dataclasses import dataclass, field
from typing import Any

from course_lib.exercises.guard import OUT_OF_MEMORY, OUT_OF_TIME, RAISED

MOST_WANTED, MOST_REMARKS, LONGEST = 500, 50, 500


@dataclass(frozen=True)
class Found:
    """A function or class of the notebook.

    Args:
        cell: the number of its cell, or 0.
        parameters: as the child names them.
    """

    cell: int
    parameters: list


@dataclass(frozen=True)
class Defined:
    """What a notebook defines.

    Args:
        found: its functions and classes, by name.
        wanted: what it has imported of the course: the name there, the module and the name in it.
        remarks: one sentence for each thing that was left out.
        problem: what ended the reading early, or empty.
        kind: of the problem: "error", "time limit" or "memory limit".
    """

    found: dict[str, Found] = field(default_factory=dict)
    wanted: list[tuple[str, str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problem: str = ""
    kind: str = RAISED

    @classmethod
    def from_answer(cls, answer: dict) -> "Defined":
        """Whatever of an answer has the form that it should have."""
        kind = answer.get("kind")
        return cls(
            _found(answer.get("found")),
            _wanted(answer.get("wanted")),
            _texts(answer.get("remarks")),
            str(answer.get("problem") or "")[:LONGEST],
            kind if kind in (OUT_OF_TIME, OUT_OF_MEMORY) else RAISED,
        )

    @property
    def names(self) -> set[str]:
        """What the notebook defines or has imported of the course."""
        return {*self.found, *(name for name, _, _ in self.wanted)}


def _found(value: Any) -> dict[str, Found]:
    found = {}
    for name, facts in value.items() if isinstance(value, dict) else ():
        if isinstance(facts, list | tuple) and len(facts) == 2 and isinstance(facts[1], list):
            found[str(name)] = Found(facts[0] if type(facts[0]) is int else 0, facts[1])
    return found


def _wanted(value: Any) -> list[tuple[str, str, str]]:
    return [
        (str(one[0]), str(one[1]), str(one[2]))
        for one in (value if isinstance(value, list) else ())
        if isinstance(one, list | tuple) and len(one) == 3
    ][:MOST_WANTED]


def _texts(value: Any) -> list[str]:
    texts = value[:MOST_REMARKS] if isinstance(value, list) else []
    return [str(one)[:LONGEST] for one in texts]
