"""Truncated backpropagation through time: the tape is cut every few steps."""

import tensorflow as tf


def truncated_bptt(model, x, window):
    """Outputs whose gradient looks back to the start of its window and no further.

    Only the last window of a loss at the last step has a gradient, then.

    Args:
        model: an `OnlineRNN`.
        x: (batch, T, m).
        window: steps between two cuts; "auto" is T, which is BPTT.

    Returns:
        Outputs, (batch, c) or (batch, T, c).
    """
    steps = x.shape[1]
    window = steps if window == "auto" else min(window, steps)
    mask = model.mask(x)
    rnn = model.rnn
    state = rnn.get_initial_state(tf.shape(x)[0])
    state = list(state) if isinstance(state, (list, tuple)) else [state]
    first, count = steps % window, steps // window

    def take(start, length, state):
        when = start + tf.range(length)  # a slice from a moving start has no fixed shape for XLA
        part = tf.gather(x, when, axis=1)
        of = None if mask is None else tf.gather(mask, when, axis=1)
        last, outs, new = _run(rnn, part, of, [tf.stop_gradient(s) for s in state])
        return outs if model.return_sequences else last, list(new)

    pieces = []
    if first:
        out, state = take(0, first, state)
        pieces.append(out)
    outs = tf.TensorArray(x.dtype, count) if model.return_sequences else tf.zeros(())

    def body(number, state, outs, last):
        out, state = take(first + number * window, window, state)
        return number + 1, state, outs.write(number, out) if model.return_sequences else outs, out

    shape = (x.shape[0] or tf.shape(x)[0],)
    like = tf.zeros(
        (*shape, window, model.cell.units)
        if model.return_sequences
        else (*shape, model.cell.units),
        model.cell.compute_dtype,
    )
    _, state, outs, last = tf.while_loop(
        lambda number, *_: number < count, body, (0, state, outs, like), maximum_iterations=count
    )
    if not model.return_sequences:
        return model.readout(last)
    h = tf.transpose(outs.stack(), (1, 0, 2, 3))
    h = tf.reshape(h, (tf.shape(x)[0], count * window, model.cell.units))
    return model.readout(tf.concat([*pieces, h], axis=1))


def _run(rnn, x, mask, state):
    from keras.src import backend

    def step(x_t, state):
        out, new = rnn.cell(x_t, state)
        return out, new

    return backend.rnn(step, x, state, mask=mask)
