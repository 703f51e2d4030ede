"""What each notebook shows and asks: numbers beside what is said of them, pictures, all kinds."""

import ast
import html
import re

import nbformat
import pytest

from course_lib.authoring.notebooks import expand, sources, targets
from course_lib.authoring.source import reference_code
from course_lib.exercises.exercise import KINDS
from course_lib.exercises.registry import CHAPTERS, get, ids, needs_tensorflow

ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
each_notebook = pytest.mark.parametrize("source", sources(), ids=lambda source: source.stem)


def code_cells(source):
    """The code cells that the notebook has beside its exercises."""
    cells = expand(source, solved=True).cells
    return [c.source for c in cells if c.cell_type == "code" and "course" not in c.metadata]


def bare_comparisons(cell):
    """Comparisons by size of which a cell prints the answer alone; named before, or on the spot."""
    tree = ast.parse(cell)
    nodes = list(ast.walk(tree))
    named = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    printed = [
        value.value if isinstance(value, ast.FormattedValue) else value
        for call in nodes
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("print", "display")
        for argument in call.args
        for value in (argument.values if isinstance(argument, ast.JoinedStr) else [argument])
    ]
    found = []
    for value in printed:
        if isinstance(value, ast.Name):
            value = named.get(value.id, value)
        while isinstance(value, ast.Call) and ast.unparse(value.func) in ("bool", "str"):
            value = value.args[0]
        if isinstance(value, ast.Compare) and isinstance(value.ops[0], ORDER):
            found.append(ast.unparse(value))
    return found


@pytest.mark.parametrize(
    "cell",
    [
        "print('right:', share > 0.8)",
        "if True:\n    print(f'right: {bool(share > 0.8)}, as before')",
        "good = np.mean(right) >= 0.8\nprint(f'right: {good}')",
        "print('a' f'b {max(one, two) < 1e-6}')",
    ],
)
def test_a_comparison_without_its_number_is_seen(cell):
    assert len(bare_comparisons(cell)) == 1


def test_numbers_and_equalities_are_left_alone():
    cell = "print(within(share, 0.8, 1), a == b, [x for x in y if x > 1], f'{x:>3}')"
    assert bare_comparisons(cell) == []


@each_notebook
def test_no_notebook_says_true_of_a_number_that_it_does_not_show(source):
    """`within` shows the number and its bounds; "accuracy > 0.8: True" hides how good it is."""
    assert [found for cell in code_cells(source) for found in bare_comparisons(cell)] == []


@each_notebook
def test_every_notebook_draws_what_was_made_in_it(source):
    outputs = [
        output
        for cell in nbformat.read(targets(source)[1], 4).cells
        for output in cell.get("outputs", ())
    ]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@each_notebook
def test_what_a_notebook_draws_is_read_on_a_phone(source):
    """Matplotlib's own letters are less than 8 pixels high there."""
    code = "\n".join(code_cells(source))
    assert "plt." not in code or re.search(r"^use_style\(\)$", code, re.MULTILINE)


def shown(source):
    """All that a solution says and prints."""
    cells = nbformat.read(targets(source)[1], 4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "\n".join(
        [*texts, *(one.get("text", one.get("data", {}).get("text/plain", "")) for one in outputs)]
    )


@each_notebook
def test_no_number_near_1_is_written_as_a_power_of_ten(source):
    """7e-01 is 0.7, and 0e+00 is nothing."""
    assert re.findall(r"\b\d(?:\.\d+)?e[+-]?0[01]\b|\b0(?:\.0+)?e[+-]\d+\b", shown(source)) == []


@each_notebook
def test_what_was_measured_is_displayed_as_a_card(source):
    """Printed, its sentence doesn't fit a phone, and looks like any other line."""
    printed = [cell for cell in code_cells(source) if re.search(r"print\(\s*measured\(", cell)]
    assert printed == []


@each_notebook
def test_no_cell_of_a_solution_was_skipped(source):
    """One that waits for an exercise of another notebook would run for nobody."""
    printed = [
        output.get("text", "")
        for cell in nbformat.read(targets(source)[1], 4).cells
        for output in cell.get("outputs", ())
    ]
    assert [text for text in printed if "This cell was skipped" in text] == []


@each_notebook
def test_a_report_shows_the_reference_as_it_is_today(source):
    """Its docstring too: a word that is changed there changes what the solutions show."""
    shown = {
        checked[1]: "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        for cell in nbformat.read(targets(source)[1], as_version=4).cells
        if cell.cell_type == "code" and (checked := re.match(r"check\((\w+)", cell.source))
    }
    assert shown
    others = [
        name
        for name, report in shown.items()
        if html.escape(reference_code(get(name).reference)) not in report
    ]
    assert others == [], f"run `course notebooks {source.stem}`"


@each_notebook
def test_every_notebook_ends_with_a_question_that_is_open(source):
    """One whose answer we don't know, and say so: it can't be looked up."""
    last = expand(source, solved=False).cells[-1].source
    further = " ".join(last.partition("## Going further")[2].split())
    assert "We don't know the answer" in further or "whose answer we don't know" in further


# What a notebook is asked for, and the only one that is shorter: see the book's first page.
KINDS_ASKED = {"build", "hunt", "speed up", "project"}
SHORTER = {"07-text": {"build", "hunt"}}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.notebook)
def test_every_notebook_has_all_kinds_of_exercises(chapter):
    """The fifth kind, predictions, is counted in tests/exercises/test_predictions.py."""
    kinds = {get(one).kind for one in chapter.exercises}
    assert kinds == SHORTER.get(chapter.notebook, KINDS_ASKED)
    assert kinds <= set(KINDS)


def test_there_are_sixteen_exercises_in_tensorflow_and_five_projects():
    everything = [get(one) for one in ids()]
    assert sum(needs_tensorflow(one.id) for one in everything) >= 16
    assert sum(one.kind == "project" for one in everything) >= 5
