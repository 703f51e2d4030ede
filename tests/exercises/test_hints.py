"""What hints give away: the answer stands in the recipe, and in no hint before it."""

import ast
import re
import textwrap

import numpy as np
import pytest

from course_lib.authoring.source import regions, source_of
from course_lib.exercises.registry import get, ids
from course_lib.scratch.scan import combine, scan_loop

SEVERAL = 2  # operations of an expression that is more than a word of the language
OPERATIONS = ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare | ast.BoolOp


class Plain(ast.NodeTransformer):
    """Expressions that say the same, in one form: no modules, no zeros, sums in one order."""

    def visit_Attribute(self, node):
        """np.tanh and keras.ops.tanh are tanh, self.units is units."""
        return ast.Name(node.attr, ast.Load())

    def visit_BinOp(self, node):
        """`1 * x` and `x + 0` are x; the parts of sums and products are sorted."""
        node = self.generic_visit(node)
        sides = [node.left, node.right]
        if isinstance(node.op, ast.Mult) and any(map(is_zero, sides)):
            return ast.Constant(0)
        if isinstance(node.op, ast.Add) and any(map(is_zero, sides)):
            return next((one for one in sides if not is_zero(one)), sides[0])
        if isinstance(node.op, ast.Add | ast.Mult):
            sides.sort(key=ast.dump)
        return ast.BinOp(sides[0], node.op, sides[1])


def is_zero(node):
    return isinstance(node, ast.Constant) and node.value == 0


def expressions(code):
    """Those of several operations in some code, as text in one form; none where it isn't code."""
    if re.fullmatch("(for|if|while) .*", code):
        code = f"{code.rstrip(':')}: pass"
    try:
        tree = Plain().visit(ast.parse(code))
    except SyntaxError:
        return set()
    found = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return {ast.unparse(node) for node in found if operations(node) >= SEVERAL}


def operations(node):
    return sum(isinstance(part, OPERATIONS) for part in ast.walk(node))


def to_find(exercise):
    """The expressions of what the learner writes; in a hunt, those that the start doesn't have."""
    if exercise.start is not None:
        right, start = (
            expressions(source_of(one)[0]) for one in (exercise.reference, exercise.start)
        )
        return right - start
    source, place, first_line = source_of(exercise.reference)
    lines = source.splitlines()
    return {
        one
        for region in regions(source, place, first_line)
        for one in expressions(in_a_function(lines[region.code : region.last]))
    }


def in_a_function(lines):
    """A piece of a function's body, as a function of its own."""
    return f"def region():\n{textwrap.indent(textwrap.dedent(chr(10).join(lines)), ' ')}"


def given_away(hint, answer):
    """The expressions of an answer that stand in a hint's code."""
    spans = re.findall(r"`([^`]+)`", hint.text)
    return {one for span in spans for one in expressions(span)} & answer


def test_what_is_given_away_is_seen():
    answer = expressions("y = np.where(u > 0, u, (1 - g) * u)")
    assert expressions("(1 - g) * u + g * 0") & answer
    assert expressions("u * (1 - g)") & answer
    assert not expressions("np.where(condition, a, b)") & answer
    assert expressions("for l in range(n, 0, -1)") == expressions("for k in range(n, 0, -1):\n k")
    assert not expressions("1 - g")
    assert not expressions("what is this?")


@pytest.mark.parametrize("name", ids())
def test_the_answer_stands_in_no_hint_before_the_recipe(name):
    exercise = get(name)
    hints = [hint for hint in exercise.hints if "recipe" not in hint.symptom]
    answer = to_find(exercise)
    assert {hint.symptom: found for hint in hints if (found := given_away(hint, answer))} == {}


def test_the_recipe_of_the_scan_holds_as_it_stands_for_real_and_complex_numbers():
    """Its lines are run: a real b has no place for what a complex first state leaves behind."""
    dtype, first, turn = re.findall("`([^`]+)`", get("scan").hints[-1].text)
    rng = np.random.default_rng(0)
    for turning in ((), ("a",), ("b",), ("h_0",)):
        given = {"a": (2, 5, 3), "b": (2, 5, 3), "h_0": (2, 3)}
        given = {name: rng.normal(size=size) for name, size in given.items()}
        given |= {name: given[name] * 1j for name in turning}
        names = {"np": np, "join": combine, **given}
        exec(f"A, B = a.astype({dtype}), b.astype({dtype})\n{first}", names)
        for reach in (1, 2, 4):
            exec(turn, names, {"reach": reach})
        np.testing.assert_allclose(names["B"], scan_loop(**given), rtol=1e-12)


@pytest.mark.parametrize("name", ids())
def test_code_in_a_hint_is_marked_as_code(name):
    """On a page, "glorot_uniform" would get a sentence's quotation marks."""
    told = [half for hint in get(name).hints for half in (hint.symptom, hint.text)]
    plain = [re.sub(r"`[^`]+`", "", half) for half in told]
    found = [
        re.findall(r'"[^" ]*(?:[a-z]_[a-z]|->)[^" ]*"|\w=(?:True|False|None)', x) for x in plain
    ]
    assert [one for one in found if one] == []
