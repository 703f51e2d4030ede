"""A path with a space and an umlaut, in a shell without a language, on a narrow terminal.

The real commands run in a real checkout there, cut short: a book of two pages, one file of tests.
Its environment shares the packages of this one; what holds a path in it is made by the code that
makes it for everybody.
"""

import importlib.metadata
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = Path("lib") / f"python3.{sys.version_info[1]}" / "site-packages"
make_py = runpy.run_path(str(ROOT / "environment/make.py"))

# Two pages, of which one runs a cell that uses the package.
TOC = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/page\n"
PAGE = """---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---
# A page

```{code-cell} ipython3
import course_lib

print("seen", course_lib.__file__)
```
"""

pytestmark = pytest.mark.slow


def copy_environment(checkout):
    """Share this environment's packages with a checkout, as if its own had been made there."""
    venv, here = checkout / ".venv", Path(sys.prefix)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    for entry in (here / SITE).iterdir():
        (venv / SITE / entry.name).symlink_to(entry)
    for name in ("share", "etc"):
        if (here / name).exists():
            (venv / name).symlink_to(here / name)
    (path,) = (venv / SITE).glob("*course_lib*.pth")
    path.unlink()  # the link; a file of the same name takes its place
    path.write_text(str(checkout), "utf-8")
    make_py["point_at_checkout"](venv / SITE, checkout)
    write_commands(venv / "bin")
    (venv / ".ready").write_bytes(os.fsencode(checkout) + b"\n")


def write_commands(folder):
    """The commands of all packages, in the way in which pip writes them."""
    from pip._vendor.distlib.scripts import ScriptMaker

    maker = ScriptMaker(None, str(folder))
    maker.executable = f'"{folder / "python"}"'
    maker.variants = {""}
    for command in importlib.metadata.entry_points(group="console_scripts"):
        maker.make(f"{command.name} = {command.value}")
    for program in (Path(sys.prefix) / "bin").iterdir():  # such as ruff
        if not (folder / program.name).exists() and program.read_bytes()[:4] == b"\x7fELF":
            (folder / program.name).symlink_to(program)


SHELL = {
    **{k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_")},
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "LANG": "C",
    "COLUMNS": "40",
    "PIP_NO_INDEX": "1",  # an environment that can't be used fails at once
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd") / "ein schöner Kurs"
    folder.mkdir()
    junk = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("course_lib", "environment", "book", "exercises", "solutions", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=junk)
    for name in (
        "Makefile",
        "pyproject.toml",
        "requirements.lock",
        "README.md",
        "_config.yml",
        "hatch_build.py",
    ):
        shutil.copy(ROOT / name, folder)
    (folder / "tests").mkdir()
    for name in ("conftest.py", "test_learner.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    (folder / "book/_toc.yml").write_text(TOC)
    (folder / "book/intro.md").write_text("# The start\n\nSee [a page](page.md).\n")
    (folder / "book/page.md").write_text(PAGE)
    copy_environment(folder)
    shutil.copy(ROOT / ".gitignore", folder)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def shell(tmp_path):
    """The variables of a stranger's shell there."""
    home = tmp_path / "home"
    home.mkdir()
    return SHELL | {"HOME": str(home)}


def run(checkout, shell, *command, where=""):
    done = subprocess.run(
        command, cwd=checkout / where, env=shell, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Making the environment" not in done.stdout  # the one that is there can be used
    return done.stdout


def test_the_environment_names_its_folder_in_ascii(checkout, shell):
    for path in (checkout / ".venv" / SITE).glob("*.pth"):
        path.read_text("ascii")
    ask = "import course_lib; print(ascii(course_lib.__file__))"
    out = run(checkout, shell, checkout / ".venv/bin/python", "-c", ask, where="book")
    assert out.strip() == ascii(str(checkout / "course_lib/__init__.py"))


def test_a_command_is_called_by_its_path(checkout, shell):
    run(checkout, shell, checkout / ".venv/bin/course", "start", "Übung 1")
    assert (checkout / "Übung 1/01-vanilla-rnn.ipynb").exists()
    out = run(checkout, shell, checkout / ".venv/bin/course", "progress", where="Übung 1")
    assert "rnn_step" in out


def test_make_book(checkout, shell):
    out = run(checkout, shell, "make", "book")
    assert "is built and checked in" in out
    page = (checkout / "_build/html/book/page.html").read_text("utf-8")
    assert "ein schöner Kurs" in page
    assert "up to date" in run(checkout, shell, "make", "book")


def test_make_check(checkout, shell):
    """Style, tests and drift, as in `make test`."""
    out = run(checkout, shell, "make", "check")
    assert " 0 failed" in out.splitlines()[-1]


def test_make_lab(checkout, shell, tmp_path):
    """It starts, and serves the copy of the exercises; then it is stopped as one stops it."""
    settings, runtime = tmp_path / "settings", tmp_path / "runtime"
    settings.mkdir()
    (settings / "jupyter_server_config.py").write_text(
        "c.ServerApp.open_browser = False\nc.ServerApp.allow_root = True\n"
    )
    shell |= {"JUPYTER_CONFIG_DIR": str(settings), "JUPYTER_RUNTIME_DIR": str(runtime)}
    with open(tmp_path / "log", "w+b") as log:
        process = subprocess.Popen(
            ["make", "lab"],
            cwd=checkout,
            env=shell,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            listed = names_served(runtime, process)
        finally:
            for _ in range(2):  # JupyterLab asks back once
                os.killpg(process.pid, signal.SIGINT)
                time.sleep(0.2)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.seek(0)
        assert "01-vanilla-rnn.ipynb" in listed, log.read().decode()


def names_served(runtime, process, patience=120):
    """The files that the server shows; empty if it ended or didn't come."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        for path in runtime.glob("jpserver-*.json"):
            try:
                server = json.loads(path.read_text("utf-8"))
                ask = f"{server['url']}api/contents?token={server['token']}"
                with urllib.request.urlopen(ask, timeout=10) as answer:
                    return [entry["name"] for entry in json.load(answer)["content"]]
            except (ValueError, OSError):
                pass  # not written yet, or not listening yet
        time.sleep(0.2)
    return []
