"""Every project: its proof, its page in the book, its stored runs; and a proof that can fail."""

import dataclasses
import json
import re

import numpy as np
import pytest

from course_lib import data
from course_lib.authoring.project_cells import (
    marks_table,
    page,
    project_card,
    run,
    training_cell,
)
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.projects import proving
from course_lib.exercises.projects.arrays import BadArrays
from course_lib.exercises.projects.proving import HAND_INS, hand_ins, reference_arrays, verdicts
from course_lib.exercises.proving.prove import prove
from course_lib.exercises.registry import CHAPTERS, get, ids, project_files

ROOT = HAND_INS.parent
PROJECTS = [one for one in ids() if get(one).kind == "project"]


def test_ids_say_which_exercises_are_projects():
    assert [one for one in ids() if one.startswith("predict_")] == PROJECTS
    assert project_files() == {get(one).file for one in PROJECTS}
    assert all(chapter.exercises[-1] in PROJECTS for chapter in CHAPTERS[: len(PROJECTS)])


def test_the_proof_holds():
    """Of one project; `make test` proves them all in a stage of its own."""
    found = list(prove(get("predict_few_labels")))
    assert {(p.kind, p.what): p.failure for p in found if p.failure} == {}
    assert sum(p.kind == "mistake" for p in found) >= 3
    assert [p.what for p in found if p.kind == "reference"] == ["check", "validate"]


@pytest.mark.parametrize("one", PROJECTS)
def test_there_are_wrong_ones_enough_and_each_is_proven(one, monkeypatch):
    monkeypatch.setattr(proving, "as_file", lambda arrays: b"")  # packing takes seconds
    project = get(one)
    assert len(project.wrong) >= 3
    tried = [(kind, name) for kind, name, _, _ in hand_ins(project)]
    assert len(set(tried)) == len(tried)
    assert set(tried) == {
        ("reference", one),
        *(("alternative", make.__name__) for make in project.right),
        *(("mistake", wrong.name) for wrong in (*project.wrong, *project.mistakes)),
    }


@pytest.mark.slow
def test_a_proof_can_fail(monkeypatch):
    own = get("predict_rows")
    easy = dataclasses.replace(own, marks=(0.0, 0.0, 2.0), wrong=own.wrong[:2], right=[])
    found = {(kind, what): failure for kind, what, failure in verdicts(easy, own.reference)}
    assert "are the least" in found["rules", "hand-ins"]
    assert "not the top mark" in found["reference", "check"]
    assert "the verdict is" in found["stub", own.id]
    assert "it reaches a mark" in found["mistake", "never trained"]
    monkeypatch.setattr(proving, "HAND_INS", ROOT / "no such folder")
    found = [failure for _, _, failure in verdicts(own, own.reference)]
    assert "course reproduce project-rows" in found[-1]


def test_images_packed_into_digits_would_reach_a_mark_and_are_lost():
    project = get("predict_few_labels")
    (make,) = [one.make for one in project.wrong if one.name == "images packed bit by bit"]
    weights, predict = make({})
    project.fits(weights)
    batches = project.held_back("check", 0)
    assert dataclasses.replace(project, steps=None).score(predict, weights, batches) > 0.8
    assert project.score(predict, weights, batches) < 0.6


@pytest.mark.parametrize("one", PROJECTS)
def test_where_any_network_will_do_nothing_is_packed_into_digits(one):
    """Where it is given, or learns while it is judged, its arrays are worth what it computes."""
    project = get(one)
    assert (project.steps is None) is bool(project.network or project.run)


@pytest.mark.parametrize("one", PROJECTS)
def test_it_has_a_page_a_card_and_a_place_in_the_book(one):
    project = get(one)
    text = (ROOT / "book" / f"{page(project)}.md").read_text(encoding="utf-8")
    assert f"{{project-marks}} {one}" in text
    assert project.file in text
    assert f"check({one})" in text
    assert f"course reproduce {run(project)}" in text
    assert f"book/{page(project)}\n" in (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert f"{project.most_numbers:,} numbers" in re.sub(r"\s+", " ", text)
    assert project.steps is None or f"rounded to {project.steps} steps" in text
    card = project_card(project)
    assert all(project.read(mark) in card for mark in project.marks)
    assert project.budget in card
    assert f"{project.minutes} minutes" in card


@pytest.mark.parametrize("one", PROJECTS)
def test_where_its_data_come_from_is_said_on_its_page_and_in_its_notebook(one):
    project = get(one)
    name = project.data.__name__
    assert getattr(data, name) is project.data
    page_of_it = (ROOT / "book" / f"{page(project)}.md").read_text(encoding="utf-8")
    [row] = re.findall(r"^\| data \| (.*) \|$", page_of_it, re.MULTILINE)
    assert f"`{name}(" in row
    assert "`course_lib.data`" in row
    assert training_cell(project, solved=False).startswith(f"from course_lib.data import {name}\n")


@pytest.mark.parametrize("one", PROJECTS)
def test_the_reference_was_trained_within_half_of_the_budget(one):
    """Three seeds, each at the top mark on both kinds of data."""
    project = get(one)
    _, files = marks_table(project, ROOT / "benchmarks" / "results")
    results = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    assert [result["seed"] for result in results] == [0, 1, 2]
    for result in results:
        summary = result["summary"]
        assert {summary["check"]["mark"], summary["validate"]["mark"]} == {3}
        budget = BUDGETS[one]
        assert budget(result) <= 0.5, (one, result["seed"])


# The share of the budget that a run took; processor time, on two cores.
BUDGETS = {
    "predict_rows": lambda result: result["summary"]["cpu_seconds"] / (2 * 90),
    "predict_remember": lambda result: result["summary"]["cpu_seconds"] / (2 * 180),
    "predict_few_labels": lambda result: result["config"]["labels"] / 500,
    "predict_depth": lambda result: result["summary"]["cpu_seconds"] / (2 * 300),
    "predict_no_tape": lambda result: result["summary"]["bytes"] / 400_000,
    "predict_pixels": lambda result: result["summary"]["cpu_seconds"] / (2 * 90),
}


@pytest.mark.parametrize("one", PROJECTS)
def test_the_arrays_are_those_of_the_stored_run(one):
    """The score of the arrays that lie there is the one that was written down, to rounding."""
    project = get(one)
    stored = json.loads((ROOT / "benchmarks" / "results" / f"{run(project)}.json").read_text())
    arrays = reference_arrays(project)
    weights = {name: one for name, one in arrays.items() if name not in ("curve", "expected")}
    score = project.score(project.reference, weights, project.held_back("check", 0))
    assert score == pytest.approx(stored["summary"]["check"]["score"], abs=0.002)


@pytest.mark.parametrize("one", PROJECTS)
def test_data_of_the_two_kinds_differ_and_depend_on_the_seed(one):
    project = get(one)
    first, same = project.held_back("check", 3), project.held_back("check", 3)
    np.testing.assert_array_equal(first[0].x, same[0].x)
    for other in (project.held_back("check", 4), project.held_back("validate", 3)):
        assert not np.array_equal(first[0].x, other[0].x)


@pytest.mark.parametrize("one", PROJECTS)
def test_advice_changes_with_the_mark_and_marks_rise(one):
    project = get(one)
    assert isinstance(project, Exercise)
    assert sorted(set(project.marks)) == list(project.marks)
    scores = [project.marks[0] / 2, *project.marks]
    assert [project.mark(score) for score in scores] == [0, 1, 2, 3]
    assert len({project.advice(score) for score in scores}) == 4


@pytest.mark.parametrize("one", [one for one in PROJECTS if get(one).layout])
def test_a_wrong_layout_is_named(one):
    project, arrays = get(one), reference_arrays(get(one))
    weights = {name: arrays[name] for name in project.layout}
    project.fits(weights)
    name = next(iter(project.layout))
    with pytest.raises(BadArrays, match=f"has no {name}"):
        project.fits({k: v for k, v in weights.items() if k != name})
    with pytest.raises(BadArrays, match="not part of the network"):
        project.fits(weights | {"extra": np.ones(1)})
    with pytest.raises(BadArrays, match="are the most"):
        project.fits(weights | {name: np.ones(project.most_numbers + 1)})
    with pytest.raises(BadArrays, match=r"has shape .*; it should be"):
        project.fits(weights | {name: weights[name][None]})
