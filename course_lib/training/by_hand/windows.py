"""Truncated BPTT as one training step of TensorFlow's."""

import tensorflow as tf


def train_step_windows(model, optimizer, window, max_norm):
    """Make a training step that reads long sequences window by window.

    Source: Williams and Peng, "An efficient gradient-based algorithm for
    on-line training of recurrent network trajectories", 1990.

    Args:
        model: called with x (batch, K, m) and a state (batch, n) it gives
            logits (batch, K, c) and the state after the K steps; it is built,
            and its weights are `model.trainable_variables`. It computes in
            float32 or in float64; loss, state and norm have the same dtype.
        optimizer: an optimizer of Keras.
        window: steps that a gradient may go back, K; the last window is
            shorter where K does not divide T.
        max_norm: the largest joint norm of the gradients that the optimizer
            gets.

    Returns:
        step: a function of x (batch, T, m), labels (batch, T) and h_0
            (batch, n), traced once for batches of any size, with one T. It
            changes the weights once, and gives the loss (the mean
            cross-entropy of all labels, in nats, before the change), the
            state after step T (batch, n), and the norm before it was
            limited.
    """
    # IMPLEMENT-ME: the step described above; its loss is that of the whole
    # sequence, its direction that of your truncated BPTT, and it is never
    # longer than allowed
    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x, labels, h_0):
        T, h, loss = x.shape[1], h_0, 0.0
        gradients = [tf.zeros_like(w) for w in weights]
        for start in range(0, T, window):
            part = slice(start, start + window)
            with tf.GradientTape() as tape:
                logits, h = model(x[:, part], h)
                errors = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels[:, part], logits
                )
                share = errors.shape[1] / T
                one = share * tf.reduce_mean(errors)
            loss += one
            more = tape.gradient(one, [w.value for w in weights])
            gradients = [g + d for g, d in zip(gradients, more, strict=True)]
        limited, norm = tf.clip_by_global_norm(gradients, max_norm)
        optimizer.apply(limited, weights)
        return loss, h, norm

    return step
    # END IMPLEMENT-ME
