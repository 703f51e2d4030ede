"""Random signs, step by step.

Each step takes one seed. So a sequence that comes in pieces meets the signs that it would have met
in one, and what a step gets does not depend on the chunk that it is in.
"""

import keras
import numpy as np
import tensorflow as tf

BITS = 32
EACH_BIT = (1 << np.arange(BITS, dtype=np.uint32)).astype(np.uint32).view(np.int32)


def first_seed(seeds: keras.random.SeedGenerator, steps: int | tf.Tensor) -> tf.Tensor:
    """The seed of the next step, shape (2,); the generator moves on by so many steps.

    Replicas have signs of their own.
    """
    first = tf.cast(tf.identity(seeds.state.value), tf.int32)
    seeds.state.assign_add(tf.cast(tf.stack([0, steps]), seeds.state.dtype))
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return first
    return first + tf.stack([7919 * replica.replica_id_in_sync_group, 0])


def signs(seed: tf.Tensor, steps: int | tf.Tensor, shape: tuple, dtype: str) -> tf.Tensor:
    """1 or -1 at random, for each of some steps.

    Args:
        seed: of the first step, shape (2,).
        steps: how many, C.
        shape: of what one step gets, (P, n).
        dtype: of the result.

    Returns:
        shape (C, P, n).
    """
    words = -(-shape[-1] // BITS)
    drawn = tf.TensorArray(tf.int32, steps, element_shape=(None, words))

    def draw(t, drawn):
        bits = tf.random.stateless_uniform(
            (shape[0], words), seed + tf.stack([0, t]), minval=None, maxval=None, dtype=tf.int32
        )
        return t + 1, drawn.write(t, bits)

    _, drawn = tf.while_loop(lambda t, *_: t < steps, draw, (0, drawn), maximum_iterations=steps)
    bits = drawn.stack()[..., None]
    single = tf.bitwise.bitwise_and(bits, EACH_BIT)
    up = tf.reshape(tf.not_equal(single, 0), (steps, shape[0], words * BITS))[..., : shape[-1]]
    return 2 * tf.cast(up, dtype) - 1
