"""One source, two notebooks: `solutions/NN-name.py` to an exercise and a solution notebook.

In the source (jupytext, py:percent) a code cell with the single line `# EXERCISE: rnn_step` stands
for the whole exercise: its card, its code from the package, its check and its hints. What a cell
imports from the course is listed below it. Prose is for both notebooks. A solution's outputs come
from running it; nothing else differs from run to run.
"""

import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.authoring.helpers import helpers
from course_lib.authoring.install_cell import install_cell
from course_lib.authoring.own_settings import fonts_are_listed, set_aside
from course_lib.authoring.project_cells import STARS, project_card, training_cell
from course_lib.authoring.source import reference_code, starting_code
from course_lib.exercises.calling.guard import full_stop
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.markup import inline_code
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get
from course_lib.release import mark
from course_lib.repository import Repository, of_checkout
from course_lib.words import listed

ROOT = Path(__file__).resolve().parents[2]
SECONDS = ROOT / "benchmarks" / "results" / "check-seconds.json"
DIRECTIVE = re.compile(r"# EXERCISE:\s*(\w+)\s*")
BUG_HUNT = "**Bug hunt.** The code below runs, but it is wrong. Find out why, and fix it.\n\n"
# Rungs of a *speed up* that its docstring may leave out: so the card says them.
ALSO_LOOKED_AT = {
    "TensorFlow can trace it, whatever the size of the batch": (
        "traces it before the size of the batch is known"
    ),
    "the graph doesn't grow with the number of time steps": (
        "compares the graphs for short and for long sequences"
    ),
    "compiles with XLA, and stays right": "compiles it with XLA",
}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    **mark(),
}

Notebook = nbformat.NotebookNode


class DirectiveError(ValueError):
    """A cell of the source can't be expanded; the message names file and cell."""


class UnknownNotebook(LookupError):
    """No notebook has this name; the message names the nearest."""


def sources(root: Path = ROOT) -> list[Path]:
    """The sources of all notebooks, in order."""
    return sorted((root / "solutions").glob("[0-9][0-9]-*.py"))


def named(names: Iterable[str], root: Path = ROOT) -> list[Path]:
    """The sources of these notebooks, in order, each once; of all, where no name is given.

    Args:
        names: `03-gated-cells`, or a file of it.
        root: the checkout.

    Raises:
        UnknownNotebook: a name that no notebook has.
    """
    known = {source.stem: source for source in sources(root)}
    wanted = {name: re.sub(r"\.(py|ipynb)$", "", Path(name).name) for name in names}
    for name, stem in wanted.items():
        if stem not in known:
            near = difflib.get_close_matches(stem, known, n=1, cutoff=0.4)
            meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise UnknownNotebook(f"There is no notebook called {name!r}. {meant}")
    return [known[stem] for stem in known if stem in wanted.values() or not wanted]


def expand(
    source: Path,
    solved: bool,
    lookup: Callable[[str], Exercise] = get,
    repository: Repository | None = None,
) -> Notebook:
    """The notebook that a source stands for, without outputs.

    Args:
        source: a py:percent file.
        solved: whole code and strict checks, or stubs and checks that report.
        lookup: finds an exercise by its id.
        repository: where the course is published, if it is.

    Raises:
        DirectiveError: if a cell names no exercise, or holds more than its directive.
    """
    cells = []
    for number, cell in enumerate(jupytext.read(source).cells):
        match = DIRECTIVE.fullmatch(cell.source.strip())
        if match and cell.cell_type == "code":
            try:
                cells += exercise_cells(lookup(match[1]), solved)
            except KeyError as error:
                raise DirectiveError(f"{source.name}, cell {number}: {error}") from None
        elif "# EXERCISE" in cell.source:
            raise DirectiveError(
                f"{source.name}, cell {number}: '# EXERCISE: name' must stand alone in a code cell."
            )
        elif cell.cell_type == "code":
            cells.append(new_code_cell(cell.source, metadata=_kept(cell)))
            if text := helpers(cell.source):
                cells.append(new_markdown_cell(text))
        else:
            cells.append(new_markdown_cell(_titled(cell.source, solved)))
    for position, cell in enumerate(cells):
        # jupytext's own ids are random; these are the same each time.
        course = cell.metadata.get("course")
        cell.id = f"{course.exercise}-{course.role}" if course else f"cell-{position:03d}"
    cells.insert(1, install_cell(repository))  # below the title
    return new_notebook(cells=cells, metadata=METADATA)


def _titled(text: str, solved: bool) -> str:
    """The text; a solution notebook says in its title what it is."""
    return re.sub(r"\A# Exercises\b", "# Solutions", text) if solved else text


def exercise_cells(exercise: Exercise, solved: bool) -> list[Notebook]:
    """The cells of one exercise: card, code, check, hints; for a project, training before code."""
    name = exercise.id
    code = reference_code(exercise.reference) if solved else starting_code(exercise)
    strict = ", strict=True" if solved else ""
    cells = {
        "card": new_markdown_cell(card(exercise)),
        **_training(exercise, solved),
        "code": new_code_cell(code.rstrip()),
        "check": new_code_cell(f"check({name}{strict})"),
        "hints": new_markdown_cell(hints(exercise)),
    }
    for role, cell in cells.items():
        cell.metadata["course"] = {"exercise": name, "role": role}
    # So that a learner who upgrades is told when more is checked than before.
    cells["check"].metadata["course"]["checks"] = [rung.name for rung in exercise.ladder]
    return list(cells.values())


def _training(exercise: Exercise, solved: bool) -> dict[str, Notebook]:
    if not isinstance(exercise, Project):
        return {}
    return {"training": new_code_cell(training_cell(exercise, solved))}


def card(exercise: Exercise) -> str:
    """Title, goal and what to expect, in Markdown."""
    if isinstance(exercise, Project):
        return project_card(exercise)
    label = f"sec-{exercise.id.lower().replace('_', '-')}"
    section = f"../book/{page_with(label)}.md#{label}"
    return (
        f"### `{exercise.id}`\n\n"
        f"**{full_stop(exercise.title)}** {exercise.goal}\n\n"
        f"{BUG_HUNT if exercise.start else ''}"
        f"{_speed_up(exercise) if exercise.kind == 'speed up' else ''}"
        f"{STARS[exercise.difficulty]} · about {exercise.minutes} minutes · "
        f"the first check takes {_seconds(exercise.id)} on two CPU cores, no GPU needed · "
        f"[read about it in the chapter]({section})"
    )


def page_with(label: str, book: Path = ROOT / "book") -> str:
    """The name of the page with this label: a chapter, or a page that belongs to one.

    Raises:
        DirectiveError: no page has it, or more than one.
    """
    line = f"\n({label})=\n"
    pages = [page.stem for page in sorted(book.glob("*.md")) if line in page.read_text("utf-8")]
    if len(pages) == 1:
        return pages[0]
    where = f"stands in {' and '.join(pages)}" if pages else "stands in no page of the book"
    raise DirectiveError(f"The label ({label})= {where}. It must stand in one, before a heading.")


def _speed_up(exercise: Exercise) -> str:
    """What is different about this kind."""
    twin = f"Now in TensorFlow: it builds on your `{exercise.twin}` in NumPy."
    names = {rung.name for rung in exercise.ladder}
    looks = [words for name, words in ALSO_LOOKED_AT.items() if name in names]
    also = f" The check also {listed(looks)}." if looks else ""
    return (
        f"**Speed up.** {exercise.no_twin or twin}{also} The first check has to wait until "
        f"TensorFlow has started. {exercise.runs_on}\n\n"
    )


def hints(exercise: Exercise) -> str:
    """The hints, folded under their symptoms."""
    folded = [
        f"<details>\n<summary>{inline_code(hint.symptom)}</summary>\n\n{hint.text}\n\n</details>"
        for hint in exercise.hints
    ]
    return "\n\n".join(folded)


def _seconds(name: str) -> str:
    """The measured time of the reference's check, as `course prove --measure` stored it."""
    measured = json.loads(SECONDS.read_text(encoding="utf-8"))["seconds"]
    if name not in measured:
        raise DirectiveError(f"{name}: no measured time; run `course prove --measure`.")
    return "under 1 s" if measured[name] < 1 else f"about {measured[name]:.0f} s"


def _kept(cell: Notebook) -> dict:
    """What a cell's own metadata says to Jupyter Book: tags, and the alt text of its picture."""
    return {key: cell.metadata[key] for key in ("tags", "mystnb") if cell.metadata.get(key)}


def run(notebook: Notebook, folder: Path) -> Notebook:
    """The notebook with its outputs, run from top to bottom; stops at the first error.

    Raises:
        KeyboardInterrupt: at Ctrl-C, or where the process is to end.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from traitlets import default

    class OwnKernel(AsyncKernelManager):
        """The kernel of this Python, whichever Jupyter would find first by what a shell says."""

        @default("kernel_spec_manager")
        def _installed_nowhere(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        kernel_manager_class=OwnKernel,
        coalesce_streams=True,  # where a cell's printing is cut into pieces is chance
        resources={"metadata": {"path": folder}},
    )
    fonts_are_listed()
    with set_aside() as environment:
        try:
            client.execute(env=environment)
        except Exception:
            # nbclient ends its kernel at the signal, goes on, and then misses it.
            if hasattr(client, "_async_cleanup_kernel_future"):
                raise KeyboardInterrupt from None
            raise
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps
    notebook.metadata = nbformat.from_dict(METADATA)  # no version of this machine's Python
    return notebook


def as_text(notebook: Notebook) -> str:
    """The notebook's file, in one fixed form."""
    return nbformat.writes(notebook, version=4) + "\n"


def targets(source: Path, root: Path = ROOT) -> tuple[Path, Path]:
    """The exercise notebook and the solution notebook of a source."""
    name = f"{source.stem}.ipynb"
    return root / "exercises" / name, root / "solutions" / name


def write(root: Path = ROOT, names: Iterable[str] = ()) -> None:
    """Write each exercise notebook, and each solution notebook with fresh outputs.

    Raises:
        UnknownNotebook: a name that no notebook has; nothing is written then.
    """
    repository = of_checkout(root)
    for source in named(names, root):
        exercise_path, solution_path = targets(source, root)
        exercise_path.parent.mkdir(exist_ok=True)
        exercise = expand(source, solved=False, repository=repository)
        exercise_path.write_text(as_text(exercise), encoding="utf-8")
        print(f"wrote {exercise_path.relative_to(root)}")
        solution = expand(source, solved=True, repository=repository)
        solved = run(solution, solution_path.parent)
        solution_path.write_text(as_text(solved), encoding="utf-8")
        print(f"wrote {solution_path.relative_to(root)}, executed")


def drift(root: Path = ROOT, names: Iterable[str] = ()) -> list[str]:
    """What differs between the notebooks and what their sources say now, a sentence each.

    Byte for byte; only a solution's outputs are taken as they are, because running the notebooks
    compares those.

    Raises:
        UnknownNotebook: a name that no notebook has.
    """
    found, repository = [], of_checkout(root)
    for source in named(names, root):
        for path, solved in zip(targets(source, root), (False, True), strict=True):
            fresh = expand(source, solved, repository=repository)
            found += _drift_of(path, fresh, solved, root)
    expected_files = {path for source in sources(root) for path in targets(source, root)}
    for folder in ("exercises", "solutions"):
        for path in sorted((root / folder).glob("*.ipynb")):
            if path not in expected_files:
                found.append(f"{path.relative_to(root)}: no source stands behind it; delete it.")
    return found


def _drift_of(path: Path, fresh: Notebook, solved: bool, root: Path) -> list[str]:
    name = path.relative_to(root)
    if not path.exists():
        return [f"{name}: missing."]
    text = path.read_text(encoding="utf-8")
    try:
        stored = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    except Exception as error:
        return [f"{name}: not a notebook ({error})."]
    if solved:
        unrun = [
            cell.id
            for cell in stored.cells
            if cell.cell_type == "code" and cell.execution_count is None
        ]
        if unrun:
            return [f"{name}, cell {unrun[0]}: never run, or its outputs were cleared."]
        for ours, theirs in zip(fresh.cells, stored.cells, strict=False):
            if ours.cell_type == theirs.cell_type == "code":
                ours.outputs, ours.execution_count = theirs.outputs, theirs.execution_count
    if as_text(fresh) == text:
        return []
    for ours, theirs in zip(fresh.cells, stored.cells, strict=False):
        if ours != theirs:
            what = "text" if ours.source != theirs.source else "metadata, outputs or id"
            return [f"{name}, cell {theirs.get('id', '?')}: its {what} differs from the source."]
    if len(fresh.cells) != len(stored.cells):
        return [f"{name}: {len(stored.cells)} cells where the source has {len(fresh.cells)}."]
    return [f"{name}: the file differs from what would be written (metadata or layout)."]


def main(check: bool = False, root: Path = ROOT, names: Iterable[str] = ()) -> int:
    """Write the notebooks, or with `check` fail on any drift; the number to exit with.

    Raises:
        UnknownNotebook: a name that no notebook has.
    """
    if not sources(root):
        print(f"No sources in {root / 'solutions'}: this command needs a checkout of the course.")
        return 2
    if not check:
        write(root, names)
        return 0
    found = drift(root, names)
    for sentence in found:
        print(f"✗ {sentence}", file=sys.stderr)
    if found:
        print("Run `course notebooks` and commit what it writes.", file=sys.stderr)
        return 1
    print(f"{2 * len(named(names, root))} notebooks agree with their sources.")
    return 0
