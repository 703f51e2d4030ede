"""The system calls that a student's code may make: a list of names, and the filter made of it.

This file runs inside the sandbox and imports nothing of the course. libseccomp turns the names into
a program for this machine's kernel, once in the fork server; each child only loads it. It is on
every Debian and Ubuntu, because apt needs it; pyseccomp, its wrapper on PyPI, is not kept up.
"""

import ctypes
import errno
import functools
import os
import platform
import socket
import struct
import termios

# What Python, NumPy, the threads of BLAS and TensorFlow need, and what ordinary code does with its
# own files and processes. A name that this machine or its libseccomp doesn't know is passed over.
ALLOWED = {
    "open files": """
        open openat creat close close_range dup dup2 dup3 fcntl flock lseek
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 sendfile
        copy_file_range fsync fdatasync truncate ftruncate fallocate fadvise64""",
    "names and folders": """
        stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2
        readlink readlinkat getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir
        unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
        chmod fchmod fchmodat fchmodat2 umask utime utimes utimensat futimesat
        getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr""",
    "pipes and waiting": """
        pipe pipe2 eventfd eventfd2 poll ppoll select pselect6
        epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2""",
    "sockets": """
        bind connect listen accept accept4 getsockname getpeername getsockopt shutdown
        sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg""",
    "memory": "brk mmap munmap mprotect mremap madvise msync",
    "processes and threads": """
        fork vfork execve exit exit_group wait4 waitid kill tkill tgkill
        set_tid_address set_robust_list get_robust_list rseq futex restart_syscall
        arch_prctl riscv_flush_icache riscv_hwprobe
        sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler
        sched_get_priority_min sched_get_priority_max getpriority setpriority
        getpid getppid gettid getpgrp getpgid setpgid getsid setsid
        getuid geteuid getresuid getgid getegid getresgid getgroups""",
    "signals": """
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait
        sigaltstack pause""",
    "time": """
        time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep times
        alarm getitimer setitimer""",
    "the machine": "uname sysinfo getcpu getrandom getrusage getrlimit setrlimit prlimit64",
}

# Calls from here on have the same number on every machine. Programs try whether they exist before
# they use them, so the rest of these isn't "not permitted" but "not there".
SHARED, LAST = 424, 1023

# Terminals, what waits in a pipe, and flags of descriptors; not TIOCSTI, which types for others.
IOCTL = (
    termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIONBIO,
    termios.FIOCLEX, termios.FIONCLEX,
)  # fmt: skip
PRCTL = 15, 16, 0x53564D41  # set and get the name of a thread; name a piece of memory
EVERY_FAMILY = range(64)  # more than Linux has
# Kinds of sockets, and the protocols of each; another one would make the kernel load its module.
LOCAL = ((socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, 0))
IP = (*LOCAL, (socket.SOCK_STREAM, socket.IPPROTO_TCP), (socket.SOCK_DGRAM, socket.IPPROTO_UDP))
TYPES = 0xF  # these bits of a socket's type, beside flags
# What is set of a socket; other options attach programs to it or make the kernel load modules.
OPTIONS = {
    socket.SOL_SOCKET: (
        socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_KEEPALIVE, socket.SO_LINGER,
        socket.SO_BROADCAST, socket.SO_RCVTIMEO, socket.SO_SNDTIMEO,
    ),
    socket.IPPROTO_TCP: (socket.TCP_NODELAY,),
    socket.IPPROTO_IPV6: (socket.IPV6_V6ONLY,),
}  # fmt: skip
INT = 0xFFFFFFFF  # as many bits as the kernel reads of an int

KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
OF_ANOTHER_MACHINE, OPTIMIZE, TREE = 2, 8, 2  # attributes of a filter, and a value of the last
MASKED_EQUAL = 7
SET_SECCOMP, FILTER = 22, 2
NAMESPACES = 0x7E020000  # every flag of clone that asks for a new one
LIBRARY = "libseccomp.so.2"


class Condition(ctypes.Structure):
    """libseccomp's scmp_arg_cmp: certain bits of an argument have a value."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    )


def where(argument: int, value: int, mask: int = INT) -> Condition:
    """That the bits `mask` of an argument are `value`."""
    return Condition(argument, MASKED_EQUAL, mask, value)


@functools.cache
def library() -> ctypes.CDLL:
    """libseccomp.

    Raises:
        OSError: if it isn't there.
    """
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError:
        raise OSError(
            "libseccomp, which filters system calls, isn't installed: "
            "apt-get install libseccomp2 (Debian, Ubuntu)"
        ) from None
    found.seccomp_init.restype = ctypes.c_void_p
    return found


def number(name: str) -> int:
    """The number of a system call on this machine; negative if there is none.

    Raises:
        OSError: if libseccomp isn't there.
    """
    return library().seccomp_syscall_resolve_name(name.encode())


class Filter:
    """A filter of system calls: all are refused as not permitted, but for the rules that follow.

    A call in the numbers of another machine, x32 among them, ends the process.

    Raises:
        OSError: if libseccomp isn't there or doesn't know this machine.
    """

    def __init__(self):
        self.library = library()
        self.context = ctypes.c_void_p(self.library.seccomp_init(REFUSE | errno.EPERM))
        if not self.context:
            raise OSError(f"libseccomp knows no filter for {platform.machine()}")
        self._set(OF_ANOTHER_MACHINE, KILL)
        self._set(OPTIMIZE, TREE)

    def _set(self, attribute: int, value: int) -> None:
        _checked(self.library.seccomp_attr_set(self.context, attribute, ctypes.c_uint32(value)))

    def add(self, action: int, call: int, *conditions: Condition) -> None:
        """One rule: what becomes of a call on which all the conditions hold."""
        array = (Condition * len(conditions))(*conditions)
        rule = self.library.seccomp_rule_add_array
        _checked(rule(self.context, ctypes.c_uint32(action), call, len(conditions), array))

    def program(self) -> bytes:
        """The program for the kernel. Afterwards the filter is used up."""
        file = os.memfd_create("filter")
        try:
            _checked(self.library.seccomp_export_bpf(self.context, file))
            return os.pread(file, os.fstat(file).st_size, 0)
        finally:
            os.close(file)
            self.library.seccomp_release(self.context)


def _checked(code: int) -> None:
    if code < 0:
        raise OSError(-code, f"libseccomp: {os.strerror(-code)}")


def compiled(families: tuple[int, ...]) -> bytes:
    """The program that lets through what is `ALLOWED`, and sockets of some families.

    Args:
        families: of sockets; streams and datagrams of each, which are TCP and UDP for IP.

    Raises:
        OSError: if libseccomp isn't there or doesn't know this machine.
    """
    made = Filter()
    numbers = {number(name) for names in ALLOWED.values() for name in names.split()}
    allowed = {one for one in numbers if one >= 0}
    for call in allowed:
        made.add(ALLOW, call)
    for call in set(range(SHARED, LAST + 1)) - allowed:
        made.add(REFUSE | errno.ENOSYS, call)
    # New namespaces have flags of clone. clone3 hides its flags, so it is one that isn't there.
    flags = 1 if platform.machine().startswith("s390") else 0
    made.add(ALLOW, number("clone"), where(flags, 0, NAMESPACES))
    for request in IOCTL:
        made.add(ALLOW, number("ioctl"), where(1, request))
    for option in PRCTL:
        made.add(ALLOW, number("prctl"), where(0, option))
    for level, options in OPTIONS.items():
        for option in options:
            made.add(ALLOW, number("setsockopt"), where(1, level), where(2, option))
    for call in number("socket"), number("socketpair"):
        for family in EVERY_FAMILY:
            if family not in families:
                made.add(REFUSE | errno.EAFNOSUPPORT, call, where(0, family))
        for family in families:
            for kind, protocol in LOCAL if family == socket.AF_UNIX else IP:
                like = where(0, family), where(1, kind, TYPES), where(2, protocol)
                made.add(ALLOW, call, *like)
    return made.program()


def only(program: bytes) -> None:
    """Let this process, and all that it starts, make only the calls that a program allows.

    Raises:
        OSError: if the kernel refuses.
    """
    buffer = ctypes.create_string_buffer(program)
    length = len(program) // 8  # of one instruction
    instructions = struct.pack("HP", length, ctypes.addressof(buffer))
    if ctypes.CDLL(None, use_errno=True).prctl(SET_SECCOMP, FILTER, instructions, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp: {os.strerror(error)}")
