import numpy as np
import pytest

from course_lib.figures import gradnets as figures
from course_lib.scratch.gradnets import stop_gate
from course_lib.sources import notebook_2015
from course_lib.training.reproduce import stored_result

# What is measured


def test_first_weights():
    orthogonal, he, notebook = (
        figures.first_weights(kind, depth=3) for kind in ("orthogonal", "he", "notebook")
    )
    for W in orthogonal:
        np.testing.assert_allclose(W @ W.T, np.eye(figures.UNITS), atol=1e-12)
    assert he.std() == pytest.approx(np.sqrt(2 / figures.UNITS), rel=0.05)
    assert np.abs(notebook).max() <= 0.2
    # A normal cut at two standard deviations keeps 0.88 of its own.
    assert notebook.std() == pytest.approx(0.088, rel=0.05)


def test_inputs_are_related_and_of_unit_size():
    x = figures.related_inputs()
    assert np.mean(x**2) == pytest.approx(1)
    assert 0.25 < figures.propagation("gain", "orthogonal", 0.0)["cosine"][0] < 0.45


def test_plain_relu_makes_all_inputs_alike():
    for kind in ("he", "orthogonal"):
        assert figures.propagation("pre-activation", kind, 1.0)["cosine"][-1] > 0.95
    dead = figures.propagation("pre-activation", "orthogonal", 1.0)
    assert dead["rms"][-1] < 1e-6
    assert dead["backward"][0] < 1e-6


@pytest.mark.parametrize("name", figures.PAIRS)
def test_a_shut_gate_lets_everything_through(name):
    form, kind, bias = figures.PAIRS[name]
    found = figures.propagation(form, kind, 0.0, bias)
    np.testing.assert_allclose(found["rms"], 1, rtol=1e-9)
    np.testing.assert_allclose(found["backward"], 1, rtol=1e-9)
    np.testing.assert_allclose(found["cosine"], found["cosine"][0], atol=1e-9)


def test_a_tenth_of_a_gate_is_enough_to_lose_a_signal_without_gain():
    forms = {
        name: figures.propagation(form, kind, 0.1, bias)["backward"][0]
        for name, (form, kind, bias) in figures.PAIRS.items()
    }
    assert forms["2015 notebook's form"] < 0.02
    assert 0.05 < forms["GReLU, no gain"] < 0.2
    assert forms["GReLU, gain"] == pytest.approx(1, abs=0.2)


def test_shrinkage_by_hand():
    assert figures.shrinkage(0.1) == pytest.approx(0.9**48)
    assert figures.shrinkage(0.5, depth=2) == 0.25


def test_cosines_over_layers():
    np.testing.assert_array_equal(figures.cosines_over_layers(5, 1.0), np.zeros(6))
    relu = figures.cosines_over_layers(48, 0.0)
    assert relu[1] == pytest.approx(1 / np.pi)
    assert np.all(np.diff(relu) > 0)
    assert figures.cosines_over_layers(48, 1 - stop_gate(48))[-1] == pytest.approx(0.9, abs=1e-6)


def test_the_naive_loss_fails_on_a_right_answer():
    assert figures.naive_loss_and_gradient(103)[0] == 0
    assert np.isnan(figures.naive_loss_and_gradient(104)[0])


@pytest.mark.parametrize(("wrong", "left"), [(10, 0.99993), (20, 0.67), (25, 0.014), (40, 4.2e-9)])
def test_the_patch_takes_the_gradient_of_confident_mistakes(wrong, left):
    assert figures.naive_loss_and_gradient(-wrong, 1e-9)[1] == pytest.approx(left, rel=0.03)
    assert figures.naive_loss_and_gradient(-wrong)[1] == pytest.approx(1, abs=1e-4)


def test_the_notebooks_lines():
    p, y = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert notebook_2015.wrong_loss(p, y) == pytest.approx(-np.log(0.5) - np.log(0.75))
    assert notebook_2015.patched_loss(p, y) == pytest.approx(
        notebook_2015.wrong_loss(p, y) / 2, rel=1e-6
    )


@pytest.mark.parametrize(
    ("accuracies", "steps", "shown"),
    [
        ([0.97, 0.98], [None, None], "97.50 (97.00 to 98.00)"),
        ([0.97], [None], "97.00"),
        ([0.97, 0.0], [None, 12], "1 of 2 ended in NaN"),
    ],
)
def test_a_row_of_the_table(accuracies, steps, shown):
    summary = {"test_accuracy": accuracies, "non_finite_steps": steps}
    config = {"learning_rate": 0.01, "gate": [0, 0.579]}
    row = figures.outcome({"summary": summary, "config": config})
    assert (row["rate"], row["gate"], row["accuracy"]) == ("0.01", "0.579", shown)


# What is drawn


def test_figures_of_fresh_networks(assert_drawn):
    assert_drawn(figures.lost_signal())
    assert figures.shape_slider((0, 1), start=0).values == ["g = 0", "g = 1"]
    assert len(figures.gate_slider((0.0, 0.5), start=0).drawings) == 2
    depths = figures.depth_slider((10, 20), start=0)
    assert depths.values == ["10 layers", "20 layers"]
    relu = figures.cosines_over_layers(20, 0.0)[-1]
    assert f"{relu:.3f} with ReLU and 0.90 with the slope" in depths.alts[1]


def test_what_is_zero_is_drawn_at_the_floor_where_the_axis_is_logarithmic_and_else_as_it_is():
    nothing = np.zeros(3)
    figure = figures._gate_frame({"dead": dict.fromkeys(("rms", "cosine", "backward"), nothing)})
    drawn = [ax.lines[0].get_ydata() for ax in figure.axes]
    np.testing.assert_array_equal(
        drawn, [nothing + figures.FLOOR, nothing, nothing + figures.FLOOR]
    )


def test_the_gradients_that_are_drawn_are_those_of_the_first_and_of_the_last_epoch():
    rms = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    found = {"tat": {"curves": {"runs": [{"gradient_rms": rms}]}}}
    figure = figures.gradient_sizes(found, ("tat",))
    drawn = [ax.lines[0].get_ydata() for ax in figure.axes]
    np.testing.assert_array_equal(drawn, [rms[0], rms[-1]])


def test_figures_of_stored_results(assert_drawn):
    fifty, story = figures.results(50), stored_result("gradnets-2015")
    assert_drawn(figures.gradient_sizes(fifty, ("grelu-gain-stop", "plain-he")))
    assert_drawn(figures.learning_curves(fifty, ("grelu-gain-stop", "tat", "identity")))
    assert_drawn(figures.old_run(story))
    assert_drawn(figures.held_gates(story))
    assert_drawn(figures.adding(stored_result("gradnets-recurrent")))


def test_curves_of_a_notebook(assert_drawn):
    points = {"first": ([0, 20, 40], [1e-3, 2e-3, 1e-2]), "last": ((0, 20, 40), (1, 0.5, 0.2))}
    figure = figures.training_curves(points, "step", "norm", logarithmic=True)
    assert_drawn(figure)
    assert figure.axes[0].get_yscale() == "log"
