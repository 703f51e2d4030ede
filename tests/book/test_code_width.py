"""Code that a page shows fits the column, so that nobody has to scroll to read it."""

from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "book").glob("*.md"))
COLUMN = 92  # characters, on a desk
FOLDED = ("hide-input", "remove-cell", "remove-input")


def shown_lines(page):
    """Number and text of each line in the code cells that are not folded away."""
    cell = None
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if line.startswith("```{code-cell}"):
            cell = []
        elif cell is not None and line.startswith("```"):
            if not any(tag in text for _, text in cell for tag in FOLDED):
                yield from cell
            cell = None
        elif cell is not None:
            cell.append((number, line))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_line_is_wider_than_the_column(page):
    wide = [
        f"line {number}: {len(line)}" for number, line in shown_lines(page) if len(line) > COLUMN
    ]
    assert wide == []


def test_there_is_code_to_look_at():
    assert sum(1 for page in PAGES for _ in shown_lines(page)) > 300
