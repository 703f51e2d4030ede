"""A measured number after "at most" is rounded up, after "at least" down, so that it is true."""

import ast
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "book").glob("*.md"))
CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n)?(.*?)^```$", re.DOTALL | re.MULTILINE
)
GLUED = r"\{glue:text\}`(\w+)(?::[^`]*)?`"
BOUNDS = [
    rf"(?:at most|at least|no more than|never exceeds|gets above|up to|within) {GLUED}",
    rf"never [^.]*?more than {GLUED}",
    rf"{GLUED}[^.,;|{{]{{0,20}} (?:at most|or less|or more)\b",
    rf"between {GLUED} and",
    rf"between {{glue:text}}`[^`]+` and {GLUED}",
]
ROUNDED = re.compile(r":[^}]*\.\d[ef]|\.format\(")


def bounds(page):
    """The names that a page's text gives as a bound."""
    text = " ".join(CELL.sub("", page).split())
    return {match[1] for bound in BOUNDS for match in re.finditer(bound, text)}


def kept(page):
    """Of each name that the page's cells keep, how its number is written."""
    found = {}
    for cell in CELL.findall(page):
        lines = [line for line in cell.splitlines() if not line.startswith((":", "%", "!"))]
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "keep":
                found |= {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
    return found


def to_the_nearest(page):
    """The bounds that were rounded like any other number."""
    how = kept(page)
    formatted = set(re.findall(r"\{glue:text\}`(\w+):[^`]*\.\d", page))
    return [
        name
        for name in sorted(bounds(page))
        if not how.get(name, "").startswith(("at_most(", "at_least("))
        and (name in formatted or ROUNDED.search(how.get(name, "")))
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_bound_is_rounded_to_the_nearest(path):
    assert to_the_nearest(path.read_text("utf-8")) == []


PAGE = """
```{code-cell} ipython3
:tags: [remove-cell]

keep(low=f"{x:.2f}", worst="{:.1f}".format(y), fine=at_most(y, ".1f"), steps=20, plain=z)
```

It is %s.
"""


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("at least\n{glue:text}`low`", ["low"]),
        ("never wrong by more than {glue:text}`worst` points", ["worst"]),
        ("{glue:text}`low` nats or\nmore", ["low"]),
        ("between {glue:text}`low` and {glue:text}`worst`", ["low", "worst"]),
        ("within {glue:text}`plain:.2f` points", ["plain"]),
        ("at most {glue:text}`fine`, over up to {glue:text}`steps` steps", []),
        ("{glue:text}`low` on average", []),
    ],
)
def test_a_bound_is_found_and_anything_else_left_alone(text, caught):
    assert to_the_nearest(PAGE % text) == caught


def test_there_are_bounds_to_look_at():
    assert sum(len(bounds(path.read_text("utf-8"))) for path in PAGES) > 20
