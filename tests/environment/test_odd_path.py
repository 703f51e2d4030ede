"""A path with a space and an umlaut, in a shell without a language, on a narrow terminal.

The real commands run in a real checkout there, cut short: a book of two pages, the exercises of one
chapter, a few files of tests. Its environment shares the packages of this one; what holds a path in
it is made by the code that makes it for everybody.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from course_lib.authoring.stages import A_FEW_OF_ALL

ROOT = Path(__file__).resolve().parents[2]
SITE = Path("lib") / f"python3.{sys.version_info[1]}" / "site-packages"

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

# In the browser, and on another backend: each stage of `make test` finds something to do.
TESTS = """from pathlib import Path

import pytest

import course_lib

ROOT = Path(__file__).parents[1]


@pytest.mark.browser
def test_the_page(browser):
    page = browser.new_page()
    page.goto((ROOT / "_build/html/book/page.html").as_uri())
    assert "schöner Kurs/course_lib" in page.inner_text("main")


@pytest.mark.backends
def test_the_package():
    assert course_lib.__file__.startswith(str(ROOT))


@pytest.mark.slow
def test_that_is_slow():
    raise AssertionError("a quick run leaves it out")
"""
CHAPTERS = "\n)\n\n\nclass UnknownExercise"  # where those of the registry end

pytestmark = [pytest.mark.slow, pytest.mark.long]


SHELL = {
    **{k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_")},
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "LANG": "C",
    "COLUMNS": "40",
    "PIP_NO_INDEX": "1",  # an environment that can't be used fails at once
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, share_environment):
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
    for name in ("conftest.py", "nbval_sanitize.cfg", "test_learner.py", "test_imports.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    (folder / "tests/test_marked.py").write_text(TESTS, "utf-8")
    cut_to_the_first_chapter(folder)
    (folder / "book/_toc.yml").write_text(TOC)
    (folder / "book/intro.md").write_text("# The start\n\nSee [a page](page.md).\n")
    (folder / "book/page.md").write_text(PAGE)
    share_environment(folder, folder)
    shutil.copy(ROOT / ".gitignore", folder)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return folder


def cut_to_the_first_chapter(folder):
    registry = folder / "course_lib/exercises/registry.py"
    text = registry.read_text("utf-8")
    assert text.count(CHAPTERS) == 1
    registry.write_text(text.replace(CHAPTERS, CHAPTERS.replace(")", ")[:1]", 1)), "utf-8")
    for name in ("exercises", "solutions"):
        for path in (folder / name).glob("0[2-9]-*"):
            path.unlink()


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


def test_an_environment_that_does_not_find_the_course_is_not_used(checkout, shell):
    """Not even where a folder named course_lib lies beside the packages, as installs leave one."""
    usable = [checkout / "environment/usable.sh"]
    (path,) = (checkout / ".venv" / SITE).glob("*course_lib*.pth")
    assert subprocess.run(usable, cwd=checkout, env=shell).returncode == 0
    hidden = path.rename(path.with_suffix(".hidden"))
    try:
        (path.parent / "course_lib").mkdir(exist_ok=True)
        assert subprocess.run(usable, cwd=checkout, env=shell).returncode == 1
    finally:
        hidden.rename(path)


def test_a_command_is_called_by_its_path(checkout, shell):
    run(checkout, shell, checkout / ".venv/bin/course", "start", "Übung 1")
    assert (checkout / "Übung 1/01-vanilla-rnn.ipynb").exists()
    out = run(checkout, shell, checkout / ".venv/bin/course", "progress", where="Übung 1")
    assert "rnn_step" in out


def test_make_book(checkout, shell):
    out = run(checkout, shell, "make", "book")
    assert "is built and checked in" in out
    assert "\x1b" not in out  # colour is for a terminal
    page = (checkout / "_build/html/book/page.html").read_text("utf-8")
    assert "ein schöner Kurs" in page
    assert "up to date" in run(checkout, shell, "make", "book")


def test_a_page_that_is_older_than_the_book_is_read_again(checkout, shell):
    """It comes out of an archive, say, or a clock that was ahead has been put right."""
    run(checkout, shell, "make", "book")
    page = checkout / "book/intro.md"
    before = page.read_text("utf-8")
    try:
        page.write_text(f"{before}\nAnd more.\n", "utf-8")
        os.utime(page, (0, 0))
        run(checkout, shell, "make", "book")
    finally:
        page.write_text(before, "utf-8")
    assert "And more." in (checkout / "_build/html/book/intro.html").read_text("utf-8")


def test_make_book_where_the_output_lacks_letters(checkout, shell):
    """The folder's name is printed with a ? in it."""
    shutil.rmtree(checkout / "_build", ignore_errors=True)
    out = run(checkout, shell | {"PYTHONIOENCODING": "ascii"}, "make", "book")
    assert "is built and checked in" in out


def test_make_check(checkout, shell):
    """Style, tests and drift, as in `make test`."""
    out = run(checkout, shell, "make", "check")
    assert " 0 failed" in out.splitlines()[-1]


def test_make_test(checkout, shell):
    """Every stage finds something, and nothing of it fails; what was left out is told."""
    out = run(checkout, shell, "make", "test")
    assert " 0 failed" in out.splitlines()[-1]
    _, *summary = out.rpartition("\n=== ")[2].splitlines()
    verdicts = [line.split()[0] for line in summary if line.startswith(("passed", "skipped"))]
    assert len(verdicts) == len(A_FEW_OF_ALL)
    assert "Tests left out" in out


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
