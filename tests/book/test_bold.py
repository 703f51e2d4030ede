"""A section has at most one bold sentence: its main point."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
CODE = re.compile(r"^```(?:\{code-cell\}|\w).*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BOLD = re.compile(r"(- |\d\. )?\*\*([^*]+)\*\*")  # at the head of a list's item it names the item
STOP = re.compile(r"(?<=[.?!])\s+")
TERM = 4  # words of a term, or of a head such as "What it means", at most


def sentences(bold):
    """How many sentences, or parts of one, are bold in a span."""
    return len(STOP.split(bold.strip())) if len(bold.split()) > TERM else 0


def crowded(page):
    """Of each section with several bold sentences, how many."""
    parts = HEADING.split(CODE.sub("", page))
    found = {
        title: sum(sentences(bold) for item, bold in BOLD.findall(text) if not item)
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {title: count for title, count in found.items() if count > 1}


@pytest.mark.parametrize("page", sorted(path.stem for path in BOOK.glob("*.md")))
def test_a_section_has_one_bold_sentence_at_most(page):
    assert crowded((BOOK / f"{page}.md").read_text("utf-8")) == {}


@pytest.mark.parametrize(
    ("text", "crowd"),
    [
        ("**A gate multiplies what it guards.** So **keep the path of it\nfree.**", {"One": 2}),
        ("**A gate multiplies what it guards. Keep its path\nfree.**", {"One": 2}),
        ("**Is a gate open? What it guards is kept**, then.", {"One": 2}),
        ("**A gate multiplies what it guards, by 0.5 at most**, see below.", {}),
        ("**A gate multiplies what it guards.** A **forget gate** keeps.", {}),
        ("**What we see.** A line. **A gate multiplies what it guards.**", {}),
        ("- **A gate multiplies what it guards.** Yes.\n- **Keep the path of it free.** No.", {}),
        ("**A gate multiplies what it guards.**\n\n### On\n\n**Keep the path of it free.**", {}),
        ("```{code-cell}\na = 2**b\n```\n**Keep the path of it free.** c", {}),
        ("```python\na(**b. c\nd e f, **g)\n```\n**Keep the path of it free.** c", {}),
    ],
)
def test_bold_sentences_are_told_from_terms_and_heads(text, crowd):
    assert crowded(f"## One\n\n{text}") == crowd
