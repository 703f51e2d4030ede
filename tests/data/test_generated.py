"""The generated problems: their form, and their chance levels measured on large samples."""

import inspect
import itertools
import math
import re

import numpy as np
import pytest

from course_lib.data import (
    adding_problem,
    adding_problem_chance,
    anbn,
    anbn_chance,
    anbn_floor,
    anbn_stream,
    copy_memory,
    copy_memory_chance,
    noisy_sine,
    noisy_sine_chance,
    noisy_sine_floor,
)
from course_lib.data.generated import ANBN_VOCABULARY

pytestmark = pytest.mark.disable_socket

MAKERS = {
    "adding_problem": lambda seed: adding_problem(4, 9, seed=seed),
    "copy_memory": lambda seed: copy_memory(4, 6, symbols=5, length=3, seed=seed),
    "noisy_sine": lambda seed: noisy_sine(4, 9, seed=seed),
    "anbn": lambda seed: anbn(4, max_n=9, seed=seed),
    "anbn_stream": lambda seed: anbn_stream(4, 30, max_n=3, seed=seed),
}


def mean_is(values, expected):
    """Whether the mean of independent values is `expected`, to five standard errors."""
    error = np.std(values) / math.sqrt(values.size)
    return abs(np.mean(values, dtype=np.float64) - expected) < 5 * error


@pytest.mark.parametrize("name", MAKERS)
def test_the_seed_decides(name):
    make = MAKERS[name]
    for same, again in zip(make(1), make(1), strict=True):
        np.testing.assert_array_equal(same, again)
    assert any(not np.array_equal(one, other) for one, other in zip(make(1), make(2), strict=True))


@pytest.mark.parametrize("name", MAKERS)
def test_the_global_generator_is_not_touched(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    MAKERS[name](3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# The same everywhere: values written down once. The sine's are rounded, because sin may differ
# in its last digit from one machine to the next.


def test_adding_problem_is_the_same_everywhere():
    x, y = adding_problem(2, 4)
    np.testing.assert_array_equal(x[..., 1], [[0, 1, 0, 1], [0, 1, 0, 1]])
    np.testing.assert_allclose(y[:, 0], [0.2863143, 1.6422521], atol=1e-6)


def test_copy_memory_is_the_same_everywhere():
    np.testing.assert_array_equal(
        copy_memory(2, 3, length=5).y[:, 8:], [[7, 6, 5, 3, 3], [1, 1, 1, 2, 7]]
    )


def test_noisy_sine_is_the_same_everywhere():
    np.testing.assert_allclose(
        noisy_sine(1, 4).x[0, :, 0], [1.0563240, 0.9313022, 0.7259181, 0.6151814], atol=1e-6
    )


def test_anbn_is_the_same_everywhere():
    np.testing.assert_array_equal(anbn(8).mask.sum(axis=1), [58, 44, 36, 20, 22, 6, 8, 4])


def test_anbn_stream_is_the_same_everywhere():
    streams = ["".join(map(str, stream)) for stream in anbn_stream(5, 12, max_n=4).y]
    assert streams == [
        "210121012101",
        "222100001222",
        "001222100012",
        "012222100001",
        "210000122210",
    ]


# Adding problem


@pytest.mark.parametrize("T", [2, 3, 50])
def test_adding_problem_sums_one_number_from_each_half(T):
    x, y = adding_problem(300, T)
    assert x.shape == (300, T, 2)
    assert y.shape == (300, 1)
    assert x.dtype == y.dtype == np.float32
    numbers, marks = x[..., 0], x[..., 1]
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert set(np.unique(marks)) <= {0, 1}
    assert np.all(marks[:, : T // 2].sum(axis=1) == 1)
    assert np.all(marks[:, T // 2 :].sum(axis=1) == 1)
    assert np.all(marks.any(axis=0))  # every step is marked somewhere
    first, second = marks.argmax(axis=1), T - 1 - marks[:, ::-1].argmax(axis=1)
    row = np.arange(300)
    np.testing.assert_array_equal(y[:, 0], numbers[row, first] + numbers[row, second])


def test_adding_problem_chance_is_the_error_of_the_mean():
    _, y = adding_problem(200_000, 4)
    assert mean_is(y, 1)
    assert adding_problem_chance() == pytest.approx(1 / 6, abs=1e-15)
    assert mean_is(np.square(y - 1.0), adding_problem_chance())


# Copy memory


def test_copy_memory_has_the_promised_layout():
    delay, symbols, length = 7, 5, 3
    x, y = copy_memory(50, delay, symbols=symbols, length=length)
    T = delay + 2 * length
    assert x.shape == (50, T, symbols + 2)
    assert y.shape == (50, T)
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    assert np.all(x.sum(axis=-1) == 1)
    tokens = x.argmax(axis=-1)
    message = tokens[:, :length]
    assert message.min() == 1
    assert message.max() == symbols
    cue = length + delay - 1
    assert np.all(tokens[:, cue] == symbols + 1)
    assert np.all(np.delete(tokens[:, length:], delay - 1, axis=1) == 0)
    assert np.all(y[:, : cue + 1] == 0)
    np.testing.assert_array_equal(y[:, cue + 1 :], message)


def test_copy_memory_can_recall_at_once():
    x, y = copy_memory(1, 1, symbols=2, length=1)
    np.testing.assert_array_equal(x.argmax(axis=-1)[0, 1:], [3, 0])  # the cue, a blank
    assert y[0, 2] == x[0, 0].argmax()


def test_copy_memory_chance_is_the_loss_of_a_clock():
    """The label frequencies of each step, learnt on one sample, are judged on another."""
    delay, symbols, length = 5, 8, 10
    seen, new = (copy_memory(20_000, delay, seed=seed).y for seed in (1, 2))
    T = delay + 2 * length
    loss = 0.0
    for t in range(T):
        frequency = np.bincount(seen[:, t], minlength=symbols + 1) / len(seen)
        loss -= np.mean(np.log(frequency[new[:, t]]))
    assert loss / T == pytest.approx(copy_memory_chance(delay), rel=1e-3)
    assert copy_memory_chance(delay) == pytest.approx(10 * math.log(8) / 25)
    assert copy_memory_chance(3, symbols=2, length=1) == pytest.approx(math.log(2) / 5)


# Noisy sine


def test_noisy_sine_asks_for_the_next_value():
    x, y = noisy_sine(20, 15)
    assert x.shape == y.shape == (20, 15, 1)
    assert x.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(y[:, :-1], x[:, 1:])


def test_noisy_sine_without_noise_is_a_sine_of_the_promised_period():
    x, y = noisy_sine(500, 40, noise=0)
    wave = np.concatenate([x, y[:, -1:]], axis=1)[..., 0].astype(np.float64)
    # s[t+1] + s[t-1] = 2 cos(w) s[t], solved for cos(w) by least squares.
    middle, around = wave[:, 1:-1], wave[:, 2:] + wave[:, :-2]
    cosine = np.sum(middle * around, axis=1) / (2 * np.sum(middle**2, axis=1))
    np.testing.assert_allclose(around, 2 * cosine[:, None] * middle, atol=1e-5)
    period = 2 * np.pi / np.arccos(cosine)
    assert 9.99 < period.min() < 10.5
    assert 29.5 < period.max() < 30.01


@pytest.mark.parametrize("noise", [0, 0.1, 0.8])
def test_noisy_sine_chance_is_the_error_of_the_mean(noise):
    _, y = noisy_sine(200_000, 2, noise=noise)
    last = y[:, -1]  # one value a sequence: independent
    assert mean_is(last, 0)
    assert noisy_sine_chance(noise) == pytest.approx(0.5 + noise**2)
    assert mean_is(np.square(last), noisy_sine_chance(noise))


@pytest.mark.parametrize("noise", [0.1, 0.8])
def test_noisy_sine_floor_is_the_error_of_who_knows_the_wave(noise):
    _, y = noisy_sine(20_000, 10, noise=noise)
    _, wave = noisy_sine(20_000, 10, noise=0)
    assert noisy_sine_floor(noise) == pytest.approx(noise**2)
    assert mean_is(np.square(y - wave), noisy_sine_floor(noise))


@pytest.mark.parametrize(
    ("task", "bounds"),
    [
        (noisy_sine, (noisy_sine_chance, noisy_sine_floor)),
        (copy_memory, (copy_memory_chance,)),
        (anbn, (anbn_chance, anbn_floor)),
    ],
)
def test_bounds_are_by_default_those_of_the_data(task, bounds):
    settings = inspect.signature(task).parameters
    for bound in bounds:
        for name, parameter in inspect.signature(bound).parameters.items():
            assert parameter.default == settings[name].default, f"{bound.__name__}, {name}"


# A^n B^n


@pytest.mark.parametrize("max_n", [1, 5, 32])
def test_anbn_spells_the_language(max_n):
    x, y, mask = anbn(300, max_n=max_n)
    T = 2 * max_n + 2
    assert x.shape == (300, T, 3)
    assert y.shape == mask.shape == (300, T)
    assert (x.dtype, y.dtype, mask.dtype) == (np.float32, np.int64, np.bool_)
    assert np.all(x[~mask] == 0)
    assert np.all(y[~mask] == 0)
    counts = set()
    for one_x, one_y, real in zip(x, y, mask, strict=True):
        length = real.sum()
        assert np.all(real[:length])  # padding at the end only
        text = "".join(ANBN_VOCABULARY[label] for label in one_y[real])
        k = text.count("a")
        assert text == "a" * k + "\n" + "b" * k + "\n"
        seen = "".join(ANBN_VOCABULARY[token] for token in one_x[real].argmax(axis=-1))
        assert seen == "\n" + text[:-1]
        counts.add(k)
    assert counts == set(range(1, max_n + 1))


def spelled(streams, max_n):
    """The streams as text, in the roles in which all of them spell the language."""
    line = re.compile(r"(a*)\n(b*)\n")
    for roles in itertools.permutations("ab\n"):
        texts = ["".join(roles[character] for character in stream) for stream in streams]
        whole = [re.search(r"b\n((?:a+\nb+\n)+)", text) for text in texts]
        if all(whole) and all(
            len(a) == len(b) <= max_n for one in whole for a, b in line.findall(one[1])
        ):
            return roles, texts
    return None


@pytest.mark.parametrize("max_n", [1, 3, 6])
def test_anbn_streams_spell_the_language_from_the_middle_of_a_line_on(max_n):
    roles = set()
    for seed in range(20):
        x, y = anbn_stream(30, 60, max_n=max_n, seed=seed)
        assert (x.shape, y.shape) == ((30, 60, 3), (30, 60))
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(x.sum(axis=-1), 1)
        np.testing.assert_array_equal(x[:, 1:].argmax(axis=-1), y[:, :-1])
        role, texts = spelled(y, max_n)
        roles.add(role)
        assert len({text[: max_n + 2] for text in texts}) > 2  # they begin at different places
        longest = max(len(a) for text in texts for a in re.findall("a+", text))
        assert longest == max_n
    assert len(roles) > 3 or max_n == 1  # where a and b can change places, and nobody sees it


@pytest.mark.parametrize("max_n", [1, 5, 32])
def test_anbn_floor_is_the_loss_of_who_counts(max_n):
    """Having read j a's, all of j … max_n are equally likely; after the a's, all is known."""
    mask = anbn(20_000, max_n=max_n).mask
    k = (mask.sum(axis=1) - 2) // 2
    bits = np.zeros(len(k))
    for j in range(1, max_n + 1):
        stop = 1 / (max_n - j + 1)
        bits[k == j] -= math.log2(stop)
        if stop < 1:
            bits[k > j] -= math.log2(1 - stop)
    assert bits.sum() / mask.sum() == pytest.approx(anbn_floor(max_n), rel=0.02)


def test_anbn_floor_is_five_bits_in_35_characters():
    assert anbn_floor(32) == pytest.approx(5 / 35, abs=1e-15)
    assert anbn_floor(1) == 0


@pytest.mark.parametrize("max_n", [1, 5, 32])
def test_anbn_chance_is_the_loss_of_who_sees_one_character(max_n):
    """How often each character follows each, learnt on one sample, is judged on another."""

    def pairs(seed):
        x, y, mask = anbn(20_000, max_n=max_n, seed=seed)
        counts = np.zeros((3, 3))
        np.add.at(counts, (x[mask].argmax(axis=-1), y[mask]), 1)
        return counts

    seen, new = pairs(1), pairs(2)
    probability = seen / seen.sum(axis=1, keepdims=True)
    happens = new > 0
    loss = -np.sum(new[happens] * np.log2(probability[happens])) / new.sum()
    assert loss == pytest.approx(anbn_chance(max_n), rel=0.02)
    assert anbn_floor(max_n) < anbn_chance(max_n)


# Arguments


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adding_problem(0, 10), "n must be a whole number, at least 1, but is 0"),
        (lambda: adding_problem(5, 1), "T must be a whole number, at least 2"),
        (lambda: adding_problem(5.0, 10), "n must be a whole number"),
        (lambda: adding_problem(True, 10), "n must be a whole number"),
        (lambda: adding_problem(5, 10, seed=-1), "seed must be a whole number, at least 0"),
        (lambda: adding_problem(5, 10, seed=None), "seed must be a whole number"),
        (lambda: copy_memory(5, 0), "delay must be a whole number, at least 1"),
        (lambda: copy_memory(5, 3, symbols=1), "symbols must be a whole number, at least 2"),
        (lambda: copy_memory(5, 3, length=0), "length must be a whole number, at least 1"),
        (lambda: copy_memory_chance(0), "delay must be a whole number, at least 1"),
        (lambda: noisy_sine(5, 0), "T must be a whole number, at least 1"),
        (lambda: noisy_sine(5, 3, noise=-0.1), "noise must be a standard deviation, at least 0"),
        (lambda: noisy_sine(5, 3, noise=math.nan), "noise must be"),
        (lambda: noisy_sine(5, 3, noise=math.inf), "noise must be"),
        (lambda: noisy_sine(5, 3, noise="loud"), "noise must be .* but is 'loud'"),
        (lambda: noisy_sine_chance(-1), "noise must be"),
        (lambda: noisy_sine_floor(-1), "noise must be"),
        (lambda: anbn(5, max_n=0), "max_n must be a whole number, at least 1"),
        (lambda: anbn_chance(0), "max_n must be"),
        (lambda: anbn_floor(2.5), "max_n must be"),
    ],
)
def test_a_bad_argument_says_what_to_pass(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numpy_integers_are_whole_numbers():
    assert adding_problem(np.int64(2), np.int32(5), seed=np.uint8(1)).x.shape == (2, 5, 2)
