"""A table says what stands in each of its columns."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*sorted((ROOT / "book").glob("*.md")), *sorted((ROOT / "solutions").glob("*.py"))]
HEAD = re.compile(r"^(?:# )?\|(.*)\|\n(?:# )?\|(?:\s*:?-+:?\s*\|)+$", re.MULTILINE)


def unnamed(text):
    """The heads that leave out what stands in a column, the first one left aside.

    A list of terms in two columns has no head at all.
    """
    heads = [[cell.strip() for cell in head.split("|")] for head in HEAD.findall(text)]
    return [head for head in heads if any(head) and not all(head[1:])]


def test_a_column_without_a_name_is_found():
    rule = "|---|---:|---|\n"
    assert unnamed(f"| name | shape | |\n{rule}") == [["name", "shape", ""]]
    assert unnamed(f"# | name | | what |\n# {rule}") == [["name", "", "what"]]
    assert unnamed(f"| | GRU | LSTM |\n{rule}\n| | |\n|---|---|\n") == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_column_but_the_first_has_a_name(source):
    assert unnamed(source.read_text("utf-8")) == []
