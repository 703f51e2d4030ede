"""What keeps every program here from its work: said in one line, before it fails in a hundred."""

import errno
import os

LOCKED_OUT = (
    "With the umask {:04o} you may not open what you make yourself. Run `umask 022`, then try "
    "again."
)
CUT_OFF = (
    "This machine can't reach itself, as notebooks must: its loopback interface is down. Run as "
    "root: ip link set lo up"
)
NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)


def locked_out() -> str:
    """That the umask takes the owner's own rights to new files; empty if it doesn't."""
    mask = os.umask(0o022)  # it can't be read without being set
    os.umask(mask)
    return LOCKED_OUT.format(mask) if mask & 0o700 else ""


def cut_off() -> str:
    """That no kernel can be reached, since 127.0.0.1 can't; empty if it can. Nothing is sent."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("127.0.0.1", 9))
        except OSError as error:
            return CUT_OFF if error.errno in NO_WAY else ""
    return ""
