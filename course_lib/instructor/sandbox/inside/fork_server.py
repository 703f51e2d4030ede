"""The fork server: imports once, then forks a fresh, walled-in child for each request.

Runs inside the outer sandbox, started as `python -I -B fork_server.py OPTIONS`, and never runs a
line of a student's. Each request is a JSON object on the control socket with two sockets beside it:
one to talk to the child, one on which its keeper says how it ended and, whenever it is asked, how
long it has worked. When the judge closes the second one, the child and all that it started are
killed.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time

# The folder of these files; -I keeps it off the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import kernel
import system_calls

POLL = 0.05  # seconds between two looks at the memory
TRIES = 200  # rounds of killing a child's orphans; each may bring up new ones


def main() -> None:
    """Prepare, say so, and serve until the control socket closes."""
    options = json.loads(sys.argv[1])
    # -I leaves out those of the user's own, where `pip install` may have put everything.
    sys.path += [folder for folder in options["packages"] if folder not in sys.path]
    kernel.lift_data_limit()  # that is the judge's own; children get theirs
    kernel.die_with_parent()
    if options.get("outer"):
        import namespaces

        namespaces.enter(options["outer"])
        sys.path[0] = options["outer"]["code"]
    kernel.die_with_parent()
    control = socket.socket(fileno=options["control"])
    families = options["families"]
    program = system_calls.compiled(families) if families else b""
    _warm_up(options["imports"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    control.sendall(b"ready\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 2)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            try:
                _keep(json.loads(message), program, *descriptors)
            finally:
                os._exit(0)
        for one in descriptors:
            os.close(one)


def _warm_up(imports: list[str]) -> None:
    import gc

    import student  # and with it NumPy

    gc.disable()  # a million objects come, which it would walk through often
    if imports:
        sys.modules["matplotlib"] = None  # which Keras would import, and can do without
    for name in imports:
        __import__(name)
    if imports:
        del sys.modules["matplotlib"]
        student.graphs.knows_gpu_kernels()  # each child would ask TensorFlow for its kernels
    gc.freeze()  # so that a child's collector leaves the shared pages alone
    gc.enable()


def _keep(limits: dict, program: bytes, talk: int, tell: int) -> None:
    """The keeper of one child: starts it behind its walls, watches it, and says how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ends = socket.socket(fileno=tell)
    before = _others()
    try:
        if limits["walls"]:
            kernel.unshare(kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS)
        else:
            kernel.adopt_orphans()
        hear, say = os.pipe()
        child = os.fork()
    except OSError as error:
        _tell(ends, {"refused": str(error)})
        return
    if child == 0:
        _be(limits, program, talk, say)
    os.close(talk)
    os.close(say)
    reason = _watch(child, ends, limits, before)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if limits["own_user"]:
        kernel.end_all_of(limits["uid"], limits["nobody"])
    if not limits["walls"]:
        _end_the_rest(child)
    if refused := os.read(hear, 1000):  # before it ran any of a student's code
        _tell(ends, {"refused": refused.decode("utf-8", "replace")})
        return
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):
        _tell(ends, {"reason": reason, "code": code})


def _tell(ends: socket.socket, what: dict) -> None:
    ends.sendall(json.dumps(what).encode() + b"\n")


def _watch(child: int, ends: socket.socket, limits: dict, before: set[int]) -> str:
    """Wait until the child ends, takes too much memory, or isn't wanted any more."""
    ours = before | {os.getpid()}
    base = _resident(child)
    while True:
        readable, _, _ = select.select([ends], [], [], POLL)
        asked = ends.recv(1) if readable else b""
        if readable and not asked:
            return "closed"
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return "ended"
        processes = {child}
        if limits["walls"]:
            processes = _others() - ours
        elif limits["own_user"]:
            processes |= {one for one in _others() if _owner(one) == limits["uid"]}
        if asked:
            _tell(ends, {"worked": sum(map(_worked, processes))})
        if sum(max(0, _resident(one) - base) for one in processes) > limits["memory"]:
            return "memory"


def _others() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def _resident(process: int) -> int:
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0


def _owner(process: int) -> int | None:
    try:
        return os.stat(f"/proc/{process}").st_uid
    except OSError:
        return None


def _worked(process: int) -> float:
    """Seconds of the processor, with those of its children that have ended."""
    return sum(map(int, _stat(process)[11:15])) / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[bytes]:
    """What the kernel says of a process after its name, which may hold spaces; empty: it's gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _end_the_rest(child: int) -> None:
    """Without walls: what is left of the child's process group, and whatever has left that."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(TRIES):
        for one in _others():
            if _stat(one)[1:2] == [b"%d" % os.getpid()]:  # orphans are this process's
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def _be(limits: dict, program: bytes, talk: int, say: int) -> None:
    """Become the child: all the walls first, then the student's code. Never returns.

    Args:
        limits: see `Sandbox.child`.
        program: the filter of system calls; empty for none.
        talk: the socket to the judge.
        say: where to say which wall couldn't be put up; closed before a student's code runs.
    """
    try:
        try:
            _wall_in(limits, program, talk, say)
        except BaseException as error:
            os.write(say, f"{type(error).__name__}: {error}"[:900].encode())
            return
        os.close(say)
        import student

        student.serve(socket.socket(fileno=talk))
    finally:
        os._exit(0)


def _wall_in(limits: dict, program: bytes, talk: int, say: int) -> None:
    os.setsid()
    os.umask(0o077)
    kernel.close_all_but(talk, say)
    os.environ.clear()
    os.environ.update(limits["environment"])
    rest = limits["cpu"], limits["memory"], limits["processes"], limits["file_size"]
    if not limits["walls"]:
        kernel.limit(*rest)
        if limits["own_user"]:
            kernel.become(limits["uid"], limits["uid"])
        kernel.die_with_parent()
        if limits["own_user"]:
            system_calls.only(program)
        os.chdir(limits["folder"])
        return
    kernel.private_mounts()
    kernel.limit(*rest)
    scratch = limits["environment"]["TMPDIR"]
    kernel.only_folder(scratch, limits["uid"], limits["uid"], 2 * limits["file_size"])
    kernel.hide_processes(limits["proc"])
    kernel.become(limits["uid"], limits["uid"])
    kernel.die_with_parent()
    system_calls.only(program)
    os.chdir(scratch)


if __name__ == "__main__":
    main()
