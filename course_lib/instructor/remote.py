"""A student's function as the judge holds it: calling it sends plain values into the sandbox.

The judge walks this up the same ladder as the learner's own check does, so the verdict is the same
sentence. The rung's call, the reference and the expected values stay on this side; the student's
code sees the arguments of its own function, and nothing else.
"""

import contextlib
import inspect
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Arrays
from course_lib.exercises.guard import NotWritten, Unusable
from course_lib.instructor.sandbox import Child, Limits, NoSandbox, Sandbox
from course_lib.instructor.wire import Channel, Gone, Late, TooLarge, Violation

GRACE = 2.0  # seconds beyond the student's, in which the child stops a loop by itself
MOST_ASKED = 200_000  # times that one call may ask for a loss


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

    Raises:
        Stopped: if the notebook's definitions alone bring it down.
        NoSandbox: if the sandbox is gone.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits, name: str, cells: list):
        self.sandbox, self.limits, self.name, self.cells = sandbox, limits, name, cells
        self.child: Child | None = None
        self.replaced: set[str] = set()
        self.delivered: set[str] = set()  # names of the course whose source the child has seen
        self.defined: dict = {}
        self.start()

    def start(self) -> None:
        """A fresh child."""
        self.close()
        self.replaced = set()
        self.delivered = set()
        self.child = self.sandbox.child(self.limits)
        self.channel = Channel(self.child.talk)
        self.defined = self.ask(
            "define", name=self.name, cells=self.cells, seconds=self.limits.seconds
        )
        self._note(self.defined)

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
        if self.child is None:
            self.start()
        limit = self.limits.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit + GRACE
        order = {"do": what, "with": dict(more)}
        if arguments is not None:
            order["with"]["arguments"] = arguments
        if seconds is not None or what == "define":
            order["with"]["seconds"] = limit
        try:
            self.channel.send(order, handles, deadline)
            for _ in range(MOST_ASKED):
                message = self.channel.receive(deadline=deadline)
                if not isinstance(message, dict):
                    raise Violation("a message that is none")
                if "answer" in message and isinstance(message["answer"], dict):
                    self._note(message["answer"])
                    return message["answer"]
                if handles is None or type(message.get("ask")) is not int:
                    raise Violation("a message that is none")
                number = message["ask"]
                if not 0 <= number < len(handles):
                    raise Violation("a function that wasn't handed out")
                follow(arguments, message.get("arguments"))
                reply = _value(handles[number], message.get("given"))
                self.channel.send(reply, deadline=deadline)
            raise Late
        except Late:
            self.lose()
            raise Stopped(
                "time limit",
                f"was still running after {limit:.0f} seconds: look for a loop that never ends.",
            ) from None
        except Violation as violation:
            self.lose()
            raise Stopped(
                "tampered with",
                f"spoke to the judge behind the back of its function ({violation}).",
            ) from None
        except Gone:
            raise self._ended() from None

    def _ended(self) -> Stopped:
        fate = self.child.ended()
        self.lose()
        if "refused" in fate:
            raise NoSandbox(fate["refused"])
        code = fate.get("code", 0)
        if fate.get("reason") == "memory":
            most = f"{self.limits.memory >> 20} MB"
            return Stopped("memory limit", f"took more than the {most} of memory that it may.")
        if code == -24:
            return Stopped("time limit", "used up its seconds of CPU: is there an endless loop?")
        if code < 0:
            import signal

            name = signal.Signals(-code).name if -code in signal.valid_signals() else -code
            return Stopped("crashed", f"brought Python down ({name}).")
        return Stopped("crashed", "ended its own process.")

    def _note(self, answer: dict) -> None:
        found = answer.get("replaced")
        if isinstance(found, list):
            self.replaced |= {str(one)[:60] for one in found[:20]}

    def lose(self) -> None:
        """Kill the child."""
        if self.child is not None:
            self.child.close()
            self.child = None

    close = lose


class Remote:
    """A student's function or class.

    Args:
        session: where it lives.
        exercise_id: for sentences.
        name: what the notebook calls it.
        choose: what the session's `choose` needs besides; see `worker.Student.choose`.
        parameters: names of its parameters.
        cut: for a class, from a rung's call to its source; see `run_inside`.
        foresee: from the arguments of a call to what goes along with them; see `Foresight`.
    """

    def __init__(self, session, exercise_id, name, choose, parameters, cut=None, foresee=None):
        self.session, self.exercise_id, self.name = session, exercise_id, name
        self.choose, self.cut, self.foresee = choose, cut, foresee
        self.fate = ""
        self.sentence = ""
        self.said: dict[str, str] = {}  # sentences about what went wrong, and its kind
        self.printed = (0, "")
        self.__name__ = exercise_id
        names = [str(p) for p in parameters if isinstance(p, str) and p.isidentifier()][:50]
        if len(set(names)) == len(names):
            with contextlib.suppress(ValueError):
                self.__signature__ = inspect.Signature(
                    [inspect.Parameter(p, inspect.Parameter.POSITIONAL_OR_KEYWORD) for p in names]
                )

    def ready(self) -> None:
        """Make it the function that the child calls.

        Raises:
            Stopped: if the child is lost over it.
        """
        answer = self.session.ask(
            "choose", seconds=self.session.limits.seconds, name=self.name,
            exercise=self.exercise_id, **self.choose,
        )  # fmt: skip
        if "unusable" in answer:
            raise Stopped("error", f"can't be called: {str(answer['unusable'])[:500]}.")

    def __call__(self, *arguments: Any) -> Any:
        """What the student's function makes of the arguments."""
        handles: list[Callable] = []
        foreseen = self.foresee(arguments) if self.foresee else {}
        answer = self._ask("call", handles, arguments, foreseen=foreseen)
        follow(arguments, answer.get("arguments"))
        return answer.get("result")

    def run_inside(self, call: Callable, inputs: Arrays) -> Arrays:
        """A rung's call on a class, run in the sandbox; what comes out is plain arrays.

        The sandbox gets the source of the call alone, without the module that it stands in.
        """
        source, below = self.cut(call)
        self.choose = {**self.choose, "sources": {**self.choose["sources"], **below}}
        if self.session.child is not None:
            self._try(self.ready)
        answer = self._ask("inside", None, None, source=source, name=call.__name__, inputs=inputs)
        result = answer.get("result")
        if not isinstance(result, dict):
            raise Unusable(f"{self.exercise_id} gave nothing that can be judged.")
        return result

    def _try(self, action: Callable) -> Any:
        try:
            if self.session.child is None:
                self.session.start()
                self.ready()
            return action()
        except Stopped as stopped:
            self.fate = stopped.fate
            self.sentence = f"{self.exercise_id} {stopped.sentence}"
            self.said[self.sentence] = self.fate
            raise Unusable(self.sentence) from None

    def _ask(self, what, handles, arguments, **more) -> dict:
        if self.fate in ("time limit", "memory limit", "crashed", "tampered with"):
            # It would only do so again, and each time costs its seconds.
            raise Unusable(self.sentence)
        try:
            answer = self._try(lambda: self.session.ask(what, handles, arguments, **more))
        except TooLarge:
            raise Unusable(f"{self.exercise_id} needs arguments that are too large.") from None
        printed = answer.get("printed")
        if isinstance(printed, list) and len(printed) == 2 and type(printed[0]) is int:
            self.printed = (self.printed[0] + max(0, printed[0]), str(printed[1])[:80])
        if "not written" in answer:
            raise NotWritten(str(answer["not written"])[:500])
        if "unusable" in answer:
            self.sentence = str(answer["unusable"])[:1000]
            kinds = {"error": "error", "memory": "memory limit", "time": "time limit"}
            self.fate = kinds.get(answer.get("kind"), "")
            self.said[self.sentence] = self.fate
            raise Unusable(self.sentence)
        return answer


def _value(function: Callable, given: Any) -> dict:
    """What a function of the rung's, such as a loss, gives for what the student hands it."""
    try:
        with np.errstate(all="ignore"):
            return {"value": function(*(given if isinstance(given, tuple) else ()))}
    except Exception as error:  # the student's arguments may be anything
        return {"raised": " ".join(str(error).split())[:200]}


def follow(mine: Any, theirs: Any) -> None:
    """Bring arrays to what the student has made of them, in place.

    Where only the numbers changed, the same array holds them: a loss that reads it sees the
    change. Whatever doesn't fit is left out; the guard then sees no change.
    """
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in list(mine):
            if key not in theirs:
                del mine[key]
            elif not _followed(mine[key], theirs[key]):
                mine[key] = theirs[key]
        for key in theirs.keys() - mine.keys():
            mine[key] = theirs[key]
    elif isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        for one, other in zip(mine, theirs, strict=False):
            _followed(one, other)


def _followed(mine: Any, theirs: Any) -> bool:
    """Whether what stands here could be changed in place, or needs no change."""
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
            return False
        if mine.flags.writeable:
            np.copyto(mine, theirs)
        return True
    if isinstance(mine, np.random.Generator):
        if isinstance(theirs, np.random.Generator):
            mine.bit_generator.state = theirs.bit_generator.state
        return True
    if isinstance(mine, dict | list | tuple):
        if not isinstance(theirs, dict | list | tuple):
            return False
        follow(mine, theirs)
        return True
    return not isinstance(theirs, np.ndarray)
