"""Say below a page's title how long it takes to read."""

import math

from bs4 import BeautifulSoup

WORDS = 200  # a minute, of technical text
FORMULA, FIGURE, LINE_OF_CODE = 15, 20, 2  # seconds
SHOWN = ".cell_output :is(img:not([hidden]), .course-moving)"
LOOKED_UP = ("book/intro", "book/notation", "book/glossary", "book/references")


def minutes(body: str) -> int:
    """How long a page takes: its words, and some time for each formula, figure and line of code.

    Above ten minutes it is rounded to five: nobody reads as evenly as this counts.
    """
    soup = BeautifulSoup(body, "html.parser")
    for folded in soup.select("details.hide, details.reference-code"):
        folded.decompose()
    code = sum(len(pre.get_text().splitlines()) for pre in soup.select(".cell_input pre"))
    seconds = FORMULA * len(soup.select("div.math")) + LINE_OF_CODE * code
    seconds += FIGURE * len(soup.select(SHOWN))
    for other in soup.select("pre, script, style, div.math"):
        other.decompose()
    taken = len(soup.get_text(" ").split()) / WORDS + seconds / 60
    return math.ceil(taken) if taken < 10 else 5 * round(taken / 5)


def add_reading_time(app, pagename, templatename, context, doctree) -> None:
    """Put the sentence behind the title of a page that is read from its start to its end."""
    if doctree is None or not pagename.startswith("book/") or pagename in LOOKED_UP:
        return
    title, end, rest = context["body"].partition("</h1>")
    sentence = f"About {minutes(context['body'])} minutes to read."
    context["body"] = f'{title}{end}\n<p class="reading-time">{sentence}</p>{rest}'


def setup(app) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_reading_time)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
