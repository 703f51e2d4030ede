"""Mutants are made, checked on all cores, and none that differs survives."""

import ast
import dataclasses
import functools
import inspect
import json

import numpy as np
import pytest

from course_lib.exercises.naming.mutants import _around, compiled, mutants
from course_lib.exercises.naming.trees import tree_of
from course_lib.exercises.proving import survivors
from course_lib.exercises.proving.survivors import claimed_in_vain, fate, fates, main, stale
from course_lib.exercises.registry import PROJECT, get, ids, needs_tensorflow

# Exercises of which nobody has yet looked at every mutant that no rung notices.
NOT_YET = (
    "recurrent_classifier",
    "GradualDropout",
    "log_gradients",
    "KernlModel",
    "chunked_trace",
    "update_inside",
    "LRULayer",
)
AT_THE_BAR = tuple(one for one in ids() if not one.startswith(PROJECT) and one not in NOT_YET)
SAMPLE = {False: 8, True: 2}  # mutants of each that `make test` tries; in TensorFlow they take long


def model(x, h, start=0, *, axis=1):
    """A function with one of everything."""
    total = x.copy()
    for t in range(start, 3):
        total += x @ h.T
        h = h - 0.5 * np.tanh(total)[:, t]
    if t > 1 and axis is not None:
        raise ValueError("axis is wrong")
    return np.sum(total, axis=1), {"a": h, "b": -t}


@pytest.mark.parametrize(
    "key",
    [
        "total = x.copy() -> pass",  # a statement
        "total = x.copy() -> total = x",  # a copy
        "range(start, 3) -> range(3, start)",  # arguments
        "x @ h.T -> x @ h",  # a transpose
        "x @ h.T -> h.T @ x",  # operands
        "h - 0.5 * -> h + 0.5 *",  # a sign
        "0.5 * -> 0.505 *",  # a constant
        "np.tanh(total)[:, t] -> np.tanh(total)[:, t - 1]",  # a time index
        "t > 1 -> t >= 1",  # a comparison
        "axis=1 -> axis=0",  # an axis
        "start=0 -> start=1",  # a default
        "'a': h, 'b': -t -> 'a': h, 'b': t",  # a term
        "raise ValueError('axis is wrong') -> pass",  # an error
    ],
)
def test_every_kind_of_change_is_made(key):
    before, after = key.split(" -> ")
    original = ast.unparse(ast.parse(inspect.getsource(model)))
    parts = original.split(before)
    wanted = {before.join(parts[:i]) + after + before.join(parts[i:]) for i in range(1, len(parts))}
    assert wanted & {mutant.source for mutant in mutants(model)}


def settings(given):
    """What a layer stores."""
    return {**given, "n": 1}


@pytest.mark.slow
def test_the_source_of_a_class_is_that_around_its_methods_not_the_references():
    reference = get("GateSchedule").reference
    for mutant in mutants(reference)[::9]:
        assert ast.unparse(tree_of(compiled(mutant, reference))) == mutant.source
    assert ast.unparse(tree_of(reference)).startswith("class GateSchedule")


def test_what_is_spread_in_a_dict_can_be_left_out():
    sources = [mutant.source for mutant in mutants(settings)]
    assert any("return {'n': 1}" in source for source in sources)


def corner(h):
    """An index of two parts."""
    return h[:, None]


def test_an_index_of_several_parts_is_shown_in_its_brackets():
    words = [mutant.words for mutant in mutants(corner)]
    assert "with `[None, :]` for `[:, None]`" in words


def test_keys_are_unique_and_what_an_error_says_is_free():
    keys = [mutant.key for mutant in mutants(model)]
    assert len(set(keys)) == len(keys)
    assert not any("is wrong_" in key for key in keys)


def test_a_key_shows_little_of_what_stays_and_no_half_of_a_name():
    digits = "0123456789 0123456789"
    beside = "6789 0123456789 {} 0123456789 0123"  # 16 characters on either side
    one, other = (f"{digits} {sign} {digits}" for sign in "+-")
    assert _around(one, other) == (beside.format("+"), beside.format("-"))
    one, other = (f"left_alone = {name} + x_of_a_long_name - y" for name in ("h", "c"))
    whole = (f"left_alone = {name} + x_of_a_long_name" for name in ("h", "c"))
    assert _around(one, other) == tuple(whole)
    assert _around("aa", "aaa") == ("aa", "aaa")


def test_what_decorates_a_reference_is_left_out_on_demand():
    @functools.cache
    def double(x):
        return 2 * x

    for decorated in (True, False):
        assert bool(tree_of(double, decorated).body[0].decorator_list) == decorated
        assert all(("cache" in m.source) == decorated for m in mutants(double, decorated))


def test_a_mutant_is_compiled_beside_its_reference():
    exercise = get("rnn_step")
    dropped = next(m for m in mutants(exercise.reference) if m.key.endswith("+ h_prev @ W_hh)"))
    function = compiled(dropped, exercise.reference)
    x, h, U, W, b = (np.ones((1, 1)),) * 4 + (np.ones(1),)
    assert function(x, h, U, W, b) == np.tanh(2.0)


def test_a_survivor_is_one_that_no_rung_notices():
    exercise = get("rnn_step")
    every = mutants(exercise.reference)
    assert all(fate(exercise, mutant).noticed for mutant in every)
    blind = dataclasses.replace(exercise, ladder=exercise.ladder[:1])
    assert not all(fate(blind, mutant).noticed for mutant in every)


def test_entries_that_fit_no_mutant_or_a_noticed_one_are_found():
    exercise = dataclasses.replace(
        get("rnn_step"), equivalent={"no such line -> ever": "?", "…np.tanh… -> …": "?"}
    )
    assert "no such line" in stale(exercise)[0]
    assert len(stale(exercise)) == 1
    own = [fate(exercise, mutant) for mutant in mutants(exercise.reference)]
    assert claimed_in_vain(exercise, own)


def test_json_comes_last(monkeypatch, capsys):
    assert main(as_json=True, exercises=["rnn_step"]) == 0
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts["mutants"] == counts["noticed"] == len(mutants(get("rnn_step").reference))
    assert counts["survivors"] == []
    blind = dataclasses.replace(get("rnn_step"), ladder=())
    monkeypatch.setattr(survivors, "get", lambda _: blind)
    monkeypatch.setattr(
        survivors, "fates", lambda _: [fate(blind, m) for m in mutants(blind.reference)]
    )
    assert main(as_json=True, exercises=["rnn_step"]) == 1
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["survivors"]) > 20


def test_a_fate_may_go_without_a_name():
    exercise = get("rnn_step")
    mutant = next(m for m in mutants(exercise.reference) if m.key.endswith("+ h_prev @ W_hh)"))
    assert fate(exercise, mutant).mistake
    without = fate(exercise, mutant, named=False)
    assert without.noticed
    assert without.mistake is None


def test_what_is_left_out_is_said(capsys):
    assert main(exercises=["predict_rows"]) == 0
    printed = capsys.readouterr().out
    assert "Left out, for a project has no ladder: predict_rows." in printed
    assert "mutants: 0" in printed


@pytest.mark.parametrize("in_tensorflow", SAMPLE)
def test_a_sample_of_every_exercise_is_noticed(in_tensorflow):
    chosen = [one for one in AT_THE_BAR if needs_tensorflow(one) == in_tensorflow]
    found = fates(chosen, sample=SAMPLE[in_tensorflow], named=False)
    assert len(found) >= SAMPLE[in_tensorflow] * len(chosen)
    assert [f"{f.exercise}: {f.key}" for f in found if not f.noticed] == []


@pytest.mark.parametrize("one", AT_THE_BAR)
def test_no_entry_is_stale(one):
    assert stale(get(one)) == []


@pytest.mark.parametrize("one", NOT_YET)
def test_what_is_not_yet_at_the_bar_has_not_been_looked_at(one):
    """One in NumPy takes a moment, and one that names equivalents has been looked at."""
    assert needs_tensorflow(one)
    assert get(one).equivalent == {}
