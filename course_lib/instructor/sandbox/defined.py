"""What a child says that its notebook defines; it is a student's word, so it is taken as data."""

from dataclasses import dataclass, field
from typing import Any

from course_lib.exercises.calling.guard import OUT_OF_MEMORY, OUT_OF_TIME, RAISED

MOST_NAMES, MOST_REMARKS, LONGEST = 5_000, 50, 500


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
        imported: what it has imported of the course: the name there, the module and the name in it.
        names: what it has made or imported.
        failed: for each name that it should have made and hasn't, why not, and of which kind.
        remarks: one sentence for each thing that was left out.
        problem: what ended the reading early, or empty.
        kind: of the problem: "error", "time limit" or "memory limit".
    """

    found: dict[str, Found] = field(default_factory=dict)
    imported: list[tuple[str, str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problem: str = ""
    kind: str = RAISED

    @classmethod
    def from_answer(cls, answer: dict) -> "Defined":
        """Whatever of an answer has the form that it should have."""
        return cls(
            _found(answer.get("found")),
            _imported(answer.get("imported")),
            set(_texts(answer.get("names"), MOST_NAMES)),
            _failed(answer.get("failed")),
            _remarks(answer.get("remarks")),
            _text(answer.get("problem")),
            _kind(answer.get("kind")),
        )


def _found(value: Any) -> dict[str, Found]:
    found = {}
    for name, facts in _pairs(value):
        if isinstance(facts, list | tuple) and len(facts) == 2 and isinstance(facts[1], list):
            found[name] = Found(facts[0] if type(facts[0]) is int else 0, facts[1])
    return found


def _imported(value: Any) -> list[tuple[str, str, str]]:
    return [
        (str(one[0]), str(one[1]), str(one[2]))
        for one in (value if isinstance(value, list) else ())
        if isinstance(one, list | tuple) and len(one) == 3
    ][:MOST_NAMES]


def _failed(value: Any) -> dict[str, tuple[str, str]]:
    return {
        name: (str(why[0])[:LONGEST], _kind(why[1]))
        for name, why in _pairs(value)
        if isinstance(why, list | tuple) and len(why) == 2
    }


def _remarks(value: Any) -> list[str]:
    remarks = _texts(value, MOST_REMARKS)
    if remarks and len(value) > len(remarks):
        remarks.append(f"There are {len(value) - len(remarks)} more remarks of this kind.")
    return remarks


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _texts(value: Any, most: int) -> list[str]:
    return [str(one)[:LONGEST] for one in value[:most]] if isinstance(value, list) else []


def _pairs(value: Any) -> list[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, dict) else ()
    return [(str(name), one) for name, one in pairs][:MOST_NAMES]


def _kind(value: Any) -> str:
    return value if isinstance(value, str) and value in (OUT_OF_TIME, OUT_OF_MEMORY) else RAISED
