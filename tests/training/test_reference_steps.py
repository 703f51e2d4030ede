"""Every reference step runs where Keras's numbers are float64, and gives what float32 gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.calling.frameworks import traced_gradients_forgotten
from course_lib.graphs import keras_in
from course_lib.online import DYNAMICS, OTHER_RULES, RULES, StackCell, cells
from course_lib.training import stored_result
from course_lib.training.reference_steps import ONLINE_CELLS, STEPS


def built(name):
    keras.utils.set_random_seed(0)
    step = STEPS[name](6)
    if step.silence is not None:
        step.silence()
    return step


@pytest.fixture(autouse=True)
def graphs_forgotten_at_once():
    """Not at the end of the file only: there are many steps."""
    with traced_gradients_forgotten():
        yield


def loss_of_a_step(name, dtype, weights=None):
    """The loss, and the weights before the step: those given, or those that it begins with."""
    with keras_in(dtype):
        step = built(name)
        if weights is None:
            weights = [np.asarray(variable) for variable in step.variables]
        for variable, value in zip(step.variables, weights, strict=True):
            variable.assign(tf.cast(value, variable.dtype))
        x, y = tf.constant(step.x.astype(dtype)), tf.constant(step.y)
        return float(tf.function(step.take, autograph=False)(x, y)), weights


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_in_float64_too(name):
    loss, weights = loss_of_a_step(name, "float32")
    again, _ = loss_of_a_step(name, "float64", weights)
    assert again == pytest.approx(loss, rel=1e-4)


def kinds_of(kind):
    """A class and all below it that belong to the course."""
    below = [kind, *(one for sub in kind.__subclasses__() for one in kinds_of(sub))]
    return {one for one in below if one.__module__.startswith("course_lib.")}


def test_no_rule_and_no_cell_is_left_out():
    """A new one of the engine is audited, or this fails."""
    for name in (*RULES, *OTHER_RULES, *(f"hybrid-{cell}" for cell in ONLINE_CELLS)):
        assert f"online-{name}" in STEPS
    made = [make() for make in ONLINE_CELLS.values()]
    assert {type(cell) for cell in made} == DYNAMICS.keys() - {StackCell}
    for cell in made:
        cell.build((None, 3))
    stacked = {cells.Dynamics, DYNAMICS[StackCell]}
    assert {type(cells.dynamics_of(cell)) for cell in made} == kinds_of(cells.Dynamics) - stacked


def test_what_a_gpu_has_taken_are_steps_of_today():
    """Whoever renames a step, or drops one, takes its stored result away."""
    parts = stored_result("bench-gpu")["parts"]
    for part in ("steps-float32", "steps-float64"):
        assert {row["step"] for row in parts[part]["rows"]} <= STEPS.keys()
