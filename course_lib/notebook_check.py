"""Take the definitions out of a learner's notebook and check them, without running the rest."""

import ast
import contextlib
import json
import linecache
import re
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.exercises import check
from course_lib.exercises.registry import CHAPTERS, chapter_of, ids
from course_lib.exercises.report import Report

MODULE = "learner_notebook"  # what the learner's functions and classes give as their module

# %%time and the like: below that line stands Python. After any other %%, something else does.
PYTHON_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
FOR_IPYTHON = re.compile(r"\s*([%!?]|[\w, ]+=\s*[%!]|.*\?\s*$)")


class NotebookError(Exception):
    """The file can't be read as a notebook, or holds no exercise; the message says why."""


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


def check_notebook(path: Path, wanted: list[str]) -> tuple[Notebook, dict[str, Report | None]]:
    """Check the exercises in a notebook; progress goes to the copy that the notebook lies in.

    Args:
        path: the notebook.
        wanted: ids; empty for all that belong to the notebook.

    Returns:
        What was taken from the notebook, and a report for each id, None where the notebook defines
        no such function.

    Raises:
        NotebookError: if the file is no notebook, or none of the exercises belongs to it.
        UnknownExercise: if an id is wrong.
    """
    for one in wanted:
        chapter_of(one)
    cells = read_code_cells(path)
    with contextlib.chdir(path.resolve().parent), _importable(path.resolve().parent):
        notebook = take_definitions(path.name, cells)
        reports: dict[str, Report | None] = {}
        for one in wanted or belonging(notebook):
            written = notebook.values.get(one) if one in notebook.defined else None
            reports[one] = None if written is None else check(written, one)
    return notebook, reports


def read_code_cells(path: Path) -> list[tuple[int, str]]:
    """The code cells: position in the notebook, from 1 and counting cells of text, and source.

    Raises:
        NotebookError: if the file can't be read as a notebook.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(content["cells"], start=1)
            if cell["cell_type"] == "code"
        ]
    except FileNotFoundError:
        raise NotebookError(f"There is no file {path}.{_nearest_notebook(path)}") from None
    except IsADirectoryError:
        raise NotebookError(f"{path} is a folder.{_nearest_notebook(path / 'x')}") from None
    except OSError as error:
        raise NotebookError(f"{path} can't be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        raise NotebookError(
            f"{path} is not a notebook of nbformat 4 that can be read. If it broke while it was "
            "saved, Jupyter's .ipynb_checkpoints folder beside it may hold an earlier version."
        ) from None


def belonging(notebook: Notebook) -> list[str]:
    """Ids that a notebook should answer: its chapter's, or else those that it defines.

    Raises:
        NotebookError: if there are none.
    """
    for chapter in CHAPTERS:
        if notebook.name.startswith(chapter.notebook):
            return list(chapter.exercises)
    found = [one for one in ids() if one in notebook.defined]
    if not found:
        raise NotebookError(f"{notebook.name} defines no exercise. There are: {', '.join(ids())}.")
    return found


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
        except (SyntaxError, ValueError) as error:
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
                notebook.remarks.append(
                    f"Cell {number}, line {statement.lineno} was left out: {reason}."
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


def _syntax(error: SyntaxError | ValueError) -> str:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"it is not Python ({error})"
    line = f": `{error.text.strip()}`" if error.text and error.text.strip() else ""
    return f"line {error.lineno} has a syntax error ({error.msg}){line}"


def _nearest_notebook(path: Path) -> str:
    """A notebook beside the missing one that may have been meant."""
    import difflib

    there = [p.name for p in path.parent.glob("*.ipynb")]
    near = difflib.get_close_matches(path.name, there, n=1, cutoff=0.5) or sorted(there)[:1]
    return f" Did you mean {path.parent / near[0]}?" if near else ""


@contextlib.contextmanager
def _importable(folder: Path):
    """Modules beside the notebook can be imported, as in Jupyter."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
