"""The rules see the slips that they are for, and the project's own workflows have none."""

from pathlib import Path

import pytest

from course_lib.authoring.public_schemas import parsed, slips
from course_lib.authoring.workflow_rules import commands, problems, steps
from course_lib.instructor.command.ci_workflow import WORKFLOW

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
BY_NAME = {file.stem: file.read_text("utf-8") for file in FILES}

GOOD = """
on: push
permissions: {}
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
      - id: where
        run: |
          make book PYTHON=python3.13
          if course doctor; then sudo .ci/run; fi
          apt-get install make course
      - run: echo ${{ steps.where.outputs.path }}
  two:
    needs: [one]
    strategy:
      matrix:
        system: [macos-15, ubuntu-24.04]
    runs-on: ${{ matrix.system }}
    timeout-minutes: 5
    steps:
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: course ci init
"""


def test_our_workflows_fit_the_public_schema():
    assert set(BY_NAME) == {"book", "release", "tests"}
    for text in BY_NAME.values():
        assert list(slips("github-workflows", text)) == []


@pytest.mark.parametrize("name", BY_NAME)
def test_our_workflows_keep_the_rules(name):
    assert problems(BY_NAME[name], ROOT) == []


def test_the_workflow_that_instructors_get_fits_the_schema_and_keeps_the_rules():
    assert list(slips("github-workflows", WORKFLOW)) == []
    assert problems(WORKFLOW, ROOT) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on:", "run-on:"),
        ("timeout-minutes: 120", "timeout-minutes: soon"),
        ("contents: read", "contents: all"),
        ("        run: .ci/run\n", "        runs: .ci/run\n"),
        ("on:\n", "when:\n"),
    ],
)
def test_the_schema_sees_a_slip(right, wrong):
    assert right in BY_NAME["tests"]
    assert list(slips("github-workflows", BY_NAME["tests"].replace(right, wrong, 1))) != []


def test_a_good_workflow_has_no_problems():
    assert problems(GOOD, ROOT) == []


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("checkout@v4", "checkout@main", "one, step 1: actions/checkout@main is pinned to no"),
        ("checkout@v4", "checkout", "is pinned to no version"),
        ("[one]", "[ones]", "two: it needs ones, which is no job"),
        ("[one]", "[two]", "two: it waits for itself"),
        ("permissions: {}", "name: x", "which permissions it needs"),
        ("    timeout-minutes: 5\n", "", "one: it has no timeout-minutes"),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-latest", "ubuntu-latest is no machine"),
        ("[macos-15, ", "[macos-51, ", "macos-51 is no machine"),
        ("[macos-15, ", "[windows-2025, ", "its shell isn't bash"),
        ("steps.where", "steps.there", "one: steps.there stands for nothing"),
        ("matrix.system", "matrix.systems", "matrix.systems stands for nothing"),
        ('"3.13"', "3.13", "python-version 3.13 is a number"),
        ("doctor; then", "doctor; than", "bash can't read it"),
        ("make book", "make books", "one, step 2: make has no books"),
        ("course doctor", "course docter", "course has no command docter"),
        ("course ci init", "course ci begin", "course ci has no command begin"),
        ("course ci init", "course ci init --hard", "course ci init has no option --hard"),
        ("course ci init", "course grades R --for moodle", "course grades needs --class-list"),
        ("make book", "make book HIDDEN=1", "make reads no HIDDEN"),
        (".ci/run", ".ci/walk", ".ci/walk is no program of the checkout"),
        (".ci/run", "x/python -m course_lib.nothing", "there is no module course_lib.nothing"),
        ("steps.where.outputs.path", "github.event.issue.title", "a stranger's text becomes part"),
    ],
)
def test_a_slip_is_named(right, wrong, sentence):
    assert right in GOOD
    assert sentence in "\n".join(problems(GOOD.replace(right, wrong, 1), ROOT))


@pytest.mark.parametrize("file", ["part.py", "part/__main__.py"])
def test_a_module_that_can_be_run_is_known(file, tmp_path):
    script = GOOD.replace(".ci/run", "x/python -m course_lib.part")
    (tmp_path / "course_lib" / "part").mkdir(parents=True)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"), "utf-8")
    assert "there is no module course_lib.part." in "\n".join(problems(script, tmp_path))
    (tmp_path / "course_lib" / file).touch()
    assert "no module" not in "\n".join(problems(script, tmp_path))


def test_two_steps_of_one_name_are_named():
    twice = GOOD.replace(
        "      - uses: actions/setup", "      - id: a\n        uses: actions/setup"
    )
    twice = twice.replace("      - run: course ci", "      - id: a\n        run: course ci")
    assert "two: two steps are called a." in problems(twice, ROOT)


def test_commands_are_told_from_arguments():
    script = "A=1 make x && echo 'make y' # make z\nsudo apt-get install make \\\n  course"
    found = [["make", "x"], ["echo", "make y"], ["apt-get", "install", "make", "course"]]
    assert list(commands(script)) == found


def scripts(name):
    """What a workflow of ours runs, in order."""
    return [step.script for step in steps(parsed(BY_NAME[name])) if step.script]


def test_the_tests_run_on_the_oldest_and_the_newest_python():
    assert ".ci/run" in scripts("tests")  # Debian 12's own
    assert "make test ALL=1 PYTHON=python3.13" in scripts("tests")


def test_a_release_carries_all_that_can_be_built():
    ran = "\n".join(scripts("release"))
    assert "hatchling build" in ran
    assert "gh release create" in ran
    assert "make book pdf" in ran
    assert "_build/pdf/book.pdf" in ran
