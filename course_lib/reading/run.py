"""Read a notebook, and run of it what the asked-for functions need."""

import __future__

import ast
import contextlib
import inspect
import linecache
import re
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from .loop import Loop, awaits
from .magics import OF_IPYTHON, NotPython, is_for_ipython, tree_of
from .needed import Program, Statement

MODULE = "learner_notebook"  # what the learner's functions and classes give as their module
# What a cell defines that is no Python, as far as a look at its text can tell.
DEFINED = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.M)
EACH, ALL = 10.0, 30.0  # seconds for one statement, and for all of them


@dataclass
class Failure:
    """Why a statement that was needed has not run.

    Args:
        sentence: for a person.
        error: what it raised; None if it took too long.
    """

    sentence: str
    error: BaseException | None


@dataclass
class Notebook:
    """What was read of a notebook.

    Args:
        name: file name.
        values: what the statements that have run have made, by name.
        remarks: one sentence for each thing that was left out although it was needed.
        failures: for each name that a failed statement would have made, why it has failed.
        names: every name that the notebook binds somewhere.
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def answer(self, name: str) -> Any:
        """What the notebook has under a name, or None: what it imports of the course is no answer.

        Whatever can be called is an answer: a function, a partial one, an object.
        """
        value = self.values.get(name)
        return value if callable(value) and not _is_of_the_course(value) else None


class _IPython:
    """Stands for IPython's shell: whatever is asked of it does nothing."""

    def __getattr__(self, name: str) -> Callable:
        return lambda *arguments, **named: None


def read(name: str, cells: Iterable[tuple[int, str]]) -> tuple[Program, Notebook]:
    """The statements of a notebook; none of them runs.

    Args:
        name: the notebook's name.
        cells: positions and sources.

    Returns:
        The `Program`, and a `Notebook` with remarks on the cells that are no Python.
    """
    program, notebook = Program(), Notebook(name)
    for number, source in cells:
        where = f"<{name}, cell {number}>"
        try:
            tree, python = tree_of(source, where)
            for statement in tree.body:
                program.add(number, where, statement)
        except NotPython as other:
            notebook.remarks.append(f"Cell {number} was left out: {other}.")
            continue
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if not isinstance(error, ValueError | SyntaxError):  # a limit of the parser's own
                error = SyntaxError("nested too deeply")
            failure = Failure(f"Cell {number} was left out: {_syntax(error)}.", error)
            notebook.remarks.append(failure.sentence)
            notebook.failures |= dict.fromkeys(DEFINED.findall(source), failure)
            continue
        # So that a report can quote the line that failed.
        linecache.cache[where] = (len(python), None, python.splitlines(keepends=True), where)
    program.prepare()
    notebook.names = program.bound
    return program, notebook


def run(
    program: Program,
    notebook: Notebook,
    roots: Iterable[str],
    starts: Mapping[str, str],
    limit: Callable[[float], AbstractContextManager] = contextlib.nullcontext,
    each: float = EACH,
    all_of_them: float = ALL,
) -> None:
    """Run what names need, in the order of the notebook; what fails is left out, and said.

    Args:
        program, notebook: of `read`; the notebook takes the values.
        roots, starts: see `Program.needed`.
        limit: from seconds to a context that ends what runs longer, with an exception.
        each, all_of_them: seconds that a statement, and all together, may take. Those of all are
            the processor's, so that a busy machine leaves nothing out.
    """
    module = types.ModuleType(MODULE)  # dataclasses and Keras look a class's module up
    sys.modules[MODULE] = module
    notebook.values = vars(module)
    notebook.values[OF_IPYTHON] = _IPython
    notebook.values["display"] = print
    ends = time.process_time() + all_of_them
    flags = 0
    needed = program.needed(roots, starts)
    with _loop_for(needed, limit) as loop:
        for statement in needed:
            if statement.is_future:
                for one in statement.tree.names:
                    flags |= getattr(__future__, one.name, __future__.division).compiler_flag
                continue
            seconds = min(each, ends - time.process_time())
            failure = _run(statement, flags, notebook.values, limit, seconds, loop)
            if failure is not None:
                notebook.remarks.append(failure.sentence)
                notebook.failures |= dict.fromkeys(statement.binds, failure)


@contextlib.contextmanager
def _loop_for(statements: list[Statement], limit) -> Iterator[Loop | None]:
    """The loop of a notebook that awaits something at its top; else none.

    So a notebook without a top-level await may call asyncio.run, as a script does.
    """
    if not any(awaits(statement.tree) for statement in statements):
        yield None
        return
    loop = Loop()
    try:
        yield loop
    finally:
        loop.close(limit)


def _run(statement, flags, values, limit, seconds, loop) -> Failure | None:
    where = f"Cell {statement.cell}, line {statement.tree.lineno} was left out"
    if is_for_ipython(statement.tree):
        return Failure(f"{where}: it is for IPython, not Python.", NotPython("IPython"))
    if seconds <= 0:
        return Failure(f"{where}: the notebook had used up its seconds before.", None)
    began = time.monotonic()
    try:
        tree = statement.tree
        if "__name__" in statement.names.uses:
            tree = _AsMain().visit(tree)
        module = ast.Module([tree], [])
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as in Jupyter
        code = compile(module, statement.where, "exec", flags, dont_inherit=True)
        with limit(seconds), loop.there() if loop else contextlib.nullcontext():
            waits = eval(code, values)
            if code.co_flags & inspect.CO_COROUTINE:
                loop.wait_for(waits)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and time.monotonic() - began >= 0.9 * seconds:
            return Failure(f"{where}: it was still running after {seconds:.0f} seconds.", None)
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")[:300]
        end = "" if reason.endswith(("?", "!")) else "."
        return Failure(f"{where}: {reason}{end}", error)
    return None


class _AsMain(ast.NodeTransformer):
    """In Jupyter, a notebook is `__main__`; the module that holds its functions here is not."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The name of the module, where it is looked up."""
        if node.id == "__name__" and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Constant("__main__"), node)
        return node


def _is_of_the_course(value: Any) -> bool:
    """Whether it is the course's own, below partial and decorators."""
    for _ in range(20):
        inner = getattr(value, "func", None) or getattr(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == "course_lib"


def _syntax(error: Exception) -> str:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"it is not Python ({error})"
    line = f": `{error.text.strip()}`" if error.text and error.text.strip() else ""
    return f"line {error.lineno} has a syntax error ({error.msg}){line}"
