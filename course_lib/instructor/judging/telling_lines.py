"""What the lines of an answer tell: where a mistake shows best, and whether nobody has begun.

Works on text alone: what a student wrote is not parsed here.
"""

import difflib
import functools
import re

from course_lib.authoring.source import reference_code, source_of, start_of_hunt
from course_lib.exercises.registry import get

MOST_LINES = 2
LONGEST = 120  # characters of one line
MOST_READ = 200  # lines of one answer


def telling_lines(source: str, name: str, exercise_id: str, mistake: str) -> list[str]:
    """At most two lines of the answer: those nearest to what is wrong in the mistake.

    Lines that the reference holds too tell nothing. If no others are left, something is missing,
    and the last lines of the answer are taken.

    Args:
        source: of the cell.
        name: what the answer is called there.
        exercise_id: of the exercise that it answers.
        mistake: name of the mistake that was recognised.
    """
    own = _code_lines(_definition(source, name))
    right, wrong = _known(exercise_id)
    squeezed = set(map(_squeezed, right))
    new = [line for line in own if _squeezed(line) not in squeezed]
    if not new:
        return [_short(line) for line in own[-MOST_LINES:]]
    # A slip has no function of its own: it is the right line with something small changed.
    keys = wrong.get(mistake) or right
    near = sorted(range(len(new)), key=lambda i: -_likeness(_short(new[i]), keys))[:MOST_LINES]
    return [_short(new[i]) for i in sorted(near)]


def is_as_released(source: str, exercise_id: str) -> bool:
    """Whether a cell holds the wrong code that a bug hunt begins with, and nothing else."""
    start = start_of_hunt(get(exercise_id))
    return bool(start) and _lines_of(source) == _lines_of(start)


def where_it_stands(
    name: str, cell: int, cells: list[tuple[int, str]], modules: dict[str, str] | None
) -> tuple[str, str]:
    """The source that holds an answer, and what it is called there.

    Args:
        name: what the notebook calls it.
        cell: the number of its cell; 0 if it stands in none.
        cells: numbers and sources.
        modules: sources of what lies beside the notebook.
    """
    if cell:
        return dict(cells).get(cell, ""), name
    other = rf"\b(\w+)\s+as\s+{re.escape(name)}\b|^{re.escape(name)}\s*=\s*(?:\w+\.)*(\w+)\s*$"
    names = [name]
    for _, source in cells:
        names += [one or two for one, two in re.findall(other, source, re.M)]
    for called in names:
        for source in (modules or {}).values():
            if _definition(source, called):
                return source, called
    return "", name


def _definition(source: str, name: str) -> list[str]:
    """The lines below `def name` or `class name` that are indented deeper."""
    lines = source.splitlines()
    begins = re.compile(rf"(\s*)(?:async )?(?:def|class) {re.escape(name)}\b")
    found = ((number, begins.match(line)) for number, line in enumerate(lines))
    first, head = next(((number, one) for number, one in found if one), (len(lines), None))
    deep = len(head[1]) if head else 0
    body = []
    while first < len(lines) and not lines[first].rstrip().endswith(":"):
        first += 1  # a head of several lines
    for line in lines[first + 1 : first + MOST_READ]:
        text = line.strip()
        if text and len(line) - len(line.lstrip()) <= deep:
            break
        body.append(line)
    return body


def _code_lines(lines: list[str]) -> list[str]:
    """Without docstrings, comments, and the ends of brackets."""
    kept, quote = [], ""
    for line in lines:
        text = line.strip()
        if quote:
            quote = "" if quote in text else quote
            continue
        if opened := re.match(r"[rR]?('''|\"\"\")", text):
            quote = "" if text.count(opened[1]) > 1 else opened[1]
            continue
        text = re.sub(r"(^|\s)#.*$", "", text).rstrip()
        if re.search(r"\w", text):
            kept.append(text)
    return kept


@functools.cache
def _known(exercise_id: str) -> tuple[list[str], dict[str, list[str]]]:
    """Lines of the reference; and for each named mistake its lines that are not among them."""
    exercise = get(exercise_id)
    right = _lines_of(reference_code(exercise.reference))
    squeezed = set(map(_squeezed, right))
    wrong = {}
    for mistake in exercise.mistakes:
        lines = _lines_of(source_of(mistake.answer)[0])
        wrong[mistake.name] = [line for line in lines if _squeezed(line) not in squeezed]
    return right, wrong


def _lines_of(source: str) -> list[str]:
    return _code_lines(source.splitlines())


def _likeness(line: str, keys: list[str]) -> float:
    return max((difflib.SequenceMatcher(None, line, key).ratio() for key in keys), default=0.0)


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
