"""The syntax tree of a function or class, whoever wrote it."""

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable


def tree_of(made: Callable, decorated: bool = True) -> ast.Module:
    """The syntax tree of a function or class, a learner's too.

    Args:
        made: a function or class.
        decorated: whether what decorates it stays.

    Raises:
        OSError, TypeError: if it has no source.
    """
    tree = ast.parse(source_of(made))
    if not decorated:
        getattr(tree.body[0], "decorator_list", []).clear()
    return tree


def source_of(made: Callable) -> str:
    """The source of a function or class, a learner's too, without the indentation around it.

    Raises:
        OSError, TypeError: if it has none.
    """
    source = _source_of_class(made) if isinstance(made, type) else ""
    return textwrap.dedent(source or inspect.getsource(inspect.unwrap(made)))


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree itself, which is quicker to write out then: a docstring goes letter by letter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and len(node.body) > 1:
            del node.body[: is_docstring(node.body[0])]
    return tree


def _source_of_class(made: type) -> str:
    """The class around its methods, "" if it has none.

    Python looks for its name in the file of its module: it finds no class of a notebook, and the
    reference for one that is made from it.

    Raises:
        OSError: its methods stand in no file that is there.
    """
    methods = [inspect.unwrap(m) for m in vars(made).values() if inspect.isfunction(m)]
    codes = [m.__code__ for m in methods if hasattr(m, "__code__")]
    for code in codes:
        lines = linecache.getlines(code.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == made.__name__:
                first = min(one.lineno for one in (node, *node.decorator_list))
                if first <= code.co_firstlineno <= node.end_lineno:
                    return "".join(lines[first - 1 : node.end_lineno])
    if codes and not any(linecache.getlines(code.co_filename) for code in codes):
        raise OSError("none of its methods has a source")
    return ""


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a text that stands there alone."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
