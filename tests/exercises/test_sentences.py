"""What a stub says: what must be true afterwards, in words that don't stand in the answer."""

import ast
import builtins
import inspect
import keyword
import re
import textwrap

import pytest

from course_lib.authoring.source import regions, source_of, starting_code
from course_lib.exercises.registry import CHAPTERS, chapter_of, get, ids

ARTICLES = {"a"}  # also a name that code likes
OPERATORS = re.compile(r"\*\*|[@*/+=<>\[\]{}^%~|&]|(?<=\s)[-−×·](?=\s)")


def answers(exercise):
    """For each region its words, and what the learner would write there."""
    source, place, first_line = source_of(exercise.reference)
    lines = source.splitlines()
    for region in regions(source, place, first_line):
        yield region.words, textwrap.dedent("\n".join(lines[region.code : region.last]))


def names_in(code):
    """Every identifier of a piece of code: names, attributes, keywords of calls, arguments."""
    tree = ast.parse(f"def region():\n{textwrap.indent(code, ' ')}")
    found = set()
    for node in ast.walk(tree):
        found |= {
            value
            for field, value in ast.iter_fields(node)
            if field in ("id", "attr", "arg", "name", "asname") and isinstance(value, str)
        }
    return found - {"region"}


def read_afterwards(exercise):
    """Names that the stub reads, and that only the learner's lines can have set."""
    tree = ast.parse(starting_code(exercise))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    read = {one.id for one in names if isinstance(one.ctx, ast.Load)}
    there = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    there |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    there |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return read - there - set(vars(builtins)) - set(vars(inspect.getmodule(exercise.reference)))


def given_away(exercise):
    """What every stub shows anyway: arguments, and the names of what is returned."""
    tree = ast.parse(source_of(exercise.reference)[0])
    shown = set(exercise.returns) | read_afterwards(exercise)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            shown.add(node.arg)
        if isinstance(node, ast.Return) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            shown |= {part.id for part in parts if isinstance(part, ast.Name)}
    doc = inspect.getdoc(exercise.reference) or ""
    returned = re.search(r"Returns:\n(.*?)(?:\n\n|\Z)", doc, re.S)
    if returned:
        shown |= set(re.findall(r"^\s+(\w+): ", returned[1], re.M))
    return shown


def dictated(words, code, shown):
    """The words, and the operators, that a sentence shares with its answer."""
    said = set(re.findall(r"[A-Za-z_]\w*", words)) - shown - ARTICLES - set(keyword.kwlist)
    return (said & names_in(code)) | {
        operator for operator in OPERATORS.findall(words) if operator in code
    }


def test_what_dictates_is_seen():
    code = "h_t = np.tanh(x_t @ W_xh + b_h)\nreturn h_t"
    assert dictated("h_t through np.tanh", code, {"h_t"}) == {"np", "tanh"}
    assert dictated("the sum x_t @ W_xh + b_h", code, {"x_t", "W_xh", "b_h"}) == {"@", "+"}
    assert dictated("the state for x_t, and after it", code, {"x_t"}) == set()
    assert dictated("a - b", "c = b - a", {"b"}) == {"-"}
    assert dictated("a well-known state", "c = known - a", set()) == {"known"}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: one.name)
def test_no_sentence_dictates_its_answer(chapter):
    found = {}
    for exercise in map(get, chapter.exercises):
        if exercise.start is not None:
            continue
        shown = given_away(exercise)
        for words, code in answers(exercise):
            if same := dictated(words, code, shown):
                found.setdefault(exercise.id, set()).update(same)
    assert not found


def untold(thing):
    """What the docstring leaves out: arguments, and in a function what is returned."""
    doc = inspect.getdoc(thing) or ""
    given = [
        parameter.name
        for parameter in inspect.signature(thing).parameters.values()
        if parameter.name != "self"
    ]
    missing = [name for name in given if not re.search(rf"\b{name}\b", doc.partition("Args:")[2])]
    return missing + ["Returns"] * (inspect.isfunction(thing) and "Returns:" not in doc)


def test_what_a_docstring_leaves_out_is_seen():
    def scaled(x, factor):
        """The factor comes too late: only x is explained.

        Args:
            x: any shape.
        """

    assert untold(scaled) == ["factor", "Returns"]


@pytest.mark.parametrize("name", ids())
def test_what_learners_start_from_says_what_comes_in_and_what_goes_out(name):
    exercise = get(name)
    start = exercise.start or exercise.reference  # in a bug hunt the wrong code
    assert not untold(start)
    if exercise.start:  # nor does it say what is wrong with it
        summary, right = (
            inspect.getdoc(one).splitlines()[0] for one in (start, exercise.reference)
        )
        assert summary == right


def told_elsewhere(doc, above):
    """What a docstring refers to that is neither above it in the notebook nor in a library."""
    named = re.findall(r"\bas in `([\w.]+)`", doc)
    return [name for name in named if "." not in name and name not in above]


def test_a_shape_that_stands_elsewhere_is_seen():
    assert told_elsewhere("h_0: as in `rnn_forward`.", {"rnn_step"}) == ["rnn_forward"]
    assert told_elsewhere("h_0: as in `rnn_forward`.", {"rnn_forward"}) == []
    assert told_elsewhere("zero, as in `keras.layers.SimpleRNN`.", set()) == []


@pytest.mark.parametrize("name", ids())
def test_what_a_docstring_refers_to_stands_above_it_in_the_notebook(name):
    reference, exercises = get(name).reference, chapter_of(name).exercises
    above = {*exercises[: exercises.index(name)], *inspect.signature(reference).parameters}
    assert not told_elsewhere(inspect.getdoc(reference), above)


@pytest.mark.parametrize("name", ids())
def test_a_name_that_the_rest_of_a_stub_reads_has_been_told(name):
    exercise = get(name)
    told = " ".join(
        [inspect.getdoc(exercise.reference), *(words for words, _ in answers(exercise))]
    )
    assert read_afterwards(exercise) <= set(re.findall(r"\w+", told))
