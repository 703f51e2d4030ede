"""Every promise of a docstring stands beside the rung that looks at it."""

import dataclasses

import pytest

from course_lib.exercises.proving.promises import problems, promised, table
from course_lib.exercises.registry import CHAPTERS, get

# Chapters whose every promise has its rung.
KEPT = ("vanilla_rnn", "bptt", "gated_cells", "gradnets", "kernl", "diagonal", "text")


def model(a, b=1):
    """Does something.

    It leaves a alone.

    Args:
        a: input, shape (n,). Must not be empty.
        b: a factor; 1 leaves all as it is.

    Returns:
        y: the product, shape (n,).

    Raises:
        ValueError: if a is empty.
    """


def test_each_sentence_is_a_promise_of_its_own():
    assert promised(model) == [
        "It leaves a alone",
        "a: input, shape (n,)",
        "a: Must not be empty",
        "b: a factor",
        "b: 1 leaves all as it is",
        "y: the product, shape (n,)",
        "ValueError: if a is empty",
    ]


class Doubler:
    """Doubles."""

    def double(self, a):
        """Double something.

        Returns:
            The product. It has no name.
        """

    def undocumented(self, a):
        pass


def test_what_a_section_says_without_a_name_is_a_promise_too():
    assert promised(Doubler.double) == ["The product", "It has no name"]
    assert promised(Doubler) == ["double: The product", "double: It has no name"]


def test_what_has_no_rung_or_fits_nothing_is_found():
    own = dataclasses.replace(get("rnn_step"), promises={})
    assert len(problems(own)) == len(promised(own.reference)) > 5
    wrong = {"no such words": "nowhere", "x_t": "scaffold: ", "h_prev": "scaffold: a reason"}
    found = "\n".join(problems(dataclasses.replace(own, promises=wrong)))
    assert "doesn't say 'no such words'" in found
    assert "no rung 'nowhere'" in found
    assert "no rung 'scaffold: '" in found
    assert "'scaffold: a reason'" not in found
    assert ("x_t: input of this step, shape (batch, m)", "nothing") in table(own)


@pytest.mark.parametrize(
    "one",
    [one for c in CHAPTERS if c.name in KEPT for one in c.exercises if get(one).kind != "project"],
)
def test_every_promise_has_its_rung(one):
    assert problems(get(one)) == []
