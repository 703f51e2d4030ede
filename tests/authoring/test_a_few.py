"""A few cases of each test: which ones, and that every test keeps some."""

import os
import subprocess
import sys

import pytest

from course_lib.authoring.a_few import a_few

TESTS = """
import pytest

def test_alone(): pass

@pytest.mark.parametrize("outer", range(5))
@pytest.mark.parametrize("inner", range(4))
def test_crossed(outer, inner): pass

class TestInside:
    @pytest.mark.parametrize("x", ["a[b]", "c", "d"])
    def test_with_brackets(self, x): pass

@pytest.mark.parametrize("x", [0, pytest.param(1, marks=pytest.mark.slow), 2])
def test_one_is_slow(x): pass
"""


@pytest.mark.parametrize("many", [0, 1, 3, 4, 5, 100])
def test_at_most_so_many_in_their_order_and_spread(many):
    cases = list(range(many))
    kept = a_few(cases, 4, "a test")
    assert len(kept) == min(many, 4)
    assert kept == sorted(set(kept))
    assert kept == a_few(cases, 4, "a test")  # the same in every run
    quarters = [number * 4 // many for number in kept]
    assert many < 100 or quarters == [0, 1, 2, 3]


def test_all_cases_have_their_chance():
    names = [f"test_{number}" for number in range(200)]
    assert {one for name in names for one in a_few(range(12), 2, name)} == set(range(12))


def test_crossed_parameters_are_both_met():
    """Equal steps through 5 x 4 cases would see one inner parameter only."""
    crossed = [(outer, inner) for outer in range(5) for inner in range(4)]
    met = [a_few(crossed, 5, f"test_{number}") for number in range(50)]
    assert sum(len({inner for _, inner in kept}) > 1 for kept in met) > 45


def collected(folder, *options):
    (folder / "test_it.py").write_text(TESTS)
    plugin = ("-p", "course_lib.authoring.few_cases", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", "-q", "--collect-only", *plugin, *options)
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # in half the time
    run = {"cwd": folder, "env": alone, "capture_output": True, "text": True, "check": True}
    done = subprocess.run(command, **run)
    return [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]


def test_each_test_keeps_a_few(tmp_path):
    everything = collected(tmp_path)
    assert len(everything) == 1 + 20 + 3 + 3
    kept = collected(tmp_path, "--at-most", "2")
    assert [one for one in everything if one in kept] == kept
    names = [one.partition("[")[0] for one in kept]
    assert names == [
        "test_alone",
        *["test_crossed"] * 2,
        *["TestInside::test_with_brackets"] * 2,
        *["test_one_is_slow"] * 2,
    ]


def test_they_are_chosen_of_what_other_options_leave(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow: takes long\n")
    kept = collected(tmp_path, "--at-most", "2", "-m", "not slow")
    assert [one for one in kept if "slow" in one] == ["test_one_is_slow[0]", "test_one_is_slow[2]"]
