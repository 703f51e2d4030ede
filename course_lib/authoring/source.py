"""Cut code out of the package: whole for the solution, with stubs for the exercise.

A region to implement stands between two marker lines:

    # IMPLEMENT-ME: what to write, in words,
    # over as many comment lines as it takes
    …code…
    # END IMPLEMENT-ME
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises.exercise import Exercise

BEGIN = "# IMPLEMENT-ME:"
END = "# END IMPLEMENT-ME"
WIDTH = 79  # of a stub: what the book shows without scrolling


class MarkerError(ValueError):
    """A marker is missing, unclosed or empty; the message gives file and line."""


@dataclass(frozen=True)
class Region:
    """A region to implement.

    Args:
        first, last: indices of its first and last line, the marker lines.
        code: index of the first line after the marker's words.
        indent: the marker's indentation.
        words: what to write, in words.
    """

    first: int
    last: int
    code: int
    indent: str
    words: str


def regions(source: str, place: str = "<source>", first_line: int = 1) -> list[Region]:
    """The regions to implement in a piece of source.

    Args:
        source: Python source.
        place: file name for errors.
        first_line: line number of the first line of `source` in that file.

    Raises:
        MarkerError: if a region is unclosed, closed twice, nested, without words or without code.
    """
    lines = source.splitlines()
    found = []
    first = None
    for number, line in enumerate(lines):
        text = line.strip()

        def fail(message: str, at: int = number):
            raise MarkerError(f"{place}, line {first_line + at}: {message}")

        if text.startswith(BEGIN):
            if first is not None:
                fail(f"a region begins inside another; close the first with '{END}'.")
            first = number
        elif text.startswith("#") and "IMPLEMENT-ME" in text and text != END:
            fail(f"this marker is misspelt; write '{BEGIN} words' or '{END}'.")
        elif text == END:
            if first is None:
                fail(f"'{END}' closes nothing; put '{BEGIN} words' before the code.")
            words, code = _words(lines, first, number)
            if not words:
                fail("the marker says nothing; say in words what to write.", at=first)
            if not any(rest.strip() for rest in lines[code:number]):
                fail("the region holds no code.", at=first)
            indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
            found.append(Region(first, number, code, indent, words))
            first = None
    if first is not None:
        raise MarkerError(
            f"{place}, line {first_line + first}: this region is never closed; "
            f"write '{END}' after its code."
        )
    return found


def _words(lines: list[str], first: int, last: int) -> tuple[str, int]:
    """The marker's words, over its comment lines, and the index of the first line of code."""
    words = [lines[first].strip().removeprefix(BEGIN).strip()]
    code = first + 1
    while code < last and lines[code].strip().startswith("#"):
        words.append(lines[code].strip().lstrip("#").strip())
        code += 1
    return " ".join(word for word in words if word), code


def whole(source: str, place: str = "<source>", first_line: int = 1) -> str:
    """The source without its markers: what stands in a solution."""
    lines = source.splitlines()
    for region in reversed(regions(source, place, first_line)):
        del lines[region.last]
        del lines[region.first : region.code]
    return "\n".join(lines) + "\n"


def stub(source: str, place: str = "<source>", first_line: int = 1) -> str:
    """The source with each region replaced by a raise that says what to write.

    Raises:
        MarkerError: as in `regions`, or if there is no region at all.
    """
    found = regions(source, place, first_line)
    if not found:
        raise MarkerError(f"{place}, line {first_line}: nothing here is marked with '{BEGIN}'.")
    lines = source.splitlines()
    for region in reversed(found):
        lines[region.first : region.last + 1] = _raise(region)
    return "\n".join(lines) + "\n"


def _raise(region: Region) -> list[str]:
    """`raise NotImplementedError("IMPLEMENT-ME: …")`, wrapped to a readable width."""
    message = f"IMPLEMENT-ME: {region.words}".replace("\\", "\\\\").replace('"', '\\"')
    one_line = f'{region.indent}raise NotImplementedError("{message}")'
    if len(one_line) <= WIDTH:
        return [one_line]
    pieces = textwrap.wrap(message, WIDTH - 8 - len(region.indent), break_long_words=False)
    pieces = [f"{piece} " for piece in pieces[:-1]] + pieces[-1:]
    return [
        f"{region.indent}raise NotImplementedError(",
        *(f'{region.indent}    "{piece}"' for piece in pieces),
        f"{region.indent})",
    ]


def source_of(thing: Callable) -> tuple[str, str, int]:
    """Source of a function, method or class, dedented; its file's name and its first line."""
    lines, first_line = inspect.getsourcelines(thing)
    place = Path(inspect.getsourcefile(thing)).name
    return textwrap.dedent("".join(lines)), place, first_line


def reference_code(thing: Callable) -> str:
    """The code of a reference function or class, markers removed."""
    return whole(*source_of(thing))


def stub_code(thing: Callable) -> str:
    """The code of a reference function or class with stubs in place of what is to be written."""
    return stub(*source_of(thing))


def starting_code(exercise: Exercise) -> str:
    """What the learner starts from: the reference's stub, or in a bug hunt the wrong code."""
    if exercise.start is None:
        return stub_code(exercise.reference)
    return _renamed(exercise.start, exercise.id)


def start_of_hunt(exercise: Exercise) -> str:
    """The wrong code that a bug hunt starts from; empty where there is a stub instead."""
    return starting_code(exercise) if exercise.start is not None else ""


def _renamed(thing: Callable, name: str) -> str:
    """The code of a function or class under another name, without its decorators."""
    source, *_ = source_of(thing)
    definition = ast.parse(source).body[0]
    lines = source.splitlines()[definition.lineno - 1 :]
    lines[0] = lines[0].replace(definition.name, name, 1)
    return "\n".join(lines) + "\n"
