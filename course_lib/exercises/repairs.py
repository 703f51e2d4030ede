"""Repairs: the learner's own code with one small thing changed, where that makes it right.

An answer that passes every check once a single thing in it is another has its fault there, in
whatever style it is written. The sentence says no more than that, and so it is true.
"""

import ast
import contextlib
import inspect
import linecache
import time
from collections.abc import Callable, Iterator

from course_lib.exercises.climbing import climb, judge
from course_lib.exercises.exercise import Exercise, Mistake, Rung
from course_lib.exercises.guard import CappedOutput, NotWritten
from course_lib.exercises.habits import Slip, confusions
from course_lib.exercises.mutants import Mutant, compiled, each_change, tree_of
from course_lib.exercises.slips import LONGEST
from course_lib.graphs import namespace_of

# Seconds of the processor for all changes, and share of the usual limit for one rung of one; the
# second pair where TensorFlow traces.
QUICK, LONGER = (1.5, 0.05), (0.8, 0.5)
ENOUGH = 2.4  # seconds until which a check of a fast form may go on with it, if it has been quick
AT_A_GLANCE = 0.1  # the share where TensorFlow goes step by step
LONGEST_LINE = 80  # characters of a line of the learner's that a sentence shows


def repair(
    exercise: Exercise, function: Callable, fell_at: Rung, worked: float = 0.0
) -> Mistake | None:
    """A small change with which an answer passes the whole ladder.

    Args:
        exercise: with its ladder.
        function: a learner's function or class; without source nothing is found.
        fell_at: the first rung that failed, where most changes fail too.
        worked: seconds of the processor that the check has taken so far.

    Returns:
        The changed answer, with the sentence for it; None if none was found in time.
    """
    seconds, patience = QUICK if exercise.returns else LONGER
    if not exercise.returns:
        seconds = max(seconds, ENOUGH - worked)
    until = time.thread_time() + seconds
    rungs = [fell_at, *(rung for rung in exercise.ladder if rung is not fell_at)]
    # First without graphs: nearly all changes fail there already.
    graphs = any(rung.in_a_graph for rung in rungs)
    quick = [rung for rung in rungs if not rung.costly] if graphs else []
    in_earnest = [rung for rung in rungs if not rung.by_xla]
    well = "gives what it should" if len(in_earnest) < len(rungs) else "passes every check"
    for words, line, other in _changed(function, exercise.reference):
        if time.thread_time() > until:
            return None
        if all(_passes(exercise, rung, other, AT_A_GLANCE, traced=False) for rung in quick) and all(
            _passes(exercise, rung, other, patience) for rung in in_earnest
        ):
            return Mistake(other, f"Your code {well} {words}{line}.", words)
    return None


def _passes(
    exercise: Exercise, rung: Rung, answer: Callable, patience: float, traced: bool = True
) -> bool:
    try:
        outcome = climb(exercise, rung, answer, CappedOutput(), patience=patience, traced=traced)
    except NotWritten:
        return False
    return judge(rung, outcome) is None


def _changed(function: Callable, reference: Callable) -> Iterator[tuple[str, str, Callable]]:
    """The change in words, the line that it is in, and what has become of the function."""
    if not (inspect.isfunction(function) or isinstance(function, type)):
        return  # it is somewhere else, as in an instructor's sandbox
    try:
        tree = tree_of(function, decorated=False)
    except (OSError, TypeError, SyntaxError):  # without source
        return
    if not isinstance(tree.body[0], ast.FunctionDef | ast.ClassDef):
        return  # a lambda stands in whatever is done with it
    names = namespace_of(function)
    texts = _texts(reference)

    def also(node: ast.AST, own: dict[str, str], whole: ast.Module) -> Iterator[Slip]:
        yield from confusions(node, own | texts, whole)
        yield from _ways_back(node, own)

    lines = _lines(tree)
    seen = {ast.unparse(tree)}
    for line, _, words in each_change(tree, also):
        source = ast.unparse(tree)
        if source in seen or len(words) > LONGEST or "\n" in words:
            continue
        seen.add(source)
        with contextlib.suppress(Exception), _no_source_kept():
            changed = compiled(Mutant("", line, source, words), function, names)
            yield words, _where(lines.get(line, ""), words), changed


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
    """The statement that each line of the source belongs to, its first line."""
    found = {}
    for node in ast.walk(tree):  # from outside to inside
        if isinstance(node, ast.stmt):
            text = ast.unparse(node).splitlines()[0]
            found |= dict.fromkeys(range(node.lineno, node.end_lineno + 1), text)
    return found


def _where(line: str, words: str) -> str:
    return f", in the line `{line}`" if 0 < len(line) <= LONGEST_LINE and line not in words else ""


def _texts(reference: Callable) -> dict[str, str]:
    """The texts of a reference in quotes, such as the names of the weights."""
    nodes = ast.walk(tree_of(reference))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {repr(one): one for one in texts if isinstance(one, str) and one.isidentifier()}


def _ways_back(node: ast.AST, names: dict[str, str]) -> Iterator[Slip]:
    """What stands in the right code where a slip has left this node."""
    match node:
        case ast.BinOp(ast.Call(function, [inner], []), ast.Add() as op, right):
            yield _said(node, ast.Call(function, [ast.BinOp(inner, op, right)], []))
        case ast.BinOp(ast.Name() as left, ast.Mult() as op, right):
            yield _said(node, ast.BinOp(_rest(left), op, right))
        case ast.BinOp(left, ast.Mult() as op, ast.Name() as right):
            yield _said(node, ast.BinOp(left, op, _rest(right)))
        case ast.Call():
            yield _said(node, ast.UnaryOp(ast.USub(), node))
        case ast.Subscript(ast.Name(), _, ast.Load()):
            for name in filter(str.isidentifier, names):
                yield _said(node, ast.Name(name, ast.Load()))


def _rest(share: ast.Name) -> ast.BinOp:
    return ast.BinOp(ast.Constant(1), ast.Sub(), share)


def _said(node: ast.AST, other: ast.AST) -> Slip:
    return other, f"with `{ast.unparse(other)}` for `{ast.unparse(node)}`"
