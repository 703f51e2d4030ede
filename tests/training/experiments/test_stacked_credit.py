"""What online rules leave out in a stack of cells: the stored cosines, and a short run."""

import numpy as np
import pytest

from course_lib.training import stored_result
from course_lib.training.experiments import stacked_credit
from course_lib.training.reproduce import reproduce


def check(result):
    """RTRL is exact at the top, and lacks something in every layer below."""
    found = result["summary"]
    assert list(found) == list(stacked_credit.NETWORKS)
    for losses in found.values():
        assert list(losses) == list(stacked_credit.LOSSES)
        for rules in losses.values():
            assert list(rules) == list(stacked_credit.RULES)
            assert all(list(layers) == list(stacked_credit.LAYERS) for layers in rules.values())
            *lower, top = rules["rtrl"].values()
            assert min(top) > 0.9999
            assert all(np.mean(cosines) < 0.9999 for cosines in lower)


def test_what_the_page_says_of_the_stored_cosines_holds():
    result = stored_result("kernl-stack")
    assert len(result["config"]["seeds"]) == 3
    check(result)
    mean = {
        (network, when): [np.mean(c) for c in rules["rtrl"].values()]
        for network, losses in result["summary"].items()
        for when, rules in losses.items()
    }
    assert all(cosines == sorted(cosines) for cosines in mean.values())


@pytest.mark.slow
def test_a_quick_run():
    check(reproduce("kernl-stack", quick=True))


def test_a_lone_cell_is_a_stack_too():
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    rng = np.random.default_rng(0)
    model = OnlineRNN(LeakyRNNCell(3), 2)
    model.build((None, 5, 2))
    model.compile("sgd", "mse", rule="rtrl", jit_compile=False)
    x, y = (rng.normal(size=size).astype("float32") for size in ((4, 5, 2), (4, 2)))
    assert stacked_credit.layer_cosines(model, x, y) == pytest.approx([1], abs=1e-5)
    first, *others = keras.layers.Dense(3), LeakyRNNCell(3), LeakyRNNCell(3)
    model = OnlineRNN([first, *others], 2)
    model.build((None, 1, 2))
    model.compile("sgd", "mse", rule="snap1", jit_compile=False)
    assert stacked_credit.layer_cosines(model, x[:, :1], y) == pytest.approx(3 * [1], abs=1e-5)
