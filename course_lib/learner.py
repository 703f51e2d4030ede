"""The learner's own copy of the exercise notebooks. Nothing here overwrites what they wrote."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises.progress import FOLDER, home

DEFAULT_FOLDER = Path("work")
RECORD = "released.json"

MADE, KEPT, BESIDE = "made", "kept", "put beside"


class LearnerError(Exception):
    """The copy can't be made or found; the message says what to do."""


@dataclass(frozen=True)
class Handed:
    """What `start` did about one notebook.

    Args:
        name: of the notebook as released.
        action: "made", "kept", or "put beside": the learner's stays, the new one lies beside it.
        path: the file that was made or kept.
    """

    name: str
    action: str
    path: Path


def released_folder() -> Path:
    """Where the notebooks as released lie: in the package, or in a checkout beside it.

    Raises:
        LearnerError: if there are none.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "released_notebooks", package.parent / "exercises"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise LearnerError(
        "This installation carries no exercise notebooks: install course-lib again, or in a "
        "checkout run `course notebooks`."
    )


def choose_folder(folder: Path | None) -> Path:
    """The folder asked for; without one, the copy that one stands in, else `work`."""
    return folder or home() or DEFAULT_FOLDER


def find_copy(folder: Path | None) -> Path:
    """The learner's copy at or around `folder`; without one, around here, else in `work`.

    Raises:
        LearnerError: if there is none.
    """
    found = home(folder) if folder else home() or home(DEFAULT_FOLDER)
    if found is None:
        where = f"{folder} lies in no" if folder else "There is no"
        raise LearnerError(f"{where} copy of the exercises: `course start` makes one.")
    return found


def start(folder: Path) -> list[Handed]:
    """Make the learner's copy, or bring what is new into one that is there.

    A notebook that is there stays as it is. If the release differs from everything that was handed
    out before, it is put beside as NAME.new-XXXXXXXX.ipynb, once.

    Raises:
        LearnerError: if the folder can't be used.
    """
    source = released_folder()
    if folder.resolve() == source:
        raise LearnerError(
            f"{folder} holds the course's own notebooks, which are generated: "
            f"name another folder, such as `course start {DEFAULT_FOLDER}`."
        )
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        return [_hand_out(notebook, folder) for notebook in sorted(source.glob("*.ipynb"))]
    except (FileExistsError, NotADirectoryError):
        raise LearnerError(
            f"{folder} can't be a folder, because a file is in the way: name another folder."
        ) from None
    except PermissionError:
        raise LearnerError(
            f"{folder} can't be written to: name a folder of your own, such as "
            f"`course start ~/course`."
        ) from None
    except OSError as error:
        reason = error.strerror or error
        raise LearnerError(f"{folder} could not be filled ({reason}). Nothing was lost.") from error


def _hand_out(notebook: Path, folder: Path) -> Handed:
    """Copy one notebook, keep the learner's, or put the new one beside it."""
    content = notebook.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    record = _load_record(folder)
    before = record.get(notebook.name, [])
    target = folder / notebook.name
    action = MADE
    if target.exists():
        if digest in before or _digest(target) == digest:
            action = KEPT
        else:
            action = BESIDE
            target = target.with_suffix(f".new-{digest[:8]}.ipynb")
    # Noted before it is copied: if this stops in between, the next start copies what is missing.
    # The other way round, it would take the learner's work for a release that was never noted.
    if action != BESIDE and digest not in before:
        _save_record(folder, {**record, notebook.name: [*before, digest]})
    if action != KEPT:
        _write(target, content, folder)
    if action == BESIDE:  # noted after: it is safe to put the same file there again
        _save_record(folder, {**record, notebook.name: [*before, digest]})
    return Handed(notebook.name, action, target)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _load_record(folder: Path) -> dict[str, list[str]]:
    """For each notebook the digests of every release that was handed out, oldest first.

    A record that can't be read counts as empty: at worst a notebook is put beside once more.
    """
    try:
        record = json.loads((folder / FOLDER / RECORD).read_text(encoding="utf-8"))
        return {name: list(digests) for name, digests in record["sha256"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _save_record(folder: Path, record: dict[str, list[str]]) -> None:
    text = json.dumps({"sha256": record}, indent=1, sort_keys=True) + "\n"
    draft = _draft(folder, RECORD, text.encode())
    draft.replace(folder / FOLDER / RECORD)


def _write(target: Path, content: bytes, folder: Path) -> None:
    """Put a file in place, whole or not at all, and never over one that is there."""
    draft = _draft(folder, target.name, content)
    try:
        os.link(draft, target)  # unlike a rename, this fails if something is there
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not target.exists():
            draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _draft(folder: Path, name: str, content: bytes) -> Path:
    draft = folder / FOLDER / f"{name}.{os.getpid()}.tmp"
    try:
        draft.write_bytes(content)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
