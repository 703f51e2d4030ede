"""What a page repeats of the code is what the code says: names, extras, defaults, outcomes."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from typer.main import get_command

from course_lib.cli import app
from course_lib.instructor.judging.verdict import OUTCOMES
from course_lib.training.compare import EXIT_CODES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("book/*.md"))]
SOURCES = (
    *("course_lib/**/*.py", "course_lib/**/*.js", "solutions/*.py"),
    *("book/_ext/*.py", ".github/**/*.yml", "_config.yml", "pyproject.toml", "Makefile"),
)
BLOCK = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
# A role, such as {term}`gate`, names nothing of the code.
QUOTED = re.compile(r"(?<![`}])`([^`\n]+)`")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")
FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:py|md|yml|toml|cfg|lock|json|npz)")
# Below these a page may leave out the way to a file, or to a folder in them.
SHORT = ("", "book", "course_lib", "course_lib/exercises", "course_lib/exercises/ladder")
SHORT += ("course_lib/training/experiments", "tests/instructor/judging")
# Names and files that readers are told to make, or that a command or another program makes.
OTHERS = {
    *("predict_NAME", "v0.1.0", "conf.py", "json.py", "numpy.py", "weights.json", "rows.npz"),
    *("results.json", "submission_metadata.yml", ".github/workflows/course.yml"),
    *("ben.zip", "submission_123"),  # a student's, and a folder that Gradescope makes
    *("Embedding", "ModelCheckpoint"),  # Keras's own
    *("book/project_majority.md", "book/project_name.md"),
    "course_lib/training/experiments/project_name.py",
    "course_lib/exercises/CHAPTER/predict_name.py",
}
PLACEHOLDER = re.compile(r"NN-|NAME")


def quoted(page):
    """What a page's text has between single backticks; students' notebooks have any name."""
    told = QUOTED.findall(BLOCK.sub("", page.read_text("utf-8")))
    return {one for one in told if not one.endswith(".ipynb")} - OTHERS


@pytest.fixture(scope="module")
def words():
    """Every name in the sources, and in the cells of the pages."""
    files = chain.from_iterable(ROOT.glob(one) for one in SOURCES)
    texts = [file.read_text("utf-8") for file in files if file != Path(__file__).resolve()]
    cells = chain.from_iterable(BLOCK.findall(page.read_text("utf-8")) for page in PAGES)
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join([*texts, *cells])))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page, words):
    files = {one for one in quoted(page) if FILE.fullmatch(one)}
    names = {one for one in quoted(page) - files if NAME.fullmatch(one)}
    unknown = {one for one in names if set(one.strip("()").split(".")) - words}
    gone = {one for one in files if not any((ROOT / below / one).is_file() for below in SHORT)}
    gone = {one for one in gone if not PLACEHOLDER.search(one)}
    assert (unknown, gone) == (set(), set())


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".ci" / "run"], ids=lambda page: page.name)
def test_every_extra_is_one(page):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = re.findall(r"[\"']\.\[([\w,]+)\]", page.read_text("utf-8"))
    assert set(",".join(named).split(",")) - {""} <= extras["optional-dependencies"].keys()


def instructors():
    return (ROOT / "book" / "instructors.md").read_text("utf-8")


def test_the_limits_that_count_otherwise_are_the_defaults():
    validate = get_command(app).commands["validate"]
    defaults = {name: one.default for one in validate.params for name in one.opts}
    told = re.findall(r"`… (--[\w-]+) \d+` \([^;)]*; (\d+) otherwise\)", instructors())
    assert len(told) == 3
    assert {name: float(number) for name, number in told} == {
        name: defaults[name] for name, _ in told
    }


def column(text, head):
    """The first cells of the table that begins with a head, each at its commas."""
    table = re.search(rf"^\| {re.escape(head)} \|.*?\n\n", text, re.DOTALL | re.MULTILINE).group()
    return [row.split(" | ")[0].strip("| ") for row in table.splitlines()[2:] if row]


def test_every_outcome_is_explained():
    told = [one for cell in column(instructors(), "outcome") for one in cell.split(", ")]
    assert sorted(told) == sorted(OUTCOMES)


def test_every_answer_of_a_comparison_is_explained_with_its_exit_code():
    text = (ROOT / "book" / "trust.md").read_text("utf-8")
    says = column(text, "it says")
    codes = [
        int(re.search(rf"^\| {re.escape(one)} \|.*\| (\d) \|$", text, re.M)[1]) for one in says
    ]
    assert dict(zip(says, codes, strict=True)) == EXIT_CODES


def test_a_stored_result_says_what_the_page_on_trust_says_of_it():
    results = {file.stem: file for file in (ROOT / "benchmarks" / "results").glob("*.json")}
    del results["check-seconds"]  # of many runs, each with its own machine
    for name, file in results.items():
        stored = json.loads(file.read_text("utf-8"))
        needed = {"command", "versions", "hardware"}
        assert needed | (set() if name.startswith("bench-") else {"seed"}) <= stored.keys()
        assert stored["hardware"]["cpu"]


def test_make_alone_lists_every_goal():
    text = (ROOT / "Makefile").read_text("utf-8")
    goals = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())
    assert set(re.findall(r'@echo "make (\w+)  ', text)) == goals - {"help", "afresh"}
