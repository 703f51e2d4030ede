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


def git(root, *arguments):
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True)
    return done.stdout.decode()


def kept(root):
    """The files that git keeps, from the root."""
    try:
        top = git(root, "rev-parse", "--show-toplevel").removesuffix("\n")
        names = git(root, "ls-files", "-z").split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this copy is no git checkout, or git is not installed")
    if Path(top).resolve() != root:
        pytest.skip(f"this copy is no git checkout: {top} is, in which it lies")
    return [Path(name) for name in names if name]


@pytest.fixture(scope="module")
def tracked():
    return kept(ROOT)


def test_the_top_level_holds_what_it_is_known_for(tracked):
    assert {file.parts[0] for file in tracked} == TOP


def test_only_a_package_s_mark_is_empty(tracked):
    there = [file for file in tracked if (ROOT / file).is_file()]
    empty = [file for file in there if not (ROOT / file).stat().st_size]
    assert {file.name for file in empty} <= {"__init__.py", "py.typed"}


def test_an_archive_that_was_unpacked_in_another_checkout_is_none(tmp_path):
    try:
        git(tmp_path, "init", "-q")
    except OSError:
        pytest.skip("git is not installed")
    (tmp_path / "course").mkdir()
    assert kept(tmp_path.resolve()) == []
    with pytest.raises(pytest.skip.Exception, match="in which it lies"):
        kept(tmp_path.resolve() / "course")
