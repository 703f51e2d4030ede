"""Words of which sentences are made."""

import re
from typing import Any

import numpy as np

LONGEST_NAME = 40  # characters of the name of a type that a sentence shows


def full_stop(text: str) -> str:
    """The text with a full stop, unless it ends a sentence by itself, as a question does."""
    text = text.rstrip()
    return text if re.search(r"[.?!…:][\"'`)»”]*$", text) else f"{text}."


def with_article(noun: str) -> str:
    """The noun, or the digit, with "a" or "an" before it."""
    return f"{'an' if noun[0] in 'aeiouAEIO8' else 'a'} {noun}"


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, tuple | list):
        return f"a {'tuple' if isinstance(value, tuple) else 'list'} of {len(value)}"
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape}"
    return with_article(type(value).__name__[:LONGEST_NAME])
