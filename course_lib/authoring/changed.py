"""Which exercises and which tests a change touches: those that `make check` looks at again."""

import inspect
import subprocess
from collections.abc import Iterable
from pathlib import Path

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.registry import CHAPTERS, PROJECT, chapter_of, get, ids

JUDGES = "course_lib/exercises"
PROJECTS = "projects"  # the folder in it that judges these alone
# Whatever else lies in it, but not in a chapter's folder, judges all exercises.
CHAPTERS_FOLDERS = {chapter.name for chapter in CHAPTERS}
ALWAYS = ("tests/test_imports.py",)  # rules that any change may break, and quick


def touched_exercises(root: Path, base: str = "main") -> tuple[str, ...]:
    """Ids of the exercises that differ from the branch `base`; all of them where git can't say.

    An exercise is touched by the files that its answers stand in, by what its chapter's exercises
    or all projects share, and by what judges all exercises.
    """
    files = changed_files(root, base)
    if files is None:
        return ids()
    own = {one.lower() for one in ids()}
    shared = {_room(Path(file)) for file in files if Path(file).stem not in own} - {None}
    if shared - CHAPTERS_FOLDERS - {PROJECTS}:
        return ids()
    return tuple(
        one
        for one in ids()
        if chapter_of(one).name in shared
        or (PROJECTS in shared and one.startswith(PROJECT))
        or files & set(_files(get(one)))
    )


def touched_tests(root: Path, base: str = "main") -> tuple[str, ...]:
    """Tests that mirror what differs from the branch `base`; all of them where git can't say.

    Of a module these are the tests of its name, or where there are none those of its folder; of a
    page the tests of the book. A file of the exercises is looked at by name instead.

    Returns:
        Files and folders below `root`.
    """
    files = changed_files(root, base)
    if files is None:
        return ("tests",)
    return (*ALWAYS, *sorted({one for file in files for one in _tests_of(root, Path(file))}))


def _tests_of(root: Path, file: Path) -> Iterable[str]:
    top, *below = file.parts
    if top == "book":
        yield "tests/book"
    elif top == "tests" and below and (root / file).exists():
        yield str(file if file.name.startswith("test_") else file.parent)
    elif top == "course_lib" and file.suffix == ".py":
        folder = Path("tests", *below[:-1])
        own = folder / f"test_{file.stem}.py"
        of_a_chapter = _room(file) in CHAPTERS_FOLDERS
        if (root / own).exists():
            yield str(own)
        elif (root / folder).is_dir() and folder != Path("tests"):
            yield str(folder)
        elif not of_a_chapter and (root / folder.parent).is_dir() and len(folder.parts) > 2:
            yield str(folder.parent)


def _room(file: Path) -> str | None:
    """The folder of the exercises that a file lies in, "." for no other; None outside of them."""
    return file.parent.relative_to(JUDGES).as_posix() if file.is_relative_to(JUDGES) else None


def changed_files(root: Path, base: str = "main") -> set[str] | None:
    """Files that differ from where this branch left `base`, also what is new or not committed.

    Returns:
        Paths below `root`; None where git can't say, as `why_unknown` tells.
    """
    try:
        return _changed_files(root, base)
    except (OSError, subprocess.CalledProcessError):
        return None


def why_unknown(root: Path, base: str = "main") -> str:
    """What keeps git from saying what has changed, in its own words; empty where it can say."""
    try:
        _changed_files(root, base)
    except OSError as error:
        return f"git can't be run ({error.strerror})"
    except subprocess.CalledProcessError as error:
        said = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        return " ".join(said) or f"git finds nothing that this tree and {base} have in common"
    return ""


def _changed_files(root: Path, base: str) -> set[str]:
    fork = _fork(root, base)
    committed = _git(root, "diff", "--name-only", "--relative", fork)
    return {*committed, *_git(root, "ls-files", "--others", "--exclude-standard")}


def _fork(root: Path, base: str) -> str:
    """Where this branch left `base`, or the one of `origin` where a clone has no branch `base`."""
    try:
        return _git(root, "merge-base", "HEAD", base)[0]
    except subprocess.CalledProcessError as without_branch:
        try:
            return _git(root, "merge-base", "HEAD", f"origin/{base}")[0]
        except subprocess.CalledProcessError:
            raise without_branch from None


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.splitlines()


def _files(exercise: Exercise) -> Iterable[str]:
    """The files that an exercise consists of, from the root of the checkout."""
    root = Path(__file__).resolve().parents[2]
    answers = (exercise.reference, *exercise.alternatives, *(m.answer for m in exercise.mistakes))
    for answer in answers:
        try:
            file = Path(inspect.getfile(answer)).resolve()
        except TypeError:  # not a function or a class of Python's
            continue
        if file.is_relative_to(root):
            yield file.relative_to(root).as_posix()
