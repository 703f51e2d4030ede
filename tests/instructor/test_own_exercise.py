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
PLACE = re.compile(r"^```python\n# ([\w/.-]+\.py)(, continued|, too)?\n(.*?)^```$", re.M | re.S)

RELEASED = """
from pathlib import Path
from course_lib.authoring.notebooks import as_text, expand
print(as_text(expand(Path("solutions/01-vanilla-rnn.py"), solved=False)))
"""
RIGHT = """def leaky_step(x_t, h_prev, W_xh, W_hh, b_h, leak):
    new = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    return h_prev + leak * (new - h_prev)
"""
WRONG = """def leaky_step(x_t, h_prev, W_xh, W_hh, b_h, leak):
    return leak * np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


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
    for name, after in (("leaky_step", "VanillaRNNCell"), ("predict_majority", "predict_rows")):
        assert f'Add `"{name}",`' in told
        added(root / registry, behind % after, behind % name)
    assert "`(sec-leaky-step)=` to the section of the chapter" in told
    chapter = root / "book/vanilla_rnn.md"
    added(chapter, "\n(sec-vanillarnncell)=\n", "(sec-leaky-step)=\n")
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


@pytest.mark.slow
def test_the_worked_example_is_proven_and_graded(course, tmp_path, kind):
    root, run = course
    told = re.search(r"^course (prove leaky_step.*)$", PAGE, re.M).group(1)
    proven = run("-m", "course_lib.cli", *told.split(), "--json")
    assert proven.returncode == 0, proven.stderr
    counts = json.loads(proven.stdout.splitlines()[-1])
    right = {"exercises": 1, "mistakes": 3, "alternatives": 1, "failed": 0}
    assert counts | right == counts
    measured = json.loads((root / "benchmarks/results/check-seconds.json").read_text())["seconds"]
    before = json.loads((ROOT / "benchmarks/results/check-seconds.json").read_text())["seconds"]
    assert measured.pop("leaky_step") < 10
    assert measured == before

    released = (
        "from course_lib.authoring.notebooks import as_text, expand; from pathlib import Path; "
    )
    released += "print(as_text(expand(Path('solutions/01-vanilla-rnn.py'), solved=False)))"
    notebook = json.loads(run("-c", released).stdout)
    (cell,) = [
        c
        for c in notebook["cells"]
        if c["metadata"].get("course") == {"exercise": "leaky_step", "role": "code"}
    ]
    stub = "".join(cell["source"])
    assert "raise NotImplementedError(" in stub
    answers = {"stub": stub, "right": RIGHT, "wrong": WRONG}
    for name, answer in answers.items():
        cell["source"] = answer
        write(tmp_path / "in" / f"{name}.ipynb", notebook)
    graded = run("-m", "course_lib.cli", "validate", str(tmp_path / "in"), "--exercise=leaky_step",
                 f"--out={tmp_path / 'out'}")  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    students = json.loads((tmp_path / "out" / "results.json").read_text())["students"]
    found = {s["student"]: s["exercises"][0] for s in students}
    assert found["stub"]["outcome"] == "not written yet"
    assert found["right"]["outcome"] == "passed"
    assert found["wrong"]["outcome"] == "not right yet"
    assert found["wrong"]["mistake"] == "nothing stays"


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
