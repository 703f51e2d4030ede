"""Small ways to break a reference: operators on its syntax tree."""

import ast
import contextlib
import difflib
import inspect
import itertools
import linecache
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from course_lib.exercises.naming.change_in_words import change_in_words, simply

Node = ast.AST
CONTEXT = 16  # characters around a change that its key shows
TWICE = 60  # characters of an expression that a person reads twice, before and after

OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
ORDERED = (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.GtE, ast.LtE),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ATTRIBUTES = {
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "empty": "zeros",
    "eye": "ones",
    "exp": "log",
    "log": "exp",
    "tanh": "sin",
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "stack": "concatenate",
    "concatenate": "stack",
    "float32": "float64",
    "float64": "float32",
    "all": "any",
    "any": "all",
    "append": "extend",
}


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


Variants = Callable[[Node, dict[str, str], ast.Module], Iterator[tuple[Node, str]]]


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


def tree_of(made: Callable, decorated: bool = True) -> ast.Module:
    """The syntax tree of a function or class, a learner's too.

    Args:
        made: a function or class.
        decorated: whether what decorates it stays.

    Raises:
        OSError, TypeError: if it has no source.
    """
    source = _source_of_class(made) if isinstance(made, type) else ""
    source = source or inspect.getsource(inspect.unwrap(made))
    tree = ast.parse(textwrap.dedent(source))
    if not decorated:
        getattr(tree.body[0], "decorator_list", []).clear()
    return tree


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree itself, which is quicker to write out then: a docstring goes letter by letter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and len(node.body) > 1:
            del node.body[: _is_docstring(node.body[0])]
    return tree


def _source_of_class(made: type) -> str:
    """The class around its methods, "" if it has none.

    Python looks for its name in the file of its module: it finds no class of a notebook, and the
    reference for one that is made from it.
    """
    codes = [m.__code__ for m in vars(made).values() if inspect.isfunction(m)]
    for code in codes[:1]:
        lines = linecache.getlines(code.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == made.__name__:
                first = min(one.lineno for one in (node, *node.decorator_list))
                if first <= code.co_firstlineno <= node.end_lineno:
                    return "".join(lines[first - 1 : node.end_lineno])
    return ""


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
    names = _names(tree)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for parent, field, position, node in list(_slots(tree)):
        put = _putter(parent, field, position)
        variants = ((other, change_in_words(node, other)) for other in _variants(node, names))
        more = also(node, names, tree) if also is not None else ()
        shown = _around_it(node, parents) if isinstance(node, ast.Constant | ast.Name) else node
        text = ast.unparse(shown)
        for other, words in itertools.chain(variants, more):
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


def _putter(parent: Node, field: str, position: int | None) -> Callable[[Any], None]:
    """What puts a node into a place of a tree."""
    owner = getattr(parent, field)

    def put(value: Any) -> None:
        if position is None:
            setattr(parent, field, value)
        else:
            owner[position] = value

    return put


def _whose_default(parent: Node, field: str, position: int | None) -> str:
    """The argument whose default stands in a place of a tree; "" if none does."""
    if not isinstance(parent, ast.arguments):
        return ""
    if field == "kw_defaults":
        return parent.kwonlyargs[position].arg
    named = [*parent.posonlyargs, *parent.args]
    return named[len(named) - len(parent.defaults) + position].arg if field == "defaults" else ""


def _around_it(node: Node, parents: dict[Node, Node]) -> Node:
    """The expression around a node that is long enough to be found in the code.

    An entry, such as `params['W_hh']`, does where what it stands in is too long to be read twice.
    """
    shown = around = node
    while len(ast.unparse(shown)) < CONTEXT and isinstance(around, ast.expr | ast.keyword):
        around = parents[around]
        if isinstance(shown, ast.Subscript) and len(ast.unparse(around)) > TWICE:
            break
        shown = around if isinstance(around, ast.expr) else shown
    return shown


def _in_brackets(index: Node) -> str:
    """Several indices as they stand in the code: `[:, None]`, where alone they are `(:, None)`."""
    return simply(ast.Subscript(ast.Name("x", ast.Load()), index, ast.Load())).removeprefix("x")


def _slots(node: Node) -> Iterator[tuple[Node, str, int | None, Node]]:
    """Every place of the tree that may change: parent, field, position and what stands there."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "keywords", "ctx"):
            if field == "keywords" and isinstance(node, ast.Call):
                for keyword in value:
                    yield from _slots(keyword)
            continue
        for position, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            yield node, field, position, child
            if not isinstance(child, ast.Raise | ast.JoinedStr):  # what it says is free
                yield from _slots(child)


def _is_docstring(node: Node) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _names(tree: ast.Module) -> dict[str, str]:
    """Each of the function's own names to the next of them, the last one to the first."""
    own: list[str] = []
    for node in ast.walk(tree):
        name = None
        if isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        if name and name not in own and name != "self":
            own.append(name)
    texts = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.isidentifier()
            and node.value not in texts
        ):
            texts.append(node.value)
    next_one = dict(zip(own, own[1:] + own[:1], strict=True)) if len(own) > 1 else {}
    return next_one | {repr(a): b for a, b in zip(texts, texts[1:] + texts[:1], strict=True)}


def _variants(node: Node, names: dict[str, str]) -> Iterator[Node]:
    """What could stand in a node's place."""
    match node:
        case ast.BinOp(left, op, right):
            yield left
            yield right
            for other in OPERATORS.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
            if isinstance(op, ORDERED):
                yield ast.BinOp(right, op, left)
            if isinstance(op, ast.MatMult):
                yield ast.BinOp(_transposed(left), op, right)
                yield ast.BinOp(left, op, _transposed(right))
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.Compare(left, [op], [right]):
            for other in COMPARISONS.get(type(op), ()):
                yield ast.Compare(left, [other()], [right])
        case ast.BoolOp(op, values):
            yield from values
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
        case ast.IfExp(_, body, other):
            yield body
            yield other
        case ast.Name(name, ast.Load()) if name in names:
            yield ast.Name(names[name], ast.Load())
        case ast.Attribute(value, name, ast.Load()):
            if name == "T":
                yield value
            elif name in ATTRIBUTES:
                yield ast.Attribute(value, ATTRIBUTES[name], ast.Load())
        case ast.Constant(value):
            yield from _constants(value, names)
        case ast.Call(function, arguments, _):
            yield from _calls(node, function, arguments)
        case ast.Subscript(value, index, ast.Load()):
            yield from (ast.Subscript(value, other, ast.Load()) for other in _indices(index))
            yield value
        case ast.Subscript(value, index, ctx):
            yield from (ast.Subscript(value, other, ctx) for other in _indices(index))
        case ast.Tuple(items, ast.Load()) | ast.List(items, ast.Load()):
            yield from (type(node)(other, ast.Load()) for other in _exchanged(items))
        case ast.comprehension(target, source, [_, *_]):
            yield ast.comprehension(target, source, [], 0)
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
            yield ast.If(ast.Constant(True), body, orelse)
            yield ast.If(ast.Constant(False), body, orelse)
        case ast.AugAssign(target, op, value):
            yield ast.Pass()
            yield ast.Assign([target], value, lineno=node.lineno)
            for other in OPERATORS.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)
        case ast.Assign(targets, value):
            yield ast.Pass()
            if isinstance(value, ast.BinOp | ast.Call | ast.Name | ast.Subscript):
                yield ast.Assign(targets, ast.UnaryOp(ast.USub(), value), lineno=node.lineno)
        case ast.Return(value):
            yield ast.Pass()
            if isinstance(value, ast.BinOp | ast.Call | ast.Name | ast.Subscript):
                yield ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.For(target, source, body, orelse):
            yield ast.Pass()
            backwards = _call("reversed", _call("list", source))
            yield ast.For(target, backwards, body, orelse, lineno=node.lineno)
            late = ast.Subscript(_call("list", source), ast.Slice(ast.Constant(1)), ast.Load())
            yield ast.For(target, late, body, orelse, lineno=node.lineno)
            early = ast.Subscript(
                _call("list", source), ast.Slice(None, ast.Constant(-1)), ast.Load()
            )
            yield ast.For(target, early, body, orelse, lineno=node.lineno)
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Expr() | ast.Raise() | ast.Assert() | ast.While() | ast.With() | ast.AnnAssign():
            yield ast.Pass()


def _exchanges_nothing(node: Node) -> bool:
    """Whether an axis changes places with itself."""
    match node:
        case ast.Call(
            ast.Attribute(_, "swapaxes" | "moveaxis"), [*_, ast.Constant(a), ast.Constant(b)]
        ):
            return a == b
    return False


def _transposed(node: Node) -> Node:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _constants(value, names: dict[str, str]) -> Iterator[Node]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(n) for n in (value + 1, value - 1))
    elif isinstance(value, float):
        others = (1.01 * value, 2 * value, -value) if value else (1.0, 1e-3)
        yield from (ast.Constant(one) for one in (*others, 0.0) if one != value)
    elif isinstance(value, str) and repr(value) in names:
        yield ast.Constant(names[repr(value)])
        yield ast.Constant(f"{value}_")
    elif value is None:
        yield ast.Constant(0)


def _calls(node: ast.Call, function: Node, arguments: list[Node]) -> Iterator[Node]:
    for number in range(len(node.keywords)):
        rest = node.keywords[:number] + node.keywords[number + 1 :]
        yield ast.Call(function, arguments, rest)
    for other in _exchanged(arguments):
        yield ast.Call(function, other, node.keywords)
    if len(arguments) > 1:
        yield ast.Call(function, arguments[:-1], node.keywords)
    yield from arguments[:1]  # np.tanh(a), or np.copy(a), is forgotten
    module = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    if isinstance(function, ast.Attribute) and not (module and function.value.id in ("np", "tf")):
        yield function.value  # a.copy(), or a.sum(), is forgotten
    if isinstance(function, ast.Name) and function.id == "range":
        yield ast.Call(function, [*arguments[:-1], _plus(arguments[-1], -1)], [])
        if len(arguments) == 1:
            yield ast.Call(function, [ast.Constant(1), *arguments], [])


def _indices(index: Node) -> Iterator[Node]:
    """Other indices: a step earlier or later, bounds left out, axes in another order."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for number, part in enumerate(parts):
        for other in _other_index(part):
            changed = [*parts[:number], other, *parts[number + 1 :]]
            yield ast.Tuple(changed, ast.Load()) if isinstance(index, ast.Tuple) else other


def _other_index(part: Node) -> Iterator[Node]:
    match part:
        case ast.Slice(lower, upper, step):
            if lower is not None:
                yield ast.Slice(None, upper, step)
                yield ast.Slice(_plus(lower, 1), upper, step)
            if upper is not None:
                yield ast.Slice(lower, None, step)
                yield ast.Slice(lower, _plus(upper, -1), step)
            if step is not None:
                yield ast.Slice(lower, upper, None)
            elif lower is None and upper is None:
                yield ast.Slice(None, None, ast.Constant(-1))
        case ast.Name() | ast.BinOp():
            yield _plus(part, 1)
            yield _plus(part, -1)


def _plus(node: Node, number: int) -> Node:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + number)
    return ast.BinOp(node, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _exchanged(items: list[Node]) -> Iterator[list[Node]]:
    for i in range(len(items) - 1):
        if ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _with_fewer_entries(node: Node) -> Iterator[Change]:
    """Entries of a dict, or the first default, left out."""
    if isinstance(node, ast.Dict):
        entries = list(zip(node.keys, node.values, strict=True))

        def fill(entries: list[tuple[Node | None, Node]]) -> None:
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


def _in_another_order(node: Node) -> Iterator[Change]:
    """Neighbouring statements exchanged, where one builds on the other."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for i in range(len(body) - 1):
        first, second = body[i], body[i + 1]
        if not (_depend(first, second) and _is_simple(first) and _is_simple(second)):
            continue

        def put(pair: list[Node], i: int = i) -> None:
            body[i : i + 2] = pair

        texts = ast.unparse(first), ast.unparse(second)
        key = f"{'; '.join(texts)} -> {'; '.join(texts[::-1])}".replace('"', "'")
        words = f"with `{texts[1]}` before `{texts[0]}`, not after it"
        yield Change(first.lineno, words, [first, second], [second, first], put, key)


def _is_simple(statement: Node) -> bool:
    simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)
    return simple and not _is_docstring(statement)


def _depend(first: Node, second: Node) -> bool:
    """Whether one of two statements may change what the other uses."""
    return bool(_changes(first) & _uses(second) or _changes(second) & _uses(first))


def _uses(statement: Node) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _changes(statement: Node) -> set[str]:
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


def _call(name: str, *arguments: Node) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


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
