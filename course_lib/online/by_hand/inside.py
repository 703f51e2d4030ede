"""Learning while the sequence still runs, in TensorFlow."""

import tensorflow as tf


def update_inside(W, R, x, y, beta, gamma, rate):
    """Read sequences, and change the weights after each of their steps.

    The network is tanh, from a state of zeros; y is compared with what the
    fixed readout R makes of each state. The loss of a step is half the squared
    error, summed over the outputs, mean over the batch. The traces go on
    through the changes, as if there were none. All tensors have one dtype, and
    the losses have it too. Sizes of batch and T may be unknown while it is
    traced.

    Args:
        W: a tf.Variable, the stacked weights, shape (p, n); changed in place
            by plain gradient descent.
        R: readout, shape (n, c); stays as it is.
        x: inputs, shape (batch, T, m).
        y: targets, shape (batch, T, c).
        beta: sensitivity, shape (n, n); row k is the later unit.
        gamma: decay rate of each unit, shape (n,).
        rate: learning rate, a number.

    Returns:
        losses: shape (T,), each as it was before the change that it led to.
    """
    # IMPLEMENT-ME: at each moment the network has the weights that the moment
    # before has left behind, in a graph too; and a long sequence needs no
    # larger graph than a short sequence
    batch, T = tf.shape(x)[0], tf.shape(x)[1]
    one = tf.ones((batch, 1), x.dtype)
    by_step = tf.TensorArray(x.dtype, T, element_shape=())

    def step(t, h_t, E_t, by_step):
        v_t = tf.concat([x[:, t], h_t, one], axis=1)
        h_t = tf.tanh(v_t @ W)
        d_t = 1 - h_t**2
        E_t = E_t * tf.exp(-gamma) + v_t[:, :, None] * d_t[:, None, :]
        error = h_t @ R - y[:, t]
        loss = tf.reduce_sum(error**2) / 2 / tf.cast(batch, x.dtype)
        dh_t = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bi,bji->ji", dh_t @ beta, E_t)
        W.assign_sub(rate * dW)
        return t + 1, h_t, E_t, by_step.write(t, loss)

    h_0 = tf.zeros((batch, W.shape[1]), x.dtype)
    E_0 = tf.zeros((batch, *W.shape), x.dtype)
    *_, by_step = tf.while_loop(
        lambda t, *_: t < T, step, (0, h_0, E_0, by_step)
    )
    losses = by_step.stack()
    return losses
    # END IMPLEMENT-ME
