"""What else may stand in the place of a node of a syntax tree: one small thing is broken."""

import ast
from collections.abc import Iterator

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


def names_of(tree: ast.Module) -> dict[str, str]:
    """Each of the function's own names to the next of them, the last one to the first.

    Texts that could be names, such as the keys of a dict, too: by their `repr`.
    """
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


def variants(node: ast.AST, names: dict[str, str]) -> Iterator[ast.AST]:
    """What could stand in a node's place.

    Args:
        node: an expression, a part of one, or a statement.
        names: `names_of` the function that it stands in.
    """
    yield from _of_expression(node, names)
    yield from _of_statement(node)


def _of_expression(node: ast.AST, names: dict[str, str]) -> Iterator[ast.AST]:
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


def _of_statement(node: ast.AST) -> Iterator[ast.AST]:
    match node:
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


def _transposed(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _constants(value, names: dict[str, str]) -> Iterator[ast.AST]:
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


def _calls(node: ast.Call, function: ast.AST, arguments: list[ast.AST]) -> Iterator[ast.AST]:
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


def _indices(index: ast.AST) -> Iterator[ast.AST]:
    """Other indices: a step earlier or later, bounds left out, axes in another order."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for number, part in enumerate(parts):
        for other in _other_index(part):
            changed = [*parts[:number], other, *parts[number + 1 :]]
            yield ast.Tuple(changed, ast.Load()) if isinstance(index, ast.Tuple) else other


def _other_index(part: ast.AST) -> Iterator[ast.AST]:
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


def _plus(node: ast.AST, number: int) -> ast.AST:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + number)
    return ast.BinOp(node, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _exchanged(items: list[ast.AST]) -> Iterator[list[ast.AST]]:
    for i in range(len(items) - 1):
        if ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _call(name: str, *arguments: ast.AST) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
