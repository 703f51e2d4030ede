"""The comparison of the online rules: what is stored of it, and a short run."""

import numpy as np
import pytest

from course_lib.figures.kernl import RULES as NAMES
from course_lib.training import EXPERIMENTS, stored_result
from course_lib.training.experiments import online_rules


def test_stored_cosines_are_of_every_rule_and_exact_for_rtrl():
    result = stored_result("kernl-rules")
    assert set(result["summary"]) == set(online_rules.NETWORKS)
    for rules in result["summary"].values():
        assert set(rules) == set(online_rules.RULES) == set(NAMES)
        assert min(rules["rtrl"]) > 0.9999
        assert all(len(values) == len(result["config"]["seeds"]) for values in rules.values())


def test_what_the_chapter_says_of_them_holds():
    found = stored_result("kernl-rules")["summary"]
    mean = {network: {r: np.mean(v) for r, v in rules.items()} for network, rules in found.items()}
    for rules in mean.values():
        assert rules["kernl"] > max(rules[r] for r in ("one_step", "rflo", "snap1", "uoro"))
        assert max(rules["eprop"], rules["rflo_random"]) < rules["one_step"]
    assert found["orthogonal"]["rflo"] == found["orthogonal"]["one_step"]


def test_the_run_has_a_name_and_makes_its_own_data():
    assert EXPERIMENTS["kernl-rules"] == ("online_rules", {})
    assert not online_rules.NEEDS_MNIST


@pytest.mark.slow
def test_a_short_run_of_every_rule():
    result = online_rules.cosines(range(1), n=4, T=5, batch=3, updates=2)
    for rules in result["summary"].values():
        assert rules["rtrl"][0] == pytest.approx(1, abs=1e-3)
