import numpy as np
import pytest

from course_lib.figures import bptt as figures
from course_lib.sources import practical_2017


@pytest.fixture(scope="module")
def credit():
    return figures.credit(T=12)


# What is measured


def test_readout_gets_credit_from_its_own_step_only(credit):
    for_W_hy, for_W_hh = credit
    assert np.count_nonzero(for_W_hy) == np.count_nonzero(np.diag(for_W_hy)) == 12
    assert np.array_equal(for_W_hh != 0, np.tri(12, dtype=bool) & (np.arange(12) > 0))  # h_0 = 0


def test_one_step_has_one_part_the_whole_gradient():
    params, x, labels, h_0 = figures.labelled_sequences(batch=1, T=1, radius=0.9)
    for_W_hy, _ = figures.credit(T=1)
    _, grads, _ = figures.loss_and_gradients(params, x, labels, h_0)
    assert for_W_hy[0, 0] == pytest.approx(np.linalg.norm(grads["W_hy"]))


def test_bias_of_truncation():
    bias = figures.truncation_bias((1, 8, 32))
    assert bias[1]["cosine"] < bias[8]["cosine"] < bias[32]["cosine"]
    assert bias[32] == {"cosine": pytest.approx(1), "error": 0, "readout": 0}
    assert all(b["readout"] < 1e-12 for b in bias.values())
    later = figures.truncation_bias((1, 8), updates=100)
    assert all(later[window]["error"] > bias[window]["error"] for window in later)


def test_the_least_stretch_lies_below_the_median():
    setting = ("identity", 1.0, 0.01, 20, 8)
    assert 0 < figures.least_stretch(*setting) < figures.median_stretch(*setting)


def test_echo_labels_are_the_input_six_steps_before():
    x, labels = figures.echo(batch=3, T=20)
    assert np.array_equal(x[:, :-6, 0] > 0, labels[:, 6:] == 1)


def test_a_window_that_is_too_short_does_not_learn():
    # Training is cut short here: the long window is far below guessing by then, the short is not.
    short = figures.loss_after_training(2, seed=0, steps=300)
    assert short > np.log(2) - 0.05
    assert figures.loss_after_training(8, seed=0, steps=300) < 0.1


def test_step_errors_have_their_best_between_the_ends():
    steps = np.array([1e-11, 1e-5, 1e-2, 1e-1])
    errors = figures.step_errors(steps)
    assert errors["float64"].argmin() == 1
    assert errors["float64"][1] < 1e-9
    assert errors["float32"].argmin() == 2
    assert errors["float32"][0] == pytest.approx(1)


@pytest.mark.parametrize("kind", figures.KINDS)
def test_small_singular_values_make_gradients_vanish(kind):
    for scale in (0.01, 1.0):
        norms, largest = figures.jacobian_norms(kind, radius=0.5, input_scale=scale, T=20)
        assert largest < 1
        assert np.all(norms <= largest ** np.arange(21) * (1 + 1e-9))


def test_large_singular_values_are_not_sufficient_for_explosion():
    norms, largest = figures.jacobian_norms("identity", radius=1.6, input_scale=0.01)
    assert largest > 1
    assert norms[-1] < 1e-10
    assert figures.jacobian_norms("orthogonal", radius=1.6, input_scale=0.01)[0][-1] > 10


def test_clipping_by_norm_keeps_the_direction_and_by_value_turns():
    angles = figures.clipping_angles(np.array([0.01, 0.1, 1.0]))
    assert angles["norm"].max() < 1e-4
    assert angles["value"][0] > angles["value"][1] > 10
    assert angles["value"][2] < 1e-4


def test_memory_grows_with_the_length_unless_truncated():
    assert figures.peak_memory(128, 128) > 3 * figures.peak_memory(32, 32)
    assert figures.peak_memory(128, 16) < 1.2 * figures.peak_memory(32, 16)


# What is drawn


def test_single_figures(credit, assert_drawn):
    seeds = practical_2017.errors_by_seed([0, 2])
    steps = np.array([1e-6, 1e-4, 1e-2])
    for figure in (
        figures.computation_graph(),
        figures.credit_matrices(*credit),
        figures.learning({1: [0.7, 0.69], 4: [0.0, 0.1]}),
        figures.step_curve(steps, {"float32": steps, "float64": 1e-12 / steps + steps**2}),
        figures.seed_errors(*seeds, practical_2017.TOLERANCE),
        figures.clipping(figures.clipping_angles(np.logspace(-2, 0, 5))),
        figures.memory((32, 64), [1.0, 2.0], {16: [0.5, 0.5]}),
    ):
        assert_drawn(figure)


def test_what_is_clipped_by_value_lies_in_the_corner_of_the_box_and_by_norm_on_the_gradient():
    left = figures.clipping(figures.clipping_angles(np.logspace(-2, 0, 5))).axes[0]
    (box,) = left.patches
    gradient, by_value, by_norm = (np.array(one.xy) for one in left.texts if hasattr(one, "xy"))
    np.testing.assert_array_equal(box.get_bbox().extents, [0, -1, *by_value])
    assert np.all(gradient >= by_value)
    assert figures.angle(by_norm, gradient) == pytest.approx(0, abs=1e-5)
    assert np.linalg.norm(by_norm) == pytest.approx(np.linalg.norm(by_value))


def test_sliders_have_a_frame_and_a_text_for_each_value(credit):
    windows = figures.truncation_slider(
        credit[1], {"fresh weights": figures.truncation_bias((1, 4))}, start=1
    )
    assert windows.values == ["K = 1", "K = 4"]
    assert "K = 4" in windows.alts[1]


@pytest.mark.parametrize("window", [1, 2, 4])
def test_the_credit_that_a_window_leaves_stands_in_blocks_on_the_diagonal(window):
    biases = {"fresh weights": {1: {"cosine": 0.2}, 2: {"cosine": 0.6}, 4: {"cosine": 0.9}}}
    above, below = figures._truncation_frame(np.tril(np.ones((4, 4))), biases, window).axes
    left = ~np.ma.getmaskarray(np.ma.masked_invalid(above.images[0].get_array()))
    blocks = np.kron(np.eye(4 // window), np.ones((window, window)))
    np.testing.assert_array_equal(left, np.tril(blocks) > 0)
    curve, here = below.lines
    assert curve.get_xydata().tolist() == [[1, 0.2], [2, 0.6], [4, 0.9]]
    assert set(here.get_xdata()) == {window}


def test_the_way_back_is_told_in_numbers():
    told = figures.way_back(0.5).told
    left = "Gaussian 2~×~10⁻¹⁵, ".replace("~", "\N{NO-BREAK SPACE}")
    assert told.startswith(f"What is left 50 steps back. With weak inputs: {left}")
    assert all(told.lower().count(kind) == 2 for kind in figures.KINDS)


# The bugs of the practical of 2017


def test_bug_1_gives_probability_to_classes_that_do_not_exist():
    impossible = practical_2017.impossible_probability()
    assert impossible.min() > 0.35
    assert impossible.max() < 0.96


def test_bug_2_is_seen_against_the_returned_loss_only():
    against_mean, against_sum = practical_2017.mean_errors()
    assert all(error == pytest.approx(4 / 6, rel=1e-3) for error in against_mean.values())
    assert max(against_sum.values()) < practical_2017.TOLERANCE


def test_bug_3_is_seen_in_larger_batches_only():
    assert practical_2017.backward_by_batch(1) == ("", pytest.approx(0, abs=1e-14), (1, 4))
    message, difference, shape = practical_2017.backward_by_batch(3)
    assert "(3,4) (1,3)" in message
    assert difference == pytest.approx(0, abs=1e-14)
    assert shape == (3, 4)


def test_bug_4_changes_gradients():
    data = practical_2017.network(2)
    clipped = figures.flat(practical_2017.wrong_clipped_gradients(*data))
    assert figures.angle(clipped, figures.flat(practical_2017.total_gradients(*data))) > 1


def test_bug_5_lets_nan_pass():
    assert practical_2017.nan_verdicts() == (4, True, False)


def test_bug_6_never_truncates():
    dh, cache = practical_2017.states(2)
    full = figures.rnn_backward(dh, cache)[3]
    for window in (1, 2, 5):
        result = practical_2017.wrong_truncated_bptt(dh, cache, window)
        np.testing.assert_allclose(result, full, atol=1e-14)


def test_half_of_the_directions_survive_isometric_weights_only():
    """At radius 1 and on weak inputs: orthogonal and identity weights keep them, Gaussian don't."""
    stretch = {kind: figures.median_stretch(kind, 1.0, 0.01) for kind in ("orthogonal", "identity")}
    assert min(stretch.values()) > 0.5
    assert figures.median_stretch("gaussian", 1.0, 0.01) < 1e-6
