"""What is handed out is what was meant to be: nothing that a run left behind was committed."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = {
    *("book", "course_lib", "exercises", "solutions", "tests", "benchmarks", "environment"),
    *(".ci", ".github", ".binder", ".devcontainer", ".gitattributes", ".gitignore"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"),
    *("Makefile", "_config.yml", "pyproject.toml", "requirements.lock", "hatch_build.py"),
}


@pytest.fixture(scope="module")
def tracked():
    """The files that git keeps, from the root."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this copy is no git checkout, or git is not installed")
    return [Path(name) for name in done.stdout.decode().split("\0") if name]


def test_the_top_level_holds_what_it_is_known_for(tracked):
    assert {file.parts[0] for file in tracked} == TOP


def test_only_a_package_s_mark_is_empty(tracked):
    there = [file for file in tracked if (ROOT / file).is_file()]
    empty = [file for file in there if not (ROOT / file).stat().st_size]
    assert {file.name for file in empty} <= {"__init__.py", "py.typed"}
