"""What a benchmark prints: words for people, JSON for programs; and whether a bar is reached."""

import dataclasses
import importlib
import json

import pytest

from course_lib.benchmarks import measure
from course_lib.training import stored_result

WITH_BARS = ("kernl", "lstm", "scan", "stream")
NAMES = (*WITH_BARS, "validate", "cluster")


def module(name):
    return importlib.import_module(f"course_lib.benchmarks.{name}")


def bars_of(name):
    """For each number that is judged: the sign that it needs, and the bar."""
    bars = module(name).BARS
    return {key: bar if isinstance(bar, tuple) else (">=", bar) for key, bar in bars.items()}


@pytest.fixture
def printed(monkeypatch, capsys):
    """What a benchmark prints when a result has just come out."""

    def called(name, result, as_json=False):
        if name == "cluster":
            pytest.importorskip("distributed", reason="Dask is not installed")
        monkeypatch.setattr(module(name), "run", lambda *_: result)
        monkeypatch.setattr(measure, "store", lambda name, result, *_: result)
        assert module(name).main(False, as_json, None) == 0
        return capsys.readouterr()

    return called


class Said(Exception):
    """What a benchmark says first, in place of going on."""


@pytest.mark.parametrize("name", [*WITH_BARS, "validate"])
def test_says_what_it_does_before_it_takes_long(name, monkeypatch):
    def say(what):
        raise Said(what)

    monkeypatch.setattr(measure, "say", say)
    with pytest.raises(Said):
        module(name).run(True, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_program_that_asks_for_json_gets_nothing_else(name, printed):
    result = stored_result(f"bench-{name}")
    words, nothing = printed(name, result)
    assert "{" not in words
    assert not nothing
    as_json, beside = printed(name, result, as_json=True)
    assert json.loads(as_json) == result
    assert beside == words


@pytest.mark.parametrize("name", WITH_BARS)
def test_a_bar_is_reached_by_its_own_number_and_by_nothing_worse(name, printed):
    bars, result = bars_of(name), stored_result(f"bench-{name}")

    def said(move):
        moved = {key: bar + move * (1 if sign == ">=" else -1) * 0.01 * bar
                 for key, (sign, bar) in bars.items()}  # fmt: skip
        lines = printed(name, result | moved).out.splitlines()
        return [line for line in lines if line.split(":")[0] in bars]

    for move in (0, 1):
        assert len(said(move)) == len(bars)
        assert all("reached" in line and "NOT" not in line for line in said(move))
    assert all("NOT reached" in line for line in said(-1))


@pytest.mark.parametrize("name", WITH_BARS)
def test_what_the_book_tells_was_measured_as_it_would_be_today(name):
    """Whoever moves a bar, or changes a size, measures again."""
    result, today = stored_result(f"bench-{name}"), module(name)
    assert result["sizes"] == dataclasses.asdict(today.Sizes())
    if hasattr(today, "ROUNDS"):
        assert result["rounds"] == today.ROUNDS
    stored = {key: str(bar).removeprefix(">= ") for key, bar in result["bars"].items()}
    assert {key: float(bar.removeprefix("<= ")) for key, bar in stored.items()} == {
        key: bar for key, (_, bar) in bars_of(name).items()
    }
