"""Cells as IPython reads them, made into Python: magics, shell commands, questions."""

import ast

# Below these, a cell holds something else than Python, or Python of another process.
NOT_PYTHON = frozenset((
    "%%bash", "%%sh", "%%script", "%%sx", "%%system", "%%cmd", "%%!", "%%html", "%%HTML",
    "%%svg", "%%SVG", "%%latex", "%%markdown", "%%javascript", "%%js", "%%perl", "%%ruby",
    "%%R", "%%sql", "%%cython", "%%python", "%%python2", "%%python3", "%%pypy", "%%writefile",
    "%%file", "%%writetemplate",
))  # fmt: skip
# What comes after these line magics is a statement that runs in the notebook.
RUNS_A_STATEMENT = ("time", "prun", "memit", "mprun", "lprun")
OF_IPYTHON = "get_ipython"


class NotPython(Exception):
    """The cell holds something else; the message says what."""


def tree_of(source: str, where: str) -> tuple[ast.Module, str]:
    """The syntax tree of a cell, and the Python that it was made from.

    Args:
        source: of the cell.
        where: what to call it, as a file.

    Raises:
        NotPython: if it holds another language.
        SyntaxError, ValueError, RecursionError, MemoryError: if it can't be read.
    """
    source = _below_cell_magics(source)
    try:
        return ast.parse(source, where), source
    except (SyntaxError, ValueError):
        pass
    try:
        python = _translated(source)
        tree = ast.parse(python, where)
    except Exception:  # the fault lies elsewhere: report the cell as it was written
        return ast.parse(source, where), source
    return _Statements().visit(tree), python


def is_for_ipython(statement: ast.stmt) -> bool:
    """Whether a statement stands for a line that only IPython understands."""
    value = getattr(statement, "value", None)
    while isinstance(value, ast.Call | ast.Attribute):
        value = value.func if isinstance(value, ast.Call) else value.value
    return isinstance(value, ast.Name) and value.id == OF_IPYTHON


def _below_cell_magics(source: str) -> str:
    """The source with cell magics such as %%time made empty; lines keep their numbers."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.lstrip().startswith("%%"):
            break
        magic = line.split()[0]
        if magic in NOT_PYTHON:
            raise NotPython(f"{magic} is not Python")
        lines[number] = ""
    return "\n".join(lines)


def _translated(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


class _Statements(ast.NodeTransformer):
    """Puts the statement of `%time x = f()` in the place of the magic."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """A line magic stands alone, as an expression."""
        if is_for_ipython(node) and isinstance(node.value, ast.Call):
            texts = [a.value for a in node.value.args if isinstance(a, ast.Constant)]
            if len(texts) == 2 and texts[0] in RUNS_A_STATEMENT:
                try:
                    body = ast.parse(texts[1]).body
                except (SyntaxError, ValueError):
                    return node
                for one in body:
                    for part in ast.walk(one):
                        ast.copy_location(part, node)
                return body or node
        return node
