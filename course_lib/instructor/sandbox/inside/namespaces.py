"""The outer sandbox without bubblewrap: the same walls, from namespaces that Python asks for.

Runs in the process that becomes the fork server, before it imports anything but Python's own.
"""

import os

import kernel
import system_calls


def enter(plan: dict) -> None:
    """Leave for a file system of read-only folders, without network, in namespaces of its own.

    Args:
        plan: `root`, an empty folder to build in; `steps`, folders to "show", folders
            to "cover" and files to "blank", in that order; `files`, where they are to be seen and
            where they are; `code`, the folder of the code to run; `links`, symbolic links at the
            root, name to target.

    Raises:
        OSError: where the kernel refuses.
    """
    kernel.unshare(kernel.NEWNS | kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS)
    child = os.fork()
    if child:  # the new process is the first of its kind; this one only waits for it
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.die_with_parent()
    kernel.mount("none", "/", None, kernel.REC | kernel.PRIVATE)
    root = plan["root"]
    kernel.mount("tmpfs", root, "tmpfs", kernel.NOSUID | kernel.NODEV, "size=1m,mode=755")
    # For the fork server alone: a child gets an empty one of its own above it.
    scratch = root + plan["scratch"]
    os.mkdir(scratch)
    kernel.mount("tmpfs", scratch, "tmpfs", kernel.NOSUID | kernel.NODEV, "size=16m,mode=755")
    covered = []
    for step, place in plan["steps"]:
        if step == "show":
            os.makedirs(root + place, exist_ok=True)
            kernel.mount(place, root + place, None, kernel.BIND | kernel.REC)
            _read_only(root + place)
        elif step == "cover":
            kernel.mount("tmpfs", root + place, "tmpfs", 0, "size=64k,mode=555")
            covered.append(root + place)
        else:
            kernel.mount("/dev/null", root + place, None, kernel.BIND)
    for place in covered:
        kernel.mount("none", place, None, kernel.REMOUNT | kernel.RDONLY)
    for place, file in plan["files"].items():
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        with open(root + place, "w"):
            pass
        kernel.mount(file, root + place, None, kernel.BIND)
        _read_only(root + place)
    for name, target in plan["links"].items():
        os.symlink(target, root + name)
    os.makedirs(f"{root}/dev")
    for device in ("null", "zero", "full", "random", "urandom"):
        with open(f"{root}/dev/{device}", "w"):
            pass
        kernel.mount(f"/dev/{device}", f"{root}/dev/{device}", None, kernel.BIND)
    os.mkdir(f"{root}/proc")
    kernel.mount("proc", f"{root}/proc", "proc", kernel.NOSUID | kernel.NODEV | kernel.NOEXEC)
    kernel.pivot(root, system_calls.number("pivot_root"))
    kernel.mount("none", "/", None, kernel.REMOUNT | kernel.BIND | kernel.RDONLY | kernel.NOSUID)


def _read_only(folder: str) -> None:
    """Remount what was bound; flags that the kernel has locked must be kept."""
    flags = os.statvfs(folder).f_flag
    kept = 0
    for flag, mount_flag in ((os.ST_NODEV, kernel.NODEV), (os.ST_NOEXEC, kernel.NOEXEC)):
        if flags & flag:
            kept |= mount_flag
    kernel.mount(
        "none",
        folder,
        None,
        kernel.REMOUNT | kernel.BIND | kernel.RDONLY | kernel.NOSUID | kept,
    )
