"""The outer sandbox without bubblewrap: the same walls, from namespaces that Python asks for.

Runs in the process that becomes the warm parent, before it imports anything but Python's own.
"""

import os

import walls


def enter(plan: dict) -> None:
    """Leave for a file system of read-only folders, without network, in namespaces of its own.

    Args:
        plan: `root`, an empty folder to build in; `folders`, the folders to show; `files`, where
            they are to be seen and where they are; `code`, the folder of the code to run;
            `links`, symbolic links at the root, name to target;
            `hidden`, folders to cover.

    Raises:
        OSError: where the kernel refuses.
    """
    walls.unshare(walls.NEWNS | walls.NEWPID | walls.NEWNET | walls.NEWIPC | walls.NEWUTS)
    child = os.fork()
    if child:  # the new process is the first of its kind; this one only waits for it
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    walls.die_with_parent()
    walls.mount("none", "/", None, walls.REC | walls.PRIVATE)
    root = plan["root"]
    walls.mount("tmpfs", root, "tmpfs", walls.NOSUID | walls.NODEV, "size=1m,mode=755")
    # For the warm parent alone: a child gets an empty one of its own above it.
    os.mkdir(f"{root}/tmp")
    walls.mount("tmpfs", f"{root}/tmp", "tmpfs", walls.NOSUID | walls.NODEV, "size=16m,mode=755")
    for folder in plan["folders"]:
        os.makedirs(root + folder, exist_ok=True)
        walls.mount(folder, root + folder, None, walls.BIND | walls.REC)
        _read_only(root + folder)
    for place, file in plan["files"].items():
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        with open(root + place, "w"):
            pass
        walls.mount(file, root + place, None, walls.BIND)
        _read_only(root + place)
    for folder in plan["hidden"]:
        walls.mount("tmpfs", root + folder, "tmpfs", walls.RDONLY, "size=4k,mode=555")
    for name, target in plan["links"].items():
        os.symlink(target, root + name)
    os.makedirs(f"{root}/dev")
    for device in ("null", "zero", "full", "random", "urandom"):
        with open(f"{root}/dev/{device}", "w"):
            pass
        walls.mount(f"/dev/{device}", f"{root}/dev/{device}", None, walls.BIND)
    os.mkdir(f"{root}/proc")
    walls.mount("proc", f"{root}/proc", "proc", walls.NOSUID | walls.NODEV | walls.NOEXEC)
    walls.pivot(root)
    walls.mount("none", "/", None, walls.REMOUNT | walls.BIND | walls.RDONLY | walls.NOSUID)


def _read_only(folder: str) -> None:
    """Remount what was bound; flags that the kernel has locked must be kept."""
    flags = os.statvfs(folder).f_flag
    kept = 0
    for flag, mount_flag in ((os.ST_NODEV, walls.NODEV), (os.ST_NOEXEC, walls.NOEXEC)):
        if flags & flag:
            kept |= mount_flag
    walls.mount(
        "none",
        folder,
        None,
        walls.REMOUNT | walls.BIND | walls.RDONLY | walls.NOSUID | kept,
    )
