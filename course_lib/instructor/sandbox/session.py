"""A conversation with one child of the sandbox, which holds one notebook's definitions."""

import select
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import OUT_OF_MEMORY, OUT_OF_TIME, RAISED
from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox.arguments import follow
from course_lib.instructor.sandbox.defined import Defined
from course_lib.instructor.sandbox.inside.messages import Channel, Gone, Late, TooLarge, Violation
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.patience import Patience
from course_lib.instructor.sandbox.sandbox import Child, Sandbox

GRACE = 2.0  # seconds of work beyond the student's, in which the child stops a loop by itself
READING = 3  # times the seconds of a call that the reading of a notebook may take
MOST_ASKED = 200_000  # times that one call may ask for a loss
NO_BUDGET = "was cut off: the submission has used up its seconds for all exercises together."
CRASHED, TAMPERED = "crashed", "tampered with"
# What a student's code can do to itself, and the machine to anybody.
KILLED = (
    "was killed (SIGKILL), twice: by itself, or from outside, as a machine does that runs out of "
    "memory."
)
LOST = "lost its connection to the judge, twice."


class Stopped(Exception):
    """The child is gone; `fate` says why in one word, `sentence` in words for the student."""

    def __init__(self, fate: str, sentence: str):
        super().__init__(sentence)
        self.fate = fate
        self.sentence = sentence


class Session:
    """A child with one notebook's definitions in it; made anew when it was lost.

    Args:
        sandbox: where to run it.
        limits: what it may take.
        name: the notebook's name.
        cells: numbers and sources of its code cells.
        wanted, roles, starts, modules: see `inside.student.Student.define`.

    Attributes:
        doubtful: whether a child came to an end that may be none of the student's doing, so that it
            takes a second one for a verdict.

    Raises:
        Stopped: if the notebook's definitions alone bring it down.
        NoSandbox: if the sandbox is gone.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        name: str,
        cells: list,
        wanted: list[str],
        roles: dict[int, str],
        starts: dict[str, str],
        modules: dict[str, str] | None = None,
    ):
        self.sandbox, self.limits = sandbox, limits
        self.notebook = {
            "name": name,
            "cells": cells,
            "wanted": wanted,
            "roles": roles,
            "starts": starts,
            "modules": modules or {},
        }
        self.child: Child | None = None
        self.doubtful = False
        self.replaced: set[str] = set()
        self.delivered: set[str] = set()  # names of the course whose source the child has seen
        self.defined = Defined()
        try:
            self.start()
        except Stopped:
            if not self.doubtful:
                raise
            self.start()

    def start(self) -> None:
        """A fresh child."""
        self.close()
        self.replaced = set()
        self.child = self.sandbox.child(self.limits)
        self.channel = Channel(self.child.talk)
        each = self.limits.seconds
        try:
            answer = self.ask("define", seconds=READING * each, each=each, **self.notebook)
        except TooLarge:
            self.lose()
            raise Stopped(RAISED, "failed: it holds more code than can be read.") from None
        self.defined = Defined.from_answer(answer)

    def ask(self, what: str, handles=None, arguments=None, seconds=None, **more) -> dict:
        """Have the child do something and return its answer.

        Args:
            what: the operation.
            handles: takes callables among the arguments; the child may ask for their values.
            arguments: of a call; arrays in it are changed as the student changed them.
            seconds: what the student's part may take.
            more: what else the operation needs.

        Raises:
            Stopped: if the child ends, breaks a rule or is late.
        """
        if time.monotonic() >= self.limits.ends:
            self.lose()
            raise Stopped(OUT_OF_TIME, NO_BUDGET)
        if self.child is None:
            self.start()
        limit = self.limits.seconds if seconds is None else seconds
        patience = Patience(self.child, limit + GRACE, self.limits.ends)
        order = {"do": what, "with": dict(more)}
        if arguments is not None:
            order["with"]["arguments"] = arguments
        if seconds is not None:
            order["with"]["seconds"] = limit
        try:
            self.channel.send(order, handles, patience.last)
            for _ in range(MOST_ASKED):
                message = self.channel.receive(deadline=patience.first(), later=patience.later)
                if not isinstance(message, dict):
                    raise Violation("a message that is none")
                if "answer" in message and isinstance(message["answer"], dict):
                    self._note(what, message["answer"])
                    return message["answer"]
                if handles is None or type(message.get("ask")) is not int:
                    raise Violation("a message that is none")
                number = message["ask"]
                if not 0 <= number < len(handles):
                    raise Violation("a function that wasn't handed out")
                follow(arguments, message.get("arguments"))
                reply = _value(handles[number], message.get("given"))
                self.channel.send(reply, deadline=patience.last)
            raise Late
        except Late:
            self.lose()
            if time.monotonic() >= self.limits.ends:
                raise Stopped(OUT_OF_TIME, NO_BUDGET) from None
            raise Stopped(
                OUT_OF_TIME,
                f"was still running after {limit:.0f} seconds: look for a loop that never ends.",
            ) from None
        except Violation as violation:
            self.lose()
            raise Stopped(
                TAMPERED,
                f"spoke to the judge behind the back of its function ({violation}).",
            ) from None
        except Gone:
            raise self._ended() from None

    def _ended(self) -> Stopped:
        fate = self.child.ended()
        self.lose()
        if "refused" in fate:
            raise NoSandbox(fate["refused"])
        if not fate:
            self.doubtful = True
            return Stopped(CRASHED, LOST)
        code = fate.get("code", 0)
        if fate.get("reason") == "memory":
            most = f"{self.limits.memory >> 20} MB"
            return Stopped(OUT_OF_MEMORY, f"took more than the {most} of memory that it may.")
        if code == -24:
            return Stopped(OUT_OF_TIME, "used up its seconds of CPU: is there an endless loop?")
        if code == -signal.SIGKILL:
            self.doubtful = True
            return Stopped(CRASHED, KILLED)
        if code < 0:
            name = signal.Signals(-code).name if -code in signal.valid_signals() else -code
            return Stopped(CRASHED, f"brought Python down ({name}).")
        return Stopped(CRASHED, "ended its own process.")

    def _note(self, what: str, answer: dict) -> None:
        """Note what was put in another's place.

        Raises:
            Violation: if it was the judge's own, while it judged. What had been put there before
                it began has been taken away again.
        """
        found, own = answer.get("replaced"), answer.get("meddled with")
        own = own if isinstance(own, list) else []
        for names in (found if isinstance(found, list) else [], own):
            self.replaced |= {str(one)[:120] for one in names[:20]}
        if own and what != "define":
            raise Violation(f"{str(own[0])[:120]} isn't the judge's own any more")

    @property
    def unasked(self) -> bool:
        """Whether the child has said something that nobody asked for, or has ended."""
        return self.child is not None and bool(select.select([self.child.talk], [], [], 0)[0])

    def lose(self) -> None:
        """Kill the child."""
        if self.child is not None:
            self.child.close()
            self.child = None
            self.delivered = set()

    close = lose


def _value(function: Callable, given: Any) -> dict:
    """What a function of the rung's, such as a loss, gives for what the student hands it."""
    try:
        with np.errstate(all="ignore"):
            return {"value": function(*(given if isinstance(given, tuple) else ()))}
    except Exception as error:  # the student's arguments may be anything
        return {"raised": " ".join(str(error).split())[:200]}
