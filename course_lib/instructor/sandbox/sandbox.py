"""Start the sandbox, and in it one child for each notebook.

Outer walls: bubblewrap, or namespaces that Python asks for. Inside waits `inside.fork_server`,
which forks one walled-in child a notebook.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox.folder import Folder
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.own_user import OwnUser
from course_lib.instructor.sandbox.view import (
    CODE,
    ENVIRONMENT,
    FILES,
    SCRATCH,
    bubblewrap_command,
    namespaces_plan,
    package_folders,
)

START_SECONDS = {"numpy": 60, "tensorflow": 300}
TENSORFLOW = ("tensorflow", "keras")
TENSORFLOW_MEMORY = 3 << 30  # address space that TensorFlow takes beyond NumPy
LOCAL = (socket.AF_UNIX,)
COVERED = (*LOCAL, socket.AF_INET, socket.AF_INET6)  # by namespaces; not vsock, netlink, AF_ALG …
WITHOUT_WALLS = ("user", "none")
FAMILIES = {"bubblewrap": COVERED, "namespaces": COVERED, "user": LOCAL, "none": ()}  # of sockets


class Sandbox:
    """A sandbox with a fork server in it, which has imported what is heavy.

    Args:
        kind: "bubblewrap", "namespaces"; "user" for a user of its own and no IP sockets, where
            root may make no namespaces; or "none" for no walls at all.
        tensorflow: whether to import TensorFlow.
        secret: folders and files that it must not see, wherever they lie.

    Raises:
        NoSandbox: if it doesn't come up.
    """

    def __init__(self, kind: str, tensorflow: bool = False, secret: Iterable[Path] = ()):
        self.kind = kind
        self.tensorflow = tensorflow
        self.walls = kind not in WITHOUT_WALLS
        with contextlib.ExitStack() as opened:
            self.user = opened.enter_context(contextlib.closing(OwnUser()))
            self._start(secret, opened)
            self._opened = opened.pop_all()

    def _start(self, secret: Iterable[Path], opened: contextlib.ExitStack) -> None:
        """Start the fork server, and note what there is to close."""
        mine, theirs = (opened.enter_context(one) for one in socket.socketpair())
        options = {
            "control": theirs.fileno(),
            "imports": TENSORFLOW if self.tensorflow else (),
            "families": FAMILIES[self.kind],
            "packages": package_folders(),
        }
        if self.kind == "bubblewrap":
            command = [
                *bubblewrap_command(secret),
                sys.executable,
                "-I",
                "-B",
                f"{CODE}/fork_server.py",
            ]
        elif self.kind == "namespaces":
            options["outer"] = namespaces_plan(secret)
            command = [sys.executable, "-I", "-B", str(FILES["fork_server.py"])]
        else:
            code = opened.enter_context(contextlib.closing(Folder()))
            code.fill(FILES.items())
            command = [sys.executable, "-I", "-B", f"{code.path}/fork_server.py"]
        try:
            self.process = subprocess.Popen(
                [*command, json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                env=ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise NoSandbox(f"{self.kind} can't be started: {error}") from None
        self.control = mine
        opened.callback(self._end)
        theirs.close()
        mine.settimeout(START_SECONDS["tensorflow" if self.tensorflow else "numpy"])
        try:
            ready = mine.recv(16)
        except TimeoutError:
            ready = b""
        if ready != b"ready\n":
            raise NoSandbox(f"{self.kind} doesn't work here: {self._last_words()}")
        mine.settimeout(30)

    def child(self, limits: Limits) -> "Child":
        """A fresh child behind its own walls.

        Raises:
            NoSandbox: if the fork server is gone.
        """
        talk, their_talk = socket.socketpair()
        tell, their_tell = socket.socketpair()
        folder = None if self.walls else self._folder()
        child = Child(talk, tell, folder)
        scratch = str(folder.path) if folder else SCRATCH
        order = {
            "walls": self.walls,
            "own_user": self.kind == "user",
            "uid": self.user.uid,
            "nobody": self.user.nobody,
            "cpu": int(60 * limits.seconds),
            "memory": limits.memory + (TENSORFLOW_MEMORY if self.tensorflow else 0),
            "processes": limits.processes + (256 if self.tensorflow else 0),
            "file_size": limits.file_size,
            "environment": {
                name: scratch if value == SCRATCH else value for name, value in ENVIRONMENT.items()
            },
            "proc": self.tensorflow,
            "folder": scratch,
        }
        if self.kind == "none":  # processes count for the whole user there
            order["processes"] = 100_000
        with their_talk, their_tell:
            ends = [their_talk.fileno(), their_tell.fileno()]
            try:
                socket.send_fds(self.control, [json.dumps(order).encode()], ends)
                return child
            except OSError:
                pass
        child.close()  # it waits for an end that this process must not hold open any more
        raise NoSandbox(f"the fork server ended: {self._last_words()}")

    def _folder(self) -> Folder:
        """Where a child without walls may write; it ends with the child."""
        with contextlib.ExitStack() as opened:
            folder = opened.enter_context(contextlib.closing(Folder()))
            if self.kind == "user":
                folder.give_to(self.user.uid)
            opened.pop_all()  # the child closes it
        return folder

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        if self.process.poll() is None or not select.select([self.process.stderr], [], [], 0)[0]:
            return "it says nothing"
        said = os.read(self.process.stderr.fileno(), 10_000).decode("utf-8", "replace").strip()
        return said.splitlines()[-1][:300] if said else "it says nothing"

    def close(self) -> None:
        """End it and all that is in it."""
        self._opened.close()

    def _end(self) -> None:
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


class Child:
    """One walled-in child.

    Args:
        talk: the connection to it.
        tell: on which its keeper says how it ended; closing it kills the child.
        folder: removed when the child is closed.
    """

    def __init__(self, talk: socket.socket, tell: socket.socket, folder: Folder | None = None):
        self.talk = talk
        self.tell = tell
        self.folder = folder
        self.fate: dict | None = None
        self._told = b""

    def ended(self, wait: float = 2.0) -> dict:
        """How it ended, if it ended by itself: `reason` and `code`, or `refused`."""
        while self.fate is None:
            said = self._next(wait)
            if said is None:
                return {}
            if "worked" not in said:  # which may come after its question was given up
                self.fate = said
        return self.fate

    def worked(self, wait: float = 5.0) -> float | None:
        """Seconds of the processor that it has used so far; None: it has ended."""
        if self.fate is None:
            with contextlib.suppress(OSError):
                self.tell.sendall(b"?")
            said = self._next(wait) or {}
            if "worked" in said:
                return said["worked"]
            self.fate = said or None
        return None

    def _next(self, wait: float) -> dict | None:
        """What its keeper says next, if it says anything."""
        self.tell.settimeout(wait)
        try:
            while b"\n" not in self._told:
                part = self.tell.recv(4096)
                if not part:
                    return None
                self._told += part
            line, _, self._told = self._told.partition(b"\n")
            return json.loads(line)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Kill it, with all that it started, and wait until it's gone."""
        self.talk.close()
        with contextlib.suppress(OSError):
            self.tell.shutdown(socket.SHUT_WR)
            self.ended(wait=10)
        self.tell.close()
        if self.folder is not None:
            self.folder.close()
            self.folder = None
