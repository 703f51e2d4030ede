"""Changes that mean nothing: an answer may be right with one, but there is nothing to learn."""

import ast
from collections.abc import Callable

from course_lib.exercises.naming.aliases import lines_of_aliases
from course_lib.exercises.naming.changes import Change


def by_chance(tree: ast.Module) -> Callable[[Change], bool]:
    """A test for changes of this code that make it right by chance, or leave a line out unsaid."""
    counters = _counters(tree)
    lines_alone, sizes = _lines_alone(tree), _sizes(tree)
    attributes, models = _attributes(tree), _models(tree)
    factors = _operands(tree, ast.Mult, ast.Div)
    terms = _operands(tree, ast.Add, ast.Sub)
    aliases = {id(line) for line in lines_of_aliases(tree)}
    reasons: list[Callable[[Change], bool]] = [
        # A counter where none stood: zero could stand there as well.
        lambda change: _puts_in(change, counters),
        # Less than a call where a line is there for its effect: that leaves the line out.
        lambda change: change.before in lines_alone and _is_less(change),
        # A new array without numbers: it is as good as left out.
        lambda change: change.before in sizes and ast.unparse(change.after) == "0",
        # An attribute of another name: it is nowhere, and the line is as good as left out.
        lambda change: change.before in attributes,
        # A function of what a new array is made alike to: only its dtype counts, right by chance.
        lambda change: change.before in models and isinstance(change.after, ast.Call),
        # A factor that becomes 1, or a term that becomes 0: whoever leaves it out says so.
        lambda change: change.before in factors and ast.unparse(change.after) in ("1", "1.0"),
        lambda change: change.before in terms and ast.unparse(change.after) in ("0", "0.0"),
        # The sign of what other things are added to: only that it is an array of its own counts.
        lambda change: id(change.before) in aliases and _is_turned(change.after),
        # A line behind the last use of what it makes: it is as good as left out.
        lambda change: _comes_too_late(change, tree),
    ]
    return lambda change: any(reason(change) for reason in reasons)


def _counters(tree: ast.Module) -> set[str]:
    """Names that begin as a number and are counted up."""
    begun, counted = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(int() | float())):
                begun.add(name)
            case ast.AugAssign(ast.Name(name)):
                counted.add(name)
    return begun & counted


def _puts_in(change: Change, counters: set[str]) -> bool:
    """Whether a change puts a counter where none stood."""
    if not counters:
        return False
    names = [
        {node.id for node in ast.walk(one) if isinstance(node, ast.Name)}
        if isinstance(one, ast.AST)
        else set()
        for one in (change.before, change.after)
    ]
    return bool((names[1] - names[0]) & counters)


def _lines_alone(tree: ast.Module) -> list[ast.AST]:
    """What is called for its effect."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]


def _is_less(change: Change) -> bool:
    """Whether no call is left of a call, or only one that was an argument of it."""
    arguments = change.before.args if isinstance(change.before, ast.Call) else []
    return not isinstance(change.after, ast.Call) or change.after in arguments


def _sizes(tree: ast.Module) -> list[ast.AST]:
    """The numbers in shapes of new arrays."""
    made = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return [
        size
        for call in made
        if ast.unparse(call.func).split(".")[-1] in ("zeros", "ones", "empty", "full")
        for size in ast.walk(call.args[0])
        if isinstance(size, ast.Constant)
    ]


def _attributes(tree: ast.Module) -> list[ast.AST]:
    """Names of attributes in quotes: one that is nowhere gives the default, or nothing."""
    asked = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        call.args[1]
        for call in asked
        if ast.unparse(call.func) in ("getattr", "hasattr") and len(call.args) > 1
    ]


def _operands(tree: ast.Module, either: type, right: type) -> list[ast.AST]:
    """The numbers on either side of one sign, and on the right of another."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, either | right):
            sides = [node.left, node.right] if isinstance(node.op, either) else [node.right]
            found += [side for side in sides if isinstance(side, ast.Constant)]
    return found


def _models(tree: ast.Module) -> list[ast.AST]:
    """What new arrays are made alike to, as `E` in `np.empty_like(E)`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return [call.args[0] for call in calls if ast.unparse(call.func).endswith("_like")]


def _is_turned(node: ast.AST) -> bool:
    """Whether a line stores something with its sign turned round."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.UnaryOp)


def _comes_too_late(change: Change, tree: ast.Module) -> bool:
    """Whether a line is put behind the last use of what it makes."""
    match change.before:
        case [ast.Assign([ast.Name(name)]) as first, second]:
            loops = (one for one in ast.walk(tree) if isinstance(one, ast.For | ast.While))
            if any(first in ast.walk(loop) for loop in loops):  # the next turn may use it
                return False
            after = (one for one in ast.walk(tree) if getattr(one, "lineno", 0) > second.end_lineno)
            return not any(isinstance(one, ast.Name) and one.id == name for one in after)
    return False
