"""Where students' code runs and writes without a sandbox."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox.own_user import is_of_a_sandbox

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

    def fill(self, files: Iterable[tuple[str, Path]]) -> None:
        """Copy files into it, for every user to read.

        Args:
            files: names inside, and where they are.
        """
        for name, file in files:
            place = self.path / name
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, place)
            place.chmod(0o644)
        for one in (self.path, *filter(Path.is_dir, self.path.iterdir())):
            one.chmod(0o755)

    def give_to(self, user: int) -> None:
        """Let that user alone work in it.

        Raises:
            NoSandbox: if this process may not give files away, or not to a user of this number.
        """
        try:
            os.chown(self.path, user, user)
        except PermissionError:
            raise NoSandbox("a user of its own needs root") from None
        except OSError as error:  # a container may know few users
            raise NoSandbox(f"the user {user} can't have a folder here: {error.strerror}") from None

    def close(self) -> None:
        """Remove it with all that is in it."""
        try:
            _remove(self.path)
        finally:
            os.close(self._held)


def _remove(folder: Path) -> None:
    """Remove a folder that a student's code has filled: however deep, and locked or not.

    `shutil.rmtree` calls itself for each folder in a folder, and a thousand are too many. For root
    nothing is locked; `chmod` would follow a link that has taken the folder's place.
    """
    unlock = [] if os.geteuid() == 0 else [["chmod", "-R", "u+rwx"]]
    for words in (*unlock, ["rm", "-rf"]):
        with contextlib.suppress(OSError):  # no process can be begun now: the next run removes it
            subprocess.run([*words, "--", folder], stderr=subprocess.DEVNULL, check=False)


def _remove_if_nobodys(folder: Path) -> None:
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone, a link, or somebody else's
        return
    try:
        about = os.fstat(held)
        ours = about.st_uid == os.geteuid() or is_of_a_sandbox(about.st_uid)
        if ours and time.time() - about.st_mtime > JUST_MADE:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
    except OSError:  # its owner is at work
        pass
    finally:
        os.close(held)
