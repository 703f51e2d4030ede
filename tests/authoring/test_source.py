"""Stubs and solutions are cut from one source; a wrong marker is an error with file and line."""

import ast
import dataclasses
import textwrap
from pathlib import Path

import numpy as np
import pytest

import course_lib
from course_lib.authoring.source import (
    BEGIN,
    MarkerError,
    reference_code,
    starting_code,
    stub,
    whole,
)
from course_lib.exercises.registry import get, ids

PACKAGE = Path(course_lib.__file__).parent
CASES = {
    "decorator": """
        @functools.cache
        def f(x):
            # IMPLEMENT-ME: double it
            y = 2 * x
            # END IMPLEMENT-ME
            return y
    """,
    "method": """
        class A:
            def f(self):
                # IMPLEMENT-ME: the answer
                return 42
                # END IMPLEMENT-ME

            def g(self):
                return 1
    """,
    "nested function": """
        def f():
            def g(x):
                # IMPLEMENT-ME: one more
                return x + 1
                # END IMPLEMENT-ME
            return g
    """,
    "several regions": """
        def f(x):
            # IMPLEMENT-ME: the first
            a = x
            # END IMPLEMENT-ME
            b = a
            # IMPLEMENT-ME: the second
            c = b
            # END IMPLEMENT-ME
            return c
    """,
    "unicode": """
        def f(x):
            # IMPLEMENT-ME: ∂h/∂x — “grün”, \\ and "quotes"
            grün = x
            # END IMPLEMENT-ME
            return grün
    """,
    "words over lines, comments in the code": """
        def f(x):
            # IMPLEMENT-ME: words
            # that go on for a good while and longer still than any line of a notebook can be shown
            y = x

            # a comment of the code
            y += 1
            # END IMPLEMENT-ME
            return y
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_both_halves_are_valid_python_and_the_scaffold_stays(name):
    source = textwrap.dedent(CASES[name]).lstrip()
    solution, exercise = whole(source), stub(source)
    ast.parse(solution)
    ast.parse(exercise)
    assert "IMPLEMENT-ME" not in solution
    assert exercise.count("raise NotImplementedError") == source.count("# IMPLEMENT-ME:")
    assert "END IMPLEMENT-ME" not in exercise
    assert max(map(len, exercise.splitlines())) <= 100
    for line in source.splitlines():
        if line.startswith(("@", "def", "class")) or line.strip().startswith("def"):
            assert line in solution
            assert line in exercise


def test_what_is_marked_belongs_to_an_exercise():
    """One that was dropped leaves no markers, whose words nobody reads again."""
    strays = []
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        lines = enumerate(text.splitlines(), start=1)
        marked = [n for n, line in lines if line.strip().startswith(BEGIN)]
        definitions = [node for node in ast.parse(text).body if hasattr(node, "name")]
        for node in definitions:
            own = [n for n in marked if node.lineno <= n <= node.end_lineno]
            if own and node.name not in ids():
                strays.append(f"{file.relative_to(PACKAGE)}, line {own[0]}: {node.name}")
    assert not strays


def test_the_raise_says_the_words_and_nothing_of_the_code():
    source = textwrap.dedent(CASES["words over lines, comments in the code"])
    namespace = {}
    exec(stub(source), namespace)
    with pytest.raises(NotImplementedError, match=r"words that go on .* can be shown$"):
        namespace["f"](1)
    assert "y += 1" not in stub(source)
    assert "# a comment of the code" in whole(source)
    assert "words" not in whole(source)
    namespace = {}
    exec(whole(source), namespace)
    assert namespace["f"](1) == 2


def test_unicode_and_quotes_survive():
    namespace = {}
    exec(stub(textwrap.dedent(CASES["unicode"])), namespace)
    with pytest.raises(NotImplementedError) as error:
        namespace["f"](1)
    assert str(error.value) == 'IMPLEMENT-ME: ∂h/∂x — “grün”, \\ and "quotes"'


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["# IMPLEMENT-ME: a", "x = 1"], 10, "never closed"),
        (["x = 1", "# END IMPLEMENT-ME"], 11, "closes nothing"),
        (["# IMPLEMENT-ME: a", "x = 1", "# IMPLEMENT-ME: b"], 12, "inside another"),
        (["# IMPLEMENT-ME:", "x = 1", "# END IMPLEMENT-ME"], 10, "says nothing"),
        (["# IMPLEMENT-ME: a", "# END IMPLEMENT-ME"], 10, "holds no code"),
        (["# IMPLEMENT-ME a", "x = 1", "# END IMPLEMENT-ME"], 10, "misspelt"),
        (["# IMPLEMENT-ME: a", "x = 1", "# END IMPLEMENT-ME."], 12, "misspelt"),
    ],
)
def test_wrong_markers_name_file_and_line(lines, line, message):
    with pytest.raises(MarkerError, match=f"rnn.py, line {line}: .*{message}"):
        whole("\n".join(lines), place="rnn.py", first_line=10)


def test_a_source_without_a_region_has_no_stub():
    with pytest.raises(MarkerError, match="nothing here is marked"):
        stub("x = 1")


@pytest.mark.parametrize("name", ids())
def test_every_exercise_has_a_stub_that_gives_nothing_away(name):
    exercise = get(name)
    given = starting_code(exercise).splitlines()
    hidden = reference_code(exercise.reference).splitlines()
    ast.parse("\n".join(given))
    own = {line.strip() for line in hidden} - {line.strip() for line in given}
    assert own, "the stub shows the whole solution"
    assert '"""' in "\n".join(given), "the stub's docstring gives the shapes"


def test_a_bug_hunt_starts_from_its_wrong_code_under_the_name_of_the_exercise():
    exercise = dataclasses.replace(get("rnn_step"), mistakes=[])

    @exercise.hunt("It remembers nothing.")
    def as_it_was(x_t, h_prev, W_xh, W_hh, b_h):
        """Shapes as in as_it_was."""
        return np.tanh(x_t @ W_xh + b_h)

    assert starting_code(exercise).splitlines() == [
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):",
        '    """Shapes as in as_it_was."""',
        "    return np.tanh(x_t @ W_xh + b_h)",
    ]
    assert [m.sentence for m in exercise.mistakes] == ["It remembers nothing."]
    with pytest.raises(ValueError, match="one function, not two"):
        exercise.hunt("Again.")(as_it_was)
