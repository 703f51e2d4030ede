"""What SnAp-2 takes and sees in sparse networks: the stored cosines, and a short run."""

import numpy as np
import pytest

from course_lib.training import stored_result
from course_lib.training.experiments import sparse_credit
from course_lib.training.reproduce import reproduce


def check(result):
    """Costs are those of the formulas; SnAp-2 is dearer with every connection, RTRL never is."""
    summary, n, m = result["summary"], result["config"]["units"], 2
    for k in sparse_credit.CONNECTIONS:
        K, cost = k + 1, summary["costs"][str(k)]
        assert cost["snap1"] == dict(zip(cost["snap1"], 2 * [n * (n + m + 1)], strict=True))
        assert cost["snap2"]["numbers"] == n * K * (K + m + 1)
        assert cost["snap2"]["multiplications"] == n * K**2 * (K + m + 1)
        assert cost["rtrl"]["numbers"] == n**2 * (n + m + 1)
        assert cost["rtrl"]["multiplications"] == n**3 * (n + m + 1)
    for by_connections in summary["cosines"].values():
        assert list(by_connections) == list(map(str, sparse_credit.CONNECTIONS))
        for by_rule in by_connections.values():
            assert list(by_rule) == list(sparse_credit.RULES)
            assert all(np.abs(found).max() <= 1 for found in by_rule.values())


def test_what_the_page_says_of_the_stored_cosines_holds():
    result = stored_result("kernl-sparse")
    assert len(result["config"]["seeds"]) == 6
    check(result)
    few, many = (result["summary"]["costs"][k] for k in ("2", "32"))
    assert few["snap2"]["multiplications"] < few["snap1"]["multiplications"]
    assert many["snap2"]["multiplications"] < many["rtrl"]["multiplications"] / 5
    for by_connections in result["summary"]["cosines"].values():
        for by_rule in by_connections.values():
            snap1, snap2, kernl = map(np.mean, by_rule.values())
            assert snap1 < snap2 < kernl


@pytest.mark.slow
def test_a_quick_run():
    check(reproduce("kernl-sparse", quick=True))
