"""What operations compute is counted as it comes."""

import pytest
import tensorflow as tf

from course_lib.graphs.watching import alive_at_once, computed_by, most_in_one_array, written


def test_what_is_computed_again_counts_again():
    def twice(x):
        return tf.tanh(tf.function(tf.tanh)(x))

    assert computed_by("Tanh", twice, tf.ones((2, 3))) == 12
    assert computed_by("Tanh", tf.exp, tf.ones((2, 3))) == 0
    assert not tf.config.functions_run_eagerly()


def test_the_largest_array_of_a_width_is_found():
    def made(x, y):
        return tf.concat([x, x, y[:, 0]], axis=0) + 0 * tf.reduce_sum(tf.tile(y, (9, 1, 1)))

    examples = tf.ones((2, 3)), tf.ones((1, 5, 3))
    assert most_in_one_array(3, tf.function(made), *examples) == 9 * 15
    assert most_in_one_array(3, lambda x, y: tf.tanh(y), *examples) == 0  # an argument's
    assert most_in_one_array(4, made, *examples) == 0


def test_what_a_tape_holds_is_counted_until_it_lets_go():
    x = tf.ones((2, 3))

    def forgotten():
        for _ in range(4):
            tf.tanh(x)

    def kept():
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = x
            for _ in range(4):
                h = tf.tanh(h)
        tape.gradient(h, x)
        tf.tanh(x)

    assert alive_at_once("Tanh", forgotten) == 6
    assert alive_at_once("Tanh", kept) == 24
    assert alive_at_once("Tanh", tf.function(kept)) == 24
    assert alive_at_once("Exp", kept) == 0


def test_of_a_custom_gradient_a_tape_holds_what_the_gradient_uses():
    x = tf.ones((2, 3))

    def there_and_back(all_states):
        @tf.custom_gradient
        def five_steps(h):
            used = []
            for _ in range(5):
                h = tf.tanh(h)
                if all_states:
                    used.append(h)
            return h, lambda dh: tf.add_n([dh, *used])

        with tf.GradientTape() as tape:
            tape.watch(x)
            h = five_steps(x)
        return tape.gradient(h, x)

    assert alive_at_once("Tanh", there_and_back, False) == 2 * 6  # before and after a step
    assert alive_at_once("Tanh", there_and_back, True) == 5 * 6
    assert tf.reduce_all(there_and_back(False) == 1)


@pytest.mark.parametrize("where", ["there", "back"])
def test_a_tape_inside_of_a_custom_gradient_holds_what_it_records(where):
    x = tf.ones((2, 3))

    def five_steps(h):
        for _ in range(5):
            h = tf.tanh(h)
        return h

    def with_a_tape(h):
        with tf.GradientTape() as tape:
            tape.watch(h)
            return five_steps(h), tape

    @tf.custom_gradient
    def recorded_there(h):
        last, tape = with_a_tape(h)
        return last, lambda dh: tape.gradient(last, h, dh)

    def there_and_back():
        function = {"there": recorded_there, "back": tf.recompute_grad(five_steps)}[where]
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = function(x)
        return tape.gradient(h, x)

    assert alive_at_once("Tanh", there_and_back) >= 5 * 6
    assert tf.reduce_all(there_and_back() > 0)


def test_what_each_turn_of_a_loop_gives_is_written_down():
    @tf.function
    def looped(x):
        return tf.while_loop(lambda t, _: t < 3, lambda t, h: (t + 1, tf.tanh(h)), (0, x))[1]

    x = tf.ones((2, 5))
    assert written(lambda: looped(x)).count((2, 5)) == 3
    assert written(lambda: None) == []
