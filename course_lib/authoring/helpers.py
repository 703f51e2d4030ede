"""What a notebook imports from the course, shown: signature, one line, and what comes back."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from course_lib.exercises.calling.guard import full_stop

EXPLAINED_ELSEWHERE = ("course_lib.exercises", "course_lib.quiet")
HEADING = "Imported here from the course, for you to use:"
SHORT = 8  # characters of a default that is shown as it is


def imported(source: str) -> dict[str, Any]:
    """What a cell imports by name from the course, in order: name to function, class or module."""
    found = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a line for IPython
        return {}
    for statement in statements:
        if not isinstance(statement, ast.ImportFrom) or statement.module in EXPLAINED_ELSEWHERE:
            continue
        if statement.module.split(".")[0] == "course_lib":
            for alias in statement.names:
                found[alias.asname or alias.name] = _find(statement.module, alias.name)
    return found


def _find(module: str, name: str) -> Any:
    parent = importlib.import_module(module)
    return getattr(parent, name, None) or importlib.import_module(f"{module}.{name}")


def helpers(source: str) -> str:
    """The helpers that a cell imports, as a list in Markdown; empty if there are none."""
    lines = [f"- {line_for(name, thing)}" for name, thing in imported(source).items()]
    return "\n".join([HEADING, "", *lines]) if lines else ""


def line_for(name: str, thing: Any) -> str:
    """One helper: how it is called, what it does, what it returns.

    Raises:
        ValueError: if it has no docstring.
    """
    documentation = inspect.getdoc(thing)
    if not documentation:
        raise ValueError(f"{name} is imported by a notebook and has no docstring.")
    first = full_stop(" ".join(documentation.split("\n\n")[0].split()))
    if not callable(thing):
        return f"`{name}`: {first}"
    returns = returned(documentation)
    return f"`{name}{_signature(thing)}`: {first}{f' Returns {returns}' if returns else ''}"


class _Shown:
    """A default as it is shown: a function or a type by its name, a number with few digits."""

    def __init__(self, default: Any):
        self.text = getattr(default, "__name__", None) or repr(default)
        # As 2 pi, of which 16 digits say no more than four; a large number would lose some.
        if isinstance(default, float) and len(self.text) > SHORT and abs(default) < 1e4:
            self.text = f"{default:.4g}"

    def __repr__(self) -> str:
        return self.text


def _signature(thing: Callable) -> str:
    """Names and defaults; the types stand in the docstring."""
    empty = inspect.Parameter.empty
    parameters = [
        p.replace(annotation=empty, default=empty if p.default is empty else _Shown(p.default))
        for p in inspect.signature(thing).parameters.values()
    ]
    return str(inspect.Signature(parameters))


def returned(documentation: str) -> str:
    """The section "Returns" of a docstring, in one sentence; empty if there is none."""
    section = re.search(r"^Returns:\n((?:[ \t]+.*(?:\n|$)|\n)+)", documentation, re.MULTILINE)
    if not section:
        return ""
    # What is indented goes on with the line above it; the rest are results in their order.
    text = re.sub(r"\n[ \t]+", " ", textwrap.dedent(section[1]).strip())
    wrapped = re.sub(r"\n(?!\w+: )", " ", text)
    results = "; ".join(line.rstrip(".") for line in wrapped.splitlines())
    return full_stop(
        re.sub(r"^(The|An?|How|What|Whether)\b", lambda word: word[1].lower(), results)
    )
