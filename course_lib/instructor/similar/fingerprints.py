"""Winnowing: of all runs of K tokens, enough are kept that no longer run in common is missed.

Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003.
"""

import hashlib
from collections.abc import Iterator

from course_lib.instructor.similar.tokens import Token

K = 9  # tokens in a run: what is shorter is an idiom
WINDOW = 3  # of so many runs in a row at least one is kept


def fingerprints(tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    """A hash for each run that is kept, with its first and its last line."""
    hashes = [_hash(tokens[i : i + K]) for i in range(len(tokens) - K + 1)]
    kept = -1
    for end in range(max(1, min(WINDOW, len(hashes))), len(hashes) + 1):
        window = range(max(0, end - WINDOW), end)
        least = min(window, key=lambda i: (hashes[i], -i))
        if least != kept:
            kept = least
            yield hashes[kept], tokens[kept].line, tokens[kept + K - 1].line


def _hash(run: list[Token]) -> int:
    text = "\x00".join(token.text for token in run)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
