"""What is set in another way for a while is so in it, and as before afterwards."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.kernl import kernlmodel
from course_lib.exercises.registry import get
from course_lib.graphs.settings import (
    goes_step_by_step,
    in_graphs,
    step_by_step,
    without_tf32,
    without_xla,
)


def test_tf32_is_left_out_for_a_while():
    asks = tf.config.experimental.tensor_float_32_execution_enabled
    before = asks()
    with without_tf32():
        assert not asks()
    assert asks() == before


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
    with step_by_step():
        with in_graphs():
            assert not goes_step_by_step()
        assert goes_step_by_step()
    assert not goes_step_by_step()


def test_what_asks_for_xla_goes_without_it_for_a_while_and_asks_again():
    def compiled_by_xla(function):
        node_attributes = function.get_concrete_function(tf.TensorSpec(3)).function_def.attr
        return node_attributes["_XlaMustCompile"].b

    before = tf.function(tf.tanh, jit_compile=True)
    with without_xla():
        meanwhile = tf.function(tf.tanh, jit_compile=True)
        assert not compiled_by_xla(tf.function(tf.tanh, jit_compile=True))
    assert compiled_by_xla(before)
    assert compiled_by_xla(meanwhile)
    assert not compiled_by_xla(tf.function(tf.tanh))
