"""What learners write by a slip, beyond what `mutants` breaks: each with its words.

A mutant that no rung notices is a hole in a ladder; what stands here only helps to name a wrong
answer, and need not be noticed by any rung.
"""

import ast
import functools
from collections.abc import Iterator

from course_lib.exercises.naming.change_in_words import simply

Slip = tuple[ast.AST, str]  # what stands there now, and the words after "like the right code"

SQUASHINGS = {  # for tanh, by the library that it is taken from
    "np": {
        "the logistic sigmoid": "1 / (1 + np.exp(-({a})))",
        "the ReLU": "np.maximum({a}, 0)",
        "a clip to -1 and 1": "np.clip({a}, -1, 1)",
        "a / (1 + |a|)": "({a}) / (1 + np.abs({a}))",
    },
    "tf": {
        "the logistic sigmoid": "tf.sigmoid({a})",
        "the ReLU": "tf.nn.relu({a})",
        "a clip to -1 and 1": "tf.clip_by_value({a}, -1, 1)",
    },
    "keras.ops": {
        "the logistic sigmoid": "keras.ops.sigmoid({a})",
        "the ReLU": "keras.ops.relu({a})",
        "a clip to -1 and 1": "keras.ops.clip({a}, -1, 1)",
    },
}
OTHER_SIGNS = {ast.Add: ast.Mult, ast.Mult: ast.Add}
REDUCTIONS = {"reduce_sum": "reduce_mean", "reduce_mean": "reduce_sum"}
SCALES = {  # of a result; by numbers that no list can be repeated by
    "twice as large": "2.0 * ({v})",
    "half as large": "({v}) / 2",
    "in logarithms of base 2": "({v}) / np.log(2)",
    "in logarithms of base 10": "({v}) / np.log(10)",
    "in percent": "100.0 * ({v})",
    "taken from 1": "1 - ({v})",
    "put through np.exp": "np.exp({v})",
    "put through np.tanh": "np.tanh({v})",
}

EMPTY = ("np.zeros", "np.zeros_like", "np.ones", "np.ones_like", "np.empty", "np.empty_like")


def habits(node: ast.AST, names: dict[str, str], tree: ast.Module) -> Iterator[Slip]:
    """What may stand in a node's place by a slip.

    Args:
        node: of the right function.
        names: the function's own names, and its texts in quotes.
        tree: the whole function.
    """
    yield from confusions(node, names, tree)
    match node:
        case ast.Assign([ast.Name(name)], value) if not isinstance(
            value, ast.Constant
        ) and _is_returned(name, tree):
            for other, words in _results(value, tree):
                # Of what is filled later, the name alone would mean what it holds then.
                said = _for(other, value) if _is_new(value) else f"`{name}` {words}"
                yield ast.Assign(node.targets, other, lineno=node.lineno), f"with {said}"
        case ast.Return(value) if isinstance(value, ast.BinOp | ast.Call):
            for other, words in _results(value, tree):
                yield ast.Return(other), f"with the result {words}"
        case ast.FunctionDef():
            yield from _into_the_loop(node)
        case ast.Subscript(ast.Name(), ast.Constant(str(key)), ast.Load()) if key[:3] == "W_h":
            other = ast.Attribute(node, "T", ast.Load())  # it is square
            yield other, f"with `{ast.unparse(other)}` for `{ast.unparse(node)}`"
    if isinstance(node, ast.Call):
        yield from _out_of_a_call(node)
        yield from _turned_round(node)


def confusions(node: ast.AST, names: dict[str, str], tree: ast.Module) -> Iterator[Slip]:
    """The slips that work both ways: one name, sign, bracket or function for another.

    Args:
        node, names, tree: as of `habits`.
    """
    match node:
        case ast.Name(name, ast.Load()) if name in names:
            yield from _defaults(name, tree)
            yield from _instead(node, (n for n in names if n != name and n.isidentifier()))
        case ast.Constant(str(text)) if repr(text) in names:
            texts = [n[1:-1] for n in names if not n.isidentifier()]
            for other in texts:
                if _one_letter_apart(text, other):
                    yield ast.Constant(other), f"with `{other}` for `{text}`"
        case ast.BinOp():
            yield from _brackets(node)
            yield from _one_more_or_less(node)
            yield from _another_sign(node)
            yield from _slopes(node, tree)
        case ast.Compare(left, [ast.Lt() as below], [ast.Name() as end]):
            for sign in (ast.Sub(), ast.Add()):
                bound = ast.BinOp(end, sign, ast.Constant(1))
                other = ast.Compare(left, [below], [bound])
                yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"
        case ast.Call(ast.Attribute(library, "tanh"), [argument], []):
            for words, form in SQUASHINGS.get(ast.unparse(library), {}).items():
                yield _parsed(form.format(a=ast.unparse(argument))), f"with {words} for the tanh"
        case ast.Call(ast.Attribute(library, "sigmoid"), [argument], []):
            other = ast.Call(ast.Attribute(library, "tanh", ast.Load()), [argument], [])
            yield other, f"with a tanh for `{ast.unparse(node)}`"
        case ast.Attribute(ast.Name("tf"), name, ast.Load()) if name in REDUCTIONS:
            other = ast.Attribute(node.value, REDUCTIONS[name], node.ctx)
            yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"
        case ast.Attribute(value, "real", ast.Load()):
            for other in (_parsed(f"np.abs({ast.unparse(value)})"), ast.Attribute(value, "imag")):
                yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"
        case ast.Call(ast.Name("max" | "min" as name), arguments, keywords):
            other = ast.Call(_parsed("min" if name == "max" else "max"), arguments, keywords)
            yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"
        case ast.Call(ast.Name("range"), [end], []):
            more = ast.Call(node.func, [ast.BinOp(end, ast.Add(), ast.Constant(1))], [])
            yield more, f"with `{simply(more)}` for `{ast.unparse(node)}`"
        case ast.Subscript(value, ast.Tuple([ast.Slice(None, None, None), index]), ast.Load()):
            other = ast.Subscript(value, index, ast.Load())
            yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"


def _instead(node: ast.Name, others: Iterator[str]) -> Iterator[Slip]:
    for other in others:
        yield ast.Name(other, ast.Load()), f"with `{other}` for `{node.id}`"


def _defaults(name: str, tree: ast.Module) -> Iterator[Slip]:
    """An argument that is ignored in favour of its default."""
    for argument, default in with_defaults(tree):
        if argument.arg == name:
            yield default, f"with its default for `{name}`"
            if isinstance(default, ast.Constant) and isinstance(default.value, bool):
                other = ast.Constant(not default.value)
                yield other, f"with `{other.value}` for `{name}`"


def with_defaults(tree: ast.Module) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The arguments of the function that may be left out, each with its default."""
    arguments = _arguments(tree)
    named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    return zip(named, arguments.defaults, strict=True)


def _arguments(tree: ast.Module) -> ast.arguments:
    """Those of the function; a class has none of its own."""
    made = tree.body[0]
    return (
        made.args
        if isinstance(made, ast.FunctionDef)
        else ast.arguments([], [], None, [], [], None, [])
    )


def _brackets(node: ast.BinOp) -> Iterator[Slip]:
    """A bracket that stands elsewhere."""
    sums = ast.Add | ast.Sub
    match node:
        case ast.BinOp(left, op, ast.BinOp(a, inner, b)) if isinstance(op, sums):
            other = ast.BinOp(ast.BinOp(left, op, a), inner, b)
        case ast.BinOp(ast.BinOp(a, op, b), inner, right) if isinstance(op, sums):
            other = ast.BinOp(a, op, ast.BinOp(b, inner, right))
        case _:
            return
    if ast.unparse(other) != ast.unparse(node):
        yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"


def _one_more_or_less(node: ast.BinOp) -> Iterator[Slip]:
    match node:
        case ast.BinOp(left, (ast.Div() | ast.Mult()) as op, ast.Name() as size):
            for sign in (ast.Sub(), ast.Add()):
                other = ast.BinOp(left, op, ast.BinOp(size, sign, ast.Constant(1)))
                yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"


def _another_sign(node: ast.BinOp) -> Iterator[Slip]:
    """A product for a sum, and the reverse."""
    match node:
        case ast.BinOp(left, (ast.Add() | ast.Mult()) as op, right):
            other = ast.BinOp(left, OTHER_SIGNS[type(op)](), right)
            yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"


def _slopes(node: ast.BinOp, tree: ast.Module) -> Iterator[Slip]:
    """The slope of a tanh, taken of its output as if that were its input, or for the sigmoid's; and
    that of a sigmoid left out.
    """
    match node:
        case ast.BinOp(ast.BinOp(rest, ast.Mult(), a), ast.Mult(), ast.BinOp(_, ast.Sub(), b)) if (
            ast.unparse(a) == ast.unparse(b)
        ):
            yield rest, f"without `* {ast.unparse(a)} * ({ast.unparse(node.right)})`"
        case ast.BinOp(ast.Constant(1), ast.Sub(), ast.BinOp(out, ast.Pow(), ast.Constant(2))):
            library = "tf" if "tf." in ast.unparse(tree) else "np"
            for form in (f"1 - {library}.tanh({{h}}) ** 2", "({h}) * (1 - ({h}))", "1 - ({h})"):
                other = _parsed(form.format(h=ast.unparse(out)))
                yield other, f"with `{simply(other)}` for `{ast.unparse(node)}`"


def _out_of_a_call(node: ast.Call) -> Iterator[Slip]:
    """f(a) + b, or f(a) + f(b), for f(a + b)."""
    if len(node.args) != 1 or node.keywords or not isinstance(node.func, ast.Attribute):
        return
    if ast.unparse(node.func.value) not in SQUASHINGS:
        return
    name = ast.unparse(node.func)
    terms = _terms(node.args[0])
    behind = [(terms[:cut], terms[cut:]) for cut in range(len(terms) - 1, 0, -1)]
    alone = [(terms[:at] + terms[at + 1 :], [terms[at]]) for at in range(len(terms) - 1)]
    for inside, outside in behind + alone:
        first = ast.Call(node.func, [_sum(inside)], [])
        said = " and ".join(f"`{ast.unparse(one)}`" for one in outside)
        yield _sum([first, *outside]), f"with {said} outside of `{name}`"
        second = ast.Call(node.func, [_sum(outside)], [])
        itself = "by itself" if len(outside) == 1 else "by themselves"
        yield ast.BinOp(first, ast.Add(), second), f"with `{name}` of {said} {itself}"


def _terms(node: ast.AST) -> list[ast.AST]:
    """What a sum is of, from left to right."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return [*_terms(left), right]
    return [node]


def _sum(terms: list[ast.AST]) -> ast.AST:
    return functools.reduce(lambda a, b: ast.BinOp(a, ast.Add(), b), terms)


def _turned_round(node: ast.Call) -> Iterator[Slip]:
    """A sum over time in which one of the factors runs backwards."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("tf"), "einsum"), [form, *factors], []):
            for at, factor in enumerate(factors):
                for axis in (0, 1):
                    back = _parsed(f"tf.reverse({ast.unparse(factor)}, [{axis}])")
                    others = [*factors[:at], back, *factors[at + 1 :]]
                    words = f"with `{ast.unparse(back)}` for `{ast.unparse(factor)}` in the sum"
                    yield ast.Call(node.func, [form, *others], []), words


def _results(value: ast.AST, tree: ast.Module) -> Iterator[Slip]:
    """Another size of a result, or an argument added to it."""
    text = ast.unparse(value)
    for words, form in SCALES.items():
        if not _is_new(value):  # there is nothing yet to be scaled
            yield _parsed(form.format(v=text)), words
    arguments = _arguments(tree).args
    for argument in arguments:
        name = ast.Name(argument.arg, ast.Load())
        yield ast.BinOp(value, ast.Add(), name), f"increased by `{argument.arg}`"
    for axis in (0, 1) if arguments else ():  # of the batch, of time
        size = f"{arguments[0].arg}.shape[{axis}]"
        yield _parsed(f"({text}) / {size}"), f"divided by `{size}`"


def _is_new(value: ast.AST) -> bool:
    """Whether it is an array that is yet to be filled."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) in EMPTY


def _for(other: ast.AST, value: ast.AST) -> str:
    return f"`{simply(other)}` for `{ast.unparse(value)}`"


def _is_returned(name: str, tree: ast.Module) -> bool:
    """Whether a name is one of the results, or a term or factor of one.

    Of what goes through a function another size can do the same by chance: a decay in percent is
    no decay, and forgets all.
    """
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return any(name in _parts(value) for value in returned if value is not None)


def _parts(value: ast.AST) -> set[str]:
    match value:
        case ast.Name(name):
            return {name}
        case ast.Tuple(items) | ast.List(items):
            return set().union(*map(_parts, items))
        case ast.BinOp(left, _, right):
            return _parts(left) | _parts(right)
    return set()


def _into_the_loop(node: ast.FunctionDef) -> Iterator[Slip]:
    """A line before a loop that is run at each turn, or a return that ends the first turn."""
    loops = [one for one in node.body if isinstance(one, ast.For)]
    for at, loop in enumerate(node.body):
        if not isinstance(loop, ast.For):
            continue
        which = "the loop" if len(loops) == 1 else f"`{ast.unparse(loop).splitlines()[0]}`"
        for k in range(at):
            if isinstance(node.body[k], ast.Assign):
                body = [
                    *node.body[:k],
                    *node.body[k + 1 : at],
                    with_lines(loop, [node.body[k]], []),
                ]
                text = ast.unparse(node.body[k])
                yield with_body(node, body + node.body[at + 1 :]), f"with `{text}` inside {which}"
        if isinstance(node.body[-1], ast.Return):
            body = [*node.body[:at], with_lines(loop, [], [node.body[-1]]), *node.body[at + 1 :]]
            yield with_body(node, body), f"with the `return` inside {which}"
    yield from out_of_a_loop(node)


def out_of_a_loop(node: ast.FunctionDef) -> Iterator[Slip]:
    """The last line of a loop, run once after it: it stands too far on the left."""
    loops = [one for one in node.body if isinstance(one, ast.For)]
    for at, loop in enumerate(node.body):
        if isinstance(loop, ast.For) and len(loop.body) > 1 and is_a_line(loop.body[-1]):
            which = "the loop" if len(loops) == 1 else f"`{ast.unparse(loop).splitlines()[0]}`"
            rest = ast.For(loop.target, loop.iter, loop.body[:-1], loop.orelse, lineno=loop.lineno)
            body = [*node.body[:at], rest, loop.body[-1], *node.body[at + 1 :]]
            text = ast.unparse(loop.body[-1])
            yield with_body(node, body), f"with `{text}` after {which}, not in it"


def into_a_loop(node: ast.FunctionDef) -> Iterator[Slip]:
    """The line after a loop, run at the end of each turn: it stands too far on the right."""
    for at, loop in enumerate(node.body[:-1]):
        line = node.body[at + 1]
        if isinstance(loop, ast.For) and is_a_line(line):
            body = [*node.body[:at], with_lines(loop, [], [line]), *node.body[at + 2 :]]
            yield with_body(node, body), f"with `{ast.unparse(line)}` inside the loop before it"


def is_a_line(statement: ast.stmt) -> bool:
    """Whether a statement is one that a step too far on the right or left may have moved."""
    return isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)


def with_lines(loop: ast.For, before: list[ast.stmt], after: list[ast.stmt]) -> ast.For:
    """A loop with lines before and after its own."""
    body = [*before, *loop.body, *after]
    return ast.For(loop.target, loop.iter, body, loop.orelse, lineno=loop.lineno)


def with_body(node: ast.FunctionDef, body: list[ast.stmt]) -> ast.FunctionDef:
    """A function with another body."""
    return ast.FunctionDef(node.name, node.args, body, node.decorator_list, lineno=node.lineno)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _one_letter_apart(a: str, b: str) -> bool:
    return len(a) == len(b) and sum(p != q for p, q in zip(a, b, strict=True)) == 1
