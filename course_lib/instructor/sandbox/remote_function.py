"""A student's function as the judge holds it: calling it sends plain values into the sandbox.

The judge walks this up the same ladder as the learner's own check does, so the verdict is the same
sentence. The rung's call, the reference and the expected values stay on this side; the student's
code sees the arguments of its own function, and nothing else.
"""

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from course_lib.exercises.calling.guard import (
    OUT_OF_MEMORY,
    OUT_OF_TIME,
    RAISED,
    Elsewhere,
    NotWritten,
    Unusable,
    full_stop,
)
from course_lib.exercises.exercise import Arrays
from course_lib.graphs import goes_step_by_step
from course_lib.instructor.sandbox.arguments import follow
from course_lib.instructor.sandbox.inside.messages import TooLarge
from course_lib.instructor.sandbox.session import CRASHED, TAMPERED, Stopped

FINAL = (OUT_OF_TIME, OUT_OF_MEMORY, CRASHED, TAMPERED)  # it would only end so again


class Remote(Elsewhere):
    """A student's function or class.

    Args:
        session: where it lives.
        exercise_id: for sentences.
        name: what the notebook calls it.
        choose: what the session's `choose` needs besides; see `inside.student.Student.choose`.
        parameters: names of its parameters.
        cut: for a class, from a rung's call to its source; see `run_inside`.
        foresee: from the arguments of a call to what goes along with them; see
            `judging.precomputed_losses`.
    """

    def __init__(self, session, exercise_id, name, choose, parameters, cut=None, foresee=None):
        self.session, self.exercise_id, self.name = session, exercise_id, name
        self.choose, self.cut, self.foresee = choose, cut, foresee
        self.fate = ""  # how its child ended last, if it did
        self.sentence = ""
        self.printed = (0, "")
        self.brought: list[str] = []  # data that it has from its notebook
        self.can_do_without = True
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
            raise Stopped(RAISED, full_stop(f"can't be called: {str(answer['unusable'])[:500]}"))
        brought = answer.get("brought")
        self.brought = [str(one)[:60] for one in brought[:9]] if isinstance(brought, list) else []
        self.can_do_without = answer.get("possible") is not False

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the student's function makes of the arguments."""
        return self._call("call", arguments, named)

    def forget(self) -> None:
        """The next call begins in a process that has read the notebook anew and done nothing."""
        self.session.lose()

    def held(self) -> Callable:
        """The function with its results held in the sandbox; see `guard.Held`."""

        def holding(*arguments: Any, **named: Any) -> Any:
            return self._call("call_and_hold", arguments, named)

        holding.__wrapped__ = self  # so that a sentence can name an argument
        return holding

    def _call(self, how: str, positional: tuple, named: dict[str, Any]) -> Any:
        handles: list[Callable] = []
        arguments = (*positional, *named.values())
        foreseen = self.foresee(arguments) if self.foresee else {}
        answer = self._ask(how, handles, arguments, foreseen=foreseen, names=list(named))
        follow(arguments, answer.get("arguments"))
        return answer.get("result")

    def run_inside(self, call: Callable, inputs: Arrays) -> Arrays:
        """A rung's call on a class, run in the sandbox; what comes out is plain arrays.

        The sandbox gets the source of the call alone, without the module that it stands in. Where
        TensorFlow goes step by step here, it does so there.
        """
        source, below = self.cut(call)
        self.choose = {**self.choose, "sources": {**self.choose["sources"], **below}}
        if self.session.child is not None:
            self._try(self.ready)
        answer = self._ask(
            "inside", None, None, source=source, name=call.__name__, inputs=inputs,
            traced=not goes_step_by_step(),
        )  # fmt: skip
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
            raise Unusable(self.sentence, self.fate) from None

    def _ask(self, what, handles, arguments, **more) -> dict:
        if self.fate in FINAL:  # and each time would cost its seconds
            raise Unusable(self.sentence, self.fate)
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
            kind = answer.get("kind")
            self.fate = (
                kind
                if isinstance(kind, str) and kind in (RAISED, OUT_OF_TIME, OUT_OF_MEMORY)
                else ""
            )
            self.sentence = str(answer["unusable"])[:1000]
            where = answer.get("where")
            raise Unusable(self.sentence, self.fate, where[:2000] if isinstance(where, str) else "")
        return answer
