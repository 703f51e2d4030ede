"""Answers to `carried_windows`, written from its notebook alone; each cell is one, with what is wrong."""

import numpy as np


# %% single: y isn't shifted
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[:used]
    shape = (lanes, steps // window, window)
    x, y = (z.reshape(shape).transpose(1, 0, 2) for z in (x, y))
    return x, y


# %% single: the axes are swapped without moving the text: reshape to (lanes, windows, K) only
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    x, y = (z.reshape(shape) for z in (x, y))
    return x, y


# %% single: a swap of the wrong axes: (windows, K, lanes)
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    x, y = (z.reshape(shape).transpose(1, 2, 0) for z in (x, y))
    return x, y


# %% single: y begins anew in each lane: the last character of a lane wraps round
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    lanes_of_x = x.reshape(lanes, steps)
    y = np.roll(lanes_of_x, -1, axis=1)
    x, y = (z.reshape(shape).transpose(1, 0, 2) for z in (lanes_of_x, y))
    return x, y


# %% single: one window too few where the text just fits
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 2) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    x, y = (z.reshape(shape).transpose(1, 0, 2) for z in (x, y))
    return x, y


# %% single: only x is mended
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    x = x.reshape(shape).transpose(1, 0, 2)
    y = y.reshape(steps // window, lanes, window)
    return x, y


# %% single: characters are dealt out to the lanes one by one
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (steps // window, window, lanes)
    x, y = (z.reshape(shape).transpose(0, 2, 1) for z in (x, y))
    return x, y


# %% single: the lanes overlap by one window: each lane starts too early
def carried_windows(codes, lanes, window):
    count = (len(codes) - 1) // (lanes * window)
    if count <= 0:
        raise ValueError("too short")
    at = np.arange(count)[:, None, None] * window + np.arange(window)
    at = at + np.arange(lanes)[:, None] * max(count - 1, 1) * window
    return codes[at], codes[at + 1]


# %% double: only x is mended, and y is shifted the wrong way
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[1 : used + 1], codes[:used]
    shape = (lanes, steps // window, window)
    x = x.reshape(shape).transpose(1, 0, 2)
    y = y.reshape(steps // window, lanes, window)
    return x, y


# %% right: as the hints say
def carried_windows(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError(
            f"A text of {len(codes)} characters has no window of {window} for "
            f"each of {lanes} lanes, and one more to predict."
        )
    used = lanes * steps
    x, y = codes[:used], codes[1 : used + 1]
    shape = (lanes, steps // window, window)
    x, y = (z.reshape(shape).transpose(1, 0, 2) for z in (x, y))
    return x, y


# %% right: fancy indexing: where in the text each character stands
def carried_windows(codes, lanes, window):
    codes = np.asarray(codes)
    count = (len(codes) - 1) // (lanes * window)
    if count < 1:
        raise ValueError("The text is too short.")
    k = np.arange(count)[:, None, None]
    lane = np.arange(lanes)[None, :, None]
    at = lane * count * window + k * window + np.arange(window)
    return codes[at], codes[at + 1]


# %% right: lists, window by window
def carried_windows(codes, lanes, window):
    count = (len(codes) - 1) // (lanes * window)
    if count <= 0:
        raise ValueError(f"{len(codes)} characters are too few.")

    def cut(first):
        pieces = [codes[first + l * count * window :][: count * window] for l in range(lanes)]
        return np.stack(
            [np.stack([p[k * window : (k + 1) * window] for p in pieces]) for k in range(count)]
        )

    return cut(0), cut(1)
