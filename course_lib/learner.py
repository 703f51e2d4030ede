"""The learner's own copy of the exercise notebooks. Nothing here overwrites what they wrote."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises.progress import FOLDER, home
from course_lib.upgrade import changes, is_of_the_release, is_the_same, was_written_in

DEFAULT_FOLDER = Path("work")
RECORD = "released.json"
HANDED_OUT = "handed_out"  # in the copy's own folder: each notebook as it was before any work

MADE, KEPT, RENEWED, BESIDE = "made", "kept", "renewed", "put beside"


class LearnerError(Exception):
    """The copy can't be made or found; the message says what to do."""


@dataclass(frozen=True)
class Handed:
    """What `start` did about one notebook.

    Args:
        name: of the notebook as released.
        action: "made"; "kept"; "renewed": nothing was written in it, so it is the new release now;
            or "put beside": the learner's stays, and the new one lies beside it.
        path: the file that was made, renewed or kept.
        changes: what the new release changes, a line for each exercise.
    """

    name: str
    action: str
    path: Path
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class News:
    """A newer release than the one that the learner works in.

    Args:
        name: of the notebook as released.
        beside: the new release beside the learner's, None if `course start` has not put it there.
        changes: what it changes, a line for each exercise.
    """

    name: str
    beside: Path | None
    changes: tuple[str, ...]


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
    if folder and not folder.exists():
        raise LearnerError(f"There is no folder {folder}.")
    found = home(folder) if folder else home() or home(DEFAULT_FOLDER)
    if found is None:
        where = f"{folder} lies in no" if folder else "There is no"
        raise LearnerError(f"{where} copy of the exercises: `course start` makes one.")
    return found


def start(folder: Path) -> list[Handed]:
    """Make the learner's copy, or bring what is new into one that is there.

    A notebook in which nothing was written is renewed; see `upgrade.was_written_in`. One with work
    in it stays as it is. If the release differs from everything that was handed out before, it is
    put beside as NAME.new-XXXXXXXX.ipynb, once.

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
        (folder / FOLDER / HANDED_OUT).mkdir(parents=True, exist_ok=True)
        released = _released()
        before = _bases(folder, released)
        return [_hand_out(name, folder, before, released) for name in released]
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


def news(folder: Path) -> list[News]:
    """What is newer than the learner's notebooks; writes nothing.

    Who deletes the new release that lies beside theirs is done with it, and hears no more of it.
    """
    try:
        released = _released()
    except LearnerError:
        return []
    bases = _bases(folder, released)
    found = []
    for name, content in released.items():
        mine = _read(folder / name)
        base = bases.get(name)
        same = content in (base, mine) or (base is not None and is_the_same(base, content))
        if mine is None or same:
            continue
        beside = _beside(folder, name, content)
        put = _is_noted(folder, name, content)
        if beside.exists() or not put:
            told = _told(name, mine, base, bases, released)
            found.append(News(name, beside if beside.exists() else None, told))
    return found


def _released() -> dict[str, bytes]:
    """Every notebook as it is released now, by name."""
    return {path.name: path.read_bytes() for path in sorted(released_folder().glob("*.ipynb"))}


def _bases(folder: Path, released: dict[str, bytes]) -> dict[str, bytes]:
    """The release that each of the learner's notebooks was made from, where it is known."""
    kept = {name: _read(folder / FOLDER / HANDED_OUT / name) for name in released}
    for name, content in released.items():  # in an older copy it was not kept
        mine = _read(folder / name)
        if kept[name] is None and mine is not None and _is_noted(folder, name, mine):
            kept[name] = mine
        elif kept[name] is None and _is_noted(folder, name, content):
            kept[name] = None if _beside(folder, name, content).exists() else content
        elif kept[name] is None and mine is not None and is_of_the_release(mine, content):
            kept[name] = content  # it was worked in by itself, before there was a copy
    return {name: content for name, content in kept.items() if content is not None}


def _told(
    name: str, mine: bytes, base: bytes | None, bases: dict[str, bytes], released: dict[str, bytes]
) -> tuple[str, ...]:
    """The changes since the release that the learner's notebook was made from.

    Where that is not known, the learner's own notebook is compared, without their code.
    """
    return changes(name, {**bases, name: base or mine}, released, answered=base is None)


def _hand_out(
    name: str, folder: Path, bases: dict[str, bytes], released: dict[str, bytes]
) -> Handed:
    """Copy one notebook, renew or keep the learner's, or put the new one beside it."""
    content, base, target = released[name], bases.get(name), folder / name
    mine = _read(target)
    if mine is None:
        # Noted before it is copied: if this stops in between, the next start copies what is
        # missing. The other way round, it would take the learner's work for a release that was
        # never noted.
        _keep_base(folder, name, content)
        _note(folder, name, content)
        _write(target, content, folder)
        return Handed(name, MADE, target)
    if content == base or not was_written_in(mine, content):  # or only outputs are the learner's
        _note(folder, name, content)
        _keep_base(folder, name, content)
        return Handed(name, KEPT, target)
    told = _told(name, mine, base, bases, released)
    if base is not None and not was_written_in(mine, base):
        _draft(folder, name, content).replace(target)
        _note(folder, name, content)
        _keep_base(folder, name, content)
        return Handed(name, RENEWED, target, told)
    if base is not None and is_the_same(base, content):  # only its release number is new
        _note(folder, name, content)
        _keep_base(folder, name, content)
        return Handed(name, KEPT, target)
    beside = _beside(folder, name, content)
    if not _is_noted(folder, name, content):
        _write(beside, content, folder)
        _note(folder, name, content)  # after: it is safe to put the same file there again
        return Handed(name, BESIDE, beside, told)
    if not beside.exists():  # the learner is done with it
        _keep_base(folder, name, content)
        return Handed(name, KEPT, target)
    return Handed(name, KEPT, target, told)


def _beside(folder: Path, name: str, content: bytes) -> Path:
    """Where a new release is put beside the learner's."""
    return (folder / name).with_suffix(f".new-{_digest(content)[:8]}.ipynb")


def _read(path: Path) -> bytes | None:
    """The file's bytes; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _keep_base(folder: Path, name: str, content: bytes) -> None:
    """Remember the release that the learner's notebook was made from."""
    _draft(folder, name, content).replace(folder / FOLDER / HANDED_OUT / name)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_noted(folder: Path, name: str, content: bytes) -> bool:
    """Whether these bytes were handed out before under this name."""
    return _digest(content) in _load_record(folder).get(name, [])


def _note(folder: Path, name: str, content: bytes) -> None:
    """Remember that these bytes were handed out."""
    record = _load_record(folder)
    if not _is_noted(folder, name, content):
        _save_record(folder, {**record, name: [*record.get(name, []), _digest(content)]})


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
