"""Lists in sentences."""

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """As in "one", "one and two", "one, two and three"; empty for none."""
    *others, last = words or [""]
    return f"{', '.join(others)} and {last}" if others else last
