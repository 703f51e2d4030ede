"""Take the definitions out of a learner's code cells, without running the rest.

This file also runs where an instructor's sandbox runs a student's code: it imports nothing of the
course.
"""

import ast
import linecache
import re
import sys
import types
from dataclasses import dataclass, field
from typing import Any

MODULE = "learner_notebook"  # what the learner's functions and classes give as their module

# %%time and the like: below that line stands Python. After any other %%, something else does.
PYTHON_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
FOR_IPYTHON = re.compile(r"\s*([%!?]|[\w, ]+=\s*[%!]|.*\?\s*$)")


@dataclass
class Notebook:
    """What was taken from a notebook.

    Args:
        name: file name.
        defined: names of the functions and classes that its code cells define.
        values: everything that was taken, by name.
        remarks: one sentence for each thing that was left out.
    """

    name: str
    defined: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def take_definitions(name: str, cells: list[tuple[int, str]]) -> Notebook:
    """Run the imports, definitions and plain values of the cells, in order, and nothing else.

    Args:
        name: the notebook's name.
        cells: positions and sources.
    """
    notebook = Notebook(name)
    module = types.ModuleType(MODULE)  # dataclasses and Keras look a class's module up
    sys.modules[MODULE] = module
    notebook.values = vars(module)
    for number, source in cells:
        where = f"<{name}, cell {number}>"
        source = _without_ipython(source, f"Cell {number}", notebook)
        try:
            tree = ast.parse(source, where)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notebook.remarks.append(f"Cell {number} was left out: {_syntax(error)}.")
            continue
        # So that a report can quote the line that failed.
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        for statement in filter(_is_taken, tree.body):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                notebook.defined.add(statement.name)
            try:
                exec(compile(ast.Module([statement], []), where, "exec"), notebook.values)
            except (Exception, SystemExit) as error:
                reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
                end = "" if reason.endswith(("?", "!")) else "."
                notebook.remarks.append(
                    f"Cell {number}, line {statement.lineno} was left out: {reason}{end}"
                )
    return notebook


def _is_taken(statement: ast.stmt) -> bool:
    """Whether a statement defines something without computing anything."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return statement.value is not None and _is_plain(statement.value)
    definitions = (
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    )
    return isinstance(statement, definitions)


def _is_plain(value: ast.expr) -> bool:
    """A literal, a lambda, or another name for something: dtype = np.float64."""
    if isinstance(value, ast.Attribute):
        return _is_plain(value.value)
    if isinstance(value, ast.Lambda | ast.Name):
        return True
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _without_ipython(source: str, cell: str, notebook: Notebook) -> str:
    """The source with the lines that only IPython understands made empty; says so.

    Lines keep their numbers. Where Python can read the cell, it has no such lines.
    """
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        if not first.startswith(PYTHON_CELL_MAGICS):
            notebook.remarks.append(f"{cell} was left out: {first.split()[0]} is not Python.")
            return ""
        source = source[: len(source) - len(source.lstrip())] + "\n" + rest
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError):
        pass
    lines = source.split("\n")
    found = [i for i, line in enumerate(lines) if FOR_IPYTHON.match(line)]
    for i in found:
        indent = lines[i][: len(lines[i]) - len(lines[i].lstrip())]
        lines[i] = f"{indent}pass"
    cleaned = "\n".join(lines)
    try:
        ast.parse(cleaned)
    except (SyntaxError, ValueError):
        return source  # the fault lies elsewhere: report the cell as it was written
    numbers = ", ".join(str(i + 1) for i in found)
    notebook.remarks.append(f"{cell}, line {numbers} was left out: it is for IPython, not Python.")
    return cleaned


def _syntax(error: Exception) -> str:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"it is not Python ({error})"
    line = f": `{error.text.strip()}`" if error.text and error.text.strip() else ""
    return f"line {error.lineno} has a syntax error ({error.msg}){line}"
