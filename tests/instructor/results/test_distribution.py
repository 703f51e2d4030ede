"""The picture of a distribution: which bar a value is in, and what is written below and above."""

import re
import xml.etree.ElementTree as ET

import pytest

from course_lib.instructor.results.pages.distribution import (
    ABOVE,
    BINS,
    HEIGHT,
    WIDTH,
    histogram,
)


def drawn(values, ends=(0, 10), lines=(), says="Points"):
    svg = histogram(values, ends, lambda one: f"{one:g} points", says, lines)
    return ET.fromstring(svg)


def bars(svg):
    """Number of each bar from the left, to its count and its height."""
    found = {}
    for one in svg.findall("rect"):
        place = (float(one.get("x")) - 1) * BINS / WIDTH
        found[round(place)] = int(one.findtext("title")), float(one.get("height"))
        assert float(one.get("y")) + float(one.get("height")) == pytest.approx(ABOVE + HEIGHT)
    return found


@pytest.mark.parametrize(
    ("value", "bar"),
    [(0, 0), (0.49, 0), (0.5, 1), (5, 10), (9.49, 18), (9.99, 19), (10, 19), (-3, 0), (12, 19)],
)
def test_a_value_is_in_its_bar_and_what_lies_beyond_in_the_last(value, bar):
    assert list(bars(drawn([value]))) == [bar]
    shifted = drawn([value + 100], (100, 110))
    assert list(bars(shifted)) == [bar]


def test_heights_are_counts():
    found = bars(drawn([1, 1, 1, 1, 7, 7]))
    assert found == {2: (4, HEIGHT), 14: (2, HEIGHT / 2)}


def test_a_single_value_among_thousands_is_still_seen():
    assert bars(drawn([1] * 5000 + [7]))[14] == (1, 1.0)


def test_nobody_and_an_axis_of_no_length():
    assert bars(drawn([])) == {}
    assert bars(drawn([3, 3], (3, 3))) == {0: (2, HEIGHT)}


def test_what_is_written():
    svg = drawn([1], (0, 10), [(2, "a < b"), (8, "top"), (-5, "left"), (50, "right")], 'So "so"')
    assert svg.get("aria-label") == 'So "so"'
    texts = {one.text: one for one in svg.findall("text")}
    assert texts.keys() == {"a < b", "top", "left", "right", "0 points", "10 points"}
    anchors = {text: one.get("text-anchor") for text, one in texts.items()}
    assert anchors == {
        "a < b": "start", "left": "start", "0 points": None,
        "top": "end", "right": "end", "10 points": "end",
    }  # fmt: skip
    marks = [one for one in svg.findall("line") if one.get("class") == "mark"]
    assert [float(one.get("x1")) for one in marks] == [WIDTH * 0.2, WIDTH * 0.8, 1, WIDTH - 1]
    assert all(one.get("x1") == one.get("x2") for one in marks)
    low, high = re.findall(r"\d+", svg.get("viewBox"))[2:]
    assert (int(low), int(high) > HEIGHT + ABOVE) == (WIDTH, True)
