"""Code in HTML and full stops; and that all that the course says keeps to them."""

import html
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from course_lib.authoring.source import starting_code
from course_lib.exercises import check
from course_lib.exercises.calling.guard import full_stop
from course_lib.exercises.cards import hint_card
from course_lib.exercises.markup import inline_code
from course_lib.exercises.registry import get, ids

ROOT = Path(__file__).resolve().parents[2]
TWO_STOPS = re.compile(r"[?!]\.(?!\w)|(?<!\.)\.\.(?![./])|…\.(?!\w)")
CODE = re.compile(r"<(code|pre)\b.*?</\1>", re.DOTALL)


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("the new state", "the new state."),
        ("Who is to blame?", "Who is to blame?"),
        ("Stop!", "Stop!"),
        ("and so on…", "and so on…"),
        ("It is done.", "It is done."),
        ('It says "no?"', 'It says "no?"'),
        ("as in `x.`", "as in `x.`"),
        ("trailing space ", "trailing space."),
    ],
)
def test_a_sentence_ends_once(text, ended):
    assert full_stop(text) == ended


def test_backticks_become_code_and_hostile_text_stays_text():
    assert inline_code("call `f(a < b)`, not `g`") == (
        "call <code>f(a &lt; b)</code>, not <code>g</code>"
    )
    assert inline_code("<b>`<i>`</b>") == "&lt;b&gt;<code>&lt;i&gt;</code>&lt;/b&gt;"
    assert inline_code("one ` alone") == "one ` alone"


def test_stressed_words_are_stressed_and_products_stay_products():
    assert inline_code("But it *is* a tanh.") == "But it <em>is</em> a tanh."
    for text in ("2 *x* 3", "a * b * c", "f(*args, **named)", "x*two*y", "**bold**"):
        assert inline_code(text) == text
    assert inline_code("`a *be* b`") == "<code>a *be* b</code>"


@pytest.mark.parametrize("name", ids())
def test_nothing_that_is_shown_as_html_has_a_raw_asterisk(name):
    exercise = get(name)
    texts = [hint.symptom for hint in exercise.hints]
    texts += [mistake.sentence for mistake in exercise.mistakes]
    texts += [rung.name for rung in exercise.ladder]
    for text in texts:
        assert not re.findall(r"\*[A-Za-z][^*\n]*\*", CODE.sub("", inline_code(text))), text


def of_ours(text):
    """The words around code: what is quoted may end as it likes."""
    return re.sub(r"`[^`\n]+`", "`code`", CODE.sub("", text))


@pytest.mark.parametrize("name", ids())
def test_no_verdict_ends_a_sentence_twice_or_shows_a_raw_backtick(name):
    exercise = get(name)
    stub = dict(vars(sys.modules[exercise.reference.__module__]))
    for mistake in exercise.mistakes:
        assert not TWO_STOPS.search(of_ours(mistake.sentence)), mistake.sentence
    answers = [mistake.answer for mistake in exercise.mistakes[:1]]  # a project has none
    if exercise.start is None and isinstance(exercise.reference, type(check)):
        exec(starting_code(exercise), stub)
        answers.append(stub[name])
    for answer in answers:
        report = check(answer, name)
        assert not TWO_STOPS.search(of_ours(report.sentence)), report.sentence
        shown = html.unescape(re.sub(r"<[^>]+>", "", CODE.sub("", report._repr_html_())))
        assert "`" not in shown, shown
    for number in range(1, len(exercise.hints) + 1):
        card = hint_card(exercise, number)
        assert not TWO_STOPS.search(of_ours(f"{card.title}\n{card.body}")), card
        assert "`" not in card._repr_markdown_().splitlines()[0]


@pytest.mark.parametrize("path", sorted((ROOT / "exercises").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_text_of_a_notebook_ends_a_sentence_twice(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            found = TWO_STOPS.search(of_ours("".join(cell["source"])))
            assert not found, "".join(cell["source"])


@pytest.mark.parametrize("name", ids())
def test_no_exercise_has_two_checks_of_one_name(name):
    names = Counter(rung.name for rung in get(name).ladder)
    assert [n for n, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", [one for one in ids() if get(one).start])
def test_wrong_code_promises_what_the_reference_promises(name):
    """A mean or a sum that only the reference speaks of could not be known."""
    promised = {"mean", "sum"}
    exercise = get(name)
    reference, start = (
        promised & set(re.findall(r"\w+", thing.__doc__))
        for thing in (exercise.reference, exercise.start)
    )
    assert reference <= start
