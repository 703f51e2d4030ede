"""Every *speed up* exercise asks for a batch of one, for one step, and for a second call.

Each is shown by a wrong answer that is right everywhere else: it is off where an axis has size one,
or gives what it gave before for other numbers of the same shapes.
"""

import functools

import keras
import pytest
import tensorflow as tf

from course_lib.exercises.calling.guard import CappedOutput
from course_lib.exercises.ladder.climbing import climb, judge
from course_lib.exercises.registry import get, ids

pytestmark = pytest.mark.slow

# Functions, with the position of an argument (batch, T, …).
SEQUENCES = {
    "bptt_gradient": 0,
    "checkpointed": 0,
    "gradient_by_step": 0,
    "looped": 1,
    "chunked_trace": 1,
    "update_inside": 2,
    "fast_scan": 0,
}
STEPS = ("train_step", "train_step_windows")  # they make a step of (x, labels, …)
LAYERS = {"LRULayer": True, "GradualActivation": False, "GradualDropout": False}
CELLS = ("VanillaRNNCell", "LSTMCell", "GRUCell")
MODELS = ("recurrent_classifier", "KernlModel")
# Nothing in these has a batch, or sees one but as numbers on its way.
WITHOUT_A_BATCH = {
    "padded_batches": "it makes the batches; tests/layers looks at those that hold one sequence",
    "EarlyStopping": "it sees one loss an epoch",
    "GateSchedule": "it sees the number of the step",
    "log_gradients": "it sees gradients, of any shape",
}


def test_each_speed_up_exercise_is_in_one_list():
    listed = [*SEQUENCES, *STEPS, *LAYERS, *CELLS, *MODELS, *WITHOUT_A_BATCH]
    assert sorted(listed) == sorted(one for one in ids() if get(one).kind == "speed up")


def wrong(results):
    """The first result with one added to it."""
    if isinstance(results, tuple | list):
        return type(results)([results[0] + 1, *results[1:]])
    return results + 1


def falls(name, answer):
    """Some rung notices; those that make graphs and compile aren't needed for it."""
    exercise = get(name)
    answer.__name__ = name
    for rung in exercise.ladder:
        if not rung.costly and judge(rung, climb(exercise, rung, answer, CappedOutput())):
            return
    pytest.fail(f"{name} passes")


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", SEQUENCES)
def test_a_batch_of_one_or_one_time_step(name, axis):
    right = get(name).reference

    @functools.wraps(right)
    def answer(*arguments):
        results = right(*arguments)
        return wrong(results) if arguments[SEQUENCES[name]].shape[axis] == 1 else results

    falls(name, answer)


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_same_shapes_again(name):
    right, known = get(name).reference, {}

    @functools.wraps(right)
    def answer(*arguments):
        if not tf.executing_eagerly():
            return right(*arguments)
        shapes = tuple(getattr(one, "shape", None) for one in arguments)
        if shapes not in known:
            known[shapes] = right(*arguments)
        return known[shapes]

    falls(name, answer)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", STEPS)
def test_a_step_for_a_batch_of_one_or_one_time_step(name, axis):
    right = get(name).reference

    def answer(*arguments):
        step = right(*arguments)

        def small(x, *others):
            results = step(x, *others)
            one = tf.nest.flatten(x)[0].shape[axis] == 1
            return wrong(results) if one else results

        return small

    falls(name, answer)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_no_step_if_it_is_taken_only_once(name):
    right = get(name).reference

    def answer(*arguments):
        step, known = right(*arguments), []

        def once(*data):
            if not known:
                known.append(step(*data))
            return known[0]

        return once

    falls(name, answer)


def with_call(base, change):
    """A subclass whose `call` changes what the reference's gives."""

    class Answer(base):
        def call(self, x, *others, **named):
            return change(self, x, super().call(x, *others, **named))

    Answer.__qualname__ = Answer.__name__ = base.__name__
    return Answer


def once_only(self, x, results):
    """What it gave at its first eager call for these shapes."""
    if not tf.executing_eagerly():
        return results
    known = self.__dict__.setdefault("known", {})
    return known.setdefault(tuple(x.shape), results)


@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_a_layer_for_a_batch_of_one(name):
    change = lambda self, x, results: wrong(results) if x.shape[0] == 1 else results  # noqa: E731
    falls(name, with_call(get(name).reference, change))


@pytest.mark.parametrize("name", [one for one, has_time in LAYERS.items() if has_time])
def test_a_layer_for_one_step(name):
    change = lambda self, x, results: wrong(results) if x.shape[1] == 1 else results  # noqa: E731
    falls(name, with_call(get(name).reference, change))


@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_a_layer_that_is_called_twice(name):
    falls(name, with_call(get(name).reference, once_only))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_model_for_a_batch_of_one_or_one_step(axis):
    class Small(get("KernlModel").reference):
        def train_step(self, data):
            result = super().train_step(data)
            if data[0].shape[axis] == 1:
                self.weights[0].assign_add(keras.ops.ones_like(self.weights[0]))
            return result

    falls("KernlModel", Small)


def test_a_model_that_learns_once():
    class Once(get("KernlModel").reference):
        taken = None

        def train_step(self, data):
            if self.taken is None:
                self.taken = super().train_step(data)
            return self.taken

    falls("KernlModel", Once)


@pytest.mark.parametrize("what", ["a batch of one", "a second call"])
def test_a_classifier(what):
    right = get("recurrent_classifier").reference

    @functools.wraps(right)
    def answer(*arguments, **named):
        model = right(*arguments, **named)
        asked = model.call

        def call(images, *others, **settings):
            result = asked(images, *others, **settings)
            if what == "a batch of one":
                return wrong(result) if images.shape[0] == 1 else result
            return once_only(model, images, result) if settings.get("training") else result

        model.call = call
        return model

    falls("recurrent_classifier", answer)
