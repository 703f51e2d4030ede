"""Stars and minutes of the cards, held against what the learner has to write."""

import ast
import textwrap

import pytest

from course_lib.authoring.notebooks import ALSO_LOOKED_AT, card
from course_lib.authoring.source import regions, source_of
from course_lib.exercises.ladder.graph_rungs import ON_A_GPU
from course_lib.exercises.registry import get, ids

A_FEW = 7  # statements
AT_RANDOM = {"GradualDropout"}  # what it does is its twin's, but no two runs have the same numbers
MINUTES_EACH = 2  # at least, to find out what a statement has to be
BUILDS = [one for one in ids() if get(one).kind in ("build", "speed up")]
SPEED_UPS = [one for one in ids() if get(one).kind == "speed up"]


def to_write(exercise):
    """The nodes of all that stands between the markers, and how many of them are statements."""
    source, place, first_line = source_of(exercise.reference)
    lines = source.splitlines()
    nodes = []
    for region in regions(source, place, first_line):
        code = textwrap.dedent("\n".join(lines[region.code : region.last]))
        tree = ast.parse(f"def region():\n{textwrap.indent(code, ' ')}")  # it may hold a return
        nodes += [node for statement in tree.body[0].body for node in ast.walk(statement)]
    return nodes, sum(isinstance(node, ast.stmt) for node in nodes)


@pytest.mark.parametrize("one", BUILDS)
def test_one_star_is_a_few_lines_without_a_loop_over_time(one):
    exercise = get(one)
    nodes, statements = to_write(exercise)
    assert statements > 0
    if exercise.difficulty == 1:
        assert statements <= A_FEW
        assert not [node for node in nodes if isinstance(node, ast.For | ast.While)]


@pytest.mark.parametrize("one", BUILDS)
def test_there_are_two_minutes_for_each_statement(one):
    _, statements = to_write(get(one))
    assert get(one).minutes >= MINUTES_EACH * statements


@pytest.mark.parametrize("one", SPEED_UPS)
def test_a_speed_up_asks_for_no_less_than_its_twin(one):
    exercise = get(one)
    assert exercise.difficulty >= 2
    if exercise.twin:
        twin = get(exercise.twin)
        assert exercise.difficulty >= twin.difficulty
        assert exercise.minutes >= twin.minutes


@pytest.mark.parametrize("one", SPEED_UPS)
def test_the_card_of_a_speed_up_says_what_its_ladder_looks_at(one):
    """That it builds on the twin, what becomes of it as a graph, and that it runs on a GPU."""
    exercise = get(one)
    rungs = [rung.name for rung in exercise.ladder]
    compared = any(name.startswith(f"equal to {exercise.twin}, ") for name in rungs)
    assert compared or exercise.no_twin or one in AT_RANDOM
    assert bool(exercise.twin) != bool(exercise.no_twin)
    builds = f"Now in TensorFlow: it builds on your `{exercise.twin}` in NumPy."
    assert f"**Speed up.** {exercise.no_twin or builds}" in card(exercise)
    for rung, words in ALSO_LOOKED_AT.items():
        assert (rung in rungs) == (words in card(exercise))
    assert (ON_A_GPU in rungs) or "runs on the CPU" in card(exercise)
    if not exercise.twin:
        assert "It runs on a GPU" not in card(exercise)


def test_each_number_of_stars_is_given():
    assert {get(one).difficulty for one in BUILDS} == {1, 2, 3}


def test_each_look_at_a_graph_that_a_card_tells_of_is_a_rung():
    names = {rung.name for one in SPEED_UPS for rung in get(one).ladder}
    assert set(ALSO_LOOKED_AT) <= names
