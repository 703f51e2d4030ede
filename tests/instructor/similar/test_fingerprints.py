"""What winnowing promises: long common runs are never missed, and idioms never kept."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.instructor.similar.fingerprints import WINDOW, K, fingerprints
from course_lib.instructor.similar.tokens import Token

words = st.lists(st.sampled_from("abc"), max_size=30)


def tokens(words, first=1):
    """One token a line."""
    return [Token(word, line) for line, word in enumerate(words, first)]


def hashes(words):
    return {one for one, _, _ in fingerprints(tokens(words))}


@settings(max_examples=40)
@given(words, words, st.lists(st.sampled_from("abc"), min_size=K + WINDOW - 1, max_size=30))
def test_what_is_long_enough_is_found_whatever_stands_around_it(before, after, common):
    assert hashes(common) & hashes(before + common + after)


@settings(max_examples=40)
@given(words)
def test_each_kept_run_has_its_lines_and_stands_near_the_next(words):
    kept = list(fingerprints(tokens(words, first=5)))
    assert bool(kept) == (len(words) >= K)
    for one, first, last in kept:
        assert last - first == K - 1
        assert one in hashes(words[first - 5 : last - 4])
    starts = [first for _, first, _ in kept]
    assert all(0 < b - a <= WINDOW for a, b in pairwise(starts))


def test_a_single_run_is_kept_and_less_is_none():
    assert len(hashes("abcdefghi")) == 1
    assert hashes("abcdefgh") == set()
    assert hashes("abcdefghi") != hashes("abcdefgih")
