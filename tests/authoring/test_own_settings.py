"""What is set for Python, Jupyter, TensorFlow and Matplotlib reaches neither book nor tests."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring import book, notebooks, plain_sphinx, stages
from course_lib.authoring.own_settings import VARIABLES, fonts_are_listed, set_aside

FLAGS = {"PYTHONOPTIMIZE": "1", "PYTHONSTARTUP": "start.py", "PYTHONWARNINGS": "ignore"}

FOREIGN = '{"argv": ["/opt/other/python"], "display_name": "", "language": "python"}'


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Of everything something unusual: in the shell, and in files of the home."""
    for name in VARIABLES:
        monkeypatch.setenv(name, FLAGS.get(name, "other"))
    for name in ("IPYTHONDIR", "KERAS_HOME", "MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # the home, on Windows
    files = {
        ".ipython/profile_default/startup/00.py": "import numpy\nnumpy.set_printoptions(2)\n",
        ".keras/keras.json": json.dumps({"floatx": "float64", "epsilon": 0.1}),
        ".config/matplotlib/matplotlibrc": "axes.linewidth: 7\n",
        ".matplotlib/matplotlibrc": "axes.linewidth: 7\n",  # on macOS and Windows
        "jupyter/kernels/python3/kernel.json": FOREIGN,
    }
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)


def is_aside(environment):
    aside = not any(name in environment for name in VARIABLES)
    folders = [environment.get(name, "~") for name in ("IPYTHONDIR", "KERAS_HOME", "MATPLOTLIBRC")]
    return aside and not any(f.startswith(("~", os.environ["HOME"])) for f in folders)


def printed(*lines):
    """What a notebook with these lines prints."""
    notebook = new_notebook(cells=[new_code_cell("\n".join(lines))])
    (output,) = notebooks.run(notebook, ".").cells[0].outputs
    return nbformat.from_dict(output).text.splitlines()


def test_a_cell_prints_and_draws_as_it_does_everywhere(settings):
    assert printed(
        "import sys, matplotlib, numpy",
        "print(numpy.array([1 / 3]))",
        "print(matplotlib.rcParams['axes.linewidth'])",
        "print('inline' in matplotlib.get_backend(), sys.flags.optimize)",
    ) == ["[0.33333333]", "0.8", "True 0"]


@pytest.mark.slow
def test_keras_has_its_own_type_of_numbers(settings):
    assert printed(
        "import course_lib.quiet, keras",
        "print(keras.config.floatx(), keras.config.epsilon(), keras.config.backend())",
    ) == ["float32 1e-07 tensorflow"]


def test_every_command_of_the_tests_runs_without_them(settings, capfd):
    stage = stages.Stage("shown", (("-c", "import os, json; print(json.dumps(dict(os.environ)))"),))
    stages.run(stage)
    assert is_aside(json.loads(capfd.readouterr().out))


@pytest.mark.parametrize("build", [
    lambda folder: book.run_jupyter_book(folder, folder / "_toc.yml"),
    plain_sphinx.run_sphinx,
])  # fmt: skip
def test_the_book_is_built_without_them(settings, build, monkeypatch, tmp_path):
    seen, apart = [], book.interrupted.apart

    def start(command, env, **more):
        seen.append(env)
        return apart([sys.executable, "-c", ""], env=env, **more)

    monkeypatch.setattr(book.interrupted, "apart", start)
    assert build(tmp_path) == 0
    assert is_aside(seen[0])


DRAW = """
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring.notebooks import run

cell = new_code_cell("import matplotlib.pyplot")
print(run(new_notebook(cells=[cell]), ".").cells[0].outputs)
"""


@pytest.mark.slow
def test_a_home_that_cannot_be_written_to_is_not_told_below_a_cell(tmp_path):
    """Matplotlib has no place there for what it keeps; nor where a file is in the way."""
    for name in (".config", ".cache", ".matplotlib"):  # the last, on macOS and Windows
        (tmp_path / name).write_text("in the way")
    no_place = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    no_place["LOCALAPPDATA"] = str(tmp_path / ".cache")
    others = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in others}
    done = subprocess.run(
        [sys.executable, "-c", DRAW], env=environment | no_place, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_whoever_lists_the_fonts_keeps_what_the_shell_says(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "other")
    fonts_are_listed()
    assert os.environ["MPLBACKEND"] == "other"


def test_everything_else_of_the_shell_stays(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    with set_aside() as environment:
        assert environment["https_proxy"] == "http://proxy:3128"
        folder = environment["IPYTHONDIR"]
    assert not os.path.exists(os.path.dirname(folder))
