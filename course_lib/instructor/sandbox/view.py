"""What the inside of the sandbox sees: folders, files and environment, and how they get there."""

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import course_lib
from course_lib.cores import HASTY_XLA, ONE_THREAD
from course_lib.instructor.errors import NoSandbox

INSIDE = Path(__file__).parent / "inside"
PACKAGE = Path(course_lib.__file__).parent
CODE = "/course"  # where the sandbox sees the files that it runs
FILES = {
    **{
        f"{name}.py": INSIDE / f"{name}.py"
        for name in (
            *("fork_server", "namespaces", "kernel", "system_calls"),
            *("messages", "own_parts", "imports", "student"),
        )
    },
    "outside.py": PACKAGE / "exercises" / "projects" / "outside.py",
    **{
        f"{package.name}/{file.name}": file
        for package in (
            PACKAGE / "exercises" / "calling" / "guard",
            PACKAGE / "graphs",
            PACKAGE / "reading",
        )
        for file in sorted(package.glob("*.py"))
    },
}

# The one folder that a student's code may write to. An empty one is laid over it for each child, so
# it must not hide Python itself, which lies below /tmp where the course was cloned to there.
SCRATCH = "/scratch" if Path(sys.prefix).absolute().is_relative_to("/tmp") else "/tmp"

# What a student's code finds in its environment, and nothing else.
ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": SCRATCH,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_HOME": SCRATCH,
    **ONE_THREAD,
    **HASTY_XLA,
}


# Of /usr and /usr/local only what programs need: a container keeps its work in /usr/src.
OF_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")
OF_LOCAL = ("bin", "lib", "lib64", "share")


def namespaces_plan(secret: Iterable[Path] = ()) -> dict:
    """What `inside.namespaces` needs to know to build the view.

    Args:
        secret: folders and files to cover, wherever they lie.

    Raises:
        NoSandbox: if there is nowhere to build it, or something secret can't be covered.
    """
    shown, links = _shown()
    return {
        "root": _somewhere_to_build(shown),
        "scratch": SCRATCH,
        "steps": _steps(shown, secret),
        "files": {f"{CODE}/{name}": str(file) for name, file in FILES.items()},
        "links": links,
        "code": CODE,
    }


def bubblewrap_command(secret: Iterable[Path] = ()) -> list[str]:
    """The command that builds the view and runs what follows in it.

    Args:
        secret: folders and files to cover, wherever they lie.

    Raises:
        NoSandbox: if something secret can't be covered.
    """
    shown, links = _shown()
    command = [
        "bwrap",
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        "--unshare-cgroup-try",
        *(() if os.geteuid() == 0 else ("--unshare-user",)),
        *("--die-with-parent", "--new-session", "--clearenv"),
    ]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    # For the fork server alone: a child gets an empty one of its own above it.
    command += ["--perms", "0755", "--size", str(16 << 20), "--tmpfs", SCRATCH]
    covered = []
    for step, place in _steps(shown, secret):
        if step == "show":
            # Python may live below a folder, such as /root, that others may not enter.
            for parent in reversed(Path(place).parents[:-1]):
                command += ["--perms", "0755", "--dir", str(parent)]
            command += ["--ro-bind", place, place]
        elif step == "cover":
            command += ["--tmpfs", place]
            covered.append(place)
        else:
            command += ["--ro-bind", os.devnull, place]
    for place in covered:
        command += ["--remount-ro", place]
    for name, target in links.items():
        command += ["--symlink", target, name]
    for place in sorted({os.path.dirname(f"{CODE}/{name}") for name in FILES}):
        command += ["--perms", "0755", "--dir", place]
    for name, file in FILES.items():
        command += ["--ro-bind", str(file), f"{CODE}/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--remount-ro", "/", "--chdir", "/", "--"]
    return command


def _shown() -> tuple[list[str], dict[str, str]]:
    """The folders that the sandbox sees, and links at the root."""
    links = {}
    folders = [f"/usr/{name}" for name in OF_USR] + [f"/usr/local/{name}" for name in OF_LOCAL]
    for name in ("/lib", "/lib64", "/bin", "/sbin"):
        if os.path.islink(name):
            links[name] = os.readlink(name)
        else:
            folders.append(name)
    prefixes = {sys.base_prefix, sys.prefix} - {"/usr", "/usr/local"}
    folders += [
        str(Path(folder).absolute()) for folder in (*prefixes, *_pythons_own(), *package_folders())
    ]
    return sorted({folder for folder in folders if os.path.isdir(folder)}), links


def _steps(shown: list[str], secret: Iterable[Path]) -> list[tuple[str, str]]:
    """What to do, outer folders first: "show" a folder, "cover" one, or "blank" a file.

    Raises:
        NoSandbox: if something secret is a folder that Python itself needs.
    """
    secret = {one for path in secret for one in (Path(path).absolute(), Path(path).resolve())}
    for one in _where_seen(secret, shown) & {Path(folder) for folder in shown}:
        raise NoSandbox(
            f"{one} is a folder of Python's or of the system's, which the sandbox must show: move "
            "what is yours out of it, and start the command from another folder."
        )
    covered = {one for one in _where_seen(_courses_own() | secret, shown) if one.exists()}
    steps = [("show", folder) for folder in shown]
    steps += [("cover" if one.is_dir() else "blank", str(one)) for one in covered]
    needed: list[tuple[str, str]] = []
    for step, place in sorted(steps, key=lambda one: len(Path(one[1]).parts)):
        above = [s for s, p in needed if Path(place).is_relative_to(p)]
        last = above[-1] if above else "cover"  # of what isn't shown there is nothing to see
        if last != step and not (last == "cover" and step == "blank"):
            needed.append((step, place))
    return needed


def _where_seen(places: set[Path], shown: list[str]) -> set[Path]:
    """The places, by every name that they have inside: what is shown may be shown by a link's."""
    real = [(Path(folder), Path(folder).resolve()) for folder in shown]
    also = {
        folder / one.resolve().relative_to(target)
        for one in places
        for folder, target in real
        if one.resolve().is_relative_to(target)
    }
    return places | also


def _courses_own() -> set[Path]:
    """The course itself, where it was installed among the packages."""
    own = {PACKAGE, *PACKAGE.parent.glob("course_lib-*")}
    if (PACKAGE.parent / "pyproject.toml").exists():
        own |= {PACKAGE.parent / name for name in ("solutions", "tests", "exercises", "book")}
    return {one.absolute() for one in own}


def _somewhere_to_build(folders: list[str]) -> str:
    """A folder to build a root on; only the sandbox sees what is mounted there."""
    shown = [*folders, *(str(file) for file in FILES.values())]
    for place in ("/mnt", "/media", "/srv", "/opt", "/var", "/home"):
        if Path(place).is_dir() and not any(Path(f).is_relative_to(place) for f in shown):
            return place
    raise NoSandbox("there is no folder such as /mnt to build the sandbox on")


def package_folders() -> list[str]:
    """Where this Python finds packages; also the folder that `pip install --user` fills."""
    names = ("site-packages", "dist-packages")
    return [folder for folder in sys.path if os.path.basename(folder) in names]


def _pythons_own() -> set[str]:
    paths = sysconfig.get_paths()
    own = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")}
    return own | {str(Path(sys.executable).parent)}
