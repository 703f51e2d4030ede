"""Keep on one line what belongs together: a number and its unit, a pair, a formula and its bracket.

And say where a phone may break a long word of code, and what in a table is long: code that may be
broken there, words that need a wide column. A minus is a sign of its own, not a hyphen, and what
a program writes as 4e-5 stands there as 4 × 10⁻⁵.
"""

import re

from docutils import nodes

from course_lib.words import SCIENTIFIC, with_powers

NO_BREAK = "\N{NO-BREAK SPACE}"
UNIT = r"(?:%|(?:m|µ|n)?s|min|h|(?:k|M|G|T)B|(?:K|M|G|T)iB|px)(?![\w-])"
PARTED = re.compile(rf"(?<=[\d)])(?:[ \n]+(?={UNIT})|(?=%))")  # 98% too, from a check
PAIR = re.compile(r"(?<=\()([−\w.]{1,5},)[ \n]+(?=[−\w.]{1,5}\)|$)")  # the second may be bold
OPENING = re.compile(r"[(\[‘“]+$")  # no line may end with one
ENDING = re.compile(r"(?:-[a-z]+|[,.;:!?)\]’”%-])+")  # no line may begin with one
# A browser may end a line behind a hyphen: SnAp-1, 5-gram, n-gram.
HYPHEN = re.compile(r"(\b[A-Za-z]+-\d+\b|\b(?:\d+|[A-Za-z])-[a-z]+\b)")
JOINED = re.compile(r"-[a-z]+")  # what a measured number is a part of: the best n, then -gram
POWER = r"(?:\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10|(?<=10))[⁻⁰¹²³⁴-⁹]+"  # or 10⁻⁵ alone
ONE_END = rf"[−\d.,]{{1,9}}(?:{POWER})?"
SPREAD = re.compile(rf"(\({ONE_END}\sto\s{ONE_END}\))")  # over the seeds: (0.82 to 0.89)
# -1, 1 - g and exp(-x), where a line might end behind the hyphen. What stands in front looks like a
# part of a formula, and behind it no sentence goes on: 1 - rate, but not (so) - as here.
LETTER = r"[^\W\d_]"
LEFT = rf"(?:(?<=[\d)\]²³]\s)|(?<=\b{LETTER}\s)|(?<=_\w\s))"
RIGHT = rf"(?:[\d(]|(?![aAI]\b){LETTER}(?:[²³]|_\w+)?\b|\w+\b(?!\s[a-z]{{2}}))"
MINUS = re.compile(
    rf"(?<![\w.)\]-])-(?=\d|(?:log|exp|tanh)\b)|{LEFT}-(?=\s{RIGHT})|(?<=\w\()-(?=[A-Za-z(])",
)
# Where a long word of code may be cut: tf.|config, set_|global, Loss|Scale; not in .map or 0.001.
CUT = re.compile(
    r"(?<=[\w)\]]\.)(?=[^\W\d])|(?<=[^\W_]_)(?=[^\W_])|(?<=.[/(=,])(?=[\w'\"])|(?<=[a-z])(?=[A-Z])"
)
# In HTML of our own, such as a report's: what is no sentence, an apostrophe, a percent sign, a
# power of ten.
IN_HTML = re.compile(
    r"(?P<apart><(code|pre|script|style|svg)\b.*?</\2>|<!--.*?-->|<[^>]*>)"
    rf"|(?:(?<=[A-Za-z])|(?<=</code>))'(?=[a-z])|(?<=\d)%|{SCIENTIFIC.pattern}",
    re.DOTALL,
)
ALT = re.compile(r'(?<=\balt=")[^"]*')
TOGETHER = "together"  # the class of what the style sheet keeps on one line
IN_BRACKETS = "spread"  # of what it keeps on one line except in a phone's tables
LONG_CODE, LONG_WORDS = "long-code", "long-words"  # classes, in a table
STACKED = "stacked"  # the class of a table whose rows a phone shows below each other
LONGEST_CODE, LONGEST_WORDS = 16, 60  # characters that are not yet long
APART = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


def keep_together(doctree: nodes.document) -> None:
    """Put a space that does not break between each number and its unit, code left out.

    And into a pair such as (0, 5) or (batch, n), which is one thing in a narrow table. In front of
    a number and in a notebook's formulas, a hyphen becomes a minus sign; a number such as 4e-5, a
    product. A measured number is a node of its own, so the unit may stand at the beginning of the
    next one.
    """
    for block in doctree.findall(nodes.TextElement):
        if isinstance(block, (nodes.Inline, *APART)):
            continue
        before = ""
        for text in list(block.findall(nodes.Text)):
            apart = isinstance(text.parent, APART)
            now = str(text)
            if not apart:
                now = PARTED.sub(NO_BREAK, before[-1:] + now)[len(before[-1:]) :]
                now = MINUS.sub("−", before + now)[len(before) :]
                now = with_powers(PAIR.sub(rf"\1{NO_BREAK}", now))
            if now != text:
                text.parent.replace(text, nodes.Text(now))
            before = now[-2:]


def keep_whole(doctree: nodes.document, pattern: re.Pattern, kind: str) -> None:
    """Put all that fits the pattern into elements of this class, which aren't broken."""
    for text in list(doctree.findall(nodes.Text)):
        parent, parts = text.parent, pattern.split(text)
        if len(parts) == 1 or isinstance(parent, APART) or kind in parent.get("classes", ()):
            continue
        place = parent.index(text)
        parent[place : place + 1] = [
            nodes.inline("", part, classes=[kind]) if pattern.fullmatch(part) else nodes.Text(part)
            for part in parts
            if part
        ]


def _is_formula_or_joined(node: nodes.Node) -> bool:
    if "pasted-text" not in getattr(node, "attributes", {}).get("classes", ()):
        return isinstance(node, nodes.math)
    after = node.next_node(siblings=True, descend=False)
    return isinstance(after, nodes.Text) and bool(JOINED.match(after))


def keep_punctuation(doctree: nodes.document) -> None:
    """Put a formula and the punctuation around it into one element that isn't broken.

    To a browser a formula is a picture, and beside a picture a line may end: before a comma too,
    and behind a bracket that opens. A measured number that is part of a word is kept like a
    formula: the 5 of a 5-gram.
    """
    for formula in list(doctree.findall(_is_formula_or_joined)):
        parent, place = formula.parent, formula.parent.index(formula)
        before, after = (parent[k] if 0 <= k < len(parent) else "" for k in (place - 1, place + 1))
        opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
        ending = ENDING.match(after) if isinstance(after, nodes.Text) else None
        if not (opening or ending):
            continue
        whole = nodes.inline("", "", classes=[TOGETHER])
        parent.replace(formula, whole)
        if opening:
            parent.replace(before, nodes.Text(before[: opening.start()]))
            whole += nodes.Text(opening[0])
        whole += formula
        if ending:
            parent.replace(after, nodes.Text(after[ending.end() :]))
            whole += nodes.Text(ending[0])


def cut_long_code(doctree: nodes.document) -> None:
    """Say where a long word of inline code may be cut: behind a dot, an underscore, a bracket.

    Short code, such as h[:, 0], isn't cut at all.
    """
    for code in doctree.findall(nodes.literal):
        if len(code.astext()) <= LONGEST_CODE:
            code["classes"].append(TOGETHER)
        words = [
            "\0".join(CUT.split(word)) if len(word) > LONGEST_CODE else word
            for word in re.split(r"(\s+)", code.astext())
        ]
        parts = "".join(words).split("\0")
        if len(parts) > 1:
            code[:] = [nodes.Text(parts[0])]
            for part in parts[1:]:
                code += [nodes.raw("", "<wbr>", format="html"), nodes.Text(part)]


def mark_long(doctree: nodes.document) -> None:
    """Give a class to what is long in a table's cells: an inline code, and a text.

    A table of three columns or more with long words and code gets one too: no phone is so wide.
    """
    for cell in doctree.findall(nodes.entry):
        if len(cell.astext()) > LONGEST_WORDS:
            cell["classes"].append(LONG_WORDS)
        for code in cell.findall(nodes.literal):
            if len(code.astext()) > LONGEST_CODE:
                code["classes"].append(LONG_CODE)
    for table in doctree.findall(nodes.table):
        wide = len(list(table.findall(nodes.colspec))) > 2
        wordy = any(LONG_WORDS in cell["classes"] for cell in table.findall(nodes.entry))
        if wide and wordy and any(table.findall(nodes.literal)):
            table["classes"].append(STACKED)


def typeset_html(doctree: nodes.document) -> None:
    """In symptoms and reports, which are HTML, write isn't as isn’t, and 4e-5 as 4 × 10⁻⁵.

    The pictures' words for those who can't see them have powers, too. Code stays as it is.
    """
    signs = {"'": "’", "%": f"{NO_BREAK}%"}

    def typeset(found: re.Match) -> str:
        if (apart := found["apart"]) and apart.startswith("<img"):
            return ALT.sub(lambda words: with_powers(words[0]), apart)
        return apart or signs.get(found[0]) or with_powers(found[0])

    for block in list(doctree.findall(nodes.raw)):
        if "html" not in block.get("format", "").split():
            continue
        shown = IN_HTML.sub(typeset, block.astext())
        if shown != block.astext():
            block.children = [nodes.Text(shown)]
    for picture in doctree.findall(nodes.image):
        if "alt" in picture:
            picture["alt"] = with_powers(picture["alt"])


def keep_lines(app, doctree: nodes.document, page: str) -> None:
    """All of it, on a page that is otherwise done."""
    keep_together(doctree)
    keep_whole(doctree, SPREAD, IN_BRACKETS)
    keep_whole(doctree, HYPHEN, TOGETHER)
    keep_punctuation(doctree)
    mark_long(doctree)
    cut_long_code(doctree)
    typeset_html(doctree)


def setup(app) -> dict[str, object]:
    """Register with Sphinx; after all that puts numbers into a page."""
    app.connect("doctree-resolved", keep_lines, 900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
