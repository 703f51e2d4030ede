"""A reference with one small thing changed: its mutants, each with a key that finds it again."""

import ast
import difflib
import linecache
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.exercises.naming.changes import Variants, changes
from course_lib.exercises.naming.trees import tree_of, without_docstrings

CONTEXT = 16  # characters around a change that its key shows


@dataclass(frozen=True)
class Mutant:
    """A reference with one small thing changed.

    Args:
        key: the changed lines as they were and as they are, "before -> after".
        line: the line of the reference's source, counted from its first, where the change is.
        source: the whole changed function or class.
        words: the change in words, to follow "the right function gives".
    """

    key: str
    line: int
    source: str
    words: str = ""


def mutants(
    reference: Callable,
    decorated: bool = True,
    also: Variants | None = None,
    keyed: bool = True,
) -> list[Mutant]:
    """Every mutant of a function or class, in the order of its source.

    Args:
        reference: a function or class.
        decorated: whether what decorates it stays.
        also: from a node, the function's own names and the whole tree to what else may stand in the
            node's place, with the words for it.
        keyed: whether each gets its key, and keeps its docstrings. Both take as long as the rest.

    Raises:
        OSError, TypeError: if it has no source.
    """
    tree = tree_of(reference, decorated)
    if not keyed:
        without_docstrings(tree)
    original = ast.unparse(tree)
    found, seen, keys = [], {original}, {}
    for change in changes(tree, also):
        with change.made():
            source = ast.unparse(tree)
        if source in seen:
            continue
        seen.add(source)
        key = (change.key or _difference(original, source)) if keyed else ""
        keys[key] = keys.get(key, 0) + 1
        if key and keys[key] > 1:  # the same line is there twice, or is changed to the same twice
            key = f"{key} (number {keys[key]})"
        found.append(Mutant(key, change.line, source, change.words))
    return found


def compiled(
    mutant: Mutant, reference: Callable, namespace: dict[str, Any] | None = None
) -> Callable:
    """The mutant as a function or class that sees the names of a namespace.

    Args:
        mutant: of the reference.
        reference: a function or class.
        namespace: copied; None: that of the reference's module.

    Raises:
        Exception: whatever its definition raises.
    """
    namespace = dict(namespace or vars(sys.modules[reference.__module__]))
    # By what it holds: of two with one name, the second's source would be taken for the first's.
    where = f"<mutant of {reference.__name__}: {mutant.key} {hash(mutant.source)}>"
    linecache.cache[where] = (
        len(mutant.source),
        None,
        mutant.source.splitlines(keepends=True),
        where,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python sees what is wrong with some of them
        exec(compile(mutant.source, where, "exec"), namespace)
    return namespace[reference.__name__]


def _difference(before: str, after: str) -> str:
    """The changed lines, "before -> after", the same for every version of Python."""
    gone, new = [], []
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line.startswith("- "):
            gone.append(line[2:].strip())
        elif line.startswith("+ "):
            new.append(line[2:].strip())
    return " -> ".join(_around("; ".join(gone), "; ".join(new))).replace('"', "'")


def _around(before: str, after: str) -> tuple[str, str]:
    """Two texts, without the long parts that they share at both ends."""
    start, end = 0, 0
    while before[start : start + 1] == after[start : start + 1] != "":
        start += 1
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    start, end = max(0, start - CONTEXT), max(0, end - CONTEXT)
    while start and before[start - 1].isidentifier():
        start -= 1
    while end and before[len(before) - end].isidentifier():
        end -= 1
    return before[start : len(before) - end], after[start : len(after) - end]
