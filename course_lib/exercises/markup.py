"""Text as HTML."""

import html
import re


def inline_code(text: str) -> str:
    """Text as HTML, where Markdown's backticks mean nothing: `x` becomes a <code>."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text, quote=False))
