"""Sentences about files that say the same of many are said once."""

from collections import defaultdict

MOST_NAMED = 5  # of the files that a sentence is about
ENDINGS = (" was left out: ", " can't be read: ")  # between a file's name and the reason


def first_named(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def said_once(sentences: list[str]) -> list[str]:
    """The same sentences, where those that give one reason for many files have become one.

    A zip of a few kB may list thousands of files that are left out for the same reason.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for sentence in sentences:
        name, reason = _parts(sentence)
        alike[reason or sentence].append(name)
    return [one for reason, names in alike.items() for one in _in_words(names, reason)]


def _parts(sentence: str) -> tuple[str, str]:
    """The file's name and what is said of it; two empty strings where it has another form."""
    for ending in ENDINGS:
        name, found, reason = sentence.rpartition(ending)
        if found:
            return name, ending + reason
    return "", ""


def _in_words(names: list[str], reason: str) -> list[str]:
    if not names[0]:  # a sentence of another form
        return [reason] * len(names)
    if len(names) <= MOST_NAMED:
        return [name + reason for name in names]
    others = ", ".join(names[1:MOST_NAMED])
    return [f"{names[0]}{reason} The same holds for {len(names) - 1:,} more, such as {others}."]
