"""Start the sandbox, and in it one child for each notebook.

Outer walls: bubblewrap, or namespaces that Python asks for. Inside waits the warm parent of
`zygote`, which forks one walled-in child a notebook.
"""

import contextlib
import fcntl
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import course_lib

HERE = Path(__file__).parent
PACKAGE = Path(course_lib.__file__).parent
CODE = "/course"  # where the sandbox sees the files that it runs
FILES = {
    "zygote.py": HERE / "zygote.py",
    "outer.py": HERE / "outer.py",
    "walls.py": HERE / "walls.py",
    "wire.py": HERE / "wire.py",
    "worker.py": HERE / "worker.py",
    "guard.py": PACKAGE / "exercises" / "guard.py",
    "definitions.py": PACKAGE / "definitions.py",
}
KINDS = ("bubblewrap", "namespaces")
FOLDER = "course-sandbox-"
JUST_MADE = 5  # seconds in which a folder's owner locks it
FIRST_USER = 62_000  # of the users that submissions run as, when root runs the command
START_SECONDS = {"numpy": 60, "tensorflow": 300}
TENSORFLOW = ("tensorflow", "keras")
TENSORFLOW_MEMORY = 3 << 30  # address space that TensorFlow takes beyond NumPy

# What a student's code finds in its environment, and nothing else.
ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_HOME": "/tmp",
}


class NoSandbox(Exception):
    """No sandbox can be had here; the message says what to install."""


@dataclass(frozen=True)
class Limits:
    """What one notebook may take.

    Args:
        seconds: of wall time for each exercise.
        memory: bytes, beyond what the interpreter and its libraries hold.
        processes: processes and threads together.
        file_size: bytes of one file; the writable folder holds two of them.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    processes: int = 16
    file_size: int = 16 << 20


class Folder:
    """Where students' code runs and writes without a sandbox; it vanishes when it is closed.

    Who is killed can't close it. So its owner holds a lock on it, which ends with the process, and
    the next one removes what nobody holds.
    """

    def __init__(self):
        for old in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
            _remove_if_nobodys(old)
        self.path = Path(tempfile.mkdtemp(prefix=FOLDER))
        self._held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._held, fcntl.LOCK_EX)

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


class Sandbox:
    """A sandbox with a warm parent in it.

    Args:
        kind: "bubblewrap", "namespaces", or "none" for no walls at all.
        slot: number of this sandbox among those that run at the same time.
        tensorflow: whether to import TensorFlow.

    Raises:
        NoSandbox: if it doesn't come up.
    """

    def __init__(self, kind: str, slot: int = 0, tensorflow: bool = False):
        self.kind = kind
        self.slot = slot
        self.tensorflow = tensorflow
        self.folder = None
        mine, theirs = socket.socketpair()
        options = {"control": theirs.fileno(), "imports": TENSORFLOW if tensorflow else ()}
        if kind == "bubblewrap":
            command = [*_bubblewrap(), sys.executable, "-I", "-B", f"{CODE}/zygote.py"]
        elif kind == "namespaces":
            folders, links, hidden = _view()
            options["outer"] = {
                "root": _somewhere_to_build(folders),
                "folders": folders,
                "files": {f"{CODE}/{name}": str(file) for name, file in FILES.items()},
                "links": links,
                "hidden": hidden,
                "code": CODE,
            }
            command = [sys.executable, "-I", "-B", str(FILES["zygote.py"])]
        else:
            self.folder = Folder()
            for name, file in FILES.items():
                shutil.copy(file, self.folder.path / name)
            command = [sys.executable, "-I", "-B", f"{self.folder.path}/zygote.py"]
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
            raise NoSandbox(f"{kind} can't be started: {error}") from None
        finally:
            theirs.close()
        self.control = mine
        mine.settimeout(START_SECONDS["tensorflow" if tensorflow else "numpy"])
        try:
            ready = mine.recv(16)
        except TimeoutError:
            ready = b""
        if ready != b"ready\n":
            said = self._last_words()
            self.close()
            raise NoSandbox(f"{kind} doesn't work here: {said}")
        mine.settimeout(30)

    def child(self, limits: Limits) -> "Child":
        """A fresh child behind its own walls.

        Raises:
            NoSandbox: if the warm parent is gone.
        """
        talk, their_talk = socket.socketpair()
        tell, their_tell = socket.socketpair()
        order = {
            "walls": self.kind != "none",
            "uid": FIRST_USER + self.slot,
            "cpu": int(60 * limits.seconds),
            "memory": limits.memory + (TENSORFLOW_MEMORY if self.tensorflow else 0),
            "processes": limits.processes + (256 if self.tensorflow else 0),
            "file_size": limits.file_size,
            "environment": ENVIRONMENT,
            "proc": self.tensorflow,
            "folder": str(self.folder.path) if self.folder else "/",
        }
        if self.kind == "none":  # processes count for the whole user there
            order["processes"] = 100_000
        try:
            socket.send_fds(
                self.control,
                [json.dumps(order).encode()],
                [their_talk.fileno(), their_tell.fileno()],
            )
        except OSError:
            raise NoSandbox(f"the warm parent ended: {self._last_words()}") from None
        finally:
            their_talk.close()
            their_tell.close()
        return Child(talk, tell)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        if self.process.poll() is None or not select.select([self.process.stderr], [], [], 0)[0]:
            return "it says nothing"
        said = os.read(self.process.stderr.fileno(), 10_000).decode("utf-8", "replace").strip()
        return said.splitlines()[-1][:300] if said else "it says nothing"

    def close(self) -> None:
        """End it and all that is in it."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()
        if self.folder is not None:
            self.folder.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


class Child:
    """One walled-in child.

    Args:
        talk: the connection to it.
        tell: on which its keeper says how it ended; closing it kills the child.
    """

    def __init__(self, talk: socket.socket, tell: socket.socket):
        self.talk = talk
        self.tell = tell
        self.fate: dict | None = None

    def ended(self, wait: float = 2.0) -> dict:
        """How it ended, if it ended by itself: `reason` and `code`, or `refused`."""
        if self.fate is None:
            self.tell.settimeout(wait)
            try:
                self.fate = json.loads(self.tell.recv(4096))
            except (OSError, ValueError):
                return {}
        return self.fate

    def close(self) -> None:
        """Kill it, with all that it started, and wait until it's gone."""
        self.talk.close()
        with contextlib.suppress(OSError):
            self.tell.shutdown(socket.SHUT_WR)
            self.ended(wait=10)
        self.tell.close()


def find_sandbox() -> str:
    """The kind of sandbox that works here, tried out with a real child.

    Raises:
        NoSandbox: if none does.
    """
    reasons = []
    for kind in KINDS:
        problem = problem_with(kind)
        if not problem:
            return kind
        reasons.append(f"{kind}: {problem}")
    raise NoSandbox(
        "No sandbox can be had here, and a student's code must not run without one.\n"
        + "".join(f"  {reason}\n" for reason in reasons)
        + "Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap), or run this as root; "
        "where user namespaces are switched off (Ubuntu 24.04), switch them on: "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0. "
        "--no-sandbox runs everything without walls, and says what is given up."
    )


@functools.cache
def problem_with(kind: str) -> str:
    """Why a kind of sandbox doesn't work here, in words; empty if it does."""
    from course_lib.instructor.wire import Channel, Gone, Late, Violation

    if not sys.platform.startswith("linux"):
        return "this needs Linux"
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "it isn't installed"
    try:
        with Sandbox(kind) as sandbox:
            child = sandbox.child(Limits())
            try:
                channel = Channel(child.talk)
                soon = time.monotonic() + 20
                define = {"name": "probe", "cells": [], "seconds": 5.0}
                channel.send({"do": "define", "with": define}, deadline=soon)
                channel.receive(deadline=soon)
            except (Gone, Late, Violation):
                fate = child.ended()
                return str(fate.get("refused") or "the child's walls can't be put up")
            finally:
                child.close()
    except NoSandbox as error:
        return str(error)
    return ""


def _view() -> tuple[list[str], dict[str, str], list[str]]:
    """What the sandbox sees: folders, links at the root, and folders to cover."""
    links = {}
    folders = ["/usr"]
    for name in ("/lib", "/lib64", "/bin", "/sbin"):
        if os.path.islink(name):
            links[name] = os.readlink(name)
        elif os.path.isdir(name):
            folders.append(name)
    for folder in (sys.base_prefix, sys.prefix, *_site_packages()):
        folder = str(Path(folder).absolute())
        if not any(Path(folder).is_relative_to(f) for f in folders):
            folders.append(folder)
    # The course itself, where it was installed among the packages.
    secret = [PACKAGE, *PACKAGE.parent.glob("course_lib-*")]
    if (PACKAGE.parent / "pyproject.toml").exists():
        secret += [PACKAGE.parent / name for name in ("solutions", "tests", "exercises", "book")]
    hidden = [
        str(p)
        for p in secret
        if p.is_dir() and any(p.absolute().is_relative_to(f) for f in folders)
    ]
    return folders, links, hidden


def _somewhere_to_build(folders: list[str]) -> str:
    """A folder to build a root on; only the sandbox sees what is mounted there."""
    shown = [*folders, *(str(file) for file in FILES.values())]
    for place in ("/mnt", "/media", "/srv", "/opt", "/var", "/home"):
        if Path(place).is_dir() and not any(Path(f).is_relative_to(place) for f in shown):
            return place
    raise NoSandbox("there is no folder such as /mnt to build the sandbox on")


def _site_packages() -> set[str]:
    return {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}


def _bubblewrap() -> list[str]:
    folders, links, hidden = _view()
    command = [
        "bwrap",
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        "--unshare-cgroup-try",
        *(() if os.geteuid() == 0 else ("--unshare-user",)),
        *("--die-with-parent", "--new-session", "--clearenv"),
    ]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    # For the warm parent alone: a child gets an empty one of its own above it.
    command += ["--perms", "0755", "--size", str(16 << 20), "--tmpfs", "/tmp"]
    for folder in folders:
        # Python may live below a folder, such as /root, that others may not enter.
        for parent in reversed(Path(folder).parents[:-1]):
            command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", folder, folder]
    for name, target in links.items():
        command += ["--symlink", target, name]
    for folder in hidden:
        command += ["--tmpfs", folder, "--remount-ro", folder]
    for name, file in FILES.items():
        command += ["--perms", "0755", "--dir", CODE, "--ro-bind", str(file), f"{CODE}/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--remount-ro", "/", "--chdir", "/", "--"]
    return command
