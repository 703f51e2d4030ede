"""What the check of `padded_batches` says of chains that the named mistakes don't cover."""

import numpy as np
import pytest

from course_lib.exercises.calling.guard import Unusable

pytest.importorskip("tensorflow")


def data(padded_batches):
    """The reference's dataset, changed by a function, as an answer."""
    from course_lib.layers.pipeline import padded_batches as reference

    return lambda *given, **named: padded_batches(reference(*given, **named))


def test_a_pass_without_end_is_told_as_that():
    from course_lib.exercises.vanilla_rnn.padded_batches import all_are_there

    once = {"ends": True, "not known by their first step": 0}
    once |= {"met": 5, "met again": 0, "labels right": True}
    given = {"labels": np.arange(5)}
    assert all_are_there(given, {"first": once, "second": once}) is None
    endless = {**once, "ends": False, "met again": 40}
    said = all_are_there(given, {"first": endless, "second": endless}).sentence
    assert "the first pass doesn't end" in said
    for again in (2, 5):
        twice = {**once, "met again": again}
        assert "came more than once" in all_are_there(given, {"first": twice}).sentence


def test_what_comes_twice_and_then_ends_is_no_pass_without_end():
    from course_lib.exercises.vanilla_rnn.padded_batches import census, each_length_once

    seen = census(data(lambda batches: batches.repeat(2)), each_length_once())
    assert [found["ends"] for found in seen.values()] == [True, True]
    seen = census(data(lambda batches: batches.repeat()), each_length_once())
    assert [found["ends"] for found in seen.values()] == [False, False]


def test_a_mask_that_is_too_wide_is_not_put_down_to_x():
    import tensorflow as tf

    from course_lib.exercises.registry import get
    from course_lib.exercises.vanilla_rnn.padded_batches import padding

    name = "padding where a sequence has ended, and a mask that says so"
    rung = next(one for one in get("padded_batches").ladder if one.name == name)
    wide = data(lambda b: b.map(lambda x, y: ((x[0], tf.pad(x[1], [[0, 0], [0, 9]])), y)))
    with pytest.raises(Unusable) as seen:
        padding(wide, rung.inputs())
    assert "one entry for each step" in str(seen.value)
    assert "It is x" not in str(seen.value)


def another(chain):
    """A dataset of TensorFlow's own, or of a class below it, whose batches come from elsewhere."""
    import tensorflow as tf

    class Another(tf.data.Dataset):
        element_spec = tf.TensorSpec((), tf.int64)

        def __init__(self):
            super().__init__(tf.data.Dataset.range(3)._variant_tensor)

        def _inputs(self):
            return []

        def take(self, count):
            return chain.take(count)

    return Another()


def with_a_take_of_its_own(chain):
    import tensorflow as tf

    dataset = tf.data.Dataset.range(3)
    dataset.take = chain.take
    return dataset


@pytest.mark.slow
@pytest.mark.parametrize("forge", [another, with_a_take_of_its_own])
def test_what_comes_is_asked_of_the_chain_whose_operations_are_looked_at(forge):
    from course_lib.exercises import check

    def padded_batches(*given, **named):
        from course_lib.layers.pipeline import padded_batches

        return forge(padded_batches(*given, **named))

    report = check(padded_batches)
    assert "An element of the dataset is not of the form" in report.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("sequences", lambda sequences, *_: sequences.sort(key=len)),
        ("sequences", lambda sequences, *_: sequences[0].fill(7)),
        ("labels", lambda _, labels, *__: labels.sort()),
        ("bounds", lambda *given: given[3].append(99)),
    ],
)
def test_what_the_caller_handed_in_is_as_it_was(name, change):
    from course_lib.exercises import check

    def padded_batches(*given):
        from course_lib.layers.pipeline import padded_batches

        dataset = padded_batches(*given)
        change(*given)
        return dataset

    assert f"changed its argument {name} in place" in check(padded_batches).sentence
