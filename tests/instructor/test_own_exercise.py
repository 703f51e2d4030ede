"""The instructor's page writes an exercise of one's own; what it says is done here."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from a_class import ROOT, write

PAGE = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
PLACE = re.compile(
    r"^```python\n# ([\w/.-]+\.py)(, continued|, too|, for Keras)?\n(.*?)^```$", re.M | re.S
)

RELEASED = """
from pathlib import Path
from course_lib.authoring.notebooks import as_text, expand
print(as_text(expand(Path("solutions/01-vanilla-rnn.py"), solved=False)))
"""
STEP = """def leaky_step(x_t, h_prev, W_xh, W_hh, b_h, leak):
    new = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    return h_prev + leak * (new - h_prev)
"""
CELL = PAGE[PAGE.index("class LeakyCell(") :].partition("```")[0]
NEW, MIXED = "self.leak * keras.ops.tanh(u_t)", "(1 - self.leak) * h_prev + "
# For each example a right answer, a wrong one, the name of its mistake, and what is proven of it.
EXAMPLES = {
    "leaky_step": (
        STEP,
        STEP.replace("h_prev + leak * (new - h_prev)", "leak * new"),
        "nothing stays",
        {"mistakes": 3, "alternatives": 1},
    ),
    "LeakyCell": (
        CELL.replace(MIXED + NEW, "h_prev + self.leak * (keras.ops.tanh(u_t) - h_prev)"),
        CELL.replace(MIXED, ""),
        "NothingStays",
        {"mistakes": 4, "alternatives": 1},
    ),
}


def added(file, after, line):
    """Put a line behind another one, which is there once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(after) == 1
    file.write_text(text.replace(after, after + line), encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with what the page tells to write; runs a command in it."""
    root = tmp_path_factory.mktemp("course")
    for name in ("course_lib", "solutions", "exercises", "benchmarks", "book"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    blocks = PLACE.findall(PAGE)
    assert [place for place, _, _ in blocks] == [
        "course_lib/scratch/leaky.py",
        "course_lib/exercises/vanilla_rnn/leaky_step.py",
        "course_lib/exercises/vanilla_rnn/leaky_step.py",
        "solutions/01-vanilla-rnn.py",
        "course_lib/layers/leaky.py",
        "course_lib/exercises/vanilla_rnn/leakycell.py",
        "course_lib/exercises/vanilla_rnn/leakycell.py",
        "solutions/01-vanilla-rnn.py",
        "course_lib/scratch/majority.py",
        "course_lib/exercises/vanilla_rnn/predict_majority.py",
        "course_lib/training/experiments/project_majority.py",
        "solutions/01-vanilla-rnn.py",
    ]
    for place, _, code in blocks:
        with open(root / place, "a", encoding="utf-8") as file:
            file.write("\n" * place.startswith("solutions") + code)
    told = " ".join(PAGE.split())
    registry, behind = "course_lib/exercises/registry.py", '            "%s",\n'
    places = {
        "leaky_step": "VanillaRNNCell",
        "LeakyCell": "leaky_step",
        "predict_majority": "predict_rows",
    }
    for name, after in places.items():
        assert f'Add `"{name}",`' in told
        added(root / registry, behind % after, behind % name)
    chapter = root / "book/vanilla_rnn.md"
    for label in ("(sec-leaky-step)=", "(sec-leakycell)="):
        assert f"the label `{label}` to the section" in told
        added(chapter, "\n(sec-vanillarnncell)=\n", f"{label}\n")
    (line,) = re.findall(r'`("project-majority": .*?,)` to `EXPERIMENTS`', told)
    runs = root / "course_lib/training/experiments/__init__.py"
    added(
        runs,
        '    "project-rows": ("project_rows", {}),\n',
        f"    {line}\n",
    )

    def run(*command):
        return subprocess.run(
            [sys.executable, *command], cwd=root, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip

    return root, run


TRAINING = """
from course_lib.authoring.project_cells import training_cell
from course_lib.exercises.registry import get
print(get("leaky_step").id, get("LeakyCell").id)
print(training_cell(get("predict_majority"), solved=False))
"""


def test_the_examples_are_read_and_the_project_gets_its_data(course):
    """Quick: what every exercise or project must have can't be forgotten on the page."""
    _, run = course
    read = run("-c", TRAINING)
    assert read.returncode == 0, read.stderr
    name, imported, *_ = read.stdout.splitlines()
    assert name == "leaky_step LeakyCell"
    seen = f"{imported}; import numpy; print(votes(numpy.random.default_rng(0)).x.shape)"
    made = run("-c", seen)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "(500, 41, 1)\n"


@pytest.fixture(scope="module")
def proven(course):
    """For each example what its proof counted; what the page tells to store is stored."""
    _, run = course
    counts = {}
    for name in EXAMPLES:
        told = re.search(rf"^course (prove {name}.*)$", PAGE, re.M).group(1)
        done = run("-m", "course_lib.cli", *told.split(), "--json")
        assert done.returncode == 0, done.stderr
        counts[name] = json.loads(done.stdout.splitlines()[-1])
    told = re.search(r"^python (-m \S+fresh_ladder LeakyCell)$", PAGE, re.M).group(1)
    stored = run(*told.split())
    assert stored.returncode == 0, stored.stderr
    return counts


@pytest.mark.slow
def test_the_worked_examples_are_proven_and_measured(course, proven):
    root, _ = course
    for name, (_, _, _, right) in EXAMPLES.items():
        assert proven[name] | right | {"exercises": 1, "failed": 0} == proven[name]
    measured = json.loads((root / "benchmarks/results/check-seconds.json").read_text())["seconds"]
    before = json.loads((ROOT / "benchmarks/results/check-seconds.json").read_text())["seconds"]
    assert measured.pop("leaky_step") < 10
    assert measured.pop("LeakyCell") < 20
    assert measured == before


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_is_graded(course, proven, tmp_path, kind, name):
    right, wrong, mistake, _ = EXAMPLES[name]
    _, run = course
    made = run("-c", RELEASED)
    assert made.returncode == 0, made.stderr
    notebook = json.loads(made.stdout)
    (cell,) = [
        c
        for c in notebook["cells"]
        if c["metadata"].get("course") == {"exercise": name, "role": "code"}
    ]
    stub = "".join(cell["source"])
    assert "raise NotImplementedError(" in stub
    for student, answer in {"stub": stub, "right": right, "wrong": wrong}.items():
        cell["source"] = answer
        write(tmp_path / "in" / f"{student}.ipynb", notebook)
    graded = run("-m", "course_lib.cli", "validate", str(tmp_path / "in"), f"--exercise={name}",
                 f"--out={tmp_path / 'out'}")  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    students = json.loads((tmp_path / "out" / "results.json").read_text())["students"]
    found = {s["student"]: s["exercises"][0] for s in students}
    assert found["stub"]["outcome"] == "not written yet"
    assert found["right"]["outcome"] == "passed"
    assert found["wrong"]["outcome"] == "not right yet"
    assert found["wrong"]["mistake"] == mistake


@pytest.mark.slow
def test_the_worked_project_is_trained_proven_and_graded(course, tmp_path, kind):
    root, run = course
    for told in re.findall(r"^course (\w+ (?:project-majority|predict_majority))$", PAGE, re.M):
        done = run("-m", "course_lib.cli", *told.split())
        assert done.returncode == 0, done.stdout + done.stderr
    arrays = root / "solutions" / "majority.npz"
    stored = json.loads((root / "benchmarks/results/project-majority.json").read_text())
    assert stored["summary"]["check"]["mark"] == stored["summary"]["validate"]["mark"] == 3
    assert stored["summary"]["cpu_seconds"] < 5  # half of the budget
    proven = run("-m", "course_lib.cli", "prove", "predict_majority", "--json")
    counts = json.loads(proven.stdout.splitlines()[-1])
    right = {"exercises": 1, "mistakes": 3, "alternatives": 1, "failed": 0, "kinds": {"project": 1}}
    right["kinds"] = counts["kinds"] | right["kinds"]
    assert counts | right == counts

    code = PAGE.partition("# course_lib/scratch/majority.py")[2].partition("```")[0]
    function = code[code.index("def predict_majority") :]
    guess = "def predict_majority(weights, x):\n    return np.ones((len(x), 1))\n"
    notebook = json.loads((ROOT / "exercises" / "01-vanilla-rnn.ipynb").read_text(encoding="utf-8"))
    for name, answer in {"right": function, "guess": guess}.items():
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                "id": "majority", "source": answer}  # fmt: skip
        content = {**notebook, "cells": [*notebook["cells"], cell]}
        write(tmp_path / "in" / name / "01-vanilla-rnn.ipynb", content)
        shutil.copy(arrays, tmp_path / "in" / name)
    graded = run("-m", "course_lib.cli", "validate", str(tmp_path / "in"),
                 "--exercise=predict_majority", f"--out={tmp_path / 'out'}")  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    students = json.loads((tmp_path / "out" / "results.json").read_text())["students"]
    found = {s["student"]: s["exercises"][0] for s in students}
    assert (found["right"]["outcome"], found["right"]["mark"]) == ("passed", 3)
    assert found["guess"]["outcome"] == "not right yet"


def test_the_example_keeps_the_style_of_the_course(course):
    _, run = course
    files = sorted({place for place, _, _ in PLACE.findall(PAGE) if "course_lib" in place})
    config = f"--config={ROOT / 'pyproject.toml'}"
    for verb in (["check"], ["format", "--check"]):
        done = run("-m", "ruff", *verb, config, *files)
        assert done.returncode == 0, done.stdout
