import numpy as np
import pytest

from course_lib.figures import kernl as figures
from course_lib.scratch.kernl import kernel_gradients
from course_lib.sources import kernl_2019
from course_lib.training.experiments import kernl_adding


@pytest.fixture(scope="module")
def quality():
    return figures.kernel_quality(range(2), ("near identity", "orthogonal"))


# What is measured


def test_kernel_suits_a_network_near_the_identity_and_not_a_rotation(quality):
    near, rotation = quality["near identity"], quality["orthogonal"]
    assert np.mean(near["learned"]) > np.mean(near["guess"]) > np.mean(near["one step"])
    assert np.mean(rotation["guess"]) < np.mean(rotation["one step"])
    assert np.mean(near["r2"]) > 0.7 > 0.5 > np.mean(rotation["r2"])


def test_sensitivity_of_a_unit_on_itself_starts_at_one():
    lines = figures.sensitivity("near identity", sequences=2)
    assert lines["itself"][0] == pytest.approx(1)
    assert lines["other"][0] == pytest.approx(0)
    assert np.abs(lines["itself"] - lines["itself kernel"]).max() < 0.3


def test_trace_is_what_the_input_left_faded():
    trace = figures.one_synapse(0.1)["trace"]
    assert trace[3] == 0
    assert trace[5] == pytest.approx(1 + np.exp(-0.1))
    assert trace[15] == pytest.approx(trace[5] * np.exp(-1.0))
    assert trace[19] - trace[18] * np.exp(-0.1) == pytest.approx(0.1)  # saturated


def test_training_on_the_adding_problem_learns_and_starts_alike():
    kernl, bptt = (kernl_adding.train_on_adding(rule, 200, 200) for rule in ("KeRNL", "BPTT"))
    assert kernl[0]["cosine"] == bptt[0]["cosine"]
    for found in (kernl, bptt):
        assert found[1]["error"] < found[0]["error"]
    assert kernl[1]["cosine"] == pytest.approx(
        kernl_2019.cosine(kernl[1]["kernl"], kernl[1]["true"])
    )


def test_the_kernel_can_learn_while_the_weights_stand_still(monkeypatch):
    monkeypatch.setattr(kernl_adding, "_adam", None)  # to move the weights would be an error
    still = kernl_adding.train_on_adding("none", 60, 60, seed=1)
    assert still[1]["cosine"] > still[0]["cosine"]


def test_staleness_is_in_proportion_to_the_rate():
    small, ten_times = figures.stale_traces(np.array([1e-4, 1e-3]))
    assert ten_times / small == pytest.approx(10, rel=0.05)
    assert figures.stale_traces(np.array([0.0]))[0] == 0


def test_only_the_tape_grows_with_the_length():
    # A short first run takes what is allocated once, so that it does not count.
    peaks = {}
    for rule in ("BPTT", "traces", "chunks"):
        figures.peak_memory(rule, 16)
        peaks[rule] = [figures.peak_memory(rule, T) for T in (64, 512)]
    assert peaks["BPTT"][1] > 3 * peaks["BPTT"][0]
    assert peaks["traces"][1] == pytest.approx(peaks["traces"][0], rel=0.1)
    assert peaks["chunks"][1] == pytest.approx(peaks["chunks"][0], rel=0.1)


# The notebook of 2019


def test_its_identity_is_a_shift_register():
    facts = kernl_2019.register_facts(images=20)
    assert facts["error"] == 0.0
    assert facts["filled"] < 20
    pixels = np.zeros((1, 784))
    pixels[0, 5] = 1.0  # forgotten long before the end
    assert not kernl_2019.run_wrong_identity(pixels).any()


def test_its_printed_log_is_that_of_no_training():
    losses, accuracies = kernl_2019.untrained_scores(draws=5)
    assert losses.min() > np.log(10)
    assert accuracies.max() < 0.25
    assert len(kernl_2019.PRINTED_LOSS) == len(kernl_2019.PRINTED_ACCURACY)
    assert kernl_2019.TEST_ACCURACY * 128 == 15


def test_its_credit_is_at_right_angles_to_the_gradient():
    cosines = kernl_2019.credit_cosines(range(2), updates=100)
    assert min(cosines["mended"]) > 0.8
    assert max(np.abs(cosines["both, as it was"])) < 0.2
    assert max(np.abs(cosines["W on the wrong axis"])) < 0.2
    assert max(cosines["averaged first"]) < min(cosines["mended"])


def test_its_fit_makes_the_kernel_worse():
    right = kernl_2019.fit_curve(kernl_2019.fit_with(kernel_gradients), times=2)
    wrong = kernl_2019.fit_curve(kernl_2019.fit_with(kernl_2019.wrong_kernel_gradients), times=2)
    assert right["r2"][0] == wrong["r2"][0]
    assert right["r2"][-1] > right["r2"][0] > wrong["r2"][-1]


def test_a_nudge_has_a_best_size_in_single_precision():
    measured = kernl_2019.nudge_errors(np.array([1e-10, 1e-4, 1.0]))
    assert measured["error"].argmin() == 1
    assert measured["unmoved"][0] > 0.9
    assert measured["unmoved"][2] < 1e-3


def test_the_fit_with_the_right_gradients_is_the_reference():
    from course_lib.scratch.kernl import kernel_fit

    net = kernl_2019.small_network(0, n=5, T=4, batch=3)
    beta, gamma = np.random.default_rng(0).normal(size=(5, 5)), np.linspace(0, 1, 5)
    given = net["h"], net["W_hh"], beta, gamma, np.random.default_rng(1).normal(size=(3, 4, 5))
    for ours, right in zip(
        kernl_2019.fit_with(kernel_gradients)(*given), kernel_fit(*given), strict=True
    ):
        assert ours == pytest.approx(right, abs=1e-14)


# What is drawn


def test_figures_are_drawn(quality, assert_drawn):
    assert_drawn(figures.two_ways())
    assert_drawn(figures.quality(quality))
    assert_drawn(
        figures.true_and_kernel(
            {"near identity": figures.sensitivity("near identity")}
            | {"orthogonal": figures.sensitivity("orthogonal")}
        )
    )
    assert_drawn(figures.memory((16, 32), {"BPTT": [1.0, 2.0], "chunks": [1.5, 1.5]}))
    cosines = {rule: [0.1, 0.9] for rule in figures.RULES}
    assert_drawn(figures.rule_marks({"near identity": cosines, "orthogonal": cosines}))
    curves = {"test_accuracy": [0.8, 0.9], "kernel_r2": [0.2, 0.1]}
    assert_drawn(figures.accuracies({"KeRNL": [curves] * 3, "BPTT": [curves]}, 0.75))
    row = {"T": 128, "seconds": 0.1, "peak_mib": 9.0, "before_mib": 5.0}
    assert_drawn(figures.costs([row | {"rule": rule} for rule in ("chunked", "bptt")]))
    run = {"steps": [100, 200], "validation_loss": [0.5, 0.2]}
    assert_drawn(figures.bits({"KeRNL": [run] * 3}, 0.14, 0.5))
    assert_drawn(figures.stale(np.array([0.1, 1.0]), np.array([0.01, 0.1])))
    assert_drawn(figures.credit_marks({"mended": [0.9], "as it was": [0.0]}))
    curve = {"updates": [0, 25], "r2": [0.5, 0.8], "cosine": [0.5, 0.8]}
    assert_drawn(figures.fit_curves({"mended": curve}))
    sizes = np.array([1e-4, 1e-2])
    assert_drawn(figures.nudges(sizes, kernl_2019.nudge_errors(sizes)))
    assert_drawn(figures.shift_register(np.zeros(784), np.zeros(128)))


def test_sliders_say_what_they_show():
    synapse = figures.synapse_slider((0.0, 0.1), start=0)
    assert "gamma = 0.1" in synapse.alts[1]
    assert "rises to 2.00 at step 6, a little at step 20, and does not fade" in synapse.alts[0]
    assert "and fades" in synapse.alts[1]
    kernel = figures.kernel_slider((0.0, 0.1, 1.0), (1.0, -0.5), start=0)
    assert "the kernel does not fade" in kernel.alts[0]
    assert "after 6.9 steps" in kernel.alts[1]
    assert "is 0.00 after 20 steps" in kernel.alts[2]
    assert "-0.00" not in kernel.alts[2]
    look = {"update": 0, "error": 0.2, "cosine": 0.5, "kernl": np.ones(3), "true": np.ones(3)}
    runs = {"KeRNL": [look, look | {"update": 10}], "BPTT": [look, look]}
    assert "Update 10" in figures.training_slider(runs).alts[1]


def test_lines_are_means_over_the_seeds():
    seeds = [
        {"test_accuracy": [0.8, a], "kernel_r2": [r, 0.1]} for a, r in ((0.9, 0.2), (0.94, 0.4))
    ]
    above, under = figures.accuracies({"KeRNL": seeds}, 0.5).axes
    np.testing.assert_allclose(above.lines[0].get_ydata(), [0.8, 0.92])
    np.testing.assert_allclose(under.lines[0].get_ydata(), [0.3, 0.1])
    runs = [{"steps": [100, 200], "validation_loss": [a, 0.2]} for a in (0.5, 0.3)]
    (ax,) = figures.bits({"KeRNL": runs}, 0.14, 0.5).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.4, 0.2])
