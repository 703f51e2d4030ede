"""Who can't stand behind a wrong answer is seen step by step, and no graph is made for it."""

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.exercise import Mistake, Problem
from course_lib.exercises.ladder.climbing import Outcome
from course_lib.exercises.naming import glance as module
from course_lib.exercises.naming import suspects
from course_lib.exercises.naming.glance import Glance
from course_lib.exercises.naming.suspects import Fall, Suspect
from course_lib.exercises.registry import get


def test_an_exercise_in_numpy_has_nothing_to_glance_at():
    exercise = get("rnn_step")
    fell = Fall(exercise.ladder[0], Outcome({"h_t": np.zeros(2)}), Problem("wrong"))
    glance = Glance(exercise, len, fell)
    assert not any(glance.clears(Suspect(exercise, m, len)) for m in exercise.mistakes)


@pytest.fixture
def graphs_made(monkeypatch):
    """The answers that were climbed in earnest to find a name, with the rung."""
    found = []

    def climb(exercise, rung, function, *more, traced=True, **named):
        if traced:
            found.append((function, rung.name))
        return original(exercise, rung, function, *more, traced=traced, **named)

    original = suspects.climb
    monkeypatch.setattr(suspects, "climb", climb)
    monkeypatch.setattr(suspects, "_known", {})
    return found


def wrong_twice(model, optimizer, window, max_norm):
    """Clipped by its size, and the state of the first window is forgotten."""
    import tensorflow as tf

    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function(reduce_retracing=True)
    def step(x, labels, h):
        T, loss = x.shape[1], 0.0
        gradients = [tf.zeros_like(w) for w in weights]
        for start in range(0, T, window):
            with tf.GradientTape() as tape:
                logits, h = model(x[:, start : start + window], 0.7 * h)
                errors = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels[:, start : start + window], logits
                )
                one = errors.shape[1] / T * tf.reduce_mean(errors)
            loss += one
            found = tape.gradient(one, [w.value for w in weights])
            gradients = [1.3 * g + d for g, d in zip(gradients, found, strict=True)]
        limited, norm = tf.clip_by_global_norm(gradients, max_norm)
        optimizer.apply(limited, weights)
        return loss, h, norm

    return step


@pytest.mark.slow
def test_for_a_nameless_answer_no_mistake_is_made_a_graph_of(graphs_made):
    report = check(wrong_twice, "train_step_windows")
    assert report.mistake is None
    assert "should be" in report.sentence
    assert graphs_made == []


@pytest.mark.slow
def test_a_mistake_is_named_after_it_alone_was_made_a_graph_of(graphs_made):
    exercise = get("train_step_windows")
    mistake = next(m for m in exercise.mistakes if m.name == "not clipped")
    assert check(mistake.answer, "train_step_windows").mistake == mistake.name
    assert {function for function, _ in graphs_made} == {mistake.answer}


@pytest.mark.slow
def test_what_fails_in_a_graph_only_clears_all_that_are_wrong_without_one(graphs_made):
    exercise = get("log_gradients")
    mistake = next(m for m in exercise.mistakes if m.name == "number taken out")
    assert check(mistake.answer, "log_gradients").mistake == mistake.name
    tried = {Mistake(function, "").name for function, _ in graphs_made}
    assert tried <= {"if on the step", "number taken out"}


@pytest.mark.slow
def test_the_rung_that_failed_clears_nearly_all_and_no_other_is_climbed_for_them(monkeypatch):
    climbed = []

    def climb(exercise, rung, function, *more, traced=True, **named):
        climbed.append((rung.name, function))
        return original(exercise, rung, function, *more, traced=traced, **named)

    original = suspects.climb
    exercise = get("log_gradients")
    mistake = next(m for m in exercise.mistakes if m.name == "norm in the histogram")
    suspects.forget()
    monkeypatch.setattr(suspects, "climb", climb)
    assert check(mistake.answer, "log_gradients").mistake == mistake.name
    of_others = [rung for rung, function in climbed if function is not mistake.answer]
    assert set(of_others) == {"the file has the histograms of all entries"}
    assert len(of_others) < len(exercise.mistakes)


@pytest.mark.slow
def test_what_passed_is_not_run_again(monkeypatch):
    """The long sequence of update_inside takes an honest loop half a second."""
    climbed = []

    def climb(exercise, rung, function, *more, **named):
        climbed.append(rung.name)
        return original(exercise, rung, function, *more, **named)

    def of_function(glance, rung):
        asked.append(rung.name)
        return known(glance, rung)

    original, known, asked = module.climb, Glance.of_function, []
    exercise = get("update_inside")
    mistake = next(m for m in exercise.mistakes if m.name == "loop in python")
    monkeypatch.setattr(module, "climb", climb)
    monkeypatch.setattr(Glance, "of_function", of_function)
    report = check(mistake.answer, "update_inside")
    assert report.mistake == mistake.name
    assert "a long sequence is read to its end" in report.passed
    assert set(asked) & set(report.passed)
    assert not set(climbed) & set(report.passed)


@pytest.mark.slow
def test_a_slip_is_found_by_the_code_that_it_is_nearest_to():
    import ast

    from course_lib.exercises.naming.slips import nearest_first
    from course_lib.exercises.naming.trees import tree_of

    exercise = get("update_inside")
    slip = nearest_first(exercise.reference, exercise.reference)[-1]
    assert ast.unparse(tree_of(slip.answer, decorated=False)) == slip.source
    assert nearest_first(exercise.reference, slip.answer)[0].source == slip.source
