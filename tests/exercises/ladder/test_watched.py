"""Arrays that note how large everything is that is computed from them."""

import numpy as np

from course_lib.exercises import check
from course_lib.exercises.checker import check_function
from course_lib.exercises.ladder.watched import watched
from course_lib.exercises.registry import get


def sizes_of(compute, *arrays):
    sizes = []
    result = compute(*watched(sizes, *arrays))
    np.testing.assert_array_equal(np.asarray(result), compute(*arrays))
    return sizes


def test_whatever_is_made_of_a_watched_array_is_counted():
    a, b = np.arange(6.0).reshape(2, 3), np.ones(3)
    assert sizes_of(lambda a, b: a * b, a, b) == [6]
    assert sizes_of(lambda a, b: a @ b, a, b) == [2]
    assert sizes_of(lambda a, b: np.exp(a[:, None] * b[:, None]), a, b).count(18) == 2


def test_products_that_numpy_gives_back_as_plain_arrays_are_watched_all_the_same():
    a, b = np.arange(6.0).reshape(2, 3), np.ones((3, 5))
    assert sizes_of(lambda a, b: np.einsum("ij,jk->ik", a, b) + 1, a, b).count(10) == 2
    assert sizes_of(lambda a, b: np.tensordot(a, b, axes=1) + 1, a, b).count(10) == 2
    plain = np.ones((3, 5))
    assert sizes_of(lambda a: np.einsum("ij,jk->ik", a, plain), a)[-1] == 10
    assert 1 in sizes_of(lambda a: np.einsum("ij->", a), a)


def test_it_is_watched_again_after_plain_arrays_and_in_place():
    def compute(a):
        total = np.zeros((2, 3))
        for _ in range(4):
            total += 2 * a
        return total

    assert sizes_of(compute, np.ones((2, 3))).count(6) == 4


def test_plain_arrays_stay_unwatched():
    sizes = []
    (a,) = watched(sizes, np.ones(3))
    np.ones(4) + 1
    assert np.asarray(a).sum() == 3
    assert sizes == []


def test_a_watched_copy_leaves_the_array_alone():
    a = np.ones(3)
    (one,) = watched([], a)
    one += 1
    np.testing.assert_array_equal(a, 1)


def test_traces_at_every_step_are_named_and_the_learner_is_told_that_the_numbers_are_right():
    def chunk_border(E_0, v, d, credit, gamma):
        E, dW = np.array(E_0), 0
        for t in range(v.shape[1]):
            E = np.exp(-gamma) * E + v[:, t, :, None] * d[:, t, None]
            dW = dW + np.einsum("bpn,bn->pn", E, credit[:, t])
        return dW, E

    report = check(chunk_border)
    assert report.failed == "no trace is built between the first and the last"
    assert report.mistake == "step after step"


def test_traces_of_all_steps_at_once_are_no_better():
    def chunk_border(E_0, v, d, credit, gamma):
        keep, later = np.exp(-gamma), np.array(credit)
        for t in range(v.shape[1] - 2, -1, -1):
            later[:, t] += keep * later[:, t + 1]
        every = np.expand_dims(v, 3) * np.expand_dims(d, 2)
        dW = np.einsum("btpn,btn->pn", every, later)
        dW = dW + np.einsum("bpn,bn->pn", E_0, keep * later[:, 0])
        left = keep ** np.arange(v.shape[1])[::-1, None]
        return dW, keep ** v.shape[1] * E_0 + np.einsum("btpn,tn->bpn", every, left)

    report = check(chunk_border)
    assert report.failed == "no trace is built between the first and the last"
    assert report.mistake == "all outer products"


def test_digits_read_by_hand_are_counted_whatever_the_products_are():
    def read_digits(images, white, params, size=100):
        W_xh, W_hh, b_h, W_hy, b_y = params.values()
        W_xh, logits = W_xh / white, []
        for start in range(0, len(images), size):
            drive = np.einsum("ntm,mk->ntk", images[start : start + size], W_xh)
            h_t = np.zeros((len(drive), len(b_h)))
            for t in range(drive.shape[1]):
                h_t = np.tanh(drive[:, t] + h_t @ W_hh + b_h)
            logits.append(h_t @ W_hy + b_y)
        return np.concatenate(logits)

    def at_once(images, white, params, size=100):
        return read_digits(images, white, params, len(images))

    assert check_function(get("read_digits"), read_digits).ok
    assert check_function(get("read_digits"), at_once).mistake == "everything at once"


def test_however_the_traces_are_built_step_by_step_it_has_a_name():
    def chunk_border(E_0, v, d, credit, gamma):
        E, dW = E_0, 0
        for t in range(v.shape[1]):
            fresh = np.matmul(v[:, t, :, None], d[:, t, None])
            E = E * np.exp(-gamma) + fresh
            dW = dW + (E * credit[:, t, None]).sum(axis=0)
        return dW, E

    assert check(chunk_border).mistake == "step after step"
