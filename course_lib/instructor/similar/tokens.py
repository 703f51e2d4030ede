"""A student's code as tokens from which names, layout, comments and texts are gone.

Code is only cut into tokens here; it is not parsed, let alone run.
"""

import builtins
import io
import keyword
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

KEPT = frozenset(dir(builtins)) | frozenset(keyword.kwlist)
NAME, TEXT, END = "v", "s", "\n"
DROPPED = {
    tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A token.

    Args:
        text: what is left of it.
        line: where it stands, from 1.
    """

    text: str
    line: int


def tokens_of(source: str) -> list[Token]:
    """The tokens of a cell, down to where it is no Python any more.

    Names are all alike but for Python's own, those behind a dot and those of arguments; numbers
    stay. Texts that stand alone, such as docstrings, are dropped.
    """
    found: list[Token] = []
    deep, before = 0, END
    raw = list(_raw(source))
    for place, (kind, text, line) in enumerate(raw):
        after = raw[place + 1][1] if place + 1 < len(raw) else END
        deep += (text in "([{") - (text in ")]}") if kind == tokenize.OP else 0
        if kind == tokenize.STRING or text.startswith(('"', "'")):
            if before == END and after == END:
                continue
            kept = TEXT
        elif kind == tokenize.NAME:
            is_argument = deep > 0 and after == "="
            kept = text if text in KEPT or before == "." or is_argument else NAME
        else:
            kept = END if kind == tokenize.NEWLINE or text == ";" else text
        if not (kept == END and before == END):
            found.append(Token(kept, line))
        before = kept
    return found


def _raw(source: str) -> Iterator[tuple[int, str, int]]:
    lines = "".join(
        line if not line.lstrip().startswith(("%", "!")) else "\n"  # Jupyter's own
        for line in source.splitlines(keepends=True)
    )
    try:
        for one in tokenize.generate_tokens(io.StringIO(lines).readline):
            if one.type not in DROPPED:
                text = END if one.type == tokenize.NEWLINE else one.string
                yield one.type, text, one.start[0]
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
