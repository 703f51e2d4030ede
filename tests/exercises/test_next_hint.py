"""Help begins where the last check has found something, and ends with the recipe."""

import numpy as np
import pytest

import course_lib.exercises as notebook
from course_lib.exercises import check, hint
from course_lib.exercises.exercise import Hint
from course_lib.exercises.next_hint import next_hint
from course_lib.exercises.registry import get, ids

HINTS = (
    Hint("A question?", "…"),
    Hint("A picture.", "…", fits=("wrong axis",)),
    Hint("The idea.", "…", fits=("one step late", "a case by hand")),
    Hint("The recipe.", "…"),
)


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ((), [1, 2, 3, 4, 4]),
        (("wrong axis", "a case by hand"), [2, 3, 1, 4, 4]),
        (("with `a` for `b`", "a case by hand"), [3, 1, 2, 4, 4]),
        (("another mistake", "another rung"), [1, 2, 3, 4, 4]),
    ],
    ids=["nothing checked", "a mistake", "a rung", "what no hint fits"],
)
def test_from_the_fitting_one_upwards_and_the_recipe_last(found, order):
    seen = []
    for _ in order:
        seen.append(next_hint(HINTS, found, seen))
    assert seen == order


def test_a_last_hint_that_is_no_recipe_may_come_first():
    hints = (*HINTS[:2], Hint("My numbers are too small.", "…", fits=("a sum left out",)))
    seen = []
    for _ in hints:
        seen.append(next_hint(hints, ("a sum left out",), seen))
    assert seen == [3, 1, 2]


def test_one_hint_alone_comes_again():
    assert next_hint(HINTS[:1], (), ()) == next_hint(HINTS[:1], ("wrong axis",), {1}) == 1


def test_another_mistake_leads_to_another_hint():
    assert next_hint(HINTS, ("one step late",), {2}) == 3
    assert next_hint(HINTS, ("wrong axis",), {2}) == 3


@pytest.mark.parametrize("name", ids())
def test_a_hint_fits_what_a_check_can_find(name):
    """By names that are there, each at one hint only; the recipe fits nothing."""
    exercise = get(name)
    findings = {one.name for one in exercise.mistakes}
    findings |= {rung.name for rung in getattr(exercise, "ladder", ())}
    fits = [one for hint in exercise.hints for one in hint.fits]
    assert set(fits) <= findings
    assert len(set(fits)) == len(fits)
    recipes = [hint for hint in exercise.hints if "recipe" in hint.symptom]
    assert not any(hint.fits for hint in recipes)


def test_it_begins_where_the_last_check_fell(monkeypatch):
    monkeypatch.setattr(notebook, "_found", {})
    monkeypatch.setattr(notebook, "_hints_seen", {})

    def trace_step(E_prev, v_t, d_t, gamma):
        return (E_prev + v_t[:, :, None] * d_t[:, None, :]) * np.exp(-gamma)

    assert hint("trace_step").title.startswith("Hint 1 of 4")
    check(trace_step)
    assert hint("trace_step").title == "Hint 3 of 4: My trace is too small by a constant factor."
    assert hint("trace_step").title.startswith("Hint 2 of 4")  # then what was not seen yet
    assert hint("trace_step").title.startswith("Hint 4 of 4")
    check(get("trace_step").reference)
    assert notebook._found["trace_step"] == ()


def test_a_new_finding_shows_its_hint_though_all_have_been_seen(monkeypatch):
    monkeypatch.setattr(notebook, "_found", {})
    monkeypatch.setattr(notebook, "_hints_seen", {})

    def trace_step(E_prev, v_t, d_t, gamma):
        return (E_prev + v_t[:, :, None] * d_t[:, None, :]) * np.exp(-gamma)

    for _ in range(4):
        hint("trace_step")
    check(trace_step)
    fits = "Hint 3 of 4: My trace is too small by a constant factor."
    assert hint("trace_step").title == fits
    check(trace_step)  # the same again: nothing new to say but the recipe
    assert hint("trace_step").title.startswith("Hint 4 of 4")


@pytest.mark.parametrize("name", [one for one in ids() if get(one).kind in ("build", "speed up")])
def test_what_is_written_from_nothing_has_a_recipe_at_the_end(name):
    assert "recipe" in get(name).hints[-1].symptom


@pytest.mark.parametrize("name", [one for one in ids() if get(one).kind in ("hunt", "project")])
def test_where_finding_it_is_the_task_no_hint_is_a_recipe(name):
    assert not any("recipe" in hint.symptom for hint in get(name).hints)
