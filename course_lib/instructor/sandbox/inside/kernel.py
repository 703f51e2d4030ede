"""The walls around one submission, set by the process itself before it runs a student's code.

This file runs inside the sandbox and imports nothing of the course. Whoever calls these functions
must be root or inside a user namespace of its own; every function raises OSError where the kernel
refuses, so that nothing runs behind half a wall.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
REC, PRIVATE, DETACH = 16384, 1 << 18, 2

UNCOUNTED = 5  # seconds of CPU between the signal that says so and the end
SET_PDEATHSIG, SET_DUMPABLE, CAPBSET_DROP = 1, 4, 24
SET_CHILD_SUBREAPER, SET_NO_NEW_PRIVS, CAP_AMBIENT = 36, 38, 47

libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments) -> None:
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def unshare(flags: int) -> None:
    """Leave the namespaces of the parent; as an ordinary user, into a user namespace of one's own.

    Root keeps its user namespace, because it can become another user for real.
    """
    if os.geteuid() == 0:
        _call("unshare", flags)
        return
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", flags | NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2)."""
    _call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )


def private_mounts() -> None:
    """A mount namespace in which nothing reaches the others."""
    _call("unshare", NEWNS)
    mount("none", "/", None, REC | PRIVATE)


def only_folder(folder: str, uid: int, gid: int, size: int) -> None:
    """An empty, writable folder of limited size."""
    owner = f",uid={uid},gid={gid}" if os.geteuid() == 0 else ""
    mount(
        "tmpfs",
        folder,
        "tmpfs",
        NOSUID | NODEV | NOEXEC,
        f"size={size},nr_inodes=1000,mode=700{owner}",
    )


def hide_processes(of_its_own: bool) -> None:
    """Cover the parent's /proc with nothing, or with one that shows the new processes alone.

    Args:
        of_its_own: TensorFlow crashes without a /proc. Where an ordinary user isn't allowed to
            mount one, the outer sandbox's stays: it shows that there are two processes more, and
            the kernel keeps their memory and their environment to themselves.
    """
    flags = NOSUID | NODEV | NOEXEC
    if not of_its_own:
        mount("tmpfs", "/proc", "tmpfs", flags | RDONLY, "size=4096,mode=555")
        return
    with contextlib.suppress(PermissionError):
        mount("proc", "/proc", "proc", flags)


def pivot(root: str, number: int) -> None:
    """Make `root` the root, and let go of the old one.

    Args:
        root: the new one.
        number: of pivot_root, for which the C library has no function.
    """
    os.chdir(root)
    if libc.syscall(number, b".", b".") != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"pivot_root: {os.strerror(error)}")
    _call("umount2", b".", DETACH)
    os.chdir("/")


def limit(seconds: int, memory: int, processes: int, file_size: int) -> None:
    """Limits that the kernel keeps. `memory` is what may be taken on top of what is there already.

    Args:
        seconds: of CPU.
        memory: bytes of address space for each process.
        processes: and threads, of this user.
        file_size: bytes of the largest file.
    """
    with open("/proc/self/statm") as file:
        present = int(file.read().split()[0]) * resource.getpagesize()
    for what, most in {
        resource.RLIMIT_AS: present + memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # At the hard limit on CPU the kernel kills without a word.
        room = UNCOUNTED if what == resource.RLIMIT_CPU and most < hard else 0
        resource.setrlimit(what, (most, most if hard == most else most + room))


def lift_data_limit() -> None:
    """Undo a soft limit on data that a parent has set for itself."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def limit_own_data(more: int) -> None:
    """A soft limit on this process's data: what it has now, and some bytes more."""
    with open("/proc/self/statm") as file:
        present = int(file.read().split()[5]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = present + more
    resource.setrlimit(
        resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
    )


def become(uid: int, gid: int) -> None:
    """An unprivileged user, without any capability, for good."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
    for capability in range(64):
        if libc.prctl(CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one that this kernel has
    if os.geteuid() == 0:
        os.setresuid(uid, uid, uid)
    libc.prctl(CAP_AMBIENT, 4, 0, 0, 0)
    _no_capabilities()
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("no_new_privs was refused")
    libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)


def _no_capabilities() -> None:
    header = struct.pack("=Ii", 0x20080522, 0)
    _call("capset", header, bytes(24))


def end_all_of(uid: int, nobody: int) -> None:
    """Kill every process of a user; this one is root's.

    The sender shares only its effective user with them: it may signal them, and they may not signal
    it, though they may be busy killing and stopping whatever they can.

    Args:
        uid: the user.
        nobody: a user of whom there is no other process, also none that does this elsewhere.
    """
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(nobody, uid, nobody)
            _no_capabilities()
            os.kill(-1, signal.SIGKILL)  # all that this user may, but for the sender
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def adopt_orphans() -> None:
    """Become the parent of all that one's children leave behind."""
    if libc.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("adopting orphans was refused")


def close_all_but(*kept: int) -> None:
    """No file of the parent stays open, except these and nothing-in, nothing-out."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    with contextlib.suppress(OSError):
        os.close(nothing)
    previous = 2
    for one in sorted(kept):
        os.closerange(previous + 1, one)
        previous = one
    os.closerange(previous + 1, 65536)


def die_with_parent() -> None:
    """SIGKILL when the parent ends."""
    libc.prctl(SET_PDEATHSIG, 9, 0, 0, 0)
