"""No test ends before it has looked: whatever cases it has, each of them asserts something."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def ends_early(test):
    """Lines on which a test function returns; what functions inside of it give back is theirs."""
    found, left = [], list(test.body)
    while left:
        node = left.pop()
        if isinstance(node, ast.Return):
            found.append(node.lineno)
        if not isinstance(node, FUNCTIONS):
            left += ast.iter_child_nodes(node)
    return found


def early_ends(code):
    """The lines of all tests of a file."""
    functions = (node for node in ast.walk(ast.parse(code)) if isinstance(node, FUNCTIONS))
    tests = (one for one in functions if one.name.startswith("test"))
    return [line for test in tests for line in ends_early(test)]


def test_a_case_that_has_nothing_to_look_at_is_no_case():
    """Leave it out of the parameters; where two kinds of cases differ, write if and else."""
    found = {
        f"{path.relative_to(TESTS)}:{line}"
        for path in TESTS.rglob("test_*.py")
        for line in early_ends(path.read_text(encoding="utf-8"))
    }
    assert not found


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("    if a:\n        return\n    assert a", [3]),
        ("    for one in a:\n        with one:\n            return", [4]),
        ("    def inner():\n        return a\n    assert inner()", []),
        ("    async def inner():\n        return a\n    assert run(inner())", []),
    ],
)
def test_an_early_end_is_found(body, lines):
    assert early_ends(f"def test_it(a):\n{body}\n") == lines
