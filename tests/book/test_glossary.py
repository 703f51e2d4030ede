"""Every term of the glossary is linked where a page first uses it."""

import re
from pathlib import Path

import pytest

from course_lib.authoring.prose import first_mention

BOOK = Path(__file__).parents[2] / "book"
GLOSSARY = (BOOK / "glossary.md").read_text("utf-8")
ENTRIES = re.search(r"```\{glossary\}\n(.*?)```", GLOSSARY, re.DOTALL)[1]
TERMS = re.findall(r"^(\S.*)$", ENTRIES, re.MULTILINE)
PAGES = sorted(path.stem for path in BOOK.glob("*.md") if path.stem != "glossary")


@pytest.mark.parametrize("page", PAGES)
def test_the_first_mention_of_a_term_is_a_link(page):
    source = (BOOK / f"{page}.md").read_text("utf-8")
    first = {term: first_mention(source, term) for term in TERMS}
    typed = {term: how for term, how in first.items() if how not in (None, "linked")}
    assert not typed, (
        f"book/{page}.md: write {{term}}`{next(iter(typed))}` where it stands: {typed}"
    )


@pytest.mark.parametrize("page", sorted(path.stem for path in BOOK.glob("*.md")))
def test_every_link_leads_to_an_entry(page):
    source = (BOOK / f"{page}.md").read_text("utf-8")
    linked = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", source)
    known = {term.lower() for term in TERMS}
    assert {" ".join(term.split()).lower() for term in linked} <= known


@pytest.mark.slow
def test_the_terms_stand_in_order_and_each_is_used():
    assert sorted(TERMS, key=str.lower) == TERMS
    pages = [(BOOK / f"{page}.md").read_text("utf-8") for page in PAGES]
    unused = [term for term in TERMS if all(first_mention(page, term) is None for page in pages)]
    assert not unused, f"No page uses these entries of the glossary: {unused}"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Train with {term}`Adam`, since Adam is quick.", "linked"),
        ("The {term}`readouts <readout>` and the readout.", None),
        ("First Adam, then {term}`Adam`.", "First Adam, then ."),
        ("# Adam\n\nThen {term}`Adam`.", "linked"),
        ("Half\n an `Adam` is one.", "Half an Adam is one."),
        ("```{dropdown} Use Adam\nYes.\n```", "Use Adam"),
        ("```{code-cell}\nAdam()\n```", None),
        ("Madam, Adamant.", None),
    ],
)
def test_a_mention_is_found_wherever_it_stands(text, how):
    assert first_mention(text, "Adam") == how
