"""Every small thing that can be changed in a syntax tree, made in it and put back."""

import ast
import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from course_lib.exercises.naming.change_in_words import change_in_words, simply
from course_lib.exercises.naming.trees import is_docstring
from course_lib.exercises.naming.variants import names_of, variants

LONG_ENOUGH = 16  # characters of an expression that is found in the code
TWICE = 60  # characters of an expression that a person reads twice, before and after

# From a node, the function's own names and the whole tree to what else may stand in the node's
# place, with the words for it.
Variants = Callable[[ast.AST, dict[str, str], ast.Module], Iterator[tuple[ast.AST, str]]]


@dataclass(frozen=True)
class Change:
    """One small thing that can be changed in a tree, and put back.

    Args:
        line: where it is, counted from the first of the source.
        words: the change in words.
        before: the node that stands there, or a list of what stands there in turn.
        after: what may stand there.
        put: puts one of the two there.
        key: the changed lines as they were and as they are; empty where they say it themselves.
    """

    line: int
    words: str
    before: Any
    after: Any
    put: Callable[[Any], None]
    key: str = ""

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        """While it lasts, the tree is the changed one."""
        self.put(self.after)
        try:
            yield
        finally:
            self.put(self.before)


def changes(tree: ast.Module, also: Variants | None) -> Iterator[Change]:
    """Every place of a tree with everything that may stand there.

    Args:
        tree: of a function or class.
        also: as of `mutants`.
    """
    names = names_of(tree)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for parent, field, position, node in list(_slots(tree)):
        put = _putter(parent, field, position)
        broken = ((other, change_in_words(node, other)) for other in variants(node, names))
        more = also(node, names, tree) if also is not None else ()
        shown = _around_it(node, parents) if isinstance(node, ast.Constant | ast.Name) else node
        text = ast.unparse(shown)
        for other, words in itertools.chain(broken, more):
            change = Change(getattr(node, "lineno", 0), words, node, other, put)
            with change.made():
                if _exchanges_nothing(parent):  # that it is left out is said without the axes
                    continue
            if argument := _whose_default(parent, field, position):
                words = f"with `{argument}={simply(other)}` for `{argument}={text}`"
                change = replace(change, words=words)
            elif shown is not node:  # alone it says too little
                with change.made():
                    words = f"with `{simply(shown)}` for `{text}`"
                change = replace(change, words=words)
            elif field == "slice" and isinstance(node, ast.Tuple):
                words = f"with `{_in_brackets(other)}` for `{_in_brackets(node)}`"
                change = replace(change, words=words)
            yield change
    for node in list(ast.walk(tree)):
        yield from _with_fewer_entries(node)
        yield from _in_another_order(node)


def _putter(parent: ast.AST, field: str, position: int | None) -> Callable[[Any], None]:
    """What puts a node into a place of a tree."""
    owner = getattr(parent, field)

    def put(value: Any) -> None:
        if position is None:
            setattr(parent, field, value)
        else:
            owner[position] = value

    return put


def _whose_default(parent: ast.AST, field: str, position: int | None) -> str:
    """The argument whose default stands in a place of a tree; "" if none does."""
    if not isinstance(parent, ast.arguments):
        return ""
    if field == "kw_defaults":
        return parent.kwonlyargs[position].arg
    named = [*parent.posonlyargs, *parent.args]
    return named[len(named) - len(parent.defaults) + position].arg if field == "defaults" else ""


def _around_it(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """The expression around a node that is long enough to be found in the code.

    An entry, such as `params['W_hh']`, does where what it stands in is too long to be read twice.
    """
    shown = around = node
    while len(ast.unparse(shown)) < LONG_ENOUGH and isinstance(around, ast.expr | ast.keyword):
        around = parents[around]
        if isinstance(shown, ast.Subscript) and len(ast.unparse(around)) > TWICE:
            break
        shown = around if isinstance(around, ast.expr) else shown
    return shown


def _in_brackets(index: ast.AST) -> str:
    """Several indices as they stand in the code: `[:, None]`, where alone they are `(:, None)`."""
    return simply(ast.Subscript(ast.Name("x", ast.Load()), index, ast.Load())).removeprefix("x")


def _slots(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every place of the tree that may change: parent, field, position and what stands there."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "keywords", "ctx"):
            if field == "keywords" and isinstance(node, ast.Call):
                for keyword in value:
                    yield from _slots(keyword)
            continue
        for position, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or is_docstring(child):
                continue
            yield node, field, position, child
            if not isinstance(child, ast.Raise | ast.JoinedStr):  # what it says is free
                yield from _slots(child)


def _exchanges_nothing(node: ast.AST) -> bool:
    """Whether an axis changes places with itself."""
    match node:
        case ast.Call(
            ast.Attribute(_, "swapaxes" | "moveaxis"), [*_, ast.Constant(a), ast.Constant(b)]
        ):
            return a == b
    return False


def _with_fewer_entries(node: ast.AST) -> Iterator[Change]:
    """Entries of a dict, or the first default, left out."""
    if isinstance(node, ast.Dict):
        entries = list(zip(node.keys, node.values, strict=True))

        def fill(entries: list[tuple[ast.AST | None, ast.AST]]) -> None:
            node.keys[:], node.values[:] = ([e[side] for e in entries] for side in (0, 1))

        for number, (key, value) in enumerate(entries):
            left_out = key or ast.Starred(value)  # of {**these} there is no key
            words = f"without the entry `{ast.unparse(left_out)}`"
            fewer = entries[:number] + entries[number + 1 :]
            yield Change(node.lineno, words, entries, fewer, fill)
    elif isinstance(node, ast.arguments) and node.defaults:
        line = getattr(node.defaults[0], "lineno", 0)
        put = _putter(node, "defaults", None)
        yield Change(line, "without its first default", node.defaults, node.defaults[1:], put)


def _in_another_order(node: ast.AST) -> Iterator[Change]:
    """Neighbouring statements exchanged, where one builds on the other."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for i in range(len(body) - 1):
        first, second = body[i], body[i + 1]
        if not (_depend(first, second) and _is_simple(first) and _is_simple(second)):
            continue

        def put(pair: list[ast.AST], i: int = i) -> None:
            body[i : i + 2] = pair

        texts = ast.unparse(first), ast.unparse(second)
        key = f"{'; '.join(texts)} -> {'; '.join(texts[::-1])}".replace('"', "'")
        words = f"with `{texts[1]}` before `{texts[0]}`, not after it"
        yield Change(first.lineno, words, [first, second], [second, first], put, key)


def _is_simple(statement: ast.AST) -> bool:
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)
    return simple and not is_docstring(statement)


def _depend(first: ast.AST, second: ast.AST) -> bool:
    """Whether one of two statements may change what the other uses."""
    return bool(_changes(first) & _uses(second) or _changes(second) & _uses(first))


def _uses(statement: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _changes(statement: ast.AST) -> set[str]:
    """Names that a statement binds, writes into, or calls a method of."""
    found = set()
    for node in ast.walk(statement):
        stores = isinstance(getattr(node, "ctx", None), ast.Store)
        method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if stores or method:
            inner = node.func if method else node
            while isinstance(inner, ast.Attribute | ast.Subscript):
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id not in ("np", "tf", "keras"):
                found.add(inner.id)
    return found
