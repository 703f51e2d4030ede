"""A pytest plugin that writes down which tests it found and which it ran; and what reads that.

``pytest -p course_lib.authoring.left_out --tell-left-out FILE``

pytest counts what a mark deselects, by case, but doesn't count it as skipped, and its report names
none of it. Here a test is one function, whatever its cases.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from course_lib.authoring.tally import Tally

FOUND = pytest.StashKey[frozenset[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that says where to."""
    parser.addoption("--tell-left-out", metavar="FILE", help="write into it what was run")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All that is there, before any option leaves some out."""
    config.stash[FOUND] = _tests(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write it down; of several processes each finds the same."""
    file = session.config.getoption("tell_left_out")
    if file is not None and FOUND in session.config.stash:
        kept = _tests(session.items)
        told = {"ran": sorted(kept), "found": sorted(session.config.stash[FOUND])}
        Path(file).write_text(json.dumps(told), encoding="utf-8")


def _tests(items: Iterable[pytest.Item]) -> frozenset[str]:
    return frozenset(item.nodeid.partition("[")[0] for item in items)


def read(file: Path) -> dict[str, frozenset[str]]:
    """What a run of pytest has told, as fields of a tally; nothing if it broke off before."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {what: frozenset(tests) for what, tests in told.items()}


def in_words(tally: Tally) -> Iterator[str]:
    """What no command ran, and a line for each folder: how many, and of which files all."""
    if tally.left_out:
        yield f"Tests left out, as slow or in need of the machine alone: {len(tally.left_out)}"
    touched = {_file(test) for test in tally.ran}
    files = Counter(_file(test) for test in tally.left_out)
    for folder in sorted({file.parent for file in files}):
        here = {file: count for file, count in files.items() if file.parent == folder}
        whole = ", ".join(sorted(file.name for file in here.keys() - touched))
        count = sum(here.values())
        yield f"{count:7}  {folder.as_posix()}" + (f": all of {whole}" if whole else "")


def _file(test: str) -> PurePosixPath:
    return PurePosixPath(test.partition("::")[0])
