"""The folders of a container in which anybody may write, such as /tmp.

Without walls, what a student's code writes there outlives its process. The next one could read in
it what the instructor keeps to himself, and say it.
"""

import contextlib
import os
import stat
from collections.abc import Iterator

DEEPEST = 3  # folders below each other; to look at every folder of a container takes seconds
OTHERS_WRITE = 0o002


@contextlib.contextmanager
def closed_to_others(top: str = "/") -> Iterator[None]:
    """Let only their owners and groups write in them for a while. Needs root.

    Args:
        top: the folder to look in.
    """
    with contextlib.ExitStack() as opened:
        for folder, mode in _open_to_others(top, DEEPEST):
            with contextlib.suppress(OSError):  # of a disk that is read-only, say
                os.chmod(folder, mode & ~OTHERS_WRITE)
                opened.callback(_give_back, folder, mode)
        yield


def _give_back(folder: str, mode: int) -> None:
    with contextlib.suppress(FileNotFoundError):  # it was somebody's who has removed it
        os.chmod(folder, mode)


def _open_to_others(folder: str, depth: int) -> Iterator[tuple[str, int]]:
    try:
        mode = stat.S_IMODE(os.stat(folder).st_mode)
        entries = list(os.scandir(folder)) if depth else []
    except OSError:
        return
    if mode & OTHERS_WRITE:
        yield folder, mode
    for one in entries:
        if one.path not in ("/proc", "/sys") and _is_folder(one):
            yield from _open_to_others(one.path, depth - 1)


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # it has gone
        return False
