"""What traces leave out in a stack: the stored cosines, and a short run."""

import pytest

from course_lib.training import stored_result
from course_lib.training.reproduce import reproduce


@pytest.mark.slow
def test_a_quick_run():
    result = reproduce("lru-credit", quick=True)
    for when in ("start", "trained"):
        cosines = result["summary"][when]
        assert list(cosines) == ["1", "7", "28"]
        assert all(len(layers) == result["config"]["layers"] for layers in cosines.values())
        assert cosines["28"] == [1, 1, 1]
        assert cosines["1"][-1] == 1


def test_the_top_is_exact_and_longer_windows_leave_out_less():
    result = stored_result("lru-credit")
    assert len(result["config"]["seeds"]) == 3
    for cosines in result["summary"].values():
        windows = [cosines[str(w)] for w in result["config"]["windows"]]
        assert all(layers[-1] > 0.9999 for layers in windows)
        assert all(one > 0.9999 for one in windows[-1])  # the window is the sequence
        for lower in range(result["config"]["layers"] - 1):
            along = [layers[lower] for layers in windows]
            assert along == sorted(along)
            assert along[0] < 0.999
