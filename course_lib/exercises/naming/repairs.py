"""Repairs: the learner's own code with one small thing changed, where that makes it right.

An answer that passes every check once a single thing in it is another has its fault there, in
whatever style it is written. The sentence says no more than that, and so it is true.
"""

import ast
import contextlib
import inspect
import linecache
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import CappedOutput, NotWritten
from course_lib.exercises.exercise import Exercise, Mistake, Rung
from course_lib.exercises.ladder.climbing import Budget, climb, judge
from course_lib.exercises.naming.by_chance import by_chance
from course_lib.exercises.naming.change_in_words import added_to_itself, simply
from course_lib.exercises.naming.changes import Change, changes
from course_lib.exercises.naming.mutants import Mutant, compiled
from course_lib.exercises.naming.order_of_changes import in_order
from course_lib.exercises.naming.slips import LONGEST, smallest_part
from course_lib.exercises.naming.trees import tree_of, without_docstrings
from course_lib.exercises.naming.ways_back import ways_back
from course_lib.graphs import namespace_of

PATIENCE = 1.5  # seconds of the processor for all changes in NumPy; two slips are tried after it
# The share of the usual limit for one rung of a change; the second where TensorFlow traces.
QUICK, LONGER = 0.05, 0.5
AT_A_GLANCE = 0.1  # the share where TensorFlow goes step by step
BLOCKS = ast.stmt | ast.excepthandler | ast.match_case
LONGEST_LINE = 80  # characters of a line of the learner's that a sentence shows
BEGINNING = 40  # characters of a longer one, which say where it is


# In a decorator that enters what it decorates in a list: a changed copy doesn't belong there.
SIGNS_UP = r"register|\.(mistake|alternative)\b"

# What says a change in words and the line that it is in, and what has become of the function.
Changed = tuple[Callable[[], tuple[str, str]], Callable]


def repair(
    exercise: Exercise,
    function: Callable,
    fell_at: Rung,
    budget: Budget,
    known: Iterable[Changed] | None = None,
    divided_by_zero: bool = False,
) -> Mistake | None:
    """A small change with which an answer passes the whole ladder.

    Args:
        exercise: with its ladder.
        function: a learner's function or class; without source nothing is found.
        fell_at: the first rung that failed, where most changes fail too.
        budget: of the whole check.
        known: its changes, if somebody else looks at them too.
        divided_by_zero: whether a division of Python's ended it. Of one in NumPy, which would only
            warn and go on, a change may then make no use.

    Returns:
        The changed answer, with the sentence for it; None if none was found in time.
    """
    patience = QUICK if exercise.returns else LONGER
    over = budget.over(PATIENCE if exercise.returns else budget.for_a_name)
    rungs = [fell_at, *(rung for rung in exercise.ladder if rung is not fell_at)]
    # First without graphs: nearly all changes fail there already.
    graphs = any(rung.in_a_graph for rung in rungs)
    quick = [rung for rung in rungs if not rung.costly] if graphs else []
    in_earnest = [rung for rung in rungs if rung is fell_at or not rung.by_xla]
    well = "gives what it should" if len(in_earnest) < len(rungs) else "passes every check"
    climbs = [(rung, AT_A_GLANCE, False) for rung in quick]
    climbs += [(rung, patience, True) for rung in in_earnest]
    for said, other in changed(function, exercise.reference) if known is None else known:
        tried = np.errstate(divide="raise", invalid="raise")(other) if divided_by_zero else other
        for climb_of_one in climbs:
            if over():
                return None
            if not _passes(exercise, tried, *climb_of_one):
                break
        else:
            words, line = said()
            return Mistake(other, f"Your code {well} {words}{line}.", words)
    return None


def _passes(
    exercise: Exercise, answer: Callable, rung: Rung, patience: float, traced: bool
) -> bool:
    try:
        outcome = climb(exercise, rung, answer, CappedOutput(), patience=patience, traced=traced)
    except NotWritten:
        return False
    return judge(rung, outcome) is None


def _layers_around(function: Callable) -> int:
    """How often it was decorated, in its own code or below it."""
    layers = 0
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        function, layers = inner, layers + 1
    return layers


def changed(function: Callable, reference: Callable) -> Iterator[Changed]:
    """A function with one small thing changed, in every way, likely ones first.

    Args:
        function: a learner's function or class; without source there is none.
        reference: the right one, which tells what is likely.
    """
    if not (inspect.isfunction(inspect.unwrap(function)) or isinstance(function, type)):
        return  # it is somewhere else, as in an instructor's sandbox
    try:
        tree = tree_of(function)
    except (OSError, TypeError, SyntaxError):  # without source
        return
    if not isinstance(tree.body[0], ast.FunctionDef | ast.ClassDef):
        return  # a lambda stands in whatever is done with it
    # A gradient of its own is part of what it does. But Keras must go on knowing the learner's
    # class, and an exercise its own answers.
    decorators = tree.body[0].decorator_list
    if _layers_around(function) > len(decorators):
        return  # what was done with it below its code would be lost
    decorators[:] = [one for one in decorators if not re.search(SIGNS_UP, ast.unparse(one))]
    names = namespace_of(function)
    lines, texts, head = _lines(tree), _texts(tree), tree.body[0].lineno - 1
    original = ast.unparse(tree)
    seen = {ast.unparse(without_docstrings(tree))}
    means_nothing = by_chance(tree)
    found = [
        change
        for change in changes(tree, ways_back(reference))
        if len(change.words) <= LONGEST
        and "\n" not in change.words
        and not means_nothing(change)
        and not added_to_itself(change.words)
    ]
    found = in_order(found, tree, tree_of(reference))
    for change in found:
        with change.made():
            source = ast.unparse(tree)
        if source in seen:
            continue
        seen.add(source)
        with contextlib.suppress(Exception), _no_source_kept():
            other = compiled(Mutant("", change.line, source, change.words), function, names)

            def said(change: Change = change, source: str = source) -> tuple[str, str]:
                words = _which_place(change, source, found, tree, original)
                if isinstance(change.before, ast.FunctionDef):  # a line of it that has moved
                    return words, ""
                line = lines.get(change.line, "")
                return words, _where(line, words, texts, change.line - head)

            yield said, other


def _which_place(
    change: Change, source: str, found: list[Change], tree: ast.Module, original: str
) -> str:
    """The words of a change; where they fit another place of its line, those that fit it alone.

    Args:
        change: the one that is to be said.
        source: what it makes of the code.
        found: all changes of the code.
        tree: of the code, unchanged.
        original: the code, as it stands.
    """
    for other in found:
        if other.line == change.line and _is_a_range(other.before):
            with other.made():
                if simply(tree) == simply(ast.parse(source)):
                    return other.words  # the whole range is what a person sees
    for other in found:
        if other is change or (other.words, other.line) != (change.words, change.line):
            continue
        with other.made():
            elsewhere = ast.unparse(tree) != source
        if elsewhere:
            part = smallest_part(original, source)
            return f"with `{part[1]}` for `{part[0]}`" if part else change.words
    return change.words


def _is_a_range(node: Any) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "range"


@contextlib.contextmanager
def _no_source_kept() -> Iterator[None]:
    """What was compiled has its source, for TensorFlow, as long as the block runs."""
    before = set(linecache.cache)
    try:
        yield
    finally:
        for where in set(linecache.cache) - before:
            del linecache.cache[where]


def _lines(tree: ast.Module) -> dict[int, str]:
    """What stands on each line of the source: of a statement its first line; of several, all."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):  # from outside to inside
        if isinstance(node, ast.stmt):
            text = ast.unparse(node).splitlines()[0]
            for number in _lines_of_its_own(node):
                before = found.get(number, "")
                between = "" if not before else " " if before.endswith(":") else "; "
                found[number] = before + between + text
    return found


def _lines_of_its_own(statement: ast.stmt) -> range:
    """The lines of a statement without those of the block that it leads, if any."""
    parts = list(ast.iter_child_nodes(statement))
    head = [part for part in parts if not isinstance(part, BLOCKS)]
    if len(head) == len(parts):
        return range(statement.lineno, statement.end_lineno + 1)
    ends = [getattr(node, "end_lineno", 0) for part in head for node in ast.walk(part)]
    return range(statement.lineno, max([statement.lineno, *ends]) + 1)


def _texts(tree: ast.Module) -> list[str]:
    """Of every statement the first line."""
    return [ast.unparse(n).splitlines()[0] for n in ast.walk(tree) if isinstance(n, ast.stmt)]


def _where(line: str, words: str, texts: list[str], number: int) -> str:
    """The line of the learner's, unless the words hold it; of a long one the beginning.

    Args:
        line: its text.
        words: for the change.
        texts: of all statements; where several begin so, its number says which it is.
        number: of the line, counted from the one with `def` or `class`.
    """
    if not line or line in words:
        return ""
    short = len(line) <= LONGEST_LINE
    shown = line if short else line[:BEGINNING].rsplit(" ", 1)[0]
    if sum(text == line if short else text.startswith(shown) for text in texts) > 1:
        which = f", in line {number} of it, where the first is the one with `def` or `class`"
        return which if short else f"{which}: it begins with `{shown}`"
    return f", in the line `{shown}`" if short else f", in the line that begins with `{shown}`"
