import numpy as np
import pytest

from course_lib.figures import diagrams


def arrows(figure):
    """Each arrow of the figure's first panel: where it starts and where it ends, and its colour."""
    return [
        (note.xyann, note.xy, note.arrow_patch.get_edgecolor())
        for note in figure.axes[0].texts
        if getattr(note, "arrow_patch", None)
    ]


def colour(look):
    from matplotlib.colors import to_rgba

    return to_rgba(look["color"])


@pytest.mark.parametrize(
    "draw",
    [
        diagrams.truncation_windows,
        diagrams.dropout_in_a_stack,
        diagrams.grelu_layers,
        diagrams.rtrl_and_trace,
        diagrams.nudged_copy,
        diagrams.chunk_sweeps,
    ],
)
def test_a_diagram_is_legible_and_its_arrows_lead_somewhere(draw, assert_drawn):
    assert_drawn(draw())


def test_windows_and_chunks_are_numbered_from_one():
    for figure, word in (
        (diagrams.truncation_windows(windows=2, K=2), "window"),
        (diagrams.chunk_sweeps(chunks=2, C=2), "chunk"),
    ):
        texts = [text.get_text() for text in figure.axes[0].texts]
        assert [one for one in texts if one.startswith(word)] == [f"{word} 1", f"{word} 2"]
        states = [f"$h_{t}$" for t in range(1, 5)]
        assert [one for one in texts if one.startswith("$h_")] == states


def test_values_cross_the_border_of_a_window_and_gradients_do_not():
    found = arrows(diagrams.truncation_windows(windows=2, K=3))
    across = [
        how for start, end, how in found if min(start[0], end[0]) < 3.5 < max(start[0], end[0])
    ]
    assert across == [colour(diagrams.FORWARD)]
    back = [how for start, end, how in found if end[0] < start[0]]
    assert back == [colour(diagrams.BACK)] * 4


def test_credit_stays_in_its_chunk():
    found = arrows(diagrams.chunk_sweeps(chunks=2, C=3))
    back = [(start[0], end[0]) for start, end, how in found if how == colour(diagrams.BACK)]
    assert all(not min(pair) < 3.5 < max(pair) for pair in back)
    assert sum(end < start for start, end in back) == 4


def test_dropout_acts_upwards_alone():
    for start, end, how in arrows(diagrams.dropout_in_a_stack()):
        if how == colour(diagrams.BACK):
            assert start[0] == end[0]
        if how == colour(diagrams.FORWARD):
            assert start[1] == end[1]


def test_the_copy_is_a_network_of_its_own_and_the_kernel_predicts_it():
    found = diagrams.nudged_unit(size=0.05)
    np.testing.assert_allclose(found["copy"] - found["original"], 0.05 * found["distance"])
    missed = np.mean((found["distance"] - found["predicted"]) ** 2)
    assert missed < 0.3 * np.mean(found["distance"] ** 2)
    tiny = diagrams.nudged_unit(size=1e-6)
    assert np.abs(tiny["distance"] - found["distance"]).max() > 1e-3  # not linear at 0.05
    smaller = diagrams.nudged_unit(size=1e-5)
    np.testing.assert_allclose(tiny["distance"], smaller["distance"], atol=1e-3)
