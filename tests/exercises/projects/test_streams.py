"""A step that is taken again: whose memory is lost before, and whose own methods are left alone."""

import functools
import time

import numpy as np
import pytest

from course_lib.data import anbn_stream
from course_lib.exercises.calling import guard
from course_lib.exercises.calling.guard import (
    OUT_OF_TIME,
    Elsewhere,
    Guarded,
    Held,
    Unusable,
    held,
)
from course_lib.exercises.kernl import predict_no_tape
from course_lib.exercises.projects import streams
from course_lib.exercises.projects.streams import learn_along

X = np.zeros((2, 5, 3))
RETURNS = {"outputs": "array", "weights": "mapping"}


def step(weights, x):
    """Counts its steps in the weights, as it should."""
    return weights["t"] * np.ones((len(x), 3)), {"t": weights["t"] + 1.0}


class InAnotherProcess(Elsewhere):
    """What is kept here is lost when the process is made anew."""

    def __init__(self):
        self.forgot = 0
        self.kept = {}

    def __call__(self, weights, x):
        """Knows its answers by the weights, so that a second call gives the same."""
        key = float(weights["t"][0])
        outputs = self.kept.setdefault(key, len(self.kept) * np.ones((len(x), 3)))
        return outputs.copy(), {"t": weights["t"] + 1.0}

    def held(self):
        return self

    def forget(self):
        self.forgot += 1
        self.kept = {}


class OfALearner:
    """A learner's object, whose methods have the names that the course's have."""

    def __init__(self, called):
        self.called = called
        self.function = InAnotherProcess()

    def __call__(self, weights, x):
        return step(weights, x)

    def forget(self):
        self.called.append("forget")

    def held(self, *arguments):
        self.called.append("held")
        return self


def along(function):
    return learn_along(function, {"t": np.zeros(1)}, X, "f", 1000)


def test_a_plain_function_is_taken_again_as_it_is():
    assert along(step)[0, :, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda one: one,
        lambda one: Guarded(one, "f", RETURNS),
        lambda one: Guarded(Held(one, "f"), "f", RETURNS),
        lambda one: Guarded(held(one, "f"), "f", RETURNS),
    ],
    ids=["itself", "guarded", "held and guarded", "held there"],
)
def test_what_lives_elsewhere_forgets_below_the_courses_wrappers(wrapped):
    one = InAnotherProcess()
    with pytest.raises(Unusable, match="when the same step is taken again"):
        along(wrapped(one))
    assert one.forgot == 1


@pytest.mark.parametrize("wrapped", [lambda one: one, lambda one: Guarded(one, "f", RETURNS)])
def test_a_learners_own_forget_and_held_are_not_called(wrapped):
    called = []
    one = OfALearner(called)
    assert along(wrapped(one))[0, :, 0].tolist() == [0, 1, 2, 3, 4]
    assert isinstance(held(one, "f"), Held)
    assert called == []
    assert one.function.forgot == 0


def test_a_partial_of_a_learners_is_left_alone():
    called = []
    assert along(functools.partial(OfALearner(called)))[0, -1, 0] == 4
    assert called == []


def test_nobody_knows_which_step_is_taken_again():
    kept = []

    def on_its_guard(weights, x):
        """Keeps its steps elsewhere, and tells it in all but the one in the middle."""
        kept.append(x)
        told = 0 if weights["t"][0] == 3 else len(kept)
        return told * np.ones((len(x), 3)), {"t": weights["t"] + 1.0}

    with pytest.raises(Unusable, match="when the same step is taken again"):
        learn_along(on_its_guard, {"t": np.zeros(1)}, np.zeros((2, 7, 3)), "f", 1000)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 2000])
def test_the_steps_taken_again_lie_in_the_stream_and_one_in_its_last_quarter(steps):
    for _ in range(50):
        drawn = streams._drawn(steps)
        assert drawn <= set(range(steps))
        assert max(drawn) >= steps - max(1, steps // 4)


def in_a_name(weights, x):
    """Writes down what it has read in the name of an empty array."""
    (name,) = weights
    return np.zeros((len(x), 3)), {name + "a" * 300: np.zeros(0)}


def in_a_name_of_no_text(weights, x):
    """A name that can't be written to a file."""
    return np.zeros((len(x), 3)), {"\ud800" * 300: np.zeros(0)}


def in_a_number(weights, x):
    """A name may be a whole number, and it may be long."""
    return np.zeros((len(x), 3)), {10**5000: np.zeros(0)}


def in_shapes(weights, x):
    """Writes it down in the shapes of empty arrays."""
    many = {f"{n}": np.zeros((0, 7, 6, n)) for n in range(10 * len(weights))}
    return np.zeros((len(x), 3)), many


@pytest.mark.parametrize("tape", [in_a_name, in_a_name_of_no_text, in_a_number, in_shapes])
def test_names_and_shapes_are_weighed_too(tape):
    with pytest.raises(Unusable, match="1,000 are the most"):
        learn_along(tape, {"t": np.zeros(1)}, X, "f", 1000)


def test_a_step_can_not_look_ahead():
    x = np.arange(30.0).reshape(2, 5, 3)

    def looks_for_more(weights, x):
        assert x.base is None
        return x.copy(), weights

    assert np.array_equal(learn_along(looks_for_more, {}, x, "f", 1000), x)


def test_another_shape_is_told_by_that_of_one_step():
    with pytest.raises(Unusable, match=r"of shape \(2, 3\), .* gave \(3,\); .* give \(2, 3\)"):
        learn_along(lambda w, x: (x.mean(axis=0), w), {}, X, "f", 1000)


def score_of_who_knows_the_rules(seed):
    """What is left to be surprised by is k: after r of the a's it is one of r to the largest."""
    batch = predict_no_tape.Batch(
        *anbn_stream(predict_no_tape.STREAMS, predict_no_tape.STEPS, predict_no_tape.LONGEST, seed)
    )
    now, then = batch.x.argmax(axis=-1), batch.y
    a = np.random.default_rng(seed).permutation(3)[0]
    logits = np.full(batch.x.shape, -50.0)
    run = np.zeros(len(now), int)
    for t in range(now.shape[1]):
        run = np.where(now[:, t] == a, run + 1, 0)
        ends = 1 / (predict_no_tape.LONGEST - run + 1)
        for stream in range(len(now)):
            following = then[stream, t]
            sure = 1.0 if now[stream, t] != a else ends[stream]
            likely = sure if following != a or now[stream, t] != a else 1 - ends[stream]
            logits[stream, t, following] = np.log(likely)
            logits[stream, t, (following + 1) % 3] = np.log1p(-likely) if likely < 1 else -50.0
    return predict_no_tape.measured(batch, logits).score


def test_who_knows_the_rules_of_the_streams_is_below_what_is_taken_for_reading_ahead():
    scores = [score_of_who_knows_the_rules(seed) for seed in range(5)]
    assert np.mean(scores) == pytest.approx(1, abs=0.02)
    assert max(scores) < 1 + (predict_no_tape.MOST - 1) / 2


@pytest.mark.parametrize(("kept", "is_a_tape"), [("all", True), ("twenty", False), ("few", False)])
def test_what_grows_with_every_step_is_a_tape_however_small(kept, is_a_tape):
    def predict(weights, x):
        row = np.zeros((len(x), 1), np.uint8)
        tape = np.concatenate([weights.get("tape", row), row], axis=1)
        if kept == "few" and "t" in weights and weights["t"][0] % 3:
            tape = weights["tape"]  # as a table does, that sees something new now and then
        outputs, after = step({"t": weights["t"]}, x)
        return outputs, after | {"tape": tape[:, -20:] if kept == "twenty" else tape}

    x = np.zeros((2, 200, 3))
    weights = {"t": np.zeros(1)}
    if not is_a_tape:
        assert learn_along(predict, weights, x, "predict", 10_000).shape == x.shape
    else:
        grows = r"bytes after 151 steps and .* after 200\. That is a tape"
        with pytest.raises(Unusable, match=grows):
            learn_along(predict, weights, x, "predict", 10_000)


def test_too_many_slow_steps_are_no_endless_loop(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 0.3)
    monkeypatch.setattr(guard.limit, "BUSY", 100)

    def slow(weights, x):
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass
        return step(weights, x)

    said = r"took more than 0 seconds for 1\d of 200 steps"
    with pytest.raises(Unusable, match=said) as problem:
        learn_along(slow, {"t": np.zeros(1)}, np.zeros((2, 200, 3)), "predict", 10_000)
    assert problem.value.kind == OUT_OF_TIME


@pytest.mark.parametrize("large", [1e3, 1e308])
def test_a_score_is_a_number_that_can_be_read_however_wrong_the_logits(large):
    (batch, *_) = predict_no_tape.held_back("check", 0)
    logits = np.where(np.eye(3)[batch.y] > 0, -large, large)
    measured = predict_no_tape.measured(batch, logits)
    assert len(predict_no_tape.read(measured.score)) < 60
    assert len(measured.confusion) < 200
