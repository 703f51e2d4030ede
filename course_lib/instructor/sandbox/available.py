"""Which sandbox works on this machine, tried out with a real child."""

import functools
import os
import shutil
import sys
import time
from pathlib import Path

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox.defined import Defined
from course_lib.instructor.sandbox.inside import system_calls
from course_lib.instructor.sandbox.inside.messages import Channel, Gone, Late, Violation
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox
from course_lib.instructor.sandbox.view import package_folders

KINDS = ("bubblewrap", "namespaces")
# What the probe's child is to read: a module that nothing loads before it is walled in, so that it
# shows whether a student's code can import any. Another user can't, where Python is in a home.
MODULE = "colorsys"
OPEN = 0o005  # others may read it and enter it
CLOSED = (
    "No sandbox can be had here: students' code runs as a user of its own, who can't read {0}. An "
    "environment that was made with umask 077 is like that. Let others read it: chmod -R o+rX {1}"
)


def find_sandbox() -> str:
    """The kind of sandbox that works here, tried out with a real child.

    Raises:
        NoSandbox: if none does.
    """
    reasons = []
    for kind in KINDS:
        problem = problem_with(kind)
        if not problem:
            return kind
        reasons.append(f"{kind}: {problem}")
    if os.geteuid() == 0 and (closed := closed_to_others()):
        raise NoSandbox(CLOSED.format(closed, sys.prefix))
    raise NoSandbox(
        "No sandbox can be had here, and a student's code must not run without one.\n"
        + "".join(f"  {reason}\n" for reason in reasons)
        + "Install bubblewrap and libseccomp (Debian, Ubuntu: apt-get install bubblewrap "
        "libseccomp2), or run this as root, for which libseccomp is enough; "
        "where user namespaces are switched off (Ubuntu 24.04), switch them on: "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0. "
        "--no-sandbox runs everything without walls, and says what is given up."
    )


def closed_to_others() -> str:
    """The outermost folder of this Python's packages that other users can't read; empty if none.

    Folders above the environment don't count: the sandbox doesn't show them.
    """
    for packages in package_folders():
        inside = [one for one in (Path(packages), *Path(packages).parents) if _is_inside(one)]
        for folder in reversed(inside):
            if folder.stat().st_mode & OPEN != OPEN:
                return str(folder)
    return ""


def _is_inside(folder: Path) -> bool:
    return folder.is_relative_to(sys.prefix) or str(folder) in package_folders()


@functools.cache
def problem_with(kind: str) -> str:
    """Why a kind of sandbox doesn't work here, in words; empty if it does."""
    if not sys.platform.startswith("linux"):
        return "this needs Linux"
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "it isn't installed"
    try:
        system_calls.library()
        with Sandbox(kind) as sandbox:
            child = sandbox.child(Limits())
            try:
                channel = Channel(child.talk)
                soon = time.monotonic() + 20
                define = {"name": "probe", "cells": [[1, f"import {MODULE}"]], "wanted": [MODULE]}
                define |= {"roles": {}, "starts": {}, "seconds": 5.0, "each": 5.0}
                channel.send({"do": "define", "with": define}, deadline=soon)
                found = Defined.from_answer(channel.receive(deadline=soon)["answer"])
                if MODULE not in found.names:
                    why = " ".join([found.problem, *found.remarks]).strip()
                    return f"students' code can't import Python's own modules there ({why})"
            except (Gone, Late, Violation):
                fate = child.ended()
                return str(fate.get("refused") or "the child's walls can't be put up")
            finally:
                child.close()
    except (NoSandbox, OSError) as error:
        return str(error)
    return ""
