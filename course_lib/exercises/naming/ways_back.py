"""What may stand in right code where a learner has made a slip: `habits`, the other way round."""

import ast
import functools
from collections.abc import Callable, Iterator

from course_lib.exercises.naming.aliases import lines_of_aliases
from course_lib.exercises.naming.change_in_words import simply
from course_lib.exercises.naming.changes import Variants
from course_lib.exercises.naming.habits import (
    Slip,
    confusions,
    into_a_loop,
    is_a_line,
    out_of_a_loop,
    with_body,
    with_defaults,
    with_lines,
)
from course_lib.exercises.naming.trees import tree_of

LIBRARIES = ("np", "tf", "keras")
NEW = ("zeros", "ones", "empty", "eye", "arange", "array", "stack")
VALUES = ast.BinOp | ast.UnaryOp | ast.Name | ast.Attribute | ast.Subscript


def ways_back(reference: Callable) -> Variants:
    """From a node of a learner's to what may stand there in right code, beside its `variants`.

    Args:
        reference: whose texts and functions may be missing.
    """
    texts, applied, numbers = _texts(reference), _applied(reference), _numbers(reference)
    parts, said = _parts_taken(reference), _said_by_name(reference)

    def variants(node: ast.AST, own: dict[str, str], whole: ast.Module) -> Iterator[Slip]:
        yield from confusions(node, own | texts, whole)
        yield from _ways_back(node, own)
        yield from _typed_in(node, whole)
        yield from _returned_alone(node, whole)
        yield from _at_a_step(node, whole)
        yield from _as_it_is_called(node, said)
        yield from _of_its_own_name(node, whole)
        yield from _reversed_like_the_others(node)
        yield from _right_numbers(node, numbers)
        yield from _method_for_method(node)
        yield from _attribute_for_attribute(node, whole)
        if isinstance(node, VALUES) and not _is_a_place(node):
            yield from (_said(node, ast.Attribute(node, part, ast.Load())) for part in parts)
        yield from _what_is_missing(node, texts, applied, whole)
        yield from _what_nobody_reads(node, whole)
        yield from _an_array_of_its_own(node, whole)

    return variants


def _texts(reference: Callable) -> dict[str, str]:
    """The texts of a reference in quotes, such as the names of the weights."""
    nodes = ast.walk(tree_of(reference))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return {repr(one): one for one in texts if isinstance(one, str) and one.isidentifier()}


def _applied(reference: Callable) -> list[ast.expr]:
    """The functions of one array that a reference applies, such as `np.exp`."""
    found = {}
    for node in ast.walk(tree_of(reference)):
        match node:
            case ast.Call(function, [_], []) if _is_of_arrays(ast.unparse(function)):
                found[ast.unparse(function)] = function
    return list(found.values())


def _numbers(reference: Callable) -> list[int | float]:
    """The numbers that a reference is written with, but 0 and 1, which stand for much else."""
    nodes = filter(_is_a_number, ast.walk(tree_of(reference)))
    return sorted({abs(node.value) for node in nodes} - {0, 1})


def _parts_taken(reference: Callable) -> list[str]:
    """The parts of numbers that a reference takes: `real`, `imag`."""
    nodes = ast.walk(tree_of(reference))
    taken = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return sorted(taken & {"real", "imag"})


def _said_by_name(reference: Callable) -> dict[tuple[str, str], ast.Constant]:
    """What a reference hands to functions by name, such as `rcond=None`, where it is a constant."""
    found = {}
    for node in ast.walk(tree_of(reference)):
        if isinstance(node, ast.Call):
            for one in node.keywords:
                if one.arg and isinstance(one.value, ast.Constant):
                    found[ast.unparse(node.func), one.arg] = one.value
    return found


def _is_of_arrays(name: str) -> bool:
    return name == "sigmoid" or (name.split(".")[0] in LIBRARIES and "." in name)


def _ways_back(node: ast.AST, names: dict[str, str]) -> Iterator[Slip]:
    """What stands in the right code where a slip has left this node."""
    match node:
        case ast.FunctionDef():
            yield from into_a_loop(node)
            yield from out_of_a_loop(node)
            yield from _two_lines_into_a_loop(node)
            yield from _return_after_a_loop(node)
        case ast.BinOp(ast.Call(function, [inner], []), ast.Add() as op, right):
            yield _said(node, ast.Call(function, [ast.BinOp(inner, op, right)], []))
        case ast.BinOp(ast.Name() as left, ast.Mult() as op, right):
            yield _said(node, ast.BinOp(_rest(left), op, right))
        case ast.BinOp(left, ast.Mult() as op, ast.Name() as right):
            yield _said(node, ast.BinOp(left, op, _rest(right)))
        case ast.Call():
            yield _said(node, ast.UnaryOp(ast.USub(), node))
        case ast.Attribute(value, "real" | "imag", ast.Load()):
            yield _said(node, value)
        case ast.Subscript(ast.Name(), _, ast.Load()):
            for name in filter(str.isidentifier, names):
                yield _said(node, ast.Name(name, ast.Load()))
        case ast.Assign([ast.Name() as target], value):
            for sign in (ast.Add(), ast.Mult()):
                yield _said(node, ast.AugAssign(target, sign, value))
        case ast.Compare(left, [op], [right]):
            for known in (False, True):
                yield _said(node, ast.Constant(known))
            if isinstance(right, ast.Name | ast.Attribute):
                yield _said(node, ast.Compare(left, [op], [ast.Constant(0)]))
        case ast.Tuple([*items], ast.Store()):
            for i in range(len(items) - 1):
                others = [*items[:i], items[i + 1], items[i], *items[i + 2 :]]
                yield _said(node, ast.Tuple(others, ast.Store()))


def _two_lines_into_a_loop(node: ast.FunctionDef) -> Iterator[Slip]:
    """The two lines after a loop, run at the end of each turn."""
    for at, loop in enumerate(node.body[:-2]):
        lines = node.body[at + 1 : at + 3]
        if isinstance(loop, ast.For) and all(map(is_a_line, lines)):
            body = [*node.body[:at], with_lines(loop, [], lines), *node.body[at + 3 :]]
            texts = " and ".join(f"`{ast.unparse(one)}`" for one in lines)
            yield with_body(node, body), f"with {texts} inside the loop before them"


def _return_after_a_loop(node: ast.FunctionDef) -> Iterator[Slip]:
    """The `return` that ends a loop in its first turn, after it; so may be the line before it."""
    for at, loop in enumerate(node.body):
        if not isinstance(loop, ast.For) or not isinstance(loop.body[-1], ast.Return):
            continue
        for number in (1, 2):
            rest, moved = loop.body[:-number], loop.body[-number:]
            if rest and all(map(is_a_line, moved[:-1])):
                shorter = ast.For(loop.target, loop.iter, rest, loop.orelse, lineno=loop.lineno)
                body = [*node.body[:at], shorter, *moved, *node.body[at + 1 :]]
                texts = [*(f"`{ast.unparse(one)}`" for one in moved[:-1]), "the `return`"]
                yield with_body(node, body), f"with {' and '.join(texts)} after the loop, not in it"


def _typed_in(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """An argument, where its default was typed in.

    0 and 1 stand for much else: they are looked at only where the argument is read nowhere.
    """
    if not _is_a_number(node):
        return
    for argument, default in with_defaults(whole):
        if default is node or not _is_a_number(default) or default.value != node.value:
            continue
        if node.value not in (0, 1) or not _is_read(argument.arg, whole):
            yield _said(node, ast.Name(argument.arg, ast.Load()))


def _returned_alone(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """One of the function's own results, where something was made of it once more."""
    match node:
        case ast.Return(ast.BinOp() as value):
            inside = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
            made = (one for one in ast.walk(whole) if isinstance(one, ast.Assign))
            targets = (one.targets[0] for one in made)
            for name in dict.fromkeys(one.id for one in targets if isinstance(one, ast.Name)):
                if name in inside:
                    words = f"with `{name}` for `{ast.unparse(value)}`"
                    yield ast.Return(ast.Name(name, ast.Load())), words


def _at_a_step(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """What a loop's counter picks, where all of an array that is handed over was taken."""
    made = whole.body[0]
    if not isinstance(made, ast.FunctionDef) or not isinstance(node, ast.Name):
        return
    if not isinstance(node.ctx, ast.Load) or node.id not in {a.arg for a in made.args.args}:
        return
    loops = (one for one in ast.walk(made) if isinstance(one, ast.For))
    counters = {one.target.id: None for one in loops if isinstance(one.target, ast.Name)}
    for counter in counters:
        for index in (counter, f":, {counter}"):
            yield _said(node, ast.parse(f"{node.id}[{index}]", mode="eval").body)


def _method_for_method(node: ast.AST) -> Iterator[Slip]:
    """`append` for `extend`."""
    match node:
        case ast.Attribute(value, "extend", ast.Load()):
            yield _said(node, ast.Attribute(value, "append", ast.Load()))


def _attribute_for_attribute(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """Another attribute that the object was given, such as another weight of a layer."""
    match node:
        case ast.Attribute(ast.Name("self") as owner, name, ast.Load()):
            for other in _given(whole):
                if other != name:
                    yield _said(node, ast.Attribute(owner, other, ast.Load()))


def _given(whole: ast.Module) -> list[str]:
    """The attributes that an object is given by its own methods, in the order of the source."""
    nodes = (node for node in ast.walk(whole) if isinstance(node, ast.Attribute))
    stored = (node for node in nodes if isinstance(node.ctx, ast.Store))
    return list(dict.fromkeys(one.attr for one in stored if ast.unparse(one.value) == "self"))


def _as_it_is_called(node: ast.AST, said: dict[tuple[str, str], ast.Constant]) -> Iterator[Slip]:
    """The same call, with one argument as the right code hands it over by that name."""
    if not isinstance(node, ast.Call):
        return
    function = ast.unparse(node.func)
    for i, one in enumerate(node.keywords):
        other = said.get((function, one.arg or ""))
        if other is not None and ast.unparse(other) != ast.unparse(one.value):
            keywords = [*node.keywords[:i], ast.keyword(one.arg, other), *node.keywords[i + 1 :]]
            yield _said(node, ast.Call(node.func, node.args, keywords))


def _of_its_own_name(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """In a dict or a call, under each name what is called so, where something else stands."""
    own = _names_of_its_own(whole)
    match node:
        case ast.Dict(keys, values):
            for i, (key, value) in enumerate(zip(keys, values, strict=True)):
                match key, value:
                    case ast.Constant(str(name)), ast.Name(other) if name in own - {other}:
                        kept = [*values[:i], ast.Name(name, ast.Load()), *values[i + 1 :]]
                        yield (
                            ast.Dict(keys, kept),
                            f"with `'{name}': {name}` for `'{name}': {other}`",
                        )
        case ast.Call(function, arguments, keywords):
            for i, one in enumerate(keywords):
                match one:
                    case ast.keyword(str(name), ast.Name(other)) if name in own - {other}:
                        right = ast.keyword(name, ast.Name(name, ast.Load()))
                        rest = [*keywords[:i], right, *keywords[i + 1 :]]
                        words = f"with `{name}={name}` for `{name}={other}`"
                        yield ast.Call(function, arguments, rest), words


def _names_of_its_own(whole: ast.Module) -> set[str]:
    """What a function is given, and what it stores."""
    arguments = {node.arg for node in ast.walk(whole) if isinstance(node, ast.arg)}
    names = (node for node in ast.walk(whole) if isinstance(node, ast.Name))
    return arguments | {one.id for one in names if isinstance(one.ctx, ast.Store)}


def _an_array_of_its_own(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """A copy, where another name for an array, or for a part of it, is written to."""
    if isinstance(node, ast.Assign) and node in lines_of_aliases(whole):
        copy = ast.Call(ast.Attribute(node.value, "copy", ast.Load()), [], [])
        other = ast.Assign(node.targets, copy, lineno=node.lineno)
        yield other, f"with `{ast.unparse(copy)}` for `{ast.unparse(node.value)}`"


def _reversed_like_the_others(node: ast.AST) -> Iterator[Slip]:
    """`zip(a[::-1], b[::-1])` for `zip(a, b[::-1])`."""
    match node:
        case ast.Call(ast.Name("zip") as function, arguments, keywords):
            turned = [ast.unparse(one).endswith("[::-1]") for one in arguments]
            for i, (one, is_turned) in enumerate(zip(arguments, turned, strict=True)):
                if any(turned) and not is_turned:
                    backwards = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
                    other = ast.Subscript(one, backwards, ast.Load())
                    rest = [*arguments[:i], other, *arguments[i + 1 :]]
                    yield _said(node, ast.Call(function, rest, keywords))


def _right_numbers(node: ast.AST, numbers: list[int | float]) -> Iterator[Slip]:
    """A number of the right code, where the learner has another that isn't 0 or 1."""
    if _is_a_number(node) and node.value not in (0, 1):
        for number in numbers:
            if number != node.value:
                yield ast.Constant(number), f"with `{number}` for `{node.value}`"


def _is_a_number(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    )


def _is_read(name: str, whole: ast.Module) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(whole))


def _what_is_missing(
    node: ast.AST, texts: dict[str, str], applied: list[ast.expr], whole: ast.Module
) -> Iterator[Slip]:
    """What the right code has, where the learner left it out or took something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # A text of the right code may have been copied to where another belongs, which is then
        # written nowhere.
        left_out = texts.keys() - _written(whole) if repr(node.value) in texts else texts.keys()
        for other in (text for name, text in texts.items() if name in left_out):
            yield ast.Constant(other), f"with `{other}` for `{node.value}`"
    elif isinstance(node, VALUES) and not _is_a_place(node):
        for function in applied:
            yield _said(node, ast.Call(function, [node], []))
    elif _is_one_applied(node):
        for function in applied:
            if ast.unparse(function) != ast.unparse(node.func):
                yield _said(node, ast.Call(function, node.args, []))


def _what_nobody_reads(node: ast.AST, whole: ast.Module) -> Iterator[Slip]:
    """An argument or a name that is read nowhere: as a term, a factor or an argument of a call."""
    for name in (ast.Name(one, ast.Load()) for one in _read_nowhere(whole)):
        match node:
            case ast.Call(function, arguments, keywords):
                yield _said(node, ast.Call(function, [*arguments, name], keywords))
            case ast.BinOp() | ast.Name(_, ast.Load()) | ast.Subscript(_, _, ast.Load()):
                if not _is_a_place(node):
                    for sign in (ast.Add(), ast.Mult()):
                        yield _said(node, ast.BinOp(node, sign, name))


@functools.lru_cache(maxsize=1)  # asked for at each node of one tree
def _read_nowhere(whole: ast.Module) -> list[str]:
    """Names that a function is given or stores, and never reads."""
    made = whole.body[0]
    if not isinstance(made, ast.FunctionDef):
        return []
    names = [node for node in ast.walk(made) if isinstance(node, ast.Name)]
    stored = [node.id for node in names if isinstance(node.ctx, ast.Store)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    own = dict.fromkeys([*(one.arg for one in made.args.args), *stored])
    return [one for one in own if one not in read and one != "_"]


def _is_one_applied(node: ast.AST) -> bool:
    """Whether a function of one array is called."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return False
    name = ast.unparse(node.func)
    # Of a new array only the form counts, which any function of an array gives.
    return _is_of_arrays(name) and not name.endswith("_like") and name.split(".")[-1] not in NEW


def _written(whole: ast.Module) -> set[str]:
    """The texts in quotes of a learner's code."""
    constants = (node for node in ast.walk(whole) if isinstance(node, ast.Constant))
    return {repr(node.value) for node in constants if isinstance(node.value, str)}


def _is_a_place(node: ast.expr) -> bool:
    """Whether something is put there, or a library is named."""
    stored = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
    return stored or ast.unparse(node).split(".")[0] in LIBRARIES


def _rest(share: ast.Name) -> ast.BinOp:
    return ast.BinOp(ast.Constant(1), ast.Sub(), share)


def _said(node: ast.AST, other: ast.AST) -> Slip:
    return other, f"with `{simply(other)}` for `{ast.unparse(node)}`"
