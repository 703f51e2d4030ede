"""What a page's text says: which numbers in it were typed, and how it first mentions a term.

A measured number belongs to a run, and `{glue:text}` puts it into the text. What may be typed is
what no run can change: a definition, a setting, a quotation. Some is told by its form (`FORMS`
below); the rest stands, with a reason each, in `book/typed_numbers.toml`.

Seen are digits, and words from "ten" on. Smaller numbers in words are part of most sentences; so is
"twice" or "half". They are not seen.

In what is said of a picture (its `alt`) nothing can be glued. There a number may stand if the cell
that draws the picture asserts something.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

EXTENSIONS = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "tasklist"}
TEXT_BLOCK = re.compile(r"\{(admonition|dropdown|note|tip|warning|list-table|grid[\w-]*)\}(.*)")
ALT = re.compile(r'^ *alt: "(.*)"$', re.MULTILINE)
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.DOTALL | re.MULTILINE)
ASSERT = re.compile(r"^ *assert ", re.MULTILINE)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)

NUMBER = re.compile(
    r"""
      (?<![\w.])(?<!\w-)                                  # not a part of float32, 3.11 or SnAp-1
      [-−]?\d+(?:[,\ ]\d{3})*(?:\.\d+)?(?:e[-−+]?\d+)?  # 784, 10,000, 0.05, 1e-10
      (?:\ ?%|\ percent)?(?!\w)
    | \b(?:ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|dozens?
      |(?:twen|thir|for|fif|six|seven|eigh|nine)ty|(?:hundred|thousand|million)s?)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
ENDS = {"0", "1", "-1", "−1"}  # the ends of a range, signs, a count of one: never a result
FORMS = re.compile(
    r"""
      \((?=[^()]*\b(?:batch|time|steps|[BCTmnpck])\b)\w+(?:,\ ?\w+)+,?\)   # a shape: (batch, 3)
    | \b(?:19|20)\d\d\b                                           # a year
    | \b(?:[Cc]hapters?|[Ss]ections?|[Ff]igures?|[Pp]ractical|Clue)\ \d+(?:(?:,|\ and|\ to)\ \d+)*
    | \b(?:TensorFlow|Python|Keras|NumPy|Debian|cuDNN)\ \d+(?:\.\d+)*
    """,
    re.VERBOSE,
)
# A formula that is only a number, or gives one to a letter: 10^{-6}, g = 0.1. It is no equation.
BARE = re.compile(r"(?:\\?[A-Za-z]+[\w{}^']*\s*=)?[\d.,{}^\\\s+-]*(?:\\%)?")


@dataclass(frozen=True)
class Typed:
    """A typed number, and the words around it."""

    number: str
    context: str


def typed_numbers(page: str, allowed: Mapping[str, str]) -> tuple[list[Typed], list[str]]:
    """Find the typed numbers of a page.

    Args:
        page: its MyST source.
        allowed: phrases with a number that may stand as they are, and the reason of each.

    Returns:
        The typed numbers that no phrase allows, and the phrases that allow none.
    """
    found, used = [], set()
    alts = ((alt, alt) for alt, cell in _described(page) if not ASSERT.search(cell))
    for shown, searched in chain(_texts(page), alts):
        spans = [(*match.span(), phrase) for phrase in allowed for match in _find(phrase, shown)]
        for match in NUMBER.finditer(FORMS.sub(_blank, searched)):
            if match[0] in ENDS:
                continue
            covering = {p for begin, end, p in spans if begin <= match.start() < match.end() <= end}
            used |= covering
            if not covering:
                around = shown[max(0, match.start() - 40) : match.end() + 40]
                found.append(Typed(match[0], " ".join(around.split())))
    return found, [phrase for phrase in allowed if phrase not in used]


def _described(page: str) -> list[tuple[str, str]]:
    """What the page says of each picture to those who can't see it, and the cell that draws it."""
    return [(alt[1], cell[0]) for cell in CELL.finditer(page) if (alt := ALT.search(cell[0]))]


def _find(phrase: str, text: str) -> Iterator[re.Match]:
    return re.finditer(rf"(?<![\w.]){re.escape(phrase)}(?!\w)", text)


def first_mention(page: str, term: str) -> str | None:
    """How a page first mentions a term of the glossary, headings left out.

    Args:
        page: its MyST source.
        term: as it stands in the glossary.

    Returns:
        "linked" if the first mention is a {term}, else the words around it; None without any.
    """
    plain = re.compile(rf"(?<![\w-]){re.escape(term)}(?!\w)", re.IGNORECASE)
    for run in _runs(page, headings=False):
        before = ""
        for token in run:
            if token.type == "myst_role" and token.meta["name"] == "term":
                target = token.content.partition("<")[2].rstrip(">") or token.content
                if target.lower() == term.lower() and not plain.search(before):
                    return "linked"
            elif token.type == "softbreak":
                before += " "
            elif token.type in ("text", "code_inline"):
                before += token.content
        if match := plain.search(before):
            return before[max(0, match.start() - 40) : match.end() + 40]
    return None


def _runs(source: str, headings: bool = True) -> Iterator[list[Token]]:
    """The parts of each run of text: a paragraph, a cell of a table, an item, a title."""
    parser = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)
    before = ""
    for token in parser.parse(source):
        if token.type in ("fence", "colon_fence") and (block := TEXT_BLOCK.match(token.info)):
            yield from _runs(block[2], headings)
            yield from _runs(OPTION.sub("", token.content), headings)
        elif token.type == "inline" and (headings or before != "heading_open"):
            yield token.children or []
        before = token.type


def _texts(source: str) -> Iterator[tuple[str, str]]:
    """Each run of text, as written, and with blanks in place of what is not searched."""
    for run in _runs(source):
        parts = [_part(token) for token in run]
        yield "".join(shown for shown, _ in parts), "".join(searched for _, searched in parts)


def _part(token: Token) -> tuple[str, str]:
    if token.type == "softbreak":
        return " ", " "
    if token.type == "math_inline":
        text = f"${token.content}$"
        return text, text if BARE.fullmatch(token.content) else " " * len(text)
    if token.type == "code_inline":
        text = f"`{token.content}`"
        return text, " " * len(text)
    if token.type == "text":
        return token.content, token.content
    if token.type == "myst_role":
        # A term is a word of the sentence; the others are glue, a citation, or a reference.
        text = token.content if token.meta["name"] == "term" else "…"
        return text, " " * len(text)
    return "", ""  # the marks of a link or of emphasis


def _blank(match: re.Match) -> str:
    return " " * len(match[0])
