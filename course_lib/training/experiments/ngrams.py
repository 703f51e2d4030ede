"""Character n-grams with backoff: what a network of characters has to beat.

How often c followed the last n - 1 characters is mixed with what the shorter context s' says:

    p(c | s) = (count(s c) + kinds(s) p(c | s')) / (count(s) + kinds(s))

kinds(s) is how many different characters were seen to follow s: a context that was followed by many
is trusted less. Without any context, s' says 1 / c for each of the c characters. Source: Witten and
Bell (1991), "The zero-frequency problem", in the form of Chen and Goodman (1999), section 2.6.
"""

import numpy as np


class NGrams:
    """Counts of all contexts of up to n - 1 characters.

    Args:
        codes: the text to count in, shape (T,), integers from 0 to c - 1.
        n: length of the longest group that is counted, context and character, at least 1.
        c: size of the vocabulary.

    Raises:
        ValueError: n is below 1, or the groups are too many to be numbered.
    """

    def __init__(self, codes: np.ndarray, n: int, c: int) -> None:
        if n < 1:
            raise ValueError(f"n is {n}; an n-gram has at least its own character, so take 1.")
        if c**n >= 2**63:
            raise ValueError(f"With {c} characters, groups of {n} can't be numbered: take fewer.")
        self.n, self.c = n, c
        # Of each length k: the groups that occur, and how often; the contexts, how often they
        # were followed, and by how many kinds.
        self._tables = []
        for k in range(1, n + 1):
            groups, counts = np.unique(_groups(codes, k, c), return_counts=True)
            contexts, first, kinds = np.unique(groups // c, return_index=True, return_counts=True)
            self._tables.append((groups, counts, contexts, np.add.reduceat(counts, first), kinds))

    def bits(self, codes: np.ndarray) -> np.ndarray:
        """How many bits each character of a text costs, given those before it, shape (T - n + 1,).

        The first n - 1 characters are context only.
        """
        return -np.log2(self._probability(codes))

    def next(self, context: np.ndarray) -> np.ndarray:
        """The probability of each character after a context of at least n - 1, shape (c,)."""
        texts = [np.append(context[len(context) - self.n + 1 :], one) for one in range(self.c)]
        return np.concatenate([self._probability(text) for text in texts])

    def _probability(self, codes: np.ndarray) -> np.ndarray:
        p = np.full(len(codes) - self.n + 1, 1 / self.c)
        for k, (groups, counts, contexts, totals, kinds) in enumerate(self._tables, start=1):
            here = _groups(codes, k, self.c)[self.n - k :]
            count = _look_up(here, groups, counts)
            total, kind = (_look_up(here // self.c, contexts, of) for of in (totals, kinds))
            # A context that was never seen leaves what the shorter one says.
            p = np.where(total > 0, (count + kind * p) / np.maximum(total + kind, 1), p)
        return p


def _groups(codes: np.ndarray, k: int, c: int) -> np.ndarray:
    """One number for each run of k characters, shape (T - k + 1,)."""
    numbers = np.zeros(len(codes) - k + 1, np.int64)
    for i in range(k):
        numbers = numbers * c + codes[i : len(codes) - k + 1 + i]
    return numbers


def _look_up(wanted: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where there is none; keys are sorted."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
