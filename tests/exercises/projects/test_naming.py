"""What a project's function does in place of the network is told, if it is known."""

import numpy as np
import pytest

from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.naming import recognised
from course_lib.exercises.projects.proving import as_file, reference_arrays
from course_lib.exercises.registry import get, ids

PROJECT = get("predict_rows")
NETWORKS = [one for one in ids() if one.startswith("predict_") and get(one).network is not None]


def judged(function, project=PROJECT):
    content = as_file(reference_arrays(project))
    return judge_project(project, function, content, project.held_back("check", 3))


def read_in_any_style(
    order,
    at_last=lambda w, h: h @ w["W_hy"] + w["b_y"],
    squash=np.tanh,
    states=lambda all_: all_[-1],
    recurrent=lambda W: W,
    start=0.0,
    bias=1.0,
):
    """predict_rows in one column of states, in float64."""

    def predict_rows(weights, x):
        w = {name: array.astype(np.float64) for name, array in weights.items()}
        h, all_ = np.full((w["b_h"].size, len(x)), start), []
        for row in order(x):
            fed_back = recurrent(w["W_hh"]).T @ h
            h = squash(w["W_xh"].T @ row.T + fed_back + bias * w["b_h"][:, None])
            all_.append(h)
        return at_last(w, states(all_).T)

    return predict_rows


def of_all_states(together):
    return read_in_any_style(rows, states=lambda all_: together(all_, axis=0))


def rows(x):
    return x.swapaxes(0, 1)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (read_in_any_style(lambda x: np.moveaxis(x, 2, 0)), "reads columns"),
        (read_in_any_style(lambda x: rows(x)[::-1]), "reads backwards"),
        (read_in_any_style(lambda x: rows(x)[:-1]), "without the last step"),
        (read_in_any_style(lambda x: rows(x) / 255), "divides by 255"),
        (read_in_any_style(lambda x: rows(x)[:1]), "state after the first step"),
        (read_in_any_style(lambda x: rows(x)[-1:]), "forgets the state before"),
        (read_in_any_style(rows, squash=lambda u: np.maximum(u, 0)), "rectified units"),
        (read_in_any_style(rows, lambda w, h: h @ w["W_hy"]), "without `+ weights['b_y']`"),
    ],
)
def test_an_honest_slip_has_a_name_in_any_style(function, name):
    report = judged(function)
    assert report.mistake == name or name in report.sentence
    assert "computes something other" in str(report)  # what was seen is still there


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (of_all_states(np.mean), "mean of the states"),
        (of_all_states(np.sum), "sum of the states"),
        (read_in_any_style(lambda x: rows(x)[1:]), "without the first step"),
        (read_in_any_style(rows, start=1.0), "starts at one"),
        (read_in_any_style(rows, recurrent=lambda W: W.T), "recurrent weights transposed"),
        (read_in_any_style(rows, bias=0.0), "without the bias of the units"),
    ],
)
def test_a_few_outputs_are_enough_for_the_other_names(function, name):
    (batch,) = PROJECT.held_back("check", 3)
    arrays = reference_arrays(PROJECT)
    weights = {key: arrays[key] for key in PROJECT.layout}
    given = {"weights": weights, "x": batch.x[:20]}
    assert recognised(PROJECT, given, {"outputs": function(*given.values())}).name == name


def test_what_nobody_knows_has_no_name():
    report = judged(read_in_any_style(rows, lambda w, h: (h**3) @ w["W_hy"] + w["b_y"]))
    assert report.mistake is None
    assert "computes something other than the network" in report.sentence


def test_several_outputs_that_are_right_and_a_shape_that_is_not_are_no_mistake():
    (batch,) = PROJECT.held_back("check", 3)
    given = {"weights": reference_arrays(PROJECT), "x": batch.x[:20]}
    right = PROJECT.network(*given.values())
    assert recognised(PROJECT, given, {"outputs": right}) is None
    assert recognised(PROJECT, given, {"outputs": right[:, :5]}) is None


@pytest.mark.parametrize("name", NETWORKS)
def test_each_named_mistake_differs_from_the_others_and_keeps_its_weights(name):
    project = get(name)
    assert len(project.mistakes) >= 3
    assert len({one.sentence for one in project.mistakes}) == len(project.mistakes)
    arrays = reference_arrays(project)
    weights = {key: array for key, array in arrays.items() if key in project.layout}
    before = {key: array.copy() for key, array in weights.items()}
    x = project.held_back("check", 3)[0].x[:100]
    outputs = [one.answer(weights, x) for one in project.mistakes]
    assert all(np.array_equal(weights[key], before[key]) for key in before)
    for number, one in enumerate(outputs):
        others = (other for other in outputs[:number] if other.shape == one.shape)
        assert not any(np.allclose(one, other, rtol=1e-4, atol=1e-6) for other in others)
