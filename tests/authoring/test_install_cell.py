"""A notebook alone in a folder: what its first cell says, what its checks keep, and where."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from course_lib.authoring.install_cell import install_cell
from course_lib.authoring.notebooks import ROOT
from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import get
from course_lib.notebook_check import check_notebook
from course_lib.repository import Repository

OURS = Repository("an-owner", "a-course")
FIRST = ROOT / "exercises" / "01-vanilla-rnn.ipynb"


class Shell:
    """Stands in for IPython; writes down the magics that it is asked for."""

    def __init__(self):
        self.asked = []

    def run_line_magic(self, name, line):
        self.asked.append((name, line))


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the cell as IPython does, with the course or not: what it prints, what pip is asked."""

    def cell(repository, there):
        shell = Shell()
        if not there:
            monkeypatch.setitem(sys.modules, "course_lib", None)
        exec(install_cell(repository).source, {"get_ipython": lambda: shell})
        return capsys.readouterr().out, shell.asked

    return cell


@pytest.mark.parametrize("repository", [None, OURS])
def test_where_the_course_is_installed_it_does_nothing(run, repository):
    assert run(repository, there=True) == ("", [])


def test_of_a_published_course_it_fetches_the_package(run):
    printed, asked = run(OURS, there=False)
    assert "https://an-owner.github.io/a-course/" in printed
    package = "course-lib @ git+https://github.com/an-owner/a-course"
    assert asked == [("pip", f'install --quiet "{package}"')]


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Puts files beside the notebook, the newest last."""
    monkeypatch.chdir(tmp_path)

    def put(*names):
        for age, name in enumerate(names):
            Path(name).touch()
            os.utime(name, (age, age))

    return put


def test_a_wheel_that_lies_beside_it_is_installed(run, beside):
    beside("another-0.1.0-py3-none-any.whl", "course_lib-0.1.0-py3-none-any.whl")
    printed, asked = run(None, there=False)
    assert asked == [("pip", 'install --quiet "course_lib-0.1.0-py3-none-any.whl"')]
    assert "course_lib-0.1.0-py3-none-any.whl" in printed


def test_of_two_wheels_it_takes_the_one_that_came_last(run, beside):
    beside("course_lib-0.9.0-py3-none-any.whl", "course_lib-0.10.0-py3-none-any.whl")
    assert "0.10.0" in run(None, there=False)[1][0][1]


def test_else_it_asks_for_the_wheel(run, beside):
    beside("another-0.1.0-py3-none-any.whl")
    printed, asked = run(None, there=False)
    assert "course_lib-….whl" in printed
    assert asked == []


@pytest.fixture
def alone(tmp_path):
    """Runs a released notebook's first cells and one exercise, alone in a folder."""

    def cells(code):
        notebook = nbformat.read(FIRST, 4)
        opening, begin = [], [c.id for c in notebook.cells].index("rnn_step-card")
        for cell in notebook.cells[:begin]:
            opening.append(cell)
        check = next(cell for cell in notebook.cells if cell.id == "rnn_step-check")
        answers = [new_code_cell(code), check, new_code_cell("hint(rnn_step)")]
        notebook.cells = [*opening, *answers]
        NotebookClient(
            notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
        outputs = [str(cell.get("outputs", "")) for cell in notebook.cells]
        assert outputs[1] == "[]"  # the cell that installs
        return outputs[-2:]

    return cells


@pytest.mark.slow
def test_it_checks_hints_and_keeps_progress_beside_itself(alone, tmp_path):
    checked, hinted = alone("def rnn_step(*arguments):\n    return None")
    assert "not right yet" in checked
    assert f"progress is kept in {tmp_path / '.course'}" in checked
    assert "Hint 2" in hinted  # on shapes, where the check fell
    checked, _ = alone(reference_code(get("rnn_step").reference))
    assert "passed" in checked
    assert "progress is kept" not in checked  # it is said once
    kept = json.loads((tmp_path / ".course/progress.json").read_text("utf-8"))
    assert kept == {"rnn_step": "passed"}


@pytest.mark.parametrize("repository", [None, OURS])
def test_who_checks_the_notebook_passes_it_over(repository, tmp_path):
    answer = new_code_cell(f"import numpy as np\n{reference_code(get('rnn_step').reference)}")
    notebook = nbformat.v4.new_notebook(cells=[install_cell(repository), answer])
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    [(taken, _, report)] = check_notebook(tmp_path / "mine.ipynb", ["rnn_step"])
    assert (taken.remarks, bool(report)) == ([], True)
