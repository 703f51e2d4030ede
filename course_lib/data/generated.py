"""Sequence problems made on the spot, each with the loss of a guess: its chance level.

Where the best possible loss is not 0, a second function gives that floor. All use NumPy's PCG64
with the seed given: the same data on every machine. Take another seed for the test set.
Batch first, time second: x (batch, T, m) float32.
"""

import math
import operator
from typing import NamedTuple

import numpy as np

from course_lib.values import plain_number

SINE_PERIODS = (10.0, 30.0)  # steps: the shortest and the longest
ANBN_VOCABULARY = ("a", "b", "\n")


class Sequences(NamedTuple):
    """Sequences of one length: inputs x and targets y."""

    x: np.ndarray
    y: np.ndarray


class MaskedSequences(NamedTuple):
    """Padded sequences: inputs x, targets y, and mask (batch, T) bool, True at a real step."""

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray


def adding_problem(n: int, T: int, seed: int = 0) -> Sequences:
    """Add the two marked numbers of a long row (after Hochreiter and Schmidhuber, 1997).

    Args:
        n: sequences.
        T: steps, at least 2.
        seed: a whole number, at least 0.

    Returns:
        x: (n, T, 2) float32. x[..., 0] is uniform in [0, 1); x[..., 1] is 1 at two steps, one in
            each half of the row, and 0 elsewhere.
        y: (n, 1) float32, the sum of the two marked numbers.

    Raises:
        ValueError: an argument is out of range.
    """
    n, T = _whole("n", n, least=1), _whole("T", T, least=2)
    rng = generator(seed)
    numbers = rng.random((n, T)).astype(np.float32)
    marks = np.zeros((n, T), np.float32)
    row = np.arange(n)
    marks[row, rng.integers(0, T // 2, n)] = 1
    marks[row, rng.integers(T // 2, T, n)] = 1
    y = np.sum(numbers * marks, axis=1, keepdims=True)
    return Sequences(np.stack([numbers, marks], axis=-1), y)


def adding_problem_chance() -> float:
    """Mean squared error of always answering the mean, 1: exactly 1/6.

    The best constant's error is the variance of the target. A number uniform in [0, 1) has
    variance 1/12, and the two marked ones are independent: 1/12 + 1/12 = 1/6. Perfection is 0.
    """
    return 1 / 6


def copy_memory(n: int, delay: int, symbols: int = 8, length: int = 10, seed: int = 0) -> Sequences:
    """Recall a row of symbols after a delay (form of Arjovsky, Shah and Bengio, 2016).

    In:   `length` random symbols, `delay - 1` blanks, the cue, `length` blanks.
    Out:  `length + delay` blanks, then the symbols. T = delay + 2 * length.

    Args:
        n: sequences.
        delay: steps between the last symbol and the first recalled one, at least 1.
        symbols: size of the alphabet, at least 2.
        length: symbols to recall, at least 1.
        seed: a whole number, at least 0.

    Returns:
        x: (n, T, symbols + 2) float32, one-hot. 0 is the blank, 1 … symbols the symbols,
            symbols + 1 the cue.
        y: (n, T) int64, the label of each step, in 0 … symbols.

    Raises:
        ValueError: an argument is out of range.
    """
    n = _whole("n", n, least=1)
    delay, symbols, length = _copy_sizes(delay, symbols, length)
    T, cue = delay + 2 * length, symbols + 1
    message = generator(seed).integers(1, symbols + 1, (n, length))
    tokens = np.zeros((n, T), np.int64)
    tokens[:, :length] = message
    tokens[:, length + delay - 1] = cue
    y = np.zeros((n, T), np.int64)
    y[:, length + delay :] = message
    return Sequences(_one_hot(tokens, symbols + 2), y)


def copy_memory_chance(delay: int, symbols: int = 8, length: int = 10) -> float:
    """Cross-entropy, in nats a step, of knowing when to recall but not what.

    The first length + delay steps are surely blank and cost nothing. Each of the last `length` is
    one of `symbols`, all equally likely, and costs log(symbols). The mean over the T steps is
    length * log(symbols) / (delay + 2 * length). Perfection is 0.

    Raises:
        ValueError: an argument is out of range.
    """
    delay, symbols, length = _copy_sizes(delay, symbols, length)
    return length * math.log(symbols) / (delay + 2 * length)


def noisy_sine(n: int, T: int, noise: float = 0.1, seed: int = 0) -> Sequences:
    """Predict the next value of a sine wave seen through noise.

    Each sequence has its own period, uniform in 10 to 30 steps, and its own phase, uniform over
    the circle. Its amplitude is 1. Gaussian noise is added to every value, target included.

    Args:
        n: sequences.
        T: steps, at least 1.
        noise: standard deviation of the noise, at least 0.
        seed: a whole number, at least 0.

    Returns:
        x: (n, T, 1) float32, the values at steps 0 … T - 1.
        y: (n, T, 1) float32, the values at steps 1 … T: y[:, t] = x[:, t + 1].

    Raises:
        ValueError: an argument is out of range.
    """
    n, T, noise = _whole("n", n, least=1), _whole("T", T, least=1), _noise(noise)
    rng = generator(seed)
    period = rng.uniform(*SINE_PERIODS, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    # Drawn last, and always: another noise level gives the same waves.
    disturbance = noise * rng.standard_normal((n, T + 1))
    wave = np.sin(2 * np.pi * np.arange(T + 1) / period + phase) + disturbance
    wave = wave.astype(np.float32)[..., None]
    return Sequences(wave[:, :-1], wave[:, 1:])


def noisy_sine_chance(noise: float = 0.1) -> float:
    """Mean squared error of always answering the mean, 0: 1/2 + noise^2.

    With a phase uniform over the circle, a sine has mean 0 and mean square 1/2 at every step. The
    target's noise is independent of it, so that the variances add.

    Raises:
        ValueError: `noise` is out of range.
    """
    return 0.5 + _noise(noise) ** 2


def noisy_sine_floor(noise: float = 0.1) -> float:
    """Mean squared error that nothing can beat: noise^2.

    The target's own noise is independent of all that was seen. Who knew the period and the phase
    would still miss by it. A net has to estimate them from noisy values, so it stays above.

    Raises:
        ValueError: `noise` is out of range.
    """
    return _noise(noise) ** 2


def anbn(n: int, max_n: int = 32, seed: int = 0) -> MaskedSequences:
    r"""Predict the next character of a^k \n b^k \n, a language that needs counting.

    k is uniform in 1 … max_n. The net reads the newline that ended the line before, then the
    sequence; at each of its 2k + 2 characters it predicts that character from those before.
    T = 2 * max_n + 2, and what lies beyond 2k + 2 is padding.

    Args:
        n: sequences.
        max_n: the largest k, at least 1.
        seed: a whole number, at least 0.

    Returns:
        x: (n, T, 3) float32, one-hot over ("a", "b", "\n"), all zero where padded.
        y: (n, T) int64, the next character, 0 where padded.
        mask: (n, T) bool, True at a real step.

    Raises:
        ValueError: an argument is out of range.
    """
    n, max_n = _whole("n", n, least=1), _whole("max_n", max_n, least=1)
    k = generator(seed).integers(1, max_n + 1, (n, 1))
    a, b, newline = range(len(ANBN_VOCABULARY))
    step = np.arange(2 * max_n + 2)
    mask = step < 2 * k + 2
    y = np.select([step < k, step == k, step <= 2 * k, mask], [a, newline, b, newline], a)
    seen = np.concatenate([np.full((n, 1), newline), y[:, :-1]], axis=1)
    x = _one_hot(seen, len(ANBN_VOCABULARY)) * mask[..., None]
    return MaskedSequences(x, y, mask)


def anbn_stream(n: int, T: int, max_n: int = 32, seed: int = 0) -> Sequences:
    r"""Lines of a^k \n b^k \n without end, and in a role that changes with the seed.

    As in `anbn`, but line follows on line, each stream begins in the middle of one, and the seed
    decides which of the three characters is the a, which the b and which the newline.

    Args:
        n: streams.
        T: steps, at least 1.
        max_n: the largest k, at least 1.
        seed: a whole number, at least 0.

    Returns:
        x: (n, T, 3) float32, one-hot.
        y: (n, T) int64, the next character: y[:, t] is the one of x[:, t + 1].

    Raises:
        ValueError: an argument is out of range.
    """
    n, T = _whole("n", n, least=1), _whole("T", T, least=1)
    max_n = _whole("max_n", max_n, least=1)
    rng = generator(seed)
    a, b, newline = rng.permutation(3)
    needed, longest = T + 1, 2 * max_n + 2
    streams = np.zeros((n, needed), np.int64)
    for stream in streams:
        line: list[int] = []
        begin = rng.integers(longest)
        while len(line) < begin + needed:
            k = rng.integers(1, max_n + 1)
            line += [a] * k + [newline] + [b] * k + [newline]
        stream[:] = line[begin : begin + needed]
    return Sequences(_one_hot(streams[:, :-1], 3), streams[:, 1:])


def anbn_floor(max_n: int = 32) -> float:
    r"""Entropy, in bits a character, that nothing can beat; 5/35 = 1/7 for max_n = 32.

    The only thing not known beforehand is k: log2(max_n) bits a sequence. Once the a's are over, a
    net that counted them knows the rest. A sequence has 2k + 2 characters, max_n + 3 in the mean.

    Raises:
        ValueError: `max_n` is out of range.
    """
    max_n = _whole("max_n", max_n, least=1)
    return math.log2(max_n) / (max_n + 3)


def anbn_chance(max_n: int = 32) -> float:
    r"""Cross-entropy, in bits a character, of the best guess from the current character alone.

    After a newline come "a" (a new sequence) and "b" (the middle) equally often: 1 bit, twice a
    sequence. After an "a", a newline comes in 1 of E[k] = (max_n + 1) / 2 cases, else another "a";
    so for "b". With H the entropy of a coin, a sequence costs 2 + 2 E[k] H(1 / E[k]) bits over
    max_n + 3 characters in the mean.

    Raises:
        ValueError: `max_n` is out of range.
    """
    max_n = _whole("max_n", max_n, least=1)
    mean_k = (max_n + 1) / 2
    stop, go_on = 1 / mean_k, 1 - 1 / mean_k
    coin = -stop * math.log2(stop) - (go_on * math.log2(go_on) if go_on else 0)
    return (2 + 2 * mean_k * coin) / (max_n + 3)


def generator(seed: int) -> np.random.Generator:
    """NumPy's PCG64, or a ValueError that says what a seed is."""
    return np.random.Generator(np.random.PCG64(_whole("seed", seed, least=0)))


def _one_hot(tokens: np.ndarray, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[tokens]


def _copy_sizes(delay: int, symbols: int, length: int) -> tuple[int, int, int]:
    return (
        _whole("delay", delay, least=1),
        _whole("symbols", symbols, least=2),
        _whole("length", length, least=1),
    )


def _whole(name: str, value: int, least: int) -> int:
    """Give `value` as an int, or raise a ValueError that says what to pass instead."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, but is {value!r}.")
    return number


def _noise(value: float) -> float:
    """Give `value` as a float, or raise a ValueError that says what to pass instead."""
    noise = plain_number(value)
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise must be a standard deviation, at least 0, but is {value!r}.")
    return noise
