"""Where an operation ran is read off the graph that ran."""

import tensorflow as tf

from course_lib.benchmarks.on_gpu.placement import elsewhere, operations, watched


def run():
    @tf.function
    def compute(x, n):
        return tf.exp(x) * tf.cast(n + 1, x.dtype)

    with watched() as graphs:
        compute(tf.constant([[0.5, 2.0]]), tf.constant(3))
    return graphs


def test_what_ran_there_is_nowhere_else():
    graphs = run()
    assert "Exp" in operations(graphs)
    assert elsewhere(graphs, "CPU:0") == (set(), set())


def test_what_ran_on_the_host_is_named_and_sizes_apart():
    numbers, others = elsewhere(run(), "GPU:0")
    assert {"Exp", "Mul"} <= numbers
    assert "AddV2" in others  # of whole numbers
    assert not others & numbers
    assert not {"_Arg", "_Retval"} & (numbers | others)
