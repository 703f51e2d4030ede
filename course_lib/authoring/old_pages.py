"""The pages of the last good book, which stay for readers until there are better ones."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

BEFORE, FAILED = "html-before", "html-failed"


@contextlib.contextmanager
def kept_until_better(build_dir: Path) -> Iterator[Callable[[], None]]:
    """Room for new pages in `html`: if the block ends before it says that they are good, however
    it ends, the old ones are there again, and the others beside them.

    Args:
        build_dir: where `html` is, or will be.
    """
    html, before, failed = (build_dir / name for name in ("html", BEFORE, FAILED))
    if before.exists():  # a build was killed: what it has left is no book
        _move(html, failed)
        _move(before, html)
    shutil.rmtree(failed, ignore_errors=True)
    _move(html, before)
    good = []
    try:
        yield lambda: good.append(True)
    finally:
        if good:
            shutil.rmtree(before, ignore_errors=True)
        else:
            _move(html, failed)
            if _move(before, html):
                print(f"The pages of before are still there: {html}", file=sys.stderr)


def _move(pages: Path, to: Path) -> bool:
    if not pages.exists():
        return False
    shutil.rmtree(to, ignore_errors=True)
    pages.rename(to)
    return True
