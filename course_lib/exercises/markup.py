"""Text as HTML."""

import html
import re

CODE = re.compile(r"`([^`\n]+)`")
# Words only, so that a product such as 2 *x* 3 stays one.
STRESSED = re.compile(r"(?<![\w*])\*([A-Za-z][A-Za-z ]*[A-Za-z])\*(?![\w*])")


def inline_code(text: str) -> str:
    """Text as HTML, where Markdown means nothing: `x` becomes a <code>, and *words* an <em>."""
    between = CODE.split(html.escape(text, quote=False))
    between[::2] = [STRESSED.sub(r"<em>\1</em>", plain) for plain in between[::2]]
    between[1::2] = [f"<code>{code}</code>" for code in between[1::2]]
    return "".join(between)
