"""What a notebook's release means for its checks, and where the number shows."""

import json

import pytest

from course_lib import __version__
from course_lib.release import NUMBER, difference, is_older, mark, release_of


def test_a_notebook_says_of_which_release_it_is():
    assert release_of({"metadata": mark("1.2.3"), "cells": []}) == "1.2.3"
    assert release_of({"metadata": mark()}) == __version__
    assert NUMBER.fullmatch(__version__)


@pytest.mark.parametrize(
    "notebook",
    [
        *(3, [], {}, {"metadata": 3}, {"metadata": {"course": []}}, {"metadata": {"course": {}}}),
        *({"metadata": mark(release)} for release in (None, 3, "", "1", "1.2.x", "1.2.3" * 99)),
        *({"metadata": mark(release)} for release in ("٣.٣.٣", "1.2.3\n", "99999.0.0", "1.2.3.4")),
    ],
    ids=lambda notebook: json.dumps(notebook)[:40],
)
def test_whatever_else_stands_there_is_no_release(notebook):
    assert release_of(notebook) == ""


def test_numbers_are_compared_as_numbers():
    assert is_older("0.9.0", than="0.10.0")
    assert not is_older("0.10.0", than="0.9.0")
    assert not is_older("1.0.0", than="1.0.0")
    assert not is_older("", than="1.0.0")


def test_a_difference_is_one_sentence():
    assert difference("1.0.0", "1.0.0") == difference("", "1.0.0") == ""
    assert difference("0.9.0", "0.10.0") == (
        "It is of release 0.9.0, the checks are of 0.10.0: what both have is checked."
    )
    assert difference("0.10.0", "0.9.0").endswith(
        "newer than the checks, which are of 0.9.0: upgrade the course."
    )
