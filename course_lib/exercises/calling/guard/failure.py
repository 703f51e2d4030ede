"""What exactly failed when a learner's function raised: the operation and its operands.

Two functions that raise the same text need not have made the same mistake. Two whose same operation
failed on the same operands have, whatever they call them.
"""

import ast
import linecache
import types
import warnings
from typing import Any

import numpy as np

from .code import code_of

UNKNOWN = "?"
REFUSED = "raise"  # of an exception that the function raises itself, in words of its own
# Methods of an array, and functions of NumPy, that change nothing and draw nothing.
OF_AN_ARRAY = ("reshape", "transpose", "swapaxes", "sum", "mean", "max", "min", "conj", "copy")
OF_NUMPY = ("stack", "vstack", "hstack", "concatenate", "zeros_like", "ones_like", "transpose")
DEEPEST, MOST, LARGEST = 4, 100, 100_000  # lists in lists, entries of one, numbers in an array


class _Unknown(Exception):
    """The operands can't be told without running the learner's code once more."""


def what_failed(error: BaseException | None, function: Any) -> str:
    """The kind of error, the operation and its operands, as text to compare.

    Args:
        error: what the function raised, or None.
        function: the learner's function or class.

    Returns:
        Equal texts for equal failures; empty if it can't be told.
    """
    try:
        frame, position = _last_line_of(error, code_of(function))
        if frame is None:
            return ""
        expression = _expression(frame.f_code, position)
        if isinstance(expression, ast.Raise):
            return f"{REFUSED} {type(error).__name__}"
        operation, operands = _parts(expression)
        with np.errstate(all="ignore"):
            described = [_operand(one, frame) for one in operands]
    except Exception:  # an object of the learner's own can raise whatever it likes
        return ""
    if all(one == UNKNOWN for one in described):
        return ""
    return "; ".join([type(error).__name__, operation, *described])


def _last_line_of(error: BaseException | None, own: types.CodeType | None):
    """The innermost frame of the learner's own, and the instruction that it was at."""
    found = None, 0
    trace = error.__traceback__ if error is not None and own is not None else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own.co_filename:
            found = trace.tb_frame, trace.tb_lasti
        trace = trace.tb_next
    return found


def _expression(code: types.CodeType, instruction: int) -> ast.AST:
    """The expression, or the statement, that an instruction stands for."""
    places = list(code.co_positions())
    first, last, start, end = places[instruction // 2]
    if None in (first, last, start, end):
        raise _Unknown
    lines = [linecache.getline(code.co_filename, n) for n in range(first, last + 1)]
    raw = [line.encode() for line in lines]  # columns count bytes
    raw[-1] = raw[-1][:end]
    raw[0] = raw[0][start:]
    text = b"".join(raw).decode().strip()
    try:
        return ast.parse(f"({text})", mode="eval").body
    except SyntaxError:  # a whole statement: `if a:`, `a += b`
        body = " pass" if text.endswith(":") else ""
        return ast.parse(f"{text.removeprefix('el')}{body}").body[0]


def _operand(node: ast.AST, frame: types.FrameType) -> str:
    """An operand; of one that only the learner's code could compute, what it is made of."""
    try:
        return _described(_value(node, frame))
    except _Unknown:
        pass
    try:
        operation, operands = _parts(node)
    except _Unknown:
        return UNKNOWN
    described = [_operand(one, frame) for one in operands]
    if all(one == UNKNOWN for one in described):
        return UNKNOWN
    return f"{operation} of ({'; '.join(described)})"


def _parts(node: ast.AST) -> tuple[str, list[ast.AST]]:
    """What is done, and with what."""
    match node:
        case ast.If(test) | ast.While(test):
            return "truth", [test]
        case ast.AugAssign(target, op, value):
            return f"{type(op).__name__}=", [target, value]
        case ast.Assign([target], value):
            return "=", [target, value]
        case ast.BinOp(left, op, right):
            return type(op).__name__, [left, right]
        case ast.UnaryOp(op, operand):
            return type(op).__name__, [operand]
        case ast.Compare(left, [op], [right]):
            return type(op).__name__, [left, right]
        case ast.Subscript(value, index):
            return "[]", [value, index]
        case ast.Attribute(value, name):
            return f".{name}", [value]
        case ast.Call(ast.Attribute(ast.Name("np"), "matmul"), [left, right], []):
            return "MatMult", [left, right]
        case ast.Call(ast.Attribute(owner, name), arguments, keywords):
            given = [*arguments, *(keyword.value for keyword in keywords)]
            module = isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "tf", "keras")
            names = ",".join(str(keyword.arg) for keyword in keywords)
            return f".{name}({names})", given if module else [owner, *given]
        case ast.Call(ast.Name(name), arguments, []):
            return f"{name}()", arguments
    raise _Unknown


def _value(node: ast.AST, frame: types.FrameType) -> Any:
    """What an expression stood for; only what has no effect is computed again."""
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            for names in (frame.f_locals, frame.f_globals):
                if name in names:
                    return names[name]
        case ast.Tuple(items) | ast.List(items):
            return tuple(_value(one, frame) for one in items)
        case ast.Slice(lower, upper, step):
            parts = (lower, upper, step)
            return slice(*(None if one is None else _value(one, frame) for one in parts))
        case ast.Starred(value):
            return _value(value, frame)
        case ast.Call(ast.Name("list" | "tuple"), [one], []):
            return _value(one, frame)
        case ast.Call(ast.Attribute(value, "values" | "keys" | "items" as name), [], []):
            if type(owner := _value(value, frame)) is dict:
                return list(getattr(owner, name)())
        case ast.Attribute(value, "T" | "shape" | "ndim" | "size" as name):
            if isinstance(array := _value(value, frame), np.ndarray):
                return getattr(array, name)
        case ast.Subscript(value, index):
            owner = _value(value, frame)
            if isinstance(owner, np.ndarray | dict | list | tuple):
                return _computed(lambda: owner[_value(index, frame)])
        case ast.UnaryOp(op, operand):
            return _computed(lambda: _unary(op, _numeric(operand, frame)))
        case ast.Compare(left, [op], [right]):
            return _computed(lambda: _compared(op, _numeric(left, frame), _numeric(right, frame)))
        case ast.BinOp(left, op, right):
            return _computed(lambda: _binary(op, _numeric(left, frame), _numeric(right, frame)))
        case ast.Call(ast.Attribute(ast.Name("np"), name), arguments, []):
            if isinstance(ufunc := getattr(np, name, None), np.ufunc):
                return _computed(lambda: ufunc(*(_numeric(one, frame) for one in arguments)))
            if name in OF_NUMPY:
                values = [_value(one, frame) for one in arguments]
                return _computed(lambda: getattr(np, name)(*values))
        case ast.Call(ast.Attribute(owner, name), arguments, []) if name in OF_AN_ARRAY:
            if type(array := _value(owner, frame)) is np.ndarray:
                values = [_value(one, frame) for one in arguments]
                return _computed(lambda: getattr(array, name)(*values))
    raise _Unknown


def _computed(compute) -> Any:
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what warned has warned where the answer was run
            return compute()
    except Exception:
        raise _Unknown from None


def _numeric(node: ast.AST, frame: types.FrameType) -> Any:
    value = _value(node, frame)
    if isinstance(value, np.ndarray | np.generic | int | float):
        return value
    raise _Unknown


def _unary(op: ast.unaryop, value: Any) -> Any:
    if isinstance(op, ast.USub):
        return -value
    raise _Unknown


def _binary(op: ast.operator, left: Any, right: Any) -> Any:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.MatMult():
            return left @ right
        case ast.Div():
            return left / right
        case ast.Pow():
            return left**right
    raise _Unknown


def _compared(op: ast.cmpop, left: Any, right: Any) -> Any:
    match op:
        case ast.Lt():
            return left < right
        case ast.LtE():
            return left <= right
        case ast.Gt():
            return left > right
        case ast.GtE():
            return left >= right
        case ast.Eq():
            return left == right
    raise _Unknown


def _described(value: Any, depth: int = 0) -> str:
    """A value as text that equal values share."""
    if depth > DEEPEST:  # a list may hold itself
        raise _Unknown
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        if value.size > LARGEST:
            raise _Unknown
        numbers = value.astype(complex if value.dtype.kind == "c" else float).ravel()
        weights = np.cos(np.arange(numbers.size))
        return f"{value.shape} {(numbers @ weights).item():.6g}"
    if isinstance(value, tuple | list):
        return f"({', '.join(_described(one, depth + 1) for one in value[:MOST])})"
    if isinstance(value, bool | int | float | np.generic | slice | None | str):
        return str(value)[:60]
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{key}: {_described(one, depth + 1)}' for key, one in value.items())}}}"
        )
    return "a function" if callable(value) else type(value).__name__
