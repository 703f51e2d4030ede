"""What the inside of the sandbox sees: folders, files and environment, and how they get there."""

import os
import sys
import sysconfig
from pathlib import Path

import course_lib
from course_lib.instructor.errors import NoSandbox

INSIDE = Path(__file__).parent / "inside"
PACKAGE = Path(course_lib.__file__).parent
CODE = "/course"  # where the sandbox sees the files that it runs
FILES = {
    **{
        f"{name}.py": INSIDE / f"{name}.py"
        for name in ("fork_server", "namespaces", "kernel", "messages", "student")
    },
    "graphs.py": PACKAGE / "graphs.py",
    "guard.py": PACKAGE / "exercises" / "guard.py",
    "failure.py": PACKAGE / "exercises" / "failure.py",
    **{
        f"reading/{name}.py": PACKAGE / "reading" / f"{name}.py"
        for name in ("__init__", "magics", "names", "needed", "run")
    },
}

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


def namespaces_plan() -> dict:
    """What `inside.namespaces` needs to know to build the view.

    Raises:
        NoSandbox: if there is nowhere to build it.
    """
    folders, links, hidden = _view()
    return {
        "root": _somewhere_to_build(folders),
        "folders": folders,
        "files": {f"{CODE}/{name}": str(file) for name, file in FILES.items()},
        "links": links,
        "hidden": hidden,
        "code": CODE,
    }


def bubblewrap_command() -> list[str]:
    """The command that builds the view and runs what follows in it."""
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
    # For the fork server alone: a child gets an empty one of its own above it.
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
    for place in (CODE, f"{CODE}/reading"):
        command += ["--perms", "0755", "--dir", place]
    for name, file in FILES.items():
        command += ["--ro-bind", str(file), f"{CODE}/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--remount-ro", "/", "--chdir", "/", "--"]
    return command


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
