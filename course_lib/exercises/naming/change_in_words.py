"""A small change of a syntax tree in words, to follow "like the right code …"."""

import ast
import contextlib
import copy
import re

# Where a change of one number may have left something behind that nobody writes.
LEFT_BEHIND = r"[-+] [\d.]+ [-+] |-0|\* 1\b|\b(?:min|max)\(|reversed\(list\(.+:-1\]"
SIGNS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}


def change_in_words(node: ast.AST, other: ast.AST) -> str:
    """What has become of a node.

    Args:
        node: as it stands in the right function.
        other: what stands there now.

    Returns:
        "without `+ b_h`", "with `-` for the `+` before `b_h`", and so on.
    """
    match node, other:
        case ast.BinOp(left, op, right), _ if other is left:
            return f"without `{SIGNS[type(op)]} {_operand(right)}`"
        case ast.BinOp(left, op, right), _ if other is right:
            return f"without `{_operand(left)} {SIGNS[type(op)]}`"
        case ast.BinOp(left, op, right), ast.BinOp(same, other_op, also_same) if (
            same is left and also_same is right
        ):
            signs = SIGNS[type(other_op)], SIGNS[type(op)]
            return f"with `{signs[0]}` for the `{signs[1]}` before `{_operand(right)}`"
        case ast.UnaryOp(), _:
            return f"with `{simply(other)}` for `{_text(node)}`"
        case ast.AugAssign(target), ast.Assign():
            return (
                f"with `=` for `{_text(node).removeprefix(_text(target)).split('=')[0].strip()}=`"
                f" at `{_text(target)}`"
            )
        case (
            (ast.Assign(_, value) | ast.Return(value)),
            (
                ast.Assign(_, ast.UnaryOp(ast.USub(), turned))
                | ast.Return(ast.UnaryOp(ast.USub(), turned))
            ),
        ) if value is turned:
            put = f"`{_text(node.targets[0])}`" if isinstance(node, ast.Assign) else ""
            return f"with the sign of {put or 'what is returned'} turned round"
        case ast.For(_, source), ast.For(_, changed):
            return f"with the loop over `{simply(changed)}`, not over `{_text(source)}`"
        case ast.If(test, _, below), ast.If(ast.Constant(True)):
            return f"without the condition `if {_text(test)}`{' and its `else`' if below else ''}"
        case ast.If(test, _, below), ast.If(ast.Constant(False)):
            if below:
                return f"with the `else` of `if {_text(test)}` in every case"
            return f"without what stands under `if {_text(test)}`"
        case ast.If(test), ast.If(changed):
            return f"with `if {simply(changed)}` for `if {_text(test)}`"
        case ast.comprehension(), _:
            return f"without the condition on `{_text(node.target)}`"
        case ((ast.For() | ast.While() | ast.With()), ast.Pass()):
            block = "block" if isinstance(node, ast.With) else "loop"
            return f"without the {block} `{_text(node).splitlines()[0]}`"
        case _, ast.Pass():
            return f"without the line `{_text(node).splitlines()[0]}`"
    return f"with `{simply(other)}` for `{_text(node)}`"


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def added_to_itself(words: str) -> bool:
    """Whether a change makes a sum of something and itself, which nobody writes: half of it is that
    thing alone.
    """
    new = re.match("with `(.+?)`", words)
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(ast.parse(new.group(1) if new else "")):
            match node:
                case ast.BinOp(left, ast.Add(), right) if ast.dump(left) == ast.dump(right):
                    return True
    return False


def simply(node: ast.AST) -> str:
    """Changed code as a person writes it: `range(n)`, not `range(n - 1 + 1)`; 0, not -0."""
    text = ast.unparse(node)
    if not re.search(LEFT_BEHIND, text):  # nearly always; a copy takes long
        return text
    return ast.unparse(_Simpler().visit(copy.deepcopy(node)))


class _Simpler(ast.NodeTransformer):
    """Takes out what a change of one number leaves behind."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                ast.BinOp(inner, ast.Sub(), ast.Constant(a)), ast.Add(), ast.Constant(b)
            ) | ast.BinOp(
                ast.BinOp(inner, ast.Add(), ast.Constant(a)), ast.Sub(), ast.Constant(b)
            ) if a == b:
                return inner
            case ast.BinOp(inner, ast.Mult() | ast.Pow(), ast.Constant(1)):
                return inner
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Of `min(n, n - 1)` the smaller, of `max` the larger; a piece that was taken backwards,
        and turned round, as it is.
        """
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Name("min" | "max" as name), [one, other], []):
                for same, moved in ((one, other), (other, one)):
                    match moved:
                        case ast.BinOp(
                            left, ast.Add() | ast.Sub() as sign, ast.Constant(int(number))
                        ) if number > 0 and ast.unparse(left) == ast.unparse(same):
                            return moved if (name == "max") == isinstance(sign, ast.Add) else same
            case ast.Call(
                ast.Name("reversed"),
                [ast.Call(ast.Name("list"), [ast.Subscript(value, ast.Slice(None, end, step))])],
            ) if step is not None and ast.unparse(step) == "-1":
                match end:
                    case None:
                        return value
                    case ast.Constant(int(last)):
                        begin = ast.Constant(last + 1)
                        return ast.Subscript(value, ast.Slice(begin), ast.Load())
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(ast.USub(), ast.Constant(int(value))) if value == 0:
                return ast.Constant(0)
        return node


def _operand(node: ast.AST) -> str:
    return f"({_text(node)})" if isinstance(node, ast.BinOp | ast.IfExp) else _text(node)
