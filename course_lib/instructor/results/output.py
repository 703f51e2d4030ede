"""Where a file that was asked for may be written."""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.folders import RESULTS

PAGES = (".html", ".htm")


def output_file(out: Path, kinds: Iterable[str], inputs: Iterable[Path] = ()) -> Path:
    """The file, if it is a new one or one of a kind that may be written over.

    Args:
        out: as it was named.
        kinds: endings of what may be written over, such as ".csv".
        inputs: files that are read, and must stay.

    Raises:
        BadUsage: if it is a folder, or lies in one that isn't there, or would write over an input
            or over something else.
    """
    if out.is_dir():
        raise BadUsage(f"--out is a file, and {out} is a folder: name a file in it.")
    if not out.parent.is_dir():
        raise BadUsage(f"--out: there is no folder {out.parent}. Make it first, or choose another.")
    if any(out.exists() and one.exists() and out.samefile(one) for one in inputs):
        raise BadUsage(f"--out {out} would write over what is read: choose another file.")
    if out.exists() and out.suffix.lower() not in kinds:
        raise BadUsage(f"--out {out} is there, and is no {' or '.join(kinds)}: choose another.")
    return out


def results_folder(out: Path, paths: Iterable[Path]) -> None:
    """See that results can go to a folder without being taken for a student's work, or hiding it.

    Args:
        out: as it was named; it may not be there yet.
        paths: where the class is.

    Raises:
        BadUsage: if it is the class's own folder, or one of a student's.
    """
    if not out.is_dir():
        return
    if any(path.exists() and out.samefile(path) for path in paths):
        raise BadUsage(
            f"--out {out} is the class itself, where results would be taken for a student's: "
            f"choose another folder, such as {out / 'results'}."
        )
    inside = any(out.resolve().is_relative_to(path.resolve()) for path in paths)
    written = any((out / one).exists() for one in (RESULTS, "results.json"))
    if inside and any(out.iterdir()) and not written:
        raise BadUsage(
            f"--out {out} lies in the class and holds no results. What it holds would not be "
            "looked at: choose a new folder."
        )


@contextlib.contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """Where to write a file or folder that shall be there whole or not at all.

    Args:
        place: where it goes in the end; an `OSError` in between names it.
    """
    draft = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        yield draft
        draft.rename(place)
    except BaseException as error:
        with contextlib.suppress(OSError):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
        if isinstance(error, OSError):
            error.filename = str(place)  # nobody has heard of the draft
        raise
