"""A notebook shows how to call what it imports, and nothing that an exercise calls is left out."""

import builtins
import dis
import inspect
import json
import math
import re
import types

import pytest

from course_lib.authoring.helpers import HEADING, helpers, line_for, returned
from course_lib.authoring.notebooks import ROOT
from course_lib.exercises.registry import CHAPTERS, get, ids


def test_signature_first_line_and_results():
    def mend(h, scale=2.0, turn=2 * math.pi, loss=len, *, dtype=float):
        """Mend a state,
        whatever it is

        Args:
            h: the state.

        Returns:
            h: the state, shape
                (batch, n).
            count: how many.

        Raises:
            ValueError: never.
        """

    assert line_for("mend", mend) == (
        "`mend(h, scale=2.0, turn=6.283, loss=len, *, dtype=float)`: Mend a state, whatever it is. "
        "Returns h: the state, shape (batch, n); count: how many."
    )


def test_what_returns_nothing_says_nothing():
    assert returned("Seed it.\n\nArgs:\n    seed: a number.") == ""
    assert returned("Ask.\n\nReturns:\n    The answer.") == "the answer."


def test_a_helper_without_a_docstring_is_named():
    with pytest.raises(ValueError, match="f is imported by a notebook and has no docstring"):
        line_for("f", lambda: None)


def test_only_what_comes_from_the_course_is_listed():
    cell = (
        "import numpy as np\nfrom course_lib.exercises import check\nimport course_lib.quiet\n"
        "from course_lib.scratch.rnn import rnn_step as step\nfrom pathlib import Path\n"
    )
    heading, _, *lines = helpers(cell).splitlines()
    assert heading == HEADING
    assert [line.split("(")[0] for line in lines] == ["- `step"]
    assert helpers("%matplotlib inline\n") == helpers("x = 1") == ""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_what_is_returned_goes_on_in_the_sentence(chapter):
    notebook = (ROOT / "exercises" / f"{chapter.notebook}.ipynb").read_text(encoding="utf-8")
    assert re.findall(r"Returns [A-Z][a-z]+ .{30}", notebook) == []


def called(function):
    """Names that a function looks up outside itself."""
    codes, names = [function.__code__], set()
    while codes:
        code = codes.pop()
        names |= {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return names - set(dir(builtins))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_whatever_an_exercise_calls_is_shown_before_it_or_written_in_it(chapter):
    path = ROOT / "exercises" / f"{chapter.notebook}.ipynb"
    shown = ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        mark = cell["metadata"].get("course", {})
        if mark.get("role") == "code":
            exercise = get(mark["exercise"])
            function = exercise.start or exercise.reference
            if inspect.isfunction(function):
                for name in called(function) - set(ids()):
                    if isinstance(function.__globals__[name], types.ModuleType):
                        continue  # np, keras, math: others document them
                    assert f"`{name}(" in shown or f"def {name}" in source, (exercise.id, name)
        shown += source


@pytest.mark.parametrize("path", sorted((ROOT / "exercises").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_helper_sends_the_learner_to_a_name_that_the_notebook_does_not_import(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    told = ["".join(cell["source"]) for cell in cells]
    lists = "\n".join(text for text in told if text.startswith(HEADING))
    assert re.findall(r"see `[^`]+`|Call it first", lists) == []
