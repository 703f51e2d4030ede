"""Answers to `sample_with_temperature`, written from its notebook alone; each cell is one, with what is wrong."""

import numpy as np


# %% single: multiplied by the temperature
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits * temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: one dart for all rows
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random() * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: nothing is taken off: overflow
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: the largest of all rows is taken off
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max()
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: temperature 0 isn't treated by itself
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: always the likeliest
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.argmax(weights, axis=1)


# %% single: NumPy's global generator
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = np.random.rand(len(logits), 1) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: the temperature acts on the probabilities, after the softmax
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    weights = weights / weights.sum(axis=1, keepdims=True) / temperature
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: the logits are changed in place
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% single: one too far: counts the ends from one
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.minimum(np.sum(ends <= darts, axis=1) + 1, logits.shape[1] - 1)


# %% double: multiplied by the temperature, one dart for all
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits * temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random() * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% right: as the hints say
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return np.argmax(logits, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits / temperature)
    ends = np.cumsum(weights, axis=1)
    darts = rng.random((len(logits), 1)) * ends[:, -1:]
    return np.sum(ends <= darts, axis=1)


# %% right: the Gumbel trick
def sample_with_temperature(logits, temperature, rng):
    if temperature < 0 or not np.isfinite(temperature):
        raise ValueError("The temperature is out of range.")
    scores = np.array(logits, dtype=float)
    if temperature > 0:
        scores -= scores.max(axis=-1, keepdims=True)
        scores = scores / temperature + rng.gumbel(size=scores.shape)
    return scores.argmax(axis=-1)


# %% right: rng.choice, row by row
def sample_with_temperature(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}")
    codes = []
    for row in np.asarray(logits, dtype=np.float64):
        if temperature == 0:
            codes.append(int(np.argmax(row)))
            continue
        p = np.exp((row - np.max(row)) / temperature)
        codes.append(rng.choice(len(row), p=p / p.sum()))
    return np.array(codes, dtype=int)
