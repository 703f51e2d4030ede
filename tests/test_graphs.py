"""What is said about a traced graph is true of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib import graphs
from course_lib.exercises.kernl import kernlmodel
from course_lib.exercises.registry import get

SPEC = tf.TensorSpec((None, None, 3), tf.float64)


def looped(x):
    return keras.layers.SimpleRNN(4, dtype="float64")(x)


def unrolled(x):
    h = tf.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        h = tf.tanh(x[:, t] + h)
    return h


def nested(x):
    def body(i, y):
        return i + 1, tf.while_loop(lambda j, _: j < 2, lambda j, y: (j + 1, tf.sin(y)), [0, y])[1]

    return tf.while_loop(lambda i, _: i < 2, body, [0, x])[1]


def count(function, T):
    return len(graphs.nodes(graphs.trace(function, tf.TensorSpec((None, T, 3), tf.float64))))


def test_a_loop_in_the_graph_is_counted_once_and_one_of_pythons_grows():
    def summed(x):
        return tf.scan(lambda h, x_t: tf.tanh(h + x_t), tf.transpose(x, [1, 0, 2]))

    assert count(summed, 10) == count(summed, 20)
    assert count(unrolled, 20) > count(unrolled, 10)


def test_bodies_of_loops_inside_loops_are_seen():
    assert "Sin" in {node.op for node in graphs.nodes(graphs.trace(nested, SPEC))}


def makes_a_variable(x):
    return x * tf.Variable(1.0, dtype=tf.float64)


def adds_a_weight(x):
    layer = keras.layers.Dense(2, dtype="float64")
    layer.build((None, 3))
    return x @ layer.add_weight(shape=(3, 2))


@pytest.mark.parametrize(
    ("function", "over"),
    [
        (tf.tanh, ""),
        (lambda x: np.tanh(x), "NumPy"),
        (lambda x: np.zeros((2, 3)) + np.asarray(x), "NumPy"),
        (lambda x: float(tf.reduce_sum(x)), "NumPy"),
        (lambda x: x.numpy(), "numbers"),
        (lambda x: x if tf.reduce_sum(x) > 0 else -x, "if"),
        (lambda x: x * (tf.reduce_sum(x) > 0 and 1.0), "if"),
        (lambda x: [row + 1 for row in x], "for"),
        (unrolled, "length"),
        (lambda x: [x[:, t] for t in range(tf.shape(x)[1])], "length"),
        (lambda x: tf.zeros((x.shape[0], 3)), "length"),
        (lambda x: tf.reshape(x, [x.shape[0], -1]), "length"),
        (lambda x: tf.tile(x[:1], [x.shape[0], 1, 1]), "length"),
        (lambda x: tf.fill((x.shape[0], 2), 0.0), "length"),
        (lambda x: tf.TensorArray(tf.float32, x.shape[1]).stack(), "length"),
        (lambda x: tf.range(x.shape[1]), "length"),
        (lambda x: x[:, : x.shape[1] // 2], "length"),
        (lambda x: x[:, : -x.shape[1] % 4], "length"),
        (lambda x: tf.reduce_sum(x) / x.shape[0], "length"),
        (lambda x: x[:, : min(4, x.shape[1])], "length"),
        (lambda x: tf.while_loop(lambda t: t < x.shape[1], lambda t: t + 1, (0,)), "length"),
        (lambda x: len(x) * x, "length"),
        (tf.unstack, "length"),
        (lambda x: tf.TensorArray(x.dtype, size=x.shape[1]).stack(), "length"),
        (makes_a_variable, "variable"),
        (adds_a_weight, "variable"),
        (lambda x: x @ tf.ones((3, 2)), "dtype"),
    ],
)
def test_what_stops_a_trace_has_a_name(function, over):
    assert graphs.stumble(lambda: graphs.trace(function, SPEC)) == over


def test_the_name_is_found_in_a_step_of_the_learners_own_too():
    step = tf.function(lambda x: x.numpy())
    assert graphs.stumble(lambda: step(tf.ones(2))) == "numbers"


def test_what_fails_for_another_reason_fails_as_it_is():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        graphs.stumble(lambda: graphs.trace(broken, SPEC))


def test_a_none_that_is_no_size_fails_as_it_is():
    with pytest.raises(ValueError, match="None values"):
        graphs.trace(lambda x: tf.reduce_sum(x) * None, SPEC)


def test_gpu_report_of_what_fits_and_what_does_not():
    fits = graphs.gpu_report(graphs.trace(lambda x: tf.tanh(x), SPEC))
    assert (fits["without a kernel"], fits["in Python"]) == ("", "")

    def strings(x):
        return tf.strings.to_number(tf.strings.as_string(x))

    def python(x):
        return tf.numpy_function(np.tanh, [x], tf.float64)

    assert "AsString" in graphs.gpu_report(graphs.trace(strings, SPEC))["without a kernel"]
    assert graphs.gpu_report(graphs.trace(python, SPEC))["in Python"] == "PyFunc"


def test_a_rule_of_a_kernel_about_something_else_than_numbers_does_not_count():
    def picked(x):
        return tf.gather_nd(x, tf.zeros((1, 1), tf.int64))  # the rule: what a bad index does

    assert graphs.gpu_report(graphs.trace(picked, SPEC))["without a kernel"] == ""


def test_sizes_and_positions_may_be_worked_on_by_the_host():
    def halves(x, kind):
        first, _ = tf.split(tf.cast(tf.shape(x), kind), [1, 2])
        return x * tf.cast(tf.nn.relu(first[0] - 2), x.dtype)

    def report(kind):
        return graphs.gpu_report(graphs.trace(lambda x: halves(x, kind), SPEC))

    assert report(tf.int32)["without a kernel"] == ""  # of Relu, too
    assert "Split" in report(tf.int64)["without a kernel"]

    def counted(x):  # out of what lies on the GPU
        return x * tf.cast(tf.nn.relu(tf.cast(x > 0, tf.int32)), x.dtype)

    assert "Relu" in graphs.gpu_report(graphs.trace(counted, SPEC))["without a kernel"]

    def python(x):
        return tf.cast(tf.numpy_function(np.abs, [tf.shape(x)], tf.int32)[0], x.dtype) * x

    assert graphs.gpu_report(graphs.trace(python, SPEC))["in Python"] == "PyFunc"


def test_gpu_report_names_what_writes_to_a_file(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))

    def written(x):
        with writer.as_default(step=tf.constant(0, tf.int64)):
            tf.summary.write("x", x)
        return x

    report = graphs.gpu_report(graphs.trace(written, SPEC))
    assert "WriteSummary" in report["on the host"]
    assert report["without a kernel"] == ""
    assert graphs.gpu_report(graphs.trace(lambda x: tf.tanh(x), SPEC))["on the host"] == ""


def test_xla_says_what_it_can_not_compile():
    def strings(x):
        return tf.strings.to_number(tf.strings.as_string(tf.reduce_sum(x)))

    def run(function):
        return lambda: tf.function(function, jit_compile=True)(tf.ones((2, 3)))

    assert graphs.xla_refusal(run(tf.tanh)) == ""
    assert "AsString" in graphs.xla_refusal(run(strings))


def cut_in_a_loop(cut):
    def function(x):
        return tf.while_loop(
            lambda i, _: i < 3, lambda i, y: (i + 1, y + tf.reduce_sum(cut(x, i))), (1, 0.0)
        )[1]

    return graphs.trace(function, tf.TensorSpec((None, 9), tf.float32))


@pytest.mark.parametrize(
    ("cut", "changes"),
    [
        (lambda x, i: x[:, :i], True),
        (lambda x, i: x[i:], True),
        (lambda x, i: tf.slice(x, [0, 0], [1, i]), True),
        (lambda x, i: x[:, i], False),
        (lambda x, i: x[:, 1:-1], False),
        (lambda x, i: tf.slice(x, [0, i], [1, 2]), False),
        (lambda x, i: tf.gather(x, i, axis=1), False),
    ],
)
def test_slices_in_a_loop_whose_size_changes(cut, changes):
    assert graphs.slices_that_change(cut_in_a_loop(cut)) is changes


def test_slices_outside_of_loops_have_one_size_each_time():
    graph = graphs.trace(lambda x: x[: tf.shape(x)[0] - 1], tf.TensorSpec((None, 9), tf.float32))
    assert not graphs.slices_that_change(graph)


@pytest.mark.parametrize("grows", [True, False])
def test_a_list_that_grows_while_it_is_written(grows):
    """What XLA makes of it is the reason for telling: an empty array, without a word."""

    def collect(x):
        T = tf.shape(x)[0]
        kept = tf.TensorArray(x.dtype, 0 if grows else T, dynamic_size=grows)
        step = lambda t, kept: (t + 1, kept.write(t, 2 * x[t]))  # noqa: E731
        return tf.while_loop(lambda t, _: t < T, step, (0, kept))[1].stack()

    def make(**settings):
        return graphs.trace(collect, tf.TensorSpec((None,), tf.float32), **settings)

    assert graphs.lists_that_grow(make()) is grows
    found = graphs.by_xla(make, [np.ones(3, np.float32)], lambda y: {"y": y})
    if grows:
        assert found["y"].shape == (0,)
        np.testing.assert_array_equal(found["y without XLA"], [2, 2, 2])
    else:
        assert found["refused"] or found["y"].shape == (3,)


def test_gradients_that_do_not_arrive_are_nan():
    w = [tf.Variable(2.0, name=name) for name in ("used", "zero", "cut", "used")]
    sizes = graphs.gradient_sizes(
        lambda: w[0] * 3 + 0 * w[1] + tf.stop_gradient(w[2]) + w[3] ** 2, w
    )
    assert sizes["used"] == 3
    assert sizes["zero"] == 0
    assert np.isnan(sizes["cut"])
    assert sizes["used (3)"] == 4


def test_a_pipeline_shows_the_python_in_it():
    form = tf.TensorSpec((), tf.int64)
    generated = tf.data.Dataset.from_generator(lambda: iter([1, 2]), output_signature=form)
    assert "PyFunc" in graphs.pipeline_operations(generated.map(lambda i: i + 1))
    assert "PyFunc" not in graphs.pipeline_operations(tf.data.Dataset.range(3).shuffle(3))


def test_counting_counts_traces_and_not_calls():
    counting = graphs.Counting(lambda x: x + 1)
    step = tf.function(counting, autograph=False)
    for _ in range(3):
        step(tf.ones(2))
    assert counting.times == 1


class Written:
    def method(self):
        """What is looked up here is looked up in this module."""


def test_the_names_that_a_function_or_class_sees():
    assert graphs.namespace_of(looped) is globals()
    assert graphs.namespace_of(Written) is globals()
    assert graphs.namespace_of(tf.function(looped)) is globals()
    assert graphs.namespace_of(3) == {}


def test_a_twin_is_the_learners_own_or_none(monkeypatch):
    from course_lib.scratch.rnn import rnn_step

    monkeypatch.setitem(globals(), "rnn_step", rnn_step)
    assert graphs.own_twin(Written, "rnn_step") is None
    assert graphs.own_twin(Written, "no_such") is None
    assert graphs.own_twin(Written, "looped") is looped


def test_tf32_is_left_out_for_a_while():
    asks = tf.config.experimental.tensor_float_32_execution_enabled
    before = asks()
    with graphs.without_tf32():
        assert not asks()
    assert asks() == before


def test_what_is_computed_again_counts_again():
    def twice(x):
        return tf.tanh(tf.function(tf.tanh)(x))

    assert graphs.computed_by("Tanh", twice, tf.ones((2, 3))) == 12
    assert graphs.computed_by("Tanh", tf.exp, tf.ones((2, 3))) == 0
    assert not tf.config.functions_run_eagerly()


def test_the_largest_array_of_a_width_is_found():
    def made(x, y):
        return tf.concat([x, x, y[:, 0]], axis=0) + 0 * tf.reduce_sum(tf.tile(y, (9, 1, 1)))

    examples = tf.ones((2, 3)), tf.ones((1, 5, 3))
    assert graphs.most_in_one_array(3, tf.function(made), *examples) == 9 * 15
    assert graphs.most_in_one_array(3, lambda x, y: tf.tanh(y), *examples) == 0  # an argument's
    assert graphs.most_in_one_array(4, made, *examples) == 0


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

    assert graphs.alive_at_once("Tanh", forgotten) == 6
    assert graphs.alive_at_once("Tanh", kept) == 24
    assert graphs.alive_at_once("Tanh", tf.function(kept)) == 24
    assert graphs.alive_at_once("Exp", kept) == 0


@pytest.mark.slow
def test_a_graph_reads_a_weight_before_it_changes_it():
    """Without it, TensorFlow 2.21 gives another result in a fifth to a half of all runs."""
    exercise = get("KernlModel")
    by_einsum = next(one for one in exercise.alternatives if one.__name__ == "ReadoutByHand")
    right = kernlmodel.in_numpy(kernlmodel.batch())
    for _ in range(12):
        outputs = kernlmodel.in_a_graph(by_einsum, kernlmodel.batch())
        for name, value in right.items():
            np.testing.assert_allclose(outputs[name], value, atol=1e-10, err_msg=name)
    assert tf.config.optimizer.get_experimental_options().get("dependency_optimization", True)


def test_what_is_in_graphs_is_so_among_what_goes_step_by_step():
    with graphs.step_by_step():
        with graphs.in_graphs():
            assert not graphs.goes_step_by_step()
        assert graphs.goes_step_by_step()
    assert not graphs.goes_step_by_step()


def test_what_asks_for_xla_goes_without_it_for_a_while_and_asks_again():
    def compiled_by_xla(function):
        node_attributes = function.get_concrete_function(tf.TensorSpec(3)).function_def.attr
        return node_attributes["_XlaMustCompile"].b

    before = tf.function(tf.tanh, jit_compile=True)
    with graphs.without_xla():
        meanwhile = tf.function(tf.tanh, jit_compile=True)
        assert not compiled_by_xla(tf.function(tf.tanh, jit_compile=True))
    assert compiled_by_xla(before)
    assert compiled_by_xla(meanwhile)
    assert not compiled_by_xla(tf.function(tf.tanh))


def growing(x):
    """Sums over ever longer pieces, joined: XLA can't know their sizes."""

    def join(reach, y):
        earlier = tf.concat([tf.zeros_like(y[:, :reach]), y[:, :-reach]], axis=1)
        return 2 * reach, y + earlier

    T, free = tf.shape(x)[1], tf.TensorShape((None, None))
    turns = (tf.TensorShape(()), free)
    return tf.while_loop(lambda reach, _: reach < T, join, (1, x), shape_invariants=turns)[1]


def test_beside_what_xla_may_get_wrong_stands_the_graph_itself():
    x = np.arange(1.0, 9).reshape(2, 4)

    def outputs(function):
        spec = tf.TensorSpec((None, None), tf.float64)
        return graphs.by_xla(lambda **s: graphs.trace(function, spec, **s), [x], lambda y: {"y": y})

    found = outputs(growing)
    np.testing.assert_allclose(found["y without XLA"], np.cumsum(x, axis=1))
    assert outputs(lambda x: tf.cumsum(x, axis=1)).keys() == {"refused", "y"}
