"""One source gives both notebooks, the same bytes each time, and any drift is named."""

import ast
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course_lib.authoring import notebooks
from course_lib.authoring.amounts import wrong_amounts
from course_lib.authoring.notebooks import (
    DirectiveError,
    UnknownNotebook,
    as_text,
    drift,
    expand,
    main,
    named,
    write,
)
from course_lib.exercises.registry import get, ids

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"

SOURCE = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises 1: a tiny notebook — with unicode: ∂
#
# One exercise.

# %%
import numpy as np

from course_lib.exercises import check, when_passed

# %%
# EXERCISE: rnn_step

# %% tags=["remove-input"]
if when_passed("rnn_step"):
    print(float(rnn_step(*[np.zeros((1, 1))] * 4, np.zeros(1))[0, 0]))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tree of one tiny source, with both its notebooks written."""
    root = tmp_path_factory.mktemp("tree")
    (root / "solutions").mkdir()
    (root / "solutions" / "01-tiny.py").write_text(SOURCE, encoding="utf-8")
    write(root)
    return root


@pytest.fixture
def tree(written, tmp_path):
    return Path(shutil.copytree(written, tmp_path / "tree"))


def edit(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def test_what_is_written_has_no_drift(tree, capsys):
    assert drift(tree) == []
    assert main(check=True, root=tree) == 0
    assert "2 notebooks agree" in capsys.readouterr().out


def test_the_same_bytes_each_time(tree):
    paths = [*tree.glob("*/*.ipynb")]
    before = [path.read_bytes() for path in paths]
    write(tree)
    assert len(paths) == 2
    assert [path.read_bytes() for path in paths] == before


def test_one_notebook_is_written_by_its_name(tree, monkeypatch):
    monkeypatch.setattr(notebooks, "run", lambda notebook, _: notebook)
    first = tree / "solutions" / "01-tiny.py"
    shutil.copy(first, first.with_name("02-small.py"))
    first.write_text(first.read_text("utf-8") + "\n# %% [markdown]\n# More.\n", encoding="utf-8")
    assert main(names=["02-small"], root=tree) == 0
    assert [sentence.partition(":")[0] for sentence in drift(tree)] == [
        "exercises/01-tiny.ipynb",
        "solutions/01-tiny.ipynb",
        "solutions/02-small.ipynb, cell install",  # it was not run
    ]
    assert main(check=True, names=["01-tiny"], root=tree) == 1
    assert all("01-tiny" in sentence for sentence in drift(tree, ["01-tiny"]))


def test_a_notebook_goes_by_its_name_or_its_file():
    everything = named([])
    assert everything == notebooks.sources()
    a_few = ["solutions/03-gated-cells.ipynb", "01-vanilla-rnn", "./exercises/01-vanilla-rnn.py"]
    assert [source.stem for source in named(a_few)] == ["01-vanilla-rnn", "03-gated-cells"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("03-gated-cell", "Did you mean 03-gated-cells?"), ("9", "There are 01-vanilla-rnn, 02-bptt")],
)
def test_an_unknown_notebook_is_answered_before_anything_is_written(name, told, tree):
    with pytest.raises(UnknownNotebook) as error:
        named(["02-bptt", name])
    assert str(error.value).startswith(f"There is no notebook called {name!r}. {told}")
    files = [*tree.glob("*/*.ipynb")]
    before = [path.stat().st_mtime_ns for path in files]
    with pytest.raises(UnknownNotebook):
        main(names=["01-tiny", name], root=tree)
    assert [path.stat().st_mtime_ns for path in files] == before


def test_the_exercise_has_stub_check_and_hints_and_no_outputs(tree):
    notebook = nbformat.read(tree / "exercises" / "01-tiny.ipynb", 4)
    nbformat.validate(notebook)
    by_id = {cell.id: cell for cell in notebook.cells}
    roles = [i for i in by_id if i.startswith("rnn_step-")]
    assert roles == ["rnn_step-card", "rnn_step-code", "rnn_step-check", "rnn_step-hints"]
    assert "raise NotImplementedError" in by_id["rnn_step-code"].source
    assert "np.tanh(x_t" not in as_text(notebook)
    assert notebook.cells[0].source.startswith("# Exercises 1: a tiny notebook — with unicode: ∂")
    assert by_id["rnn_step-check"].source == "check(rnn_step)"
    assert by_id["rnn_step-hints"].source.count("<details>") == len(get("rnn_step").hints)
    assert "sec-rnn-step" in by_id["rnn_step-card"].source
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")


def test_a_card_links_to_the_page_that_has_the_section(tmp_path):
    (tmp_path / "chapter.md").write_text("\n(sec-step)=\n## A step\n\n(sec-twice)=\n## One\n")
    (tmp_path / "story.md").write_text("\n(sec-clue)=\n## A clue\n\n(sec-twice)=\n## Other\n")
    assert notebooks.page_with("sec-step", tmp_path) == "chapter"
    assert notebooks.page_with("sec-clue", tmp_path) == "story"
    with pytest.raises(notebooks.DirectiveError, match=r"stands in no page of the book"):
        notebooks.page_with("sec-gone", tmp_path)
    with pytest.raises(notebooks.DirectiveError, match=r"stands in chapter and story"):
        notebooks.page_with("sec-twice", tmp_path)


def test_the_exercise_notebook_runs_to_the_end_with_nothing_filled_in(tree):
    notebook = nbformat.read(tree / "exercises" / "01-tiny.ipynb", 4)
    ran = notebooks.run(notebook, tree)
    text = "".join(str(cell.get("outputs", "")) for cell in ran.cells)
    assert "not written yet" in text
    assert "It needs rnn_step: write it" in text


def test_the_solution_is_run_and_strict(tree):
    notebook = nbformat.read(tree / "solutions" / "01-tiny.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert [c.source for c in code if c.id == "rnn_step-check"] == ["check(rnn_step, strict=True)"]
    assert code[-1].outputs[0].text == "0.0\n"
    assert notebook.cells[0].source.startswith("# Solutions 1: a tiny notebook")
    assert "IMPLEMENT-ME" not in as_text(notebook)


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_an_edited_cell_is_named(tree, folder):
    path = tree / folder / "01-tiny.ipynb"
    edit(path, lambda nb: nb["cells"][0]["source"].append("\nmore"))
    (found,) = drift(tree)
    assert found == f"{folder}/01-tiny.ipynb, cell cell-000: its text differs from the source."
    assert main(check=True, root=tree) == 1


def test_an_address_that_is_new_is_a_drift_until_they_are_written_again(tree):
    address = "repository:\n  url: https://github.com/an-owner/a-course\n"
    (tree / "_config.yml").write_text(address)
    expected = "cell install: its text differs from the source."
    assert [sentence.partition(", ")[2] for sentence in drift(tree)] == [expected, expected]


def test_other_drifts_are_named(tree):
    exercise, solution = (tree / d / "01-tiny.ipynb" for d in ("exercises", "solutions"))
    clean = exercise.read_bytes(), solution.read_bytes()

    def after(change, path):
        exercise.write_bytes(clean[0])
        solution.write_bytes(clean[1])
        change(path)
        return " ".join(drift(tree))

    def clear(path):
        def change(notebook):
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell["outputs"], cell["execution_count"] = [], None

        edit(path, change)

    assert "missing" in after(Path.unlink, exercise)
    assert "never run" in after(clear, solution)
    assert "not a notebook" in after(lambda p: p.write_text("{"), exercise)
    assert "the file differs" in after(lambda p: p.write_bytes(p.read_bytes() + b"\n"), exercise)
    assert "3 cells where" not in after(lambda p: None, exercise)
    dropped = after(lambda p: edit(p, lambda nb: nb["cells"].pop()), exercise)
    assert "cells where the source has" in dropped
    stray = after(lambda p: shutil.copy(p, p.with_name("02-stray.ipynb")), exercise)
    assert "02-stray.ipynb: no source stands behind it" in stray


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("# EXERCISE: rnn_stepp", "cell 2: There is no exercise .* Did you mean rnn_step"),
        ("# EXERCISE: rnn_step\nx = 1", "cell 2: .*must stand alone"),
    ],
)
def test_a_wrong_directive_names_file_and_cell(tmp_path, directive, message):
    source = tmp_path / "01-wrong.py"
    source.write_text(SOURCE.replace("# EXERCISE: rnn_step", directive), encoding="utf-8")
    with pytest.raises(DirectiveError, match=f"01-wrong.py, {message}"):
        expand(source, solved=False)


def test_a_failing_solution_stops_the_writing(tmp_path):
    (tmp_path / "solutions").mkdir()
    source = SOURCE + "\n# %%\ncheck(lambda *_: None, exercise='rnn_step', strict=True)\n"
    (tmp_path / "solutions" / "01-tiny.py").write_text(source, encoding="utf-8")
    with pytest.raises(Exception, match="CheckFailed"):
        write(tmp_path)


def statements(body):
    """All of them, in blocks too, but none inside a function or a class."""
    for one in body:
        yield one
        if not isinstance(one, ast.FunctionDef | ast.ClassDef):
            for block in ("body", "orelse", "finalbody"):
                yield from statements(getattr(one, block, []))


def taken_twice(cells):
    """Names that were imported or defined, and that a later statement gives another meaning.

    A learner runs cells again, and in any order: then the first meaning is gone.
    """
    known, found = set(), []
    for cell in cells:
        for one in statements(ast.parse(cell).body):
            if isinstance(one, ast.Import | ast.ImportFrom):
                known |= {(name.asname or name.name).split(".")[0] for name in one.names}
            elif isinstance(one, ast.FunctionDef | ast.ClassDef):
                found += [one.name] * (one.name in known)
                known.add(one.name)
            else:
                parts = ast.iter_child_nodes(one) if getattr(one, "body", None) else [one]
                own = [p for p in parts if p is one or not isinstance(p, ast.stmt)]
                names = [n for p in own for n in ast.walk(p) if isinstance(n, ast.Name)]
                found += [n.id for n in names if isinstance(n.ctx, ast.Store) and n.id in known]
    return found


def test_a_name_that_is_taken_twice_is_seen():
    first = "from course_lib.exercises import measured\nif True:\n    def loss(): return 1"
    assert taken_twice([first, "if True:\n    for i in [1]:\n        measured = 2"]) == ["measured"]
    assert taken_twice([first, "loss, x = 1, 2"]) == ["loss"]
    assert taken_twice([first, "for loss in []: pass"]) == ["loss"]
    assert taken_twice([first, "def f():\n    measured = 1\nx = [loss for loss in []]"]) == ["loss"]
    assert taken_twice([first, "values = measured(1)"]) == []


@pytest.mark.parametrize("source", notebooks.sources(), ids=lambda source: source.stem)
def test_no_cell_of_a_notebook_takes_a_name_that_means_something(source):
    cells = expand(source, solved=False).cells
    assert taken_twice(cell.source for cell in cells if cell.cell_type == "code") == []


@pytest.mark.parametrize("source", notebooks.sources(), ids=lambda source: source.stem)
def test_the_name_of_an_exercise_is_left_to_the_learner(source):
    """`course validate` takes whatever has it for an answer, in whichever notebook it stands."""
    for cell in expand(source, solved=False).cells:
        if cell.cell_type == "code" and "exercise" not in cell.metadata.get("course", {}):
            body = statements(ast.parse(cell.source).body)
            defined = {one.name for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
            assert defined.isdisjoint(ids()), cell.source


def over_epochs(cell):
    """Whether a cell draws something over epochs, and whether it says that they are whole."""
    calls = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call)]
    named = [
        value
        for call in calls
        for value in (*call.args, *(one.value for one in call.keywords if one.arg == "xlabel"))
        if ast.unparse(call.func).endswith(("xlabel", ".set"))
    ]
    settings = [one for call in calls for one in call.keywords]
    whole = any(ast.unparse(call.func).endswith("xticks") for call in calls) or any(
        one.arg == "xticks" or (one.arg, ast.unparse(one.value)) == ("integer", "True")
        for one in settings
    )
    return "'epoch'" in map(ast.unparse, named), whole


def test_half_epochs_are_seen():
    drawn = "if True:\n    plt.plot(losses)\n    plt.xlabel('epoch')\n"
    assert over_epochs(drawn) == (True, False)
    assert over_epochs(drawn + "plt.xticks(range(3))") == (True, True)
    assert over_epochs(drawn + "plt.locator_params(axis='x', integer=True)") == (True, True)
    assert over_epochs("axis.set(xlabel='epoch')") == (True, False)
    assert over_epochs("plt.xlabel('step')") == (False, False)


def test_no_notebook_shows_half_an_epoch():
    """Matplotlib chooses the ticks by the number of epochs, which differs from run to run."""
    cells = [
        cell.source
        for source in notebooks.sources()
        for cell in expand(source, solved=True).cells
        if cell.cell_type == "code" and over_epochs(cell.source)[0]
    ]
    assert len(cells) >= 3
    assert [cell for cell in cells if not over_epochs(cell)[1]] == []


def test_without_sources_it_says_so(tmp_path, capsys):
    assert main(check=True, root=tmp_path) == 2
    assert "needs a checkout" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("[0-9]*.ipynb")), ids=lambda one: one.stem)
def test_stored_outputs_look_like_one_run_from_top_to_bottom(path):
    """An output that was put in by hand kept the number of another run beside its cell."""
    code = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    counts = [cell.execution_count for cell in code if cell.execution_count]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code:
        own = {cell.execution_count}
        assert {one.get("execution_count", *own) for one in cell.outputs} <= own


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("with bias -0.00", ["-0.00"]),
        ("from -0 to 0", ["-0"]),
        ("after  1 steps, 0.25 expected", ["1 steps"]),
        ("1 epochs, 1 points", ["1 epochs", "1 points"]),
        ("-0.01, 1e-0, 10-0 and -0.001", []),
        ("window  1   loss", []),
        ("1 step, 11 steps, 0.1 steps, -1 units, layer 1 has two, 1 class, 1 is", []),
    ],
)
def test_a_wrong_amount_is_seen(text, wrong):
    assert wrong_amounts(text) == wrong


@pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("[0-9]*.ipynb")), ids=lambda one: one.stem)
def test_no_output_says_minus_zero_or_one_steps(path):
    """A rounded -0.004 prints a sign that means nothing, and a table's first row a plural."""
    outputs = [one for cell in nbformat.read(path, 4).cells for one in cell.get("outputs", ())]
    texts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs]
    assert wrong_amounts("\n".join(texts)) == []


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_it_while_a_notebook_runs_is_no_fault_of_the_notebook(ending, tmp_path):
    program = """
import nbformat
from course_lib.authoring.notebooks import run
cell = nbformat.v4.new_code_cell("open('began', 'w').close(); import time; time.sleep(60)")
try:
    run(nbformat.v4.new_notebook(cells=[cell]), ".")
except KeyboardInterrupt:
    print("stopped")
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "began").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(ending)
        said, _ = process.communicate(timeout=60)
    assert said == "stopped\n"
