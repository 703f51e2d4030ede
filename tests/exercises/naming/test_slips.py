"""Slips are said in words that fit them, and a reference has many."""

import ast

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.calling.guard import RAISED
from course_lib.exercises.naming.habits import habits
from course_lib.exercises.naming.mutants import mutants
from course_lib.exercises.naming.slips import (
    LONGEST,
    _place,
    is_written,
    relatives,
    slips,
    together,
    whose_names,
)
from course_lib.exercises.naming.trees import tree_of, without_docstrings
from course_lib.exercises.registry import get
from course_lib.scratch.diagonal import eigenvalues
from course_lib.scratch.kernl import kernel_gradients, perturbation_step
from course_lib.scratch.scan import combine, scan


def model(x, h, rate=0.5):
    """A function with one of everything."""
    total = np.zeros_like(x)
    for t in range(3):
        total = np.tanh(x[:, t] @ h + rate) * total
    return total - h


@pytest.mark.parametrize(
    "words",
    [
        "with the ReLU for the tanh",
        "with a clip to -1 and 1 for the tanh",
        "with `rate` outside of `np.tanh`",
        "with `total` twice as large",
        "with `x[t]` for `x[:, t]`",
        "with `range(3 + 1)` for `range(3)`",
        "with `total = np.zeros_like(x)` inside the loop",
        "with the `return` inside the loop",
        "with the result increased by `x`",
        "without `- h`",
        "with `+` for the `-` before `h`",
        "without the line `return total - h`",
    ],
)
def test_a_change_is_said_in_words(words):
    assert words in [mutant.words for mutant in mutants(model, also=habits)]


def faded(x, gamma, rest=None):
    """A decay, which isn't a result, and two starting values."""
    decay = np.exp(-gamma)
    total, count = 0.0, x + (rest if rest else 0)
    total = decay * x
    return np.tanh(decay), total + count


def test_each_has_its_own_source():
    """TensorFlow, and whoever looks for a second slip, reads it; what made the slip is gone."""
    for slip in slips(get("rnn_step").reference):
        assert ast.unparse(tree_of(slip.answer, decorated=False)) == slip.source


def test_another_size_is_a_slip_of_results_alone():
    words = [mutant.words for mutant in mutants(faded, also=habits)]
    assert "with `total` in percent" in words
    assert not any(one.startswith("with `decay` in percent") for one in words)


def begun(h):
    """A result that is begun, and made anew at each turn."""
    last = np.zeros_like(h)
    for row in h:
        last = np.tanh(row)
    return last


def test_a_result_that_is_yet_to_be_filled_has_no_size():
    """Whoever begins with ones reads so, and not that the result is taken from 1."""
    words = [m.words for m in mutants(begun, also=habits) if m.line == 3]
    assert "with `np.zeros_like(h) + h` for `np.zeros_like(h)`" in words
    assert "with `np.ones_like` for `np.zeros_like`" in words
    assert not any(one.startswith(("with `last` ", "with `1 - ")) for one in words)


def sums_for_factors(a, b, h_0, join=combine):
    """A scan that hands join the sums twice, and has no name `later`."""
    dtype = np.result_type(a, b, h_0)
    A, B = a.astype(dtype), b.astype(dtype)
    B[:, 0] += A[:, 0] * h_0
    reach = 1
    while reach < a.shape[1]:
        left = A[:, :-reach], B[:, :-reach]
        A[:, reach:], B[:, reach:] = join(left, (B[:, reach:], B[:, reach:]))
        reach *= 2
    return B


def test_a_name_that_only_the_solution_has_is_said_to_be_one():
    """Or the learner looks in vain for what is "made" in their own code."""
    report = check(sums_for_factors, "scan")
    assert "where `later` is made" in report.sentence
    assert report.sentence.endswith("`later` is a name in the solution of scan.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("with `A` for `B`, where `later` is made", "`later` is a name in the solution of scan."),
        ("with `h_0` for `reach`", ""),
        ("with `left` for `later`", "`later` is a name in the solution of scan."),
    ],
)
def test_whose_names_they_are(words, sentence):
    assert whose_names(get("scan"), words, sums_for_factors) == sentence


def test_a_condition_in_brackets_keeps_them():
    words = [mutant.words for mutant in mutants(faded, also=habits)]
    assert "without `+ (rest if rest else 0)`" in words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("tf.tanh(a + h @ W + b)", "with `h @ W` and `b` outside of `tf.tanh`"),
        ("tf.tanh(a + h @ W + b)", "with `h @ W` outside of `tf.tanh`"),
        ("tf.tanh(a + h @ W + b)", "with `tf.tanh` of `b` by itself"),
        ("keras.ops.tanh(a)", "with the ReLU for the tanh"),
        ("keras.ops.sigmoid(a)", "with a tanh for `keras.ops.sigmoid(a)`"),
        ("1 - h ** 2", "with `1 - np.tanh(h) ** 2` for `1 - h ** 2`"),
        ("tf.abs(1 - h ** 2)", "with `1 - tf.tanh(h) ** 2` for `1 - h ** 2`"),
        ("d * c * i * (1 - i)", "without `* i * (1 - i)`"),
        ("t < T", "with `t < T - 1` for `t < T`"),
        ("a * b", "with `a + b` for `a * b`"),
        ("tf.einsum('tbm,tbn->mn', x, d)", "with `tf.reverse(x, [0])` for `x` in the sum"),
    ],
)
def test_a_habit_is_known_in_each_library(code, words):
    tree = ast.parse(code)
    assert words in [said for node in ast.walk(tree) for _, said in habits(node, {}, tree)]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("a / b", ["`a / (b - 1)` for `a / b`", "`a / (b + 1)` for `a / b`"]),
        ("a - (b + c)", ["`a - b + c` for `a - (b + c)`", "`b * c` for `b + c`"]),
        ("max(a, b)", ["`min(a, b)` for `max(a, b)`"]),
        ("min(a, b)", ["`max(a, b)` for `min(a, b)`"]),
        ("z.real", ["`np.abs(z)` for `z.real`", "`z.imag` for `z.real`"]),
        ("tf.reduce_sum(a)", ["`tf.reduce_mean` for `tf.reduce_sum`"]),
        ("g(t < T)", ["`t < T - 1` for `t < T`", "`t < T + 1` for `t < T`"]),
        ("w['W_hh']", ["`w['W_hh'].T` for `w['W_hh']`"]),
        ("w['W_xh']", []),
        ("g('dh', 'db', 'loss')", ["`db` for `dh`", "`dh` for `db`"]),
        (
            "def f(x, flip=False, rate=0.5):\n    return x[flip, rate]",
            [
                *("`flip` for `x`", "`rate` for `x`"),
                *("its default for `flip`", "`True` for `flip`"),
                *("`rate` for `flip`", "`x` for `flip`"),
                *("its default for `rate`", "`flip` for `rate`", "`x` for `rate`"),
            ],
        ),
    ],
)
def test_all_that_may_stand_there_by_a_slip_and_nothing_else(code, words):
    tree = ast.parse(code)
    names = {name: name for name in ("x", "flip", "rate", "'dh'", "'db'", "'loss'")}
    found = [said for node in ast.walk(tree) for _, said in habits(node, names, tree)]
    assert sorted(found) == sorted(f"with {one}" for one in words)


def test_the_slips_of_what_learners_write_come_first():
    fast = get("KernlModel").reference
    first = [slip.called for slip in slips(fast)[:100]]
    assert any("tape.watch" in words for words in first)
    assert not any("SimpleRNN" in words for words in first)


def test_an_operator_that_changes_with_its_operands_is_not_said_to_change_alone():
    for mutant in mutants(model, also=habits):
        if mutant.words.startswith("with `*` for the `+`"):
            assert "x[:, t] @ h * rate" in mutant.source


def test_a_slip_is_short_and_runs():
    made = slips(get("rnn_step").reference)
    assert len(made) > 40
    assert all(len(slip.called) <= LONGEST for slip in made)
    assert all(callable(slip.answer) for slip in made)


def test_words_that_fit_two_places_say_which():
    words = [slip.called for slip in slips(get("lru_trace_step").reference)]
    assert "without `lam *`" not in words
    assert "without `lam *`, where `E_x` is made" in words


def test_words_that_fit_two_places_of_a_line_show_the_smallest_part_that_says_which():
    words = [slip.called for slip in slips(get("perturbation_step").reference)]
    without = [one for one in words if one.startswith("without `decay *`")]
    assert without == ["without `decay *`, where `Omega` is made"]  # once in that line
    assert "with `Gamma` for `decay * Gamma`" in words
    assert "with `Omega` for `decay * Omega`, where `Gamma` is made" in words


def twice(a, b):
    """Names of its own, which a learner need not have."""
    return a + b * a + b


def doubled(a, b):
    """The same words for two places, of which none holds a smaller part of its own."""
    # IMPLEMENT-ME: both.
    c = a * b * a
    # END IMPLEMENT-ME
    return c + c


@pytest.mark.parametrize("reference", [twice, doubled, get("perturbation_step").reference])
def test_the_sentence_of_a_slip_does_not_show_a_whole_line_of_the_right_code(reference):
    source = ast.unparse(without_docstrings(tree_of(reference)))
    whole = [line.strip() for line in source.splitlines()[1:]]
    whole = [one for one in whole if one not in ("return c + c", "return Gamma, Omega")]
    for slip in slips(reference):
        shown = slip.called.partition(" for `")[2].rstrip("`")
        assert shown not in whole
    called = [slip.called for slip in slips(reference)]
    assert len(called) == len(set(called))


def test_every_slip_is_said_in_words_and_none_cancels_itself():
    for name in ("numerical_gradient", "perturbation_step", "gradient_check"):
        words = [slip.called for slip in slips(get(name).reference)]
        assert all(words)
        assert not any("tolerance <= tolerance" in one for one in words)
        assert not any("decay * Omega - decay * Omega" in one for one in words)


def test_habits_are_no_mutants():
    plain = {mutant.source for mutant in mutants(model)}
    assert len(plain) < len(mutants(model, also=habits))
    assert all(ast.parse(mutant.source) for mutant in mutants(model, also=habits))


def test_a_fast_form_has_the_exercises_that_it_is_built_on_for_relatives():
    assert [one.id for one in relatives(get("rnn_forward"))] == []
    assert [one.id for one in relatives(get("VanillaRNNCell"))] == ["rnn_forward", "rnn_step"]


def squashed_to_the_relu(x_t, h_prev, W_xh, W_hh, b_h):
    return np.clip(x_t @ W_xh + h_prev @ W_hh + b_h, -1, 1)


def each_row_from_its_own_place(x, params):
    from course_lib.scratch.gated import lstm_step

    h = c = np.zeros((len(x), len(params["W_hc"])))
    states = []
    for t in range(x.shape[1]):
        h, c, _ = lstm_step(x[t], h, c, params)
        states.append(h)
    return np.stack(states, 1)


def test_what_fails_in_the_same_operation_is_the_same_slip():
    report = check(each_row_from_its_own_place, "collect_outputs")
    assert report.sentence == (
        "Your code behaves exactly like the right code with `x[t]` for `x[:, t]`."
    )


def test_another_squashing_is_named():
    assert "clip" in check(squashed_to_the_relu, "rnn_step").sentence


def test_a_slip_says_whose_default_which_loop_and_which_of_several_lines():
    def words(exercise):
        return [slip.called for slip in slips(get(exercise).reference)]

    assert "with `bias=1.0` for `bias=0.0`" in words("propagate")
    returns = [one for one in words("propagate") if one.startswith("with the `return` inside")]
    assert all(one.startswith("with the `return` inside `for ") for one in returns)
    assert len(returns) == 2
    turned = [one for one in words("gradual_dropout") if "the sign of `scale`" in one]
    assert turned == [
        f"with the sign of `scale` turned round, where `scale` is made for the {nth} time"
        for nth in ("second", "first")  # what is made where learners write comes first
    ]
    assert "with the sign of what is returned turned round" in words("gradient_norms")


def averaged_once(h, W_hh, beta, gamma, psi):
    batch, T, n = h.shape
    tangent = Omega = Gamma = np.zeros((batch, n))
    dbeta, dgamma = np.zeros_like(beta), np.zeros(n)
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        dbeta_t, dgamma_t = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += dbeta_t / T
    dgamma += dgamma_t / T
    return dbeta, dgamma


def test_of_slips_that_do_the_same_the_one_that_is_written_like_it_is_named():
    """The last step alone: `=` for `+=`, or a line that stands too far on the left."""
    report = check(averaged_once, "kernel_fit")
    assert "with `dgamma += dgamma_t / T` after the loop, not in it" in report.sentence


def an_axis_twice(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    used = lanes * steps
    if not used:
        raise ValueError("too short")
    x, y = codes[:used], codes[1 : used + 1]
    shape = lanes, steps // window, window
    return x.reshape(shape).transpose(1, 0, 2), y.reshape(shape).transpose(1, -1, 2)


def test_the_same_operation_on_another_array_is_another_slip():
    said = check(an_axis_twice, "carried_windows").sentence
    assert "y.reshape(shape).transpose(1, -1, 2)" in said


def reads_beyond_the_last_step(E_0, v, d, credit, gamma):
    C, decay = v.shape[1], np.exp(-gamma)
    later = np.zeros_like(credit)
    for t in reversed(range(C)):
        later[:, t] = credit[:, t] + decay * later[:, t + 1]
    fades = decay ** np.arange(C - 1, -1, -1)[:, None]
    dW = np.einsum("btj,bti->ji", v, later * d) + np.sum(E_0 * (decay * later[:, :1]), axis=0)
    return dW, decay**C * E_0 + np.einsum("btj,bti->bji", v, fades * d)


def keeps_the_dtype_of_b(a, b, h_0, join=combine):
    A, B = a.copy(), b.copy()
    B[:, 0] += A[:, 0] * h_0
    reach = 1
    while reach < a.shape[1]:
        before, now = (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        A[:, reach:], B[:, reach:] = join(before, now)
        reach *= 2
    return B


def scales_what_comes_in(x, z_0, params):
    lam = eigenvalues(params)
    b = (np.exp(params["gamma_log"]) * x) @ params["B"]
    z = scan(np.broadcast_to(lam, b.shape), b, z_0)
    return (z @ params["C"]).real + x @ params["D"], z


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("chunk_border", reads_beyond_the_last_step),
        ("scan", keeps_the_dtype_of_b),
        ("lru_forward", scales_what_comes_in),
    ],
)
def test_a_slip_that_is_not_written_there_is_not_named_for_an_exception_alone(exercise, answer):
    report = check(answer, exercise)
    assert report.kind == RAISED
    assert "behaves exactly like" not in report.sentence


def test_a_name_is_written_in_the_place_of_what_is_not_there():
    assert is_written("with `x[t]` for `x[:, t]`", each_row_from_its_own_place)
    assert is_written("with `x[t, :]` for `x[:, t]`", each_row_from_its_own_place)
    assert is_written("with `h_0` for `h_0[:, None]`", keeps_the_dtype_of_b)
    assert not is_written("with `B` for `A`", keeps_the_dtype_of_b)
    assert not is_written("without `- 1`", keeps_the_dtype_of_b)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("with `a` twice as large", "with `b` twice as large", "with `a` and `b` twice as large"),
        ("with `a` twice as large", "with `b` half as large", None),
        ("with `a` for `c`", "with `b` for `c`", None),
        ("without `+ b`", "with `b` twice as large", None),
    ],
)
def test_what_becomes_of_two_results_alike_is_one_change(one, other, said):
    assert together(one, other) == (said or f"with two things changed: {one}, and {other}")


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("a = b\nc = d", "a = b\nc = e", (1, 4)),
        ("a = b\nc = d", "b = b\nc = e", (0, 0)),
        ("a = b", "a = b + c", (0, 5)),
        ("a = b\nc = d", "a = b", (1, 0)),  # a line is gone, or new
        ("a = b", "a = b\nc = d", (1, 0)),
    ],
)
def test_where_two_sources_begin_to_differ(before, after, place):
    assert _place(before, after) == place
