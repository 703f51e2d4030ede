"""Text, letter by letter: windows to train on, and letters drawn."""

import numpy as np


def carried_windows(codes, lanes, window):
    """Cut a text into windows for a network whose state is carried over.

    The text is cut into `lanes` pieces of equal length, which are read side
    by side, each from its beginning to its end, `window` characters at a
    time. So the state that a lane has after one window is the right one to
    begin the next with.

    Args:
        codes: the text, shape (T,), one integer a character.
        lanes: how many pieces are read side by side.
        window: characters of a window, K.

    Returns:
        x: what the network reads, shape (windows, lanes, K). In every lane,
            window k + 1 goes on where window k ended.
        y: what it should predict, same shape: the character that follows
            each one of x in the text.
            What is left at the end of the text and fills no window in every
            lane is dropped, as little as there can be.

    Raises:
        ValueError: the text is too short for one window in every lane.
    """
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    return (
        x.reshape(shape).transpose(1, 0, 2),
        y.reshape(shape).transpose(1, 0, 2),
    )


def sample_with_temperature(logits, temperature, rng):
    """Draw the next character of each row from what a network says.

    Args:
        logits: shape (batch, c), however large or small.
        temperature: at 1 the draw follows the softmax of the logits. Below,
            likely characters become likelier still; above, the differences
            shrink. At 0 it is the likeliest character, always.
        rng: a NumPy Generator, from which all chance comes.

    Returns:
        codes, shape (batch,), integers from 0 to c - 1; each row is drawn
        independently.

    Raises:
        ValueError: the temperature is negative or not finite.
    """
    if not 0 <= temperature < np.inf:
        raise ValueError(
            f"temperature is {temperature}; take 0, or a positive number."
        )
    # IMPLEMENT-ME: each row has drawn a character of its own; over many draws,
    # each one comes as often as logits and temperature say
    if temperature == 0:
        return np.argmax(logits, axis=1)
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    weights = np.exp(shifted / temperature)
    ends = np.cumsum(weights, axis=1)
    chosen = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= chosen, axis=1)
    # END IMPLEMENT-ME
