"""What students wrote, made harmless for a page: as text of HTML, and as data for a script."""

import base64
import functools
import hashlib
import html
import json
from pathlib import Path

from course_lib.exercises.markup import CODE

# Of a page that has no look of its own: the reader's colours, by day and by night.
PLAIN = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
html { background: Canvas; color: CanvasText; }
"""


def shown(value: object) -> str:
    """Text in which characters that hide something, or turn its direction, are shown."""
    return "".join(
        c if c.isprintable() or c in "\n " else "\N{REPLACEMENT CHARACTER}" for c in str(value)
    )


def escaped(value: object) -> str:
    """Text for HTML, between tags and inside quoted attributes."""
    return html.escape(shown(value), quote=True)


def with_code(value: object) -> str:
    """A sentence as HTML, where what stands between `backticks` is code; all else is text."""
    return CODE.sub(r"<code>\1</code>", escaped(value))


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: no tag and no comment can begin in it."""
    text = json.dumps(value, separators=(",", ":"))  # ASCII alone: other characters as \\uXXXX
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@functools.cache
def beside(name: str) -> str:
    """The text of a style sheet or a script that lies beside this file."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def policy(style: str, script: str = "") -> str:
    """A content security policy: this style and this script, nothing else runs or is loaded."""
    allowed = [f"style-src {_source(style)}"] + (
        [f"script-src {_source(script)}"] if script else []
    )
    return "; ".join(["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"])


def _source(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def head(title: str, style: str, script: str = "") -> str:
    """A page down to `<main>`.

    Args:
        title: text.
        style: CSS.
        script: the script that `end` is given too; empty if the page has none.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(style, script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{style}</style></head><body><main>"
    )


def end(script: str = "") -> str:
    """The rest of a page."""
    return f"</main>{f'<script>{script}</script>' if script else ''}</body></html>\n"
