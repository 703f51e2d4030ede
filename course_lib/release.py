"""A notebook knows the release that it is of; checks of another release say so."""

import re

from course_lib import __version__

NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){2}")


def mark(release: str = __version__) -> dict:
    """What a notebook of a release has in its metadata."""
    return {"course": {"release": release}}


def release_of(notebook: object) -> str:
    """The release that a notebook, as JSON, says it is of; empty where it says none."""
    found = notebook
    for key in ("metadata", "course", "release"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) and NUMBER.fullmatch(found) else ""


def is_older(release: str, than: str = __version__) -> bool:
    """Whether a notebook is of an older release; one of none that is known isn't."""
    return bool(release) and _numbers(release) < _numbers(than)


def difference(release: str, checks: str = __version__) -> str:
    """A sentence for a notebook that is of another release than the checks; else nothing."""
    if release in ("", checks):
        return ""
    if is_older(release, checks):
        return f"It is of release {release}, the checks are of {checks}: what both have is checked."
    return (
        f"It is of release {release}, newer than the checks, which are of {checks}: "
        "upgrade the course."
    )


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
