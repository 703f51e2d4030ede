"""Check the exercises in a learner's notebook; of the rest only what they need is run."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from course_lib.authoring.source import start_of_hunt
from course_lib.exercises import check
from course_lib.exercises.calling import guard
from course_lib.exercises.cards import Card
from course_lib.exercises.registry import CHAPTERS, chapter_of, get, ids
from course_lib.exercises.report import Report
from course_lib.instructor.intake.extract import Cells, Unreadable, extract
from course_lib.learner import DEFAULT_FOLDER
from course_lib.reading.run import Notebook, read, run


class NotebookError(Exception):
    """The file can't be read as a notebook, or holds no exercise; the message says why."""


def check_notebook(
    path: Path, wanted: list[str]
) -> Iterator[tuple[Notebook, str, Report | Card | None]]:
    """Check the exercises in a notebook; progress goes to the copy that the notebook lies in.

    Args:
        path: the notebook.
        wanted: ids; empty for all that belong to the notebook.

    Yields:
        As soon as an exercise has been checked: what was taken from the notebook, the id, and the
        report; a card where it can't be checked here, None where the notebook defines no such
        function.

    Raises:
        NotebookError: if the file is no notebook, or none of the exercises belongs to it.
        UnknownExercise: if an id is wrong.
    """
    with answers_in(path, wanted) as (notebook, answers):
        for one, written in answers.items():
            yield notebook, one, None if written is None else check(written, one)


@contextlib.contextmanager
def answers_in(
    path: Path, wanted: list[str]
) -> Iterator[tuple[Notebook, dict[str, Callable | None]]]:
    """What a notebook has for exercises; the block runs where the notebook lies.

    Args:
        path: the notebook.
        wanted: ids; empty for all that belong to the notebook.

    Yields:
        What was taken from the notebook, and for each id what was written, or None.

    Raises:
        NotebookError: if the file is no notebook, or none of the exercises belongs to it.
        UnknownExercise: if an id is wrong.
    """
    for one in wanted:
        chapter_of(one)
    cells = read_notebook(path)
    with contextlib.chdir(path.resolve().parent), _importable(path.resolve().parent):
        program, notebook = read(path.name, cells.code)
        notebook.remarks += [f"{path.name}: {one}" for one in cells.remarks]
        asked = wanted or belonging(notebook)
        there = [one for one in asked if one in notebook.names]
        starts = {one: code for one in there if (code := start_of_hunt(get(one)))}
        run(program, notebook, there, starts, guard.time_limit)
        yield notebook, {one: notebook.answer(one) for one in asked}


def read_notebook(path: Path) -> Cells:
    """What the judge of a class reads of it too, in whatever encoding and format it is.

    Raises:
        NotebookError: if the file can't be read as a notebook; says what it is instead.
    """
    try:
        return extract(path.read_bytes())
    except FileNotFoundError:
        raise NotebookError(f"There is no file {path}.{_nearest_notebook(path)}") from None
    except IsADirectoryError:
        there = sorted(path.glob("*.ipynb"))
        such = f" such as {there[0]}" if there else ""
        raise NotebookError(f"{path} is a folder: name a notebook{such}.") from None
    except OSError as error:
        raise NotebookError(f"{path} can't be read ({error.strerror}).") from None
    except Unreadable as problem:
        raise NotebookError(
            f"{path} is no notebook that can be read: {problem}. If it was one, Jupyter's "
            ".ipynb_checkpoints folder beside it may hold an earlier version."
        ) from None


def belonging(notebook: Notebook) -> list[str]:
    """Ids that a notebook should answer: its chapter's, or else those that it defines.

    Raises:
        NotebookError: if there are none.
    """
    for chapter in CHAPTERS:
        if notebook.name.startswith(chapter.notebook):
            return list(chapter.exercises)
    found = [one for one in ids() if one in notebook.names]
    if not found:
        raise NotebookError(
            f"{notebook.name} defines no exercise: none of its functions and classes has the name "
            "of one. `course progress` lists them."
        )
    return found


def not_defined(exercise_id: str, path: Path) -> str:
    """One sentence on an exercise that a notebook doesn't define: where it belongs."""
    said = f"{path.name} defines nothing of that name."
    home = chapter_of(exercise_id).notebook
    return said if path.name.startswith(home) else f"{said} It is in {home}.ipynb."


def _nearest_notebook(path: Path) -> str:
    """A notebook that may have been meant: beside the missing one, or in the learner's copy there.

    The pages name notebooks as in that copy, where `make lab` begins.
    """
    import difflib

    folders = (path.parent / DEFAULT_FOLDER, path.parent)  # of one name, the one beside it
    there = {p.stem: p for f in folders for p in f.glob("*.ipynb") if p.is_file()}
    near = difflib.get_close_matches(path.stem, there, n=1, cutoff=0.6)  # without the ending: all
    return f" Did you mean {there[near[0]]}?" if near else ""  # notebooks have that in common


@contextlib.contextmanager
def _importable(folder: Path):
    """Modules beside the notebook can be imported, as in Jupyter."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
