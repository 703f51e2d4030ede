"""The filter of system calls: what the program says of every call, and what a student meets."""

import ctypes
import errno
import platform
import re
import socket
import struct
import termios
import textwrap

import pytest
from a_class import solved

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox import available
from course_lib.instructor.sandbox.inside import system_calls
from course_lib.instructor.sandbox.inside.system_calls import ALLOW, ALLOWED, KILL, REFUSE, number
from course_lib.instructor.sandbox.sandbox import FAMILIES, Sandbox
from course_lib.instructor.sandbox.view import FILES

try:
    system_calls.library()
except OSError as missing:
    pytest.skip(str(missing), allow_module_level=True)

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
if platform.machine() not in MACHINES:
    pytest.skip("these tests don't know this machine's calls", allow_module_level=True)
HERE = MACHINES[platform.machine()]
NEVER = REFUSE | errno.EPERM
ABSENT = REFUSE | errno.ENOSYS
NO_FAMILY = REFUSE | errno.EAFNOSUPPORT
DOORS = """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd keyctl add_key request_key
    userfaultfd perf_event_open bpf io_uring_setup io_uring_enter io_uring_register io_setup
    io_submit memfd_create memfd_secret shmget shmat semget msgget mq_open unshare setns clone3
    mount umount2 pivot_root chroot open_tree move_mount fsopen fsmount mount_setattr
    name_to_handle_at open_by_handle_at fanotify_init init_module finit_module delete_module
    kexec_load reboot swapon settimeofday clock_settime setuid setresuid setgroups capset chown
    fchownat mknodat setxattr personality seccomp splice tee vmsplice timer_create mbind
    migrate_pages move_pages remap_file_pages process_madvise quotactl acct syslog
    lookup_dcookie landlock_create_ruleset execveat signalfd4 inotify_init1
"""
BY_ARGUMENT = {"clone", "ioctl", "prctl", "setsockopt", "socket", "socketpair"}


class Run:
    """What the kernel would do: a program of seccomp's instructions, one call at a time."""

    def __init__(self, families):
        self.program = list(struct.iter_unpack("=HBBI", system_calls.compiled(families)))

    def __call__(self, call, *arguments, machine=HERE):
        given = [*arguments, *[0] * (6 - len(arguments))]
        data = struct.pack("=iIQ6Q", call, machine, 0, *(a & (1 << 64) - 1 for a in given))
        loaded, place = 0, 0
        while True:
            code, yes, no, value = self.program[place]
            place += 1
            if code == 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            elif code == 0x54:
                loaded &= value
            elif code == 0x05:
                place += value
            elif code == 0x06:
                return value
            else:
                holds = {
                    0x15: loaded == value,
                    0x25: loaded > value,
                    0x35: loaded >= value,
                    0x45: loaded & value,
                }[code]
                place += yes if holds else no


@pytest.fixture(scope="module")
def outcome():
    """From a call and its arguments to what becomes of it, where namespaces cover IP."""
    return Run(FAMILIES["bubblewrap"])


def names():
    """Every call that libseccomp knows on this machine, by number."""
    resolve = system_calls.library().seccomp_syscall_resolve_num_arch
    resolve.restype = ctypes.c_void_p
    found = {n: resolve(0, n) for n in range(system_calls.LAST + 1)}
    return {n: ctypes.string_at(name).decode() for n, name in found.items() if name}


def listed():
    return {name for names in ALLOWED.values() for name in names.split()}


def test_each_call_is_on_the_list_or_refused(outcome):
    known = names()
    assert len(known) > 250
    for call, name in known.items():
        if name in BY_ARGUMENT:
            continue
        other = NEVER if call < system_calls.SHARED else ABSENT
        assert outcome(call) == (ALLOW if name in listed() else other), name


def test_a_call_that_nobody_knows_yet_is_not_there(outcome):
    for call in set(range(system_calls.SHARED, 1024)) - names().keys():
        assert outcome(call) == ABSENT
    for call in set(range(system_calls.SHARED)) - names().keys():
        assert outcome(call) == NEVER


def test_names_are_listed_once_and_are_names_of_some_machine():
    every = [name for names in ALLOWED.values() for name in names.split()]
    assert len(every) == len(set(every))
    newer = {"fchmodat2", "riscv_hwprobe"}  # than some libseccomp
    unknown = {name for name in every if number(name) == -1}
    assert unknown <= newer
    assert not BY_ARGUMENT & set(every)


@pytest.mark.parametrize("name", DOORS.split())
def test_doors_into_the_kernel_are_shut(outcome, name):
    call = number(name)
    assert call >= 0
    assert outcome(call) in (NEVER, ABSENT)


def test_another_machines_numbers_end_the_process(outcome):
    for machine in (0x40000003, 0x40000028, *MACHINES.values()):  # i386, arm
        expected = ALLOW if machine == HERE else KILL
        assert outcome(number("read"), machine=machine) == expected
    if platform.machine() == "x86_64":
        for x32 in (0, 39, 512, 547, 0x3FFFFFFF):
            assert outcome(0x40000000 + x32) == KILL


@pytest.mark.parametrize("call", ["socket", "socketpair"])
@pytest.mark.parametrize("kind", ["bubblewrap", "user"])
def test_sockets_are_of_few_families_kinds_and_protocols(call, kind):
    outcome = Run(FAMILIES[kind])
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    allowed = {(socket.AF_UNIX, stream, 0), (socket.AF_UNIX, datagram, 0)}
    for family in (socket.AF_INET, socket.AF_INET6) if kind == "bubblewrap" else ():
        allowed |= {(family, stream, 0), (family, stream, 6)}
        allowed |= {(family, datagram, 0), (family, datagram, 17)}
    flags = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    for family in (*range(65), 1 << 31):
        for type_ in range(16):
            for protocol in (0, 1, 2, 6, 16, 17, 33, 58, 115, 132, 136, 255, 262, 1 << 16):
                got = outcome(number(call), family, type_ | flags, protocol)
                if (family, type_, protocol) in allowed:
                    assert got == ALLOW
                elif family in FAMILIES[kind] or family > 63:
                    assert got == NEVER
                else:
                    assert got == NO_FAMILY
    # The kernel looks at the lower half of a register alone, so the filter does too.
    high = 1 << 32
    assert outcome(number(call), 40 | high, stream, 0) == NO_FAMILY
    assert outcome(number(call), socket.AF_UNIX | high, stream | high, high) == ALLOW


def test_without_a_namespace_for_ip_there_is_no_ip():
    assert Run(FAMILIES["user"])(number("socket"), socket.AF_INET, 1, 0) == NO_FAMILY
    assert FAMILIES["none"] == ()


def test_clone_makes_threads_and_processes_but_no_namespace(outcome):
    thread, fork, vfork = 0x3D0F00, 0x1200011, 0x4111
    for flags in (thread, fork, vfork):
        assert outcome(number("clone"), flags) == ALLOW
        for bit in (17, 25, 26, 27, 28, 29, 30):
            assert outcome(number("clone"), flags | 1 << bit) == NEVER
            assert outcome(number("clone"), flags | 1 << bit | 1 << 40) == NEVER


def test_few_requests_to_devices_and_about_oneself(outcome):
    ioctl, prctl = number("ioctl"), number("prctl")
    for request in (termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIOCLEX):
        assert outcome(ioctl, 3, request) == ALLOW
    linux_console, clone_file, make_immutable = 0x541C, 0x40049409, 0x40086602
    for request in (termios.TIOCSTI, linux_console, clone_file, make_immutable, 0, 0x8933):
        assert outcome(ioctl, 3, request) == NEVER
        assert outcome(ioctl, 3, request | 1 << 32) == NEVER
    options = number("setsockopt")
    assert outcome(options, 3, socket.SOL_SOCKET, socket.SO_REUSEADDR) == ALLOW
    for option in (26, 27, 50, 51, 52, 12, 32, 33, 103):  # programs, forced sizes, marks
        assert outcome(options, 3, socket.SOL_SOCKET, option) == NEVER
    for level, option in ((0, 64), (41, 64), (socket.IPPROTO_TCP, 31), (socket.IPPROTO_TCP, 13)):
        assert outcome(options, 3, level, option) == NEVER
    assert outcome(prctl, 15) == ALLOW
    for option in (4, 8, 22, 24, 28, 35, 38, 47, 53, 59, 0x59616D61):
        assert outcome(prctl, option) == NEVER


TRY = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    for number, wanted in CALLS:
        ctypes.set_errno(0)
        if libc.syscall(number, -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != wanted:
            raise ValueError(f"{number}: {ctypes.get_errno()}")
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


def judged(verdicts, code):
    return verdicts(solved(1, rnn_step=code), ["rnn_step"])["rnn_step"]


@pytest.mark.slow
def test_every_refused_call_is_refused_inside(verdicts):
    refused = {n: name for n, name in names().items() if name not in listed() | BY_ARGUMENT}
    calls = [(n, errno.EPERM if n < system_calls.SHARED else errno.ENOSYS) for n in refused]
    calls += [(n, errno.ENOSYS) for n in (600, 700, 1023)]
    assert len(calls) > 130
    verdict = judged(verdicts, TRY.replace("CALLS", repr(calls)))
    assert verdict.outcome == "passed", verdict.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("io_uring_setup", errno.ENOSYS),
        ("ptrace", errno.EPERM),
        ("keyctl", errno.EPERM),
        ("userfaultfd", errno.EPERM),
        ("perf_event_open", errno.EPERM),
        ("bpf", errno.EPERM),
        ("memfd_create", errno.EPERM),
        ("shmget", errno.EPERM),
        ("process_vm_readv", errno.EPERM),
        ("unshare", errno.EPERM),
        ("clone3", errno.ENOSYS),
    ],
)
def test_a_door_is_shut_inside(verdicts, name, code):
    verdict = judged(verdicts, TRY.replace("CALLS", repr([(number(name), code)])))
    assert verdict.outcome == "passed", verdict.sentence


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="this is code for x86_64")
@pytest.mark.parametrize(
    "body",
    [
        "libc.syscall(0x40000000 + 39)",
        # mov eax, 20 (getpid on i386); int 0x80; ret
        "import mmap\n    page = mmap.mmap(-1, 4096, prot=7)\n"
        "    page.write(bytes.fromhex('b814000000cd80c3'))\n"
        "    at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "    ctypes.CFUNCTYPE(ctypes.c_int)(at)()",
    ],
    ids=["x32", "i386"],
)
def test_calls_of_another_machine_bring_the_process_down(verdicts, body):
    code = TRY.replace("    for number, wanted in CALLS:", f"    {body}\n    for _, wanted in ():")
    verdict = judged(verdicts, code)
    assert verdict.outcome == "crashed"
    assert "SIGSYS" in verdict.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "import subprocess\nassert subprocess.run(['echo', 'x'], capture_output=True).stdout",
        "import subprocess\nassert subprocess.run('echo x | cat', shell=True).returncode == 0",
        "import asyncio\nasyncio.run(asyncio.sleep(0.01))",
        "import asyncio\nassert asyncio.run(asyncio.to_thread(lambda: 3)) == 3",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(3) as pool: assert sum(pool.map(int, '123')) == 6",
        "import multiprocessing\nfork = multiprocessing.get_context('fork')\n"
        "a, b = fork.Pipe()\none = fork.Process(target=b.send, args=(1,))\none.start()\n"
        "assert a.recv() == 1\none.join()",
        "import tempfile, shutil, os\nwith tempfile.TemporaryDirectory() as d:\n"
        "    open(d + '/a', 'w').write('x')\n    shutil.copy2(d + '/a', d + '/b')\n"
        "    os.symlink(d + '/a', d + '/l')\n    shutil.copytree(d, d + '/c', symlinks=True)\n"
        "    shutil.make_archive(d + '/z', 'zip', d + '/c')\n    os.rename(d + '/a', d + '/e')\n"
        "    os.chmod(d + '/e', 0o600)\n    os.utime(d + '/e')",
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n"
        "    np.save(d + '/a.npy', np.ones(9))\n    m = np.load(d + '/a.npy', mmap_mode='r+')\n"
        "    m[0] = 2\n    m.flush()\n    np.savez(d + '/b.npz', a=m)\n"
        "    f = np.memmap(d + '/c', 'f8', 'w+', shape=(9,))\n    f.flush()",
        "import sqlite3, tempfile\nwith tempfile.TemporaryDirectory() as d:\n"
        "    c = sqlite3.connect(d + '/x.db')\n    c.execute('create table t (a)')\n    c.commit()",
        "import logging, platform, getpass, os\nplatform.platform()\nplatform.uname()\n"
        "os.nice(0)\nos.cpu_count()\nos.sched_getaffinity(0)",
        "import signal, time\nsignal.setitimer(signal.ITIMER_VIRTUAL, 5)\ntime.sleep(0.01)\n"
        "signal.setitimer(signal.ITIMER_VIRTUAL, 0)\nsignal.sigtimedwait([signal.SIGUSR1], 0)",
        "import threading, resource, faulthandler\nresource.getrusage(0)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nthreading.Timer(0.01, int).start()",
        "import ctypes\nsame = ctypes.CFUNCTYPE(*[ctypes.c_int] * 2)(abs)\nassert same(3) == 3",
        "np.linalg.svd(np.ones((90, 90)) @ np.ones((90, 90)))",
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt, io\n"
        "plt.plot([1, 2])\nplt.savefig(io.BytesIO(), format='png')",
        "import socket\na, b = socket.socketpair()\na.sendmsg([b'x'])\nassert b.recvmsg(1)[0]\n"
        "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\ns.close()",
    ],
    ids=[
        "subprocess", "shell", "event loop", "a thread of it", "threads", "process", "files",
        "arrays on disk", "sqlite", "about the machine", "signals", "resources", "callback",
        "linear algebra", "pyplot", "sockets",
    ],
)  # fmt: skip
def test_what_ordinary_code_does_goes_through(verdicts, body):
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    code = f"def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n{lines}"
    code += "    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)\n"
    verdict = judged(verdicts, code)
    assert verdict.outcome == "passed", verdict.sentence


# Ways around the filter; each says what came of it.
ATTACKS = {
    "a user namespace by clone, with a stray high bit": """
        said(libc.syscall(CLONE, ctypes.c_ulong(1 << 40 | 0x10000011), 0, 0, 0, 0))""",
    "a number that is ptrace's in its lower half": """
        said(libc.syscall(ctypes.c_ulong(1 << 32 | PTRACE), 0, 0, 0, 0))""",
    "a filter of one's own above it": """
        said(libc.prctl(22, 2, bytes(16), 0, 0))
        said(libc.syscall(SECCOMP, 1, 0, bytes(16)))""",
    "a program attached to a socket": """
        a, b = socket.socketpair()
        instructions = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0xFFFF))
        program = struct.pack('HP', 1, ctypes.addressof(instructions))
        said(libc.setsockopt(a.fileno(), socket.SOL_SOCKET, 26, program, len(program)))""",
    "protocols that the kernel would load": """
        for protocol in (132, 33, 136, 262, 1, 255):
            for kind in (1, 2, 3, 5, 6):
                said(libc.socket(socket.AF_INET, kind, protocol))""",
    "kernel TLS": """
        s = socket.socket()
        said(libc.setsockopt(s.fileno(), 6, 31, b'tls', 3))""",
    "another program": """
        for command in ('unshare -Ur true', '/usr/sbin/chroot / true', 'mount -t tmpfs x /tmp',
                        'setpriv --reuid=0 true', 'mkfifo pipe'):
            done = subprocess.run(command.split(), capture_output=True)
            failed.append(done.returncode != 0)""",
    "a thread and a child of it": """
        def thread():
            child = os.fork()
            if child == 0:
                os._exit(0 if libc.syscall(PTRACE, 0, 0, 0, 0) == -1 else 1)
            failed.append(os.waitpid(child, 0)[1] == 0)
            said(libc.syscall(KEYCTL, 0, -3, 0))
        one = threading.Thread(target=thread)
        one.start()
        one.join()""",
    "machine code of one's own": """
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(bytes.fromhex(CODE))
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        failed.append(ctypes.CFUNCTYPE(ctypes.c_long)(at)() == -1)  # minus EPERM""",
    "letting others look into it": """
        said(libc.prctl(4, 1, 0, 0, 0))
        said(libc.prctl(0x59616D61, -1, 0, 0, 0))
        said(libc.syscall(VM_READ, os.getppid(), 0, 0, 0, 0, 0))""",
    "typing into a terminal": """
        for name in ('/dev/tty', '/dev/ptmx', '/dev/console', '/dev/null'):
            try:
                file = os.open(name, os.O_RDWR | os.O_NOCTTY)
            except OSError:
                continue
            said(libc.ioctl(file, ctypes.c_ulong(0x5412), b'x'))
            said(libc.ioctl(file, ctypes.c_ulong(1 << 32 | 0x5412), b'x'))
            os.close(file)""",
    "pages of a file that only root may write": """
        file = os.open('/usr/bin/env', os.O_RDONLY)
        read, write = os.pipe()
        os.write(write, b'x')
        said(libc.syscall(SPLICE, file, 0, write, 0, 1, 0))
        said(libc.syscall(VMSPLICE, write, 0, 0, 0))
        for one in (file, read, write):
            os.close(one)""",
}
NUMBERS = {
    "CLONE": "clone", "PTRACE": "ptrace", "SECCOMP": "seccomp", "KEYCTL": "keyctl",
    "VM_READ": "process_vm_readv", "VMSPLICE": "vmsplice", "SPLICE": "splice",
}  # fmt: skip
# mov eax, 101 (ptrace); xor edi, edi; syscall; ret, and the same for aarch64
CODE = {"x86_64": "b86500000031ff0f05c3", "aarch64": "a80e8052e00380d2010000d4c0035fd6"}
ATTACK = """
import ctypes, mmap, os, socket, struct, subprocess, tempfile, threading
libc = ctypes.CDLL(None, use_errno=True)
TMP = tempfile.gettempdir()

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    failed = []
    def said(code):
        failed.append(code == -1 and ctypes.get_errno() == 1)
    BODY
    if not failed or not all(failed):
        raise ValueError(str(failed))
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_way_around_the_filter(verdicts, attack):
    body = textwrap.indent(textwrap.dedent(attack), "    ")
    for word, name in NUMBERS.items():
        body = re.sub(rf"\b{word}\b", str(number(name)), body)
    if "CODE" in body and platform.machine() not in CODE:
        pytest.skip("there is no code for this machine")
    body = body.replace("CODE", repr(CODE.get(platform.machine())))
    verdict = judged(verdicts, ATTACK.replace("    BODY", body))
    assert verdict.outcome == "passed", verdict.sentence


def test_without_libseccomp_there_is_no_sandbox(monkeypatch):
    monkeypatch.setattr(system_calls, "LIBRARY", "libseccomp.so.nowhere")
    system_calls.library.cache_clear()
    for kind in ("namespaces", "user"):
        problem = available.problem_with.__wrapped__(kind)
        assert "apt-get install libseccomp2" in problem
    monkeypatch.setattr(available, "problem_with", lambda kind: problem)
    with pytest.raises(NoSandbox, match="bubblewrap libseccomp2"):
        available.find_sandbox()


@pytest.mark.slow
def test_where_the_sandbox_does_not_see_libseccomp_it_does_not_come_up(kind, tmp_path, monkeypatch):
    source = FILES["system_calls.py"].read_text(encoding="utf-8")
    blind = tmp_path / "system_calls.py"
    blind.write_text(source.replace(system_calls.LIBRARY, "libseccomp.so.nowhere"))
    monkeypatch.setitem(FILES, "system_calls.py", blind)
    with pytest.raises(NoSandbox, match="apt-get install libseccomp2"), Sandbox(kind):
        pass
