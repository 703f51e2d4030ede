"""Small things about text: code in it as HTML, and the full stop at its end."""

import html
import re


def inline_code(text: str) -> str:
    """Text as HTML, where Markdown's backticks mean nothing: `x` becomes a <code>."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def full_stop(text: str) -> str:
    """The text with a full stop, unless it ends a sentence by itself, as a question does."""
    text = text.rstrip()
    return text if re.search(r"[.?!…:][\"'`)»”]*$", text) else f"{text}."
