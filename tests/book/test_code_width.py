"""Code that a page shows fits the column, so that nobody has to scroll to read it."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "book").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "exercises").glob("*.ipynb")) + sorted(
    (ROOT / "solutions").glob("*.ipynb")
)
COLUMN = 80  # characters, on a desk
BOXED = 72  # inside of a box
OPENING = re.compile(r"```(?:\w+$|\{code-cell\})")  # ```sh, or a cell that is run
FOLDED = ("hide-input", "remove-cell", "remove-input")


def shown_lines(page):
    """Number and text of each line of code: what is typed, and cells that are not folded away."""
    cell = None
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if cell is None and OPENING.match(line):
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_line_of_a_notebook_is_wider_than_the_column(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    shown = [
        cell
        for cell in cells
        if cell["cell_type"] == "code" and not set(cell["metadata"].get("tags", ())) & {*FOLDED}
    ]
    assert len(shown) > 10
    lines = (line for cell in shown for line in "".join(cell["source"]).splitlines())
    assert [line for line in lines if len(line) > COLUMN] == []


QUOTED = re.compile(r"^```\{literalinclude\} (\S+)\n(?::.*\n)*?:pyobject: (\w+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_quotation_is_wider_than_the_box_that_it_stands_in(page):
    for path, name in QUOTED.findall(page.read_text("utf-8")):
        code = (page.parent / path).read_text("utf-8")
        (found,) = (one for one in ast.parse(code).body if getattr(one, "name", None) == name)
        lines = ast.get_source_segment(code, found).splitlines()
        assert [line for line in lines if len(line) > BOXED] == []


def test_there_is_code_to_look_at():
    assert sum(1 for page in PAGES for _ in shown_lines(page)) > 300
    assert sum(len(QUOTED.findall(page.read_text("utf-8"))) for page in PAGES) > 10
