"""No line begins with a percent sign, a unit, a comma or an exponent of the line above."""

import ast
import re
import sys
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document

ROOT = Path(__file__).parents[2]
SAYING = [
    path for part in ("exercises", "figures") for path in (ROOT / "course_lib" / part).rglob("*.py")
]
# What is shown without Sphinx, which would put the space that doesn't break.
PARTED = re.compile(r"[\d)}] %")


@pytest.fixture(autouse=True)
def _extensions(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "book" / "_ext"), *sys.path])


def shown(*parts):
    """The text of a paragraph of these nodes and strings, after the extension has seen it."""
    from course_units import keep_together

    document = new_document("page")
    document += nodes.paragraph(
        "", "", *(nodes.Text(p) if isinstance(p, str) else p for p in parts)
    )
    keep_together(document)
    return document.astext()


@pytest.mark.parametrize("gap", [" ", "\n", "  "])
@pytest.mark.parametrize(
    "text", ["98~% of 9 digits", "97 (96 to 98)~%", "4~MiB.", "0.8~s, and 3~ms", "20~µs/step"]
)  # fmt: skip
def test_a_number_keeps_its_unit(text, gap):
    assert shown(text.replace("~", gap)) == text.replace("~", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize("gap", [" ", "\n"])
@pytest.mark.parametrize("text", ["(0.5,~1) and (-1,~-2)", "Shape (batch,~n), (batch, T, m), (n,)"])
def test_a_pair_is_one_thing(text, gap):
    kept = text.replace("-", "−").replace("~", "\N{NO-BREAK SPACE}")
    assert shown(text.replace("~", gap)) == kept


def test_a_pair_is_one_thing_when_its_second_part_is_bold():
    assert shown("(0.5, ", nodes.strong("", "5"), ")") == "(0.5,\N{NO-BREAK SPACE}5)"


def test_a_sentence_of_a_check_has_its_percent_written_as_the_book_does():
    assert shown("95.0% right, ", nodes.strong("", "97"), "% or more") == (
        "95.0\N{NO-BREAK SPACE}% right, 97\N{NO-BREAK SPACE}% or more"
    )


@pytest.mark.parametrize(
    "text",
    ["3 min-max scalings", "a s", "2 hidden layers", "98\N{NO-BREAK SPACE}%", "7 steps", "% 5"],
)
def test_other_words_stay_as_they_are(text):
    assert shown(text) == text


def test_a_measured_number_keeps_its_unit():
    measured = nodes.inline("", "94.30", classes=["pasted-text"])
    assert (
        shown("It is ", measured, " % of\n9 digits")
        == "It is 94.30\N{NO-BREAK SPACE}% of\n9 digits"
    )
    assert shown(nodes.strong("", "", measured.deepcopy()), "\nms") == "94.30\N{NO-BREAK SPACE}ms"


def test_code_and_formulas_stay_as_they_are():
    code = nodes.literal("", "step 5 % 3")
    assert shown(code, nodes.math("", "x = 5 % 3")) == "step 5 % 3x = 5 % 3"
    document = new_document("page")
    document += nodes.literal_block("", "x = 5 % 3")
    from course_units import keep_together

    keep_together(document)
    assert document.astext() == "x = 5 % 3"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("an n-gram, e-prop and 5 e-mails", ["n-gram", "e-prop", "e-mails"]),
        ("off-by-one, built-in", []),
        ("SnAp-1, beside a 5-gram", ["SnAp-1", "5-gram"]),
    ],
)
def test_a_number_keeps_its_name(text, whole):
    """A browser may end a line between SnAp- and 1."""
    from course_units import TOGETHER, keep_lines

    document = new_document("page")
    measured = nodes.inline("", text, classes=["pasted-text"])
    document += nodes.paragraph("", "", nodes.Text(text), measured, nodes.literal("", text))
    keep_lines(None, document, "page")
    assert document.astext() == 3 * text
    kept = [one.astext() for one in document.findall(nodes.inline) if TOGETHER in one["classes"]]
    assert kept == 2 * whole


def test_a_measured_number_keeps_the_word_that_it_is_part_of():
    """A browser may end a line between 5- and gram."""
    from course_units import TOGETHER, keep_lines

    document = new_document("page")
    measured = nodes.inline("", "5", classes=["pasted-text"])
    other = nodes.inline("", "7", classes=["pasted-text"])
    document += nodes.paragraph("", "", nodes.Text("The "), measured, nodes.Text("-gram; or "))
    document[0] += [other, nodes.Text(", or more")]
    keep_lines(None, document, "page")
    assert document.astext() == "The 5-gram; or 7, or more"
    kept = [one.astext() for one in document.findall(nodes.inline) if TOGETHER in one["classes"]]
    assert kept == ["5-gram;"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("0.85 (0.82 to 0.89), 0.3 (-0.1 to\n0.5)", ["(0.82 to 0.89)", "(−0.1 to\n0.5)"]),
        ("4e-1 (3e-1 to 1.5e-10)", ["(3~×~10⁻¹ to 1.5~×~10⁻¹⁰)"]),
        ("(1e-5 to -2e-5)", ["(10⁻⁵ to −2~×~10⁻⁵)"]),
        ("(9e-6 to 1e-5)", ["(9~×~10⁻⁶ to 10⁻⁵)"]),
        ("(from 2 to 3), (1986 to 1993, say)", []),
    ],
)
def test_the_smallest_and_the_largest_stay_in_their_brackets(text, whole):
    from course_units import IN_BRACKETS, keep_lines

    document = new_document("page")
    measured = nodes.inline("", text, classes=["pasted-text"])
    document += nodes.paragraph("", "", nodes.Text(text), measured, nodes.literal("", text))
    keep_lines(None, document, "page")
    kept = [one.astext() for one in document.findall(nodes.inline) if IN_BRACKETS in one["classes"]]
    assert kept == 2 * [one.replace("~", "\N{NO-BREAK SPACE}") for one in whole]


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("ends at -0.33", "ends at −0.33"),
        ("0.11 (-0.47 to 0.49)", "0.11 (−0.47 to 0.49)"),
        ("on 2026-11-26, by SnAp-1, with --jobs", "on 2026-11-26, by SnAp-1, with --jobs"),
        ("t-1, f(x)-1, e-prop", "t-1, f(x)-1, e-prop"),
        ("ends at -1e-5", "ends at −10⁻⁵"),
        ("so -log f and -exp(x), off-log", "so −log f and −exp(x), off-log"),
        ("3 - 1, h (1 - g)\n- (a)", "3 − 1, h (1 − g)\n− (a)"),
        ("exp(-exp(nu) + i), f(-(a))", "exp(−exp(nu) + i), f(−(a))"),
        ("in- and output, --out (-o)", "in- and output, --out (-o)"),
        ("(1 - leak) z, 1 - rate, and 1 - q is left", "(1 − leak) z, 1 − rate, and 1 − q is left"),
        ("1 - g² of z² - 1, Re C - Im z", "1 − g² of z² − 1, Re C − Im z"),
        ("C - 1 - t steps, g_1 - h_t is it", "C − 1 − t steps, g_1 − h_t is it"),
        ("a word - and more, (so) - as here", "a word - and more, (so) - as here"),
        ("in 2015 - then came x - a mistake", "in 2015 - then came x - a mistake"),
    ],
)
def test_a_number_below_zero_and_a_formula_have_a_minus_sign(text, signed):
    assert shown(text, nodes.literal("", "-1"), nodes.math("", "-1")) == f"{signed}-1-1"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("at most 9e-16, from 1e-12 to 1", "at most 9~×~10⁻¹⁶, from 10⁻¹² to 1"),
        ("1.6e-5 (1.1e-05 to 2.0e-5).", "1.6~×~10⁻⁵ (1.1~×~10⁻⁵ to 2.0~×~10⁻⁵)."),
        ("4e-5, 1e+06, 1.0e-5, 1e+00", "4~×~10⁻⁵, 10⁶, 1.0~×~10⁻⁵, 10⁰"),
        ("v2e-5, a3e5b, 5 e-mails", "v2e-5, a3e5b, 5 e-mails"),
    ],
)
def test_a_power_of_ten_is_no_program(text, written):
    from course_units import keep_lines

    written = written.replace("~", "\N{NO-BREAK SPACE}")
    document = new_document("page")
    measured = nodes.inline("", text, classes=["pasted-text"])
    document += nodes.paragraph("", "", nodes.Text(text), measured, nodes.literal("", text))
    block = "<img alt=\"{}\" title='{}'><!-- > {} --><li>✓ {} <code>{}</code></li>"
    document += nodes.raw("", block.format(*5 * [text]), format="html")
    document += nodes.raw("", text, format="latex")
    document += nodes.image("", alt=text)
    keep_lines(None, document, "page")
    sentence, report, other, picture = document
    assert sentence.astext() == 2 * written + text
    assert report.astext() == block.format(written, text, text, written, text)
    assert other.astext() == text
    assert picture["alt"] == written


def test_what_stands_in_front_is_looked_at_beyond_a_change_of_style():
    assert shown(nodes.strong("", "word"), " - 1") == "word - 1"
    assert shown(nodes.strong("", "f(x)"), " - 1") == "f(x) − 1"
    assert shown("an ", nodes.emphasis("", "n"), "\n- 1") == "an n\n− 1"


@pytest.mark.parametrize(
    ("code", "pieces"),
    [
        ("keras.ops.associative_scan", ["keras.", "ops.", "associative_", "scan"]),
        ("SparseSoftmaxCrossEntropy", ["Sparse", "Softmax", "Cross", "Entropy"]),
        ("check 02-bptt.ipynb", ["check 02-bptt.ipynb"]),
        ("--submission-limit", ["--submission-limit"]),
        ("recurrent='orthogonal', b_h=b_h", ["recurrent=", "'orthogonal', b_h=b_h"]),
        (".bucket_by_sequence_length", [".bucket_", "by_", "sequence_", "length"]),
        ("__class_getitem__", ["__class_", "getitem__"]),
        ("max_phase=6.283185307179586", ["max_", "phase=", "6.283185307179586"]),
    ],
)
def test_a_long_word_of_code_may_be_cut_behind_a_dot_and_no_other_one_is(code, pieces):
    from course_units import cut_long_code

    document = new_document("page")
    document += nodes.paragraph("", "", nodes.literal("", code), nodes.Text("keras.ops.scan_rest"))
    cut_long_code(document)
    literal = document[0][0]
    assert [child.astext() for child in literal if isinstance(child, nodes.Text)] == pieces
    assert sum(isinstance(child, nodes.raw) for child in literal) == len(pieces) - 1
    assert document[0][1] == "keras.ops.scan_rest"


@pytest.mark.parametrize(
    ("code", "whole"),
    [("h[:, 0]", True), ("x_t @ W_xh", True), ("course check 02-bptt.ipynb", False)],
)
def test_short_code_stands_on_one_line(code, whole):
    from course_units import TOGETHER, cut_long_code

    document = new_document("page")
    document += nodes.paragraph("", "", nodes.literal("", code))
    cut_long_code(document)
    assert (TOGETHER in document[0][0]["classes"]) == whole


@pytest.mark.parametrize("before", ["", "With ", "With (", "(", "(so “"])
@pytest.mark.parametrize(
    ("after", "ending"), [(", and", ","), (").", ")."), (" and", ""), ("-fold", "-fold"), ("", "")]
)
def test_a_formula_keeps_its_punctuation(before, after, ending):
    from course_units import TOGETHER, keep_punctuation

    document = new_document("page")
    parts = [nodes.Text(before), nodes.math("", "Q"), nodes.Text(after), nodes.math("", "R")]
    document += nodes.paragraph("", "", *(part for part in parts if part.astext()))
    keep_punctuation(document)
    assert document.astext() == f"{before}Q{after}R"
    opening = before[-1:].strip(" ")
    kept = f"{opening}Q{ending}"
    whole = [one.astext() for one in document.findall(nodes.inline) if TOGETHER in one["classes"]]
    assert whole == ([kept] if kept != "Q" else [])


def test_a_report_has_the_percent_sign_of_the_book():
    from course_units import keep_lines

    document = new_document("page")
    block = "<dd style='width:50%'>80.0% right <code>5%</code></dd>"
    document += nodes.raw("", block, format="html")
    keep_lines(None, document, "page")
    assert document[0].astext() == block.replace("0% r", "0\N{NO-BREAK SPACE}% r")


@pytest.mark.parametrize("tag", ["summary", "li", "p"])
def test_a_symptom_and_a_report_have_the_apostrophes_of_a_hint(tag):
    from course_units import keep_lines

    code = "<code>a['key']</code><pre>isn't</pre><svg><text>isn't</text></svg>"
    block = f"<details>\n<{tag}>It's {{}} that {code} isn't.</{tag}>\n<p title='x'>"
    document = new_document("page")
    document += nodes.raw("", block.format("odd"), format="html")
    document += nodes.raw("", "<div class='isn't'>", format="html")
    keep_lines(None, document, "page")
    curled = block.format("odd").replace("It's", "It’s").replace(" isn't", " isn’t")
    assert [raw.astext() for raw in document] == [curled, "<div class='isn't'>"]


def test_in_a_symptom_code_alone_keeps_straight_apostrophes():
    from course_units import keep_lines

    document = new_document("page")
    text = "I~m told 'so': <code>it's f'x'</code>~s fault, it isn~t."
    block = f"<summary>{text}</summary>"
    document += nodes.raw("", block.replace("~", "'"), format="html")
    keep_lines(None, document, "page")
    assert document[0].astext() == block.replace("~", "’")


def sentences(path):
    """The strings of a module; braces stand for the values in them."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
              for part in node.values}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(getattr(part, "value", "") if isinstance(part, ast.Constant) else "{}"
                          for part in node.values)  # fmt: skip
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value


def test_no_sentence_of_a_check_or_a_figure_parts_them():
    told = {path.name: PARTED.findall(text) for path in SAYING for text in sentences(path)}
    assert {name: found for name, found in told.items() if found} == {}
    drawn = (ROOT / "course_lib" / "figures").rglob("*.js")
    assert [path.name for path in drawn if PARTED.search(path.read_text("utf-8"))] == []


def test_no_text_of_a_notebook_parts_them():
    texts = [
        block
        for path in sorted((ROOT / "solutions").glob("*.py"))
        for block in path.read_text("utf-8").split("# %%")
        if block.startswith(" [markdown]")
    ]
    assert len(texts) > 100
    assert [text for text in texts if re.search(r"[\d)]\s+(?:# )?%", text)] == []


def test_what_is_long_in_a_table_has_a_class_and_nothing_else():
    """On a phone, long code is broken there, and long words get a wide column."""
    from course_units import LONG_CODE, LONG_WORDS, LONGEST_CODE, LONGEST_WORDS, mark_long

    document = new_document("page")
    codes = [nodes.literal("", "a" * LONGEST_CODE), nodes.literal("", "a" * (LONGEST_CODE + 1))]
    cells = [
        nodes.entry("", nodes.paragraph("", "", *codes)),
        nodes.entry("", nodes.paragraph("", "b" * LONGEST_WORDS)),
        nodes.entry("", nodes.paragraph("", "b" * (LONGEST_WORDS + 1))),
    ]
    outside = nodes.literal("", "a" * 99)
    document += nodes.paragraph("", "", outside)
    document += nodes.row("", *cells)
    mark_long(document)
    assert [code["classes"] for code in (outside, *codes)] == [[], [], [LONG_CODE]]
    assert [cell["classes"] for cell in cells] == [[], [], [LONG_WORDS]]


@pytest.mark.parametrize(
    ("columns", "words", "code", "stacked"),
    [(3, 61, True, True), (2, 61, True, False), (3, 60, True, False), (3, 61, False, False)],
)
def test_a_wide_table_of_words_and_code_is_stacked(columns, words, code, stacked):
    from course_units import STACKED, mark_long

    document = new_document("page")
    shown = nodes.literal("", "W_xh") if code else nodes.Text("W_xh")
    cells = [nodes.entry("", nodes.paragraph("", "", shown))]
    cells += [nodes.entry("", nodes.paragraph("", "b" * words)) for _ in range(columns - 1)]
    group = nodes.tgroup("", *(nodes.colspec() for _ in cells), cols=columns)
    group += nodes.tbody("", nodes.row("", *cells))
    table = nodes.table("", group)
    document += table
    mark_long(document)
    assert (STACKED in table["classes"]) == stacked
