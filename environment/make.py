"""Make the environment in .venv, or bring it up to date: ``python environment/make.py``.

The Makefile runs this with the Python that the environment is for; run by the environment's own, it
brings that up to date. It needs nothing but the standard library. All that pip says goes to a file;
what is printed is what happens, how long it takes, and how far it is.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

VENV = Path(".venv")
LOCK = Path("requirements.lock")
SPACE = 3.0  # GB
BETWEEN_LINES = 30.0  # seconds, where the output is no terminal
# They would lead pip, or the environment's Python, to packages of another place, or have pip take
# other versions than those of the lock.
FOREIGN = (
    *("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON"),
    *("PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"),
)
# A variable or a pip.conf may ask for what no environment allows, for nothing to be installed, or
# for the hash of the course itself, which has none.
ANSWERED_NO = ("PIP_USER", "PIP_DRY_RUN", "PIP_REQUIRE_HASHES")
# What a failure looks like in the log, and what then helps; the first that is found counts.
CURES = (
    (
        r"No space left",
        "The disk is full: the environment needs 3 GB, and pip some more in its cache.",
    ),
    (
        r"certificate (has expired|is not yet valid)",
        "Does `date` say what day it is? By a wrong clock, no server's certificate is valid.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The server's certificate is not trusted here. If your network has its own certificates, "
        "name their file: export PIP_CERT=/path/to/certificates.pem",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError",
        "Is there a network? Behind a proxy, name it: export https_proxy=http://HOST:PORT",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A package isn't the one that was pinned. Try again; if it stays, report it.",
    ),
)


class Failed(Exception):
    """Why there is no environment, in words for the person who typed `make`."""


class Progress:
    """Says how far a step is: on one line of a terminal; elsewhere with a new line now and then.

    Args:
        out: where to; a terminal or not.
    """

    def __init__(self, out: TextIO):
        self.out = out
        self.live = out.isatty() and os.environ.get("TERM") != "dumb"
        self.open = False  # whether the cursor stands in a line that may still change
        self.began = self.printed = 0.0

    def say(self, text: str) -> None:
        """A line of its own."""
        self.close()
        self.out.write(text + "\n")
        self.out.flush()

    def step(self, text: str) -> None:
        """A step begins; the one before it is done."""
        self.close()
        self.began = time.monotonic()
        self.printed = float("-inf")
        self.show(text)

    def show(self, text: str, detail: str = "") -> None:
        """The step is this far. May be called as often as one likes."""
        now = time.monotonic()
        seconds = now - self.began
        text = f"  {text}" + (f", {duration(seconds)}" if seconds >= 1 else "")
        text += f": {detail}" if detail else ""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.out.write("\r" + text[:width].ljust(width))
            self.out.flush()
            self.open = True
        elif now - self.printed >= BETWEEN_LINES:
            self.say(text)
            self.printed = now

    def close(self) -> None:
        """Go on below the line that could still change."""
        if self.open:
            self.out.write("\n")
            self.open = False


def duration(seconds: float) -> str:
    """As in "48 s" and "2 min 5 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Pip:
    """What pip's output says about how far it is.

    Args:
        pins: number of packages in the lock; 0 if there is none and the number isn't known.
        site_packages: the folder that pip installs into.
    """

    def __init__(self, pins: int, site_packages: Path):
        self.pins, self.site_packages = pins, site_packages
        self.ignored, self.to_install = 0, 0
        self.fetched: set[str] = set()
        self.current = ""
        self.began_to_install = 0.0

    def read(self, line: str) -> None:
        """Take in the next line."""
        line = line.strip()
        if line.startswith("Ignoring "):  # a pin for another system or Python
            self.ignored += 1
        elif match := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            self.fetched.add(match[1])
            self.current = match[1]
        elif match := re.match(r"Downloading (?:.*/)?([^/]+?)-\d\S* \((.*B)\)", line):
            self.current = f"{match[1]} ({match[2]})"
        elif line.startswith("Installing collected packages: "):
            self.to_install = line.count(",") + 1
            self.began_to_install = time.time()

    def show(self, progress: Progress) -> None:
        """Say how far it is."""
        if self.to_install:
            done = min(self._installed(), self.to_install)
            progress.show(f"installing {done} of {self.to_install} packages")
        else:
            of = f" of {self.pins - self.ignored}" if self.pins else ""
            progress.show(f"fetching {len(self.fetched)}{of} packages", self.current)

    def _installed(self) -> int:
        """Packages put in place since the installing began: pip itself is silent then."""
        return sum(
            os.path.getmtime(entry) >= self.began_to_install - 1
            for entry in self.site_packages.glob("*.dist-info")
            if entry.exists()
        )


def lines_of(process: subprocess.Popen, every: float = 1.0) -> Iterator[str]:
    """What a process prints, line by line; an empty one after `every` seconds of silence."""
    pending = b""
    while True:
        ready, _, _ = select.select([process.stdout], [], [], every)
        if not ready:
            yield ""
            continue
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        *lines, pending = (pending + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") + "\n" for line in lines)
        if not chunk:
            if pending:
                yield pending.decode("utf-8", "replace")
            return


def run(what: str, command: list[str], log: TextIO, progress: Progress, pip: Pip | None = None):
    """Run a command, everything that it prints to the log.

    Raises:
        Failed: it failed; with what it said last and the log's name.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= dict.fromkeys(ANSWERED_NO, "0")
    log.write(f"$ {' '.join(command)}\n")
    start = log.tell()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    try:
        for line in lines_of(process):
            log.write(line)
            log.flush()
            if pip:
                pip.read(line)
                pip.show(progress)
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        log.seek(start)
        raise Failed(f"{what} failed.\n{telling(log.read())}\nThe whole log: {log.name}")


def telling(output: str) -> str:
    """The lines that say why, and what helps if that is known."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|error|\w*Error)\b", line)]
    kept = [f"  {line[:300]}" for line in (errors or lines)[-5:]]
    kept += next(([cure] for pattern, cure in CURES if re.search(pattern, output)), [])
    return "\n".join(kept)


def refuse_noexec(root: Path) -> None:
    """Say so before anything is fetched where no compiled package could be loaded afterwards.

    Raises:
        Failed: the folder's file system is mounted so that nothing in it may be run.
    """
    if os.statvfs(root).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise Failed(
            "This folder is on a file system that is mounted noexec, from which no program and no "
            "compiled package can be run. Put the course into a folder on another one."
        )


def refuse_letters(root: Path) -> None:
    """Say so where the folder's path has a letter that some tool takes for something else.

    Raises:
        Failed: venv would refuse a colon; jupyter-cache ends a path before a question mark, and
            the recipes of the Makefile their lines before a line break.
    """
    for letter, name in ((":", "a colon"), ("?", "a question mark"), ("\n", "a line break")):
        if letter in str(root):
            raise Failed(
                f"The path of this folder has {name} in it, which not all tools of the course "
                "understand. Put the course into a folder whose path has none."
            )


def refuse_read_only(root: Path) -> None:
    """Say so where the environment can't be made because nothing can be written.

    Raises:
        Failed: no file can be made in the folder.
    """
    if not os.access(root, os.W_OK):
        raise Failed(
            f"{root} can't be written to, and the environment goes into it. Copy the course into a "
            "folder of your own."
        )


def refuse_umask() -> None:
    """Say so where nobody could open the environment, and only root could remove it.

    `course_lib.hindrances` says it of all else; here there is no package yet.

    Raises:
        Failed: the umask takes the owner's own rights to new files.
    """
    mask = os.umask(0o022)  # it can't be read without being set
    os.umask(mask)
    if mask & 0o700:
        raise Failed(
            f"With the umask {mask:04o} you may not open what you make yourself. Run `umask 022`, "
            "then try again."
        )


@contextlib.contextmanager
def turn(root: Path, progress: Progress) -> Iterator[bool]:
    """Wait while another make is at the environment of this folder; whether one was."""
    import fcntl

    handle, waited = os.open(root, os.O_RDONLY), False
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"Another make is at the environment ({VENV}): this one waits for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
            waited = True
        except OSError:  # a file system without locks
            pass
        yield waited
    finally:
        os.close(handle)


def is_ready(root: Path) -> bool:
    """Whether there is an environment of this Python, made from what is there now."""
    usable = ["sh", "environment/usable.sh", sys.executable]
    return subprocess.run(usable, cwd=root, stdout=subprocess.PIPE).stdout == b"yes\n"


def made_from(root: Path) -> bytes:
    """What `.ready` says of an environment that was made in this folder now."""
    command = ["sh", "environment/made_from.sh"]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE).stdout


def remove(venv: Path) -> None:
    """Remove the old environment. Of a link, only the link: what it leads to belongs elsewhere."""
    if venv.is_symlink() or venv.is_file():
        venv.unlink()
    elif venv.exists():
        shutil.rmtree(venv)


def point_at_checkout(site_packages: Path, root: Path) -> None:
    """Let the editable install name this folder relative to itself.

    Python 3.11 and 3.12 read `.pth` files in the locale's encoding, in UTF-8 mode too: with an
    absolute path that isn't ASCII, no Python of the environment starts under LC_ALL=C.
    """
    relative = os.path.relpath(root, site_packages)
    for path in site_packages.glob("*course_lib*.pth"):
        path.write_text(relative + "\n", encoding="ascii")


def quiet_kernels(venv: Path) -> None:
    """Let the kernels of this environment say no more than what went wrong.

    Each would else begin with a warning that it isn't encrypted; they talk to this machine alone.
    """
    config = venv / "etc" / "ipython" / "ipython_kernel_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('{"IPKernelApp": {"log_level": "ERROR"}}\n', encoding="ascii")


def make(root: Path, progress: Progress) -> None:
    """Make the environment, or, run by the environment's own Python, bring it up to date.

    Raises:
        Failed: it could not be made.
    """
    refuse_letters(root)
    refuse_read_only(root)
    refuse_umask()
    with turn(root, progress) as another_was_at_it:
        if not (another_was_at_it and is_ready(root)):
            _make(root, progress)


def _make(root: Path, progress: Progress) -> None:
    venv, began = root / VENV, time.monotonic()
    ready = venv / ".ready"
    update = Path(sys.prefix) == venv
    if update:
        progress.say(f"Bringing the environment ({VENV}) up to date.")
        ready.unlink(missing_ok=True)
    else:
        if there := made_elsewhere(ready, root):
            progress.say(f"The environment was made in {there}, and it can't move along.")
        progress.say(
            f"Making the environment ({VENV}) with Python {platform.python_version()}:"
            f" a few minutes, {SPACE:.0f} GB of disk, only this once."
        )
        refuse_noexec(root)
        remove(venv)
        free = shutil.disk_usage(root).free / 1e9
        if free < SPACE:
            raise Failed(f"The environment needs {SPACE:.0f} GB of disk; {free:.1f} GB are free.")
        venv.mkdir()
    now = made_from(root)  # before pip reads it: what changes meanwhile is for the next make
    with open(venv / "environment.log", "w+", encoding="utf-8", errors="backslashreplace") as log:
        fill(venv, log, progress, update=update)
    ready.write_bytes(now)
    progress.say(f"The environment is ready: {duration(time.monotonic() - began)}.")


def made_elsewhere(ready: Path, root: Path) -> str:
    """The folder that the environment was made in, if the checkout has moved since or is a copy."""
    if not ready.exists():
        return ""
    there = os.fsdecode(ready.read_bytes()).partition("\n")[0]
    return "" if there == str(root) else there


def fill(venv: Path, log: TextIO, progress: Progress, *, update: bool) -> None:
    """Install everything into the environment, an empty one first unless it is to be updated.

    Raises:
        Failed: a step failed.
    """
    root = venv.parent
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-color", "install"]
    if not update:
        progress.step("an empty environment")
        run("An empty environment", [sys.executable, "-m", "venv", str(venv)], log, progress)
    site_packages = venv / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    if os.uname().sysname == "Linux":
        pins = len(re.findall(r"^\w\S*==", (root / LOCK).read_text("utf-8"), re.MULTILINE))
        packages = ["--require-hashes", "-r", str(LOCK)]
    else:
        pins, packages = 0, ["-e", ".[book,test]"]
    progress.step("looking for packages")
    run("Installing the packages", [*pip, *packages], log, progress, Pip(pins, site_packages))
    progress.step("installing the course itself")
    course = [*pip, "--no-deps", "--no-build-isolation", "-e", "."]
    run("Installing the course", course, log, progress)
    point_at_checkout(site_packages, root)
    quiet_kernels(venv)


def main() -> int:
    """Make it in the folder that make runs in; the exit code."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="replace")  # a folder's name may have letters that it can't show
    progress = Progress(sys.stdout or io.StringIO())  # there is none with `>&-`
    try:
        make(Path.cwd(), progress)
    except (Failed, OSError) as problem:
        progress.close()
        if isinstance(problem, OSError) and problem.filename:
            problem = f"{os.fsdecode(problem.filename)}: {problem.strerror}."
        print(f"make: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # make got the signal too and ends by itself; after an exit code it would add a line.
        progress.say("Stopped. The next make begins the environment afresh.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
