"""Sections that moved to another page: addresses that readers have kept still lead to a link."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
# Page that had the sections, to the page that has them now, to the anchors that they had.
MOVED = {
    ("bptt", "old_notebook_bptt"): (
        "what-is-wrong-here a-readout-of-the-wrong-width a-loss-that-is-divided-by-t"
        " sec-bug-batch a-shape-that-only-fits-a-batch-of-one a-safety-net-in-the-wrong-place"
        " sec-bug-nan a-hole-in-the-check truncated-in-name-only"
    ),
    ("gated_cells", "old_notebook_gated_cells"): (
        "what-is-wrong-here sec-backwards a-gate-read-backwards one-bracket-too-many"
        " a-penalty-on-the-wrong-weights stopping-at-the-first-bump significantly-faster"
    ),
    ("gradnets", "old_notebook_gradnets"): (
        "sec-safe-loss why-the-2015-notebook-ends-in-nan first-softmax-then-the-log"
        " second-a-sum-that-should-be-a-mean third-the-interpolation"
    ),
    ("kernl", "rules"): (
        "sec-which-gradient which-gradient-do-you-want side-by-side-on-one-task fitted-on-the-run"
        " sec-how-long how-long-a-memory sec-by-rows digits-row-by-row sec-by-pixels"
        " one-pixel-at-a-time sec-units-that-turn units-that-turn sec-counting"
        " learn-while-it-runs"
    ),
    ("kernl", "old_notebook"): (
        "what-the-old-notebook-did-wrong-a-detective-story sec-identity-recurrence"
        " clue-2-an-identity-that-forgets clue-3-the-wrong-suspect sec-kernel-fit"
        " clue-4-a-kernel-fitted-to-something-else what-else"
    ),
}
CASES = [(old, new, anchor) for (old, new), anchors in MOVED.items() for anchor in anchors.split()]


@pytest.mark.parametrize(("old", "new", "anchor"), CASES)
def test_an_old_address_leads_to_a_section_that_links_to_the_new_page(old, new, anchor):
    source = (BOOK / f"{old}.md").read_text("utf-8")
    kept = f'<span id="{anchor}"></span>'
    (section,) = (part for part in re.split(r"\n## ", source) if kept in part)
    (label,) = re.findall(r"\A.*?\n\((.*?)\)=\n# ", (BOOK / f"{new}.md").read_text("utf-8"), re.S)
    assert f"{{ref}}`{label}`" in section


def test_a_label_that_moved_is_defined_on_the_new_page_alone():
    for (old, new), anchors in MOVED.items():
        for label in re.findall(r"\bsec-\S+", anchors):
            assert f"\n({label})=\n" not in (BOOK / f"{old}.md").read_text("utf-8")
            assert f"\n({label})=\n" in (BOOK / f"{new}.md").read_text("utf-8")
