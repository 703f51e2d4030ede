"""Where students' code runs and writes without a sandbox."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from course_lib.instructor.errors import NoSandbox

FOLDER = "course-sandbox-"
JUST_MADE = 5  # seconds in which a folder's owner locks it


class Folder:
    """A folder that vanishes when it is closed.

    Who is killed can't close it. So its owner holds a lock on it, which ends with the process, and
    the next one removes what nobody holds.
    """

    def __init__(self):
        for old in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
            _remove_if_nobodys(old)
        self.path = Path(tempfile.mkdtemp(prefix=FOLDER))
        self._held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def give_to(self, user: int) -> None:
        """Let that user alone work in it.

        Raises:
            NoSandbox: if this process may not give files away.
        """
        try:
            for place in (self.path, *self.path.rglob("*")):
                os.chown(place, user, user)
        except PermissionError:
            raise NoSandbox("a user of its own needs root") from None

    def close(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


def _remove_if_nobodys(folder: Path) -> None:
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone, a link, or somebody else's
        return
    try:
        about = os.fstat(held)
        if about.st_uid == os.geteuid() and time.time() - about.st_mtime > JUST_MADE:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # its owner is at work
        pass
    finally:
        os.close(held)
