"""A result beside the stored one: the same, within the spread of seeds, different, or unknown."""

import copy

import pytest

from course_lib.training.compare import DIFFERENT, SAME, UNKNOWN, WITHIN, compare

MACHINE = {"cpu": "A", "instruction_set": ["avx2"], "settings": {}, "cores": 2, "gpus": []}


def result(accuracy=0.9862, seed=0, **changes):
    """A result as it is stored; what is given in `changes` replaces whole fields."""
    own = {
        "name": "run",
        "seed": seed,
        "versions": {"numpy": "2.4"},
        "hardware": copy.deepcopy(MACHINE),
        "config": {"units": 3},
        "curves": {"loss": [0.5, 0.25]},
        "summary": {"test_accuracy": accuracy, "chosen_epoch": 2, "seconds_an_epoch": 1.5},
    }
    return copy.deepcopy(own | changes)


OTHER_MACHINE = {"hardware": MACHINE | {"cpu": "B"}}
SEEDS = (result(0.9858, 1), result(0.9853, 2))  # with the stored 0.9862: 0.0009 apart


def test_a_setting_that_came_later_is_no_difference():
    again = result(config={"units": 3, "chrono": False})
    assert compare(result(), again, ()).outcome == SAME


@pytest.mark.parametrize("now", [{"units": 4}, {"width": 3}])
def test_a_setting_that_is_another_or_gone_is_one(now):
    verdict = compare(result(), result(config=now), ())
    assert verdict.outcome == DIFFERENT
    assert "The configuration has changed: units" in str(verdict)


def test_equal_numbers_are_the_same():
    verdict = compare(result(), result(**OTHER_MACHINE), SEEDS)
    assert (verdict.outcome, verdict.exit_code, verdict.differences) == (SAME, 0, ())
    assert "cpu: B; stored: A." in str(verdict)


@pytest.mark.parametrize(
    ("again", "outcome", "code"),
    [
        (0.9854, WITHIN, 0),
        (0.9853, WITHIN, 0),  # exactly as far as two seeds are apart
        (0.9871, WITHIN, 0),
        (0.98529, DIFFERENT, 1),
        (0.98711, DIFFERENT, 1),
        (float("nan"), DIFFERENT, 1),
        (None, DIFFERENT, 1),
    ],
)
def test_the_stored_seeds_say_how_much_another_processor_may_change(again, outcome, code):
    verdict = compare(result(), result(again, **OTHER_MACHINE), SEEDS)
    assert (verdict.outcome, verdict.exit_code) == (outcome, code)
    assert str(verdict).startswith(outcome)
    assert f"test_accuracy: {again}, stored 0.9862" in str(verdict)
    if outcome == WITHIN and again == 0.9854:
        assert "(0.0008, where seeds differ by 0.0009)" in str(verdict)


def test_with_one_seed_nothing_can_be_said_and_the_cure_is_named():
    verdict = compare(result(), result(0.9854, **OTHER_MACHINE))
    assert (verdict.outcome, verdict.exit_code) == (UNKNOWN, 3)
    assert "course reproduce run --seed 1" in str(verdict)


def test_seeds_of_another_configuration_do_not_count():
    others = [result(0.5, 1, config={"units": 4})]
    assert compare(result(), result(0.9854, **OTHER_MACHINE), others).outcome == UNKNOWN


def test_a_changed_configuration_is_a_difference_and_is_named():
    verdict = compare(result(), result(config={"units": 4}), SEEDS)
    assert (verdict.outcome, verdict.exit_code) == (DIFFERENT, 1)
    assert "units is 4, stored 3" in str(verdict)


@pytest.mark.parametrize("seeds", [SEEDS, ()])
def test_on_the_same_machine_with_the_same_versions_nothing_may_differ(seeds):
    verdict = compare(result(), result(0.9861), seeds)
    assert (verdict.outcome, verdict.exit_code) == (DIFFERENT, 1)
    assert "look elsewhere" in str(verdict)


def test_other_versions_are_told_and_the_spread_counts():
    verdict = compare(result(), result(0.9861, versions={"numpy": "2.5"}), SEEDS)
    assert verdict.outcome == WITHIN
    assert "numpy is 2.5, stored with 2.4." in str(verdict)


def test_a_result_without_an_instruction_set_is_read_and_none_is_made_up():
    old = result(hardware={"cpu": "A", "cores": 2, "gpus": []})
    verdict = compare(old, result(0.9861), SEEDS)
    assert verdict.outcome == WITHIN  # the same processor? nobody knows
    assert "instruction_set: avx2; stored: not stored." in str(verdict)


def test_choices_and_times_are_no_measurements():
    summary = {
        "test_accuracy": 0.9862, "chosen_epoch": 9, "seconds_an_epoch": 9.5, "learning_rate": 0.1
    }  # fmt: skip
    first = {**summary, "learning_rate": 0.3, "chosen_epoch": 2, "seconds_an_epoch": 1.0}
    assert compare(result(summary=first), result(summary=summary)).outcome == SAME


def test_a_run_that_diverges_only_now_is_different():
    then, now = {"non_finite_step": None}, {"non_finite_step": 4459}
    verdict = compare(result(summary=then), result(summary=now, **OTHER_MACHINE), SEEDS)
    assert verdict.outcome == DIFFERENT


def test_a_number_that_is_gone_or_new_is_different():
    for then, now in (({"a": 1.5, "b": 2.5}, {"a": 1.5}), ({"a": 1.5}, {"a": 1.5, "b": 2.5})):
        verdict = compare(result(summary=then), result(summary=now, **OTHER_MACHINE), SEEDS)
        assert verdict.outcome == DIFFERENT
        assert [one.name for one in verdict.differences] == ["b"]


SEVERAL = {"units": 3, "seeds": [0, 1, 2]}


@pytest.mark.parametrize(
    ("first", "mean", "outcome"),
    [
        (0.95, 0.955, WITHIN),
        (0.93, 0.955, WITHIN),
        (0.909, 0.955, DIFFERENT),
        (0.95, 0.99, DIFFERENT),
    ],
)
def test_a_result_of_several_seeds_holds_its_own_spread(first, mean, outcome):
    """The stored ones are 0.03 apart: each number and their mean may be off by as much."""
    then = {"tat": {"test": [0.94, 0.96, 0.97], "mean_test": 0.9567}}
    now = {"tat": {"test": [first, 0.96, 0.97], "mean_test": mean}}
    stored, again = (
        result(summary=then, config=SEVERAL),
        result(summary=now, config=SEVERAL, **OTHER_MACHINE),
    )
    assert compare(stored, again).outcome == outcome


def test_a_list_that_is_not_over_seeds_is_no_spread():
    stored = result(summary={"test": [0.1, 0.9]})
    again = result(summary={"test": [0.2, 0.9]}, **OTHER_MACHINE)
    assert compare(stored, again).outcome == UNKNOWN


def test_the_worst_number_decides():
    one, two = {"a": 0.5, "b": 0.5}, {"a": 0.6, "b": 0.6}
    seeds = [result(seed=1, summary=two)]
    far = result(summary={"a": 0.55, "b": 0.9}, **OTHER_MACHINE)
    assert compare(result(summary=one), far, seeds).outcome == DIFFERENT


def test_curves_are_counted_and_do_not_decide():
    verdict = compare(result(), result(curves={"loss": [0.5, 0.26]}, **OTHER_MACHINE), SEEDS)
    assert verdict.outcome == SAME
    assert "Of 2 numbers in its curves, 1 differ." in str(verdict)
