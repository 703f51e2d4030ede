"""Which changes of a learner's code are tried first: those that say what is wrong.

Many a fault can be bent until it does no harm, as by a clip to numbers that are never reached.
Whoever takes out what is too much says what is wrong; so of two changes that both help, the one
that a person would make comes first.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from course_lib.exercises.naming.changes import Change
from course_lib.exercises.naming.slips import pairs


def in_order(found: list[Change], tree: ast.Module, right: ast.Module) -> list[Change]:
    """The same changes, likely ones first; of those that do alike, the one that says most.

    Args:
        found: changes of the learner's code, in the order of the source.
        tree: that code.
        right: the reference's.
    """
    found = likeliest_first(found, ast.unparse(tree), ast.unparse(right))
    for reordered in (
        conditions_first,
        lines_left_out_first,
        calls_left_out_first,
        operands_left_out_first,
        lines_left_alone_first,
    ):
        found = list(reordered(found))
    return wanted_cases_last(found, tree, right)


def conditions_first(found: list[Change]) -> Iterator[Change]:
    """The same changes; before one inside a condition, those that make it hold always or never.

    Whoever brings that about by a change inside says less than who says so.
    """
    whole: dict[ast.AST, list[Change]] = {}
    for change in found:
        if isinstance(change.before, ast.If):
            whole.setdefault(change.before.test, []).append(change)
        elif isinstance(change.before, ast.Compare) and isinstance(change.after, ast.Constant):
            whole.setdefault(change.before, []).append(change)
    around: dict[ast.AST, list[ast.AST]] = {}
    for test in whole:
        for node in ast.walk(test):
            around.setdefault(node, []).append(test)
    for change in found:
        if isinstance(change.before, ast.AST):
            for test in around.get(change.before, ()):
                yield from whole.pop(test, ())
        yield change


def lines_left_out_first(found: list[Change]) -> Iterator[Change]:
    """The same changes; before one that puts a result in another place, or bends what an assert
    asks for, the line left out.

    Put where nobody reads it, a result does no harm either. Who leaves the line out says so.
    """
    line_of: dict[ast.AST, Change] = {}
    for change in found:
        if isinstance(change.after, ast.Pass):
            match change.before:
                case ast.Assign(targets):
                    line_of |= {part: change for one in targets for part in ast.walk(one)}
                case ast.AugAssign(target):
                    line_of |= dict.fromkeys(ast.walk(target), change)
                case ast.Assert(test):
                    line_of |= dict.fromkeys(_expressions(test), change)
    return _led_by(found, lambda change: line_of.get(_node(change)))


def calls_left_out_first(found: list[Change]) -> Iterator[Change]:
    """The same changes; before one that puts another call in a call's place, or changes what else
    it is given, its first argument alone.

    A call too many can be made to do nothing in many ways: of a number between -1 and 1 a clip does
    nothing, nor does rounding to fifty digits. Who leaves it out says what is wrong.
    """
    alone: dict[ast.AST, Change] = {}
    for change in found:
        match change.before:
            case ast.Call(_, [first, *rest], keywords) as call if change.after is first:
                inside = [part for one in (*rest, *keywords) for part in _expressions(one)]
                alone |= dict.fromkeys([call, *inside], change)
    return _led_by(found, lambda change: alone.get(_node(change)))


def operands_left_out_first(found: list[Change]) -> Iterator[Change]:
    """The same changes; before one inside an operand, the change that leaves the operand out, and
    before one inside an index that which takes the whole array.

    Divided by 1, which an index may bring about, or with 1 taken off again, a result is what it was
    without: who leaves an operand out says what is wrong. Small operands come before large ones.
    """
    losses: dict[ast.AST, list[Change]] = {}
    for change in sorted(found, key=lambda change: len(change.words)):
        match change.before:
            case ast.BinOp(left, _, right) if change.after is left or change.after is right:
                lost = right if change.after is left else left
                for part in _expressions(lost):
                    losses.setdefault(part, []).append(change)
            case ast.Subscript(whole, index) if change.after is whole:
                for part in _expressions(index):
                    losses.setdefault(part, []).append(change)
    earlier: set[int] = set()
    for change in found:
        within = [_node(change)]
        match change.after:
            case ast.BinOp(left, _, right) if change.before is left or change.before is right:
                within = _expressions(change.before)  # something more is done with it
            case ast.Subscript() if isinstance(change.before, ast.Subscript):
                within = _expressions(change.before)  # something more is done with its index
        first = [loss for part in within for loss in losses.get(part, ())]
        for one in (*first, change):
            if id(one) not in earlier:
                earlier.add(id(one))
                yield one


def _expressions(node: ast.AST) -> list[ast.AST]:
    """A node and what stands in it, without signs and the like, which all places share."""
    return [part for part in ast.walk(node) if isinstance(part, ast.expr | ast.keyword)]


def wanted_cases_last(found: list[Change], tree: ast.Module, right: ast.Module) -> list[Change]:
    """The same changes; at the end those of a case that the right code treats apart as well.

    It is rarely one too many, and its condition is right: something that is done in it is wrong.

    Args:
        found: changes of the learner's code.
        tree: that code.
        right: the reference's.
    """
    tests = {ast.unparse(one.test) for one in ast.walk(right) if isinstance(one, ast.If)}
    wanted = [
        one for one in ast.walk(tree) if isinstance(one, ast.If) and ast.unparse(one.test) in tests
    ]
    whole = {id(part) for one in wanted for part in (one, *ast.walk(one.test))}
    return sorted(found, key=lambda change: id(change.before) in whole)


def _led_by(found: list[Change], leader: Callable[[Change], Change | None]) -> Iterator[Change]:
    """The same changes, each once; before one that has a leader, that one."""
    earlier: set[int] = set()
    for change in found:
        first = leader(change)
        for one in (first, change):
            if one is not None and id(one) not in earlier:
                earlier.add(id(one))
                yield one


def _node(change: Change) -> ast.AST | None:
    """What a change replaces, if that is one node."""
    return change.before if isinstance(change.before, ast.AST) else None


def lines_left_alone_first(found: list[Change]) -> Iterator[Change]:
    """The same changes; before one that makes zeros or ones of something, what its line may lose.

    A term of zeros is no term, and a factor of ones no factor: leaving it out says what is wrong.
    """
    losses: dict[int, list[Change]] = {}
    for change in found:
        if change.words.startswith("without ") or isinstance(change.before, ast.AugAssign):
            losses.setdefault(change.line, []).append(change)
    earlier: set[int] = set()
    for change in found:
        if isinstance(change.after, ast.Call) and ast.unparse(change.after.func).endswith("s_like"):
            for one in losses.pop(change.line, ()):
                if id(one) not in earlier:
                    earlier.add(id(one))
                    yield one
        if id(change) not in earlier:
            earlier.add(id(change))
            yield change


def likeliest_first(found: list[Change], own: str, right: str) -> list[Change]:
    """Changes in an order that tries likely ones early.

    First those that bring in words and signs that the right code has and the learner's lacks, or
    take out such as the right code lacks, and change little else, and after which words and signs
    follow each other more as they do there; and of each line the first few before all others.

    Args:
        found: in the order of the source.
        own: the learner's code.
        right: the reference's.
    """
    ours, theirs = Counter(_signs(own)), Counter(_signs(right))
    apart = pairs(own.splitlines())
    apart.subtract(pairs(right.splitlines()))
    places: Counter[int] = Counter()

    def order(change: Change) -> tuple[float, int]:
        texts = _text(change.before), _text(change.after)
        before, after = (Counter(_signs(one)) for one in texts)
        gone, new = before - after, after - before
        nearer = [1 if sign in theirs else -1 for sign in new if sign not in ours]
        nearer += [-1 if sign in theirs else 1 for sign in gone if gone[sign] == ours[sign]]
        places[change.line] += 1
        words = -sum(nearer) / max(1, len(gone) + len(new))
        if isinstance(change.before, ast.Constant | ast.Name):
            # What stands around it, in the words, says more than a single name or number.
            shown = re.fullmatch("with `(.+)` for `(.+)`", change.words)
            texts = shown.groups()[::-1] if shown else texts
        return words + _farther(apart, *texts), places[change.line]

    return sorted(found, key=order)


def _farther(apart: Counter[tuple[str, str]], before: str, after: str) -> float:
    """How much farther from the right code a change leads, in pairs of neighbouring words and
    signs; a share of all that it changes.

    Args:
        apart: each pair, and how much more often the learner's code has it.
        before, after: what stands there, and what may.
    """
    old, new = (pairs(text.splitlines()) for text in (before, after))
    farther, changed = 0, 0
    for pair in old.keys() | new.keys():
        more = new[pair] - old[pair]
        farther += abs(apart[pair] + more) - abs(apart[pair])
        changed += abs(more)
    return farther / max(1, changed)


def _signs(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def _text(node: Any) -> str:
    """A node as it is written; of several, one after the other."""
    if isinstance(node, list):
        return " ".join(map(_text, node))
    if isinstance(node, tuple):
        return _text([one for one in node if one is not None])
    return ast.unparse(node)
