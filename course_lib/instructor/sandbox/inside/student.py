"""What runs a student's code, inside the sandbox. It computes; it does not judge.

It knows no exercise, no expected value and no check. It holds what the notebook defines, calls one
function of it with the plain values that come over the connection, and sends back what came out.
Whatever else the student's code finds here is its own.

Of the course it imports what holds no secret: `reading`, `graphs`, `guard` and `outside`. All else
of `course_lib` that a notebook imports is a stand-in, except the sources that the judge sends: the
parts that an exercise builds on, after those were judged.
"""

import builtins
import contextlib
import inspect
import math
import sys
import threading
import time
import types

import graphs
import guard
import imports
import messages
import numpy as np
import outside
import own_parts
import reading.run

PRINTED = 80  # characters of a student's printing that are kept

WATCHED = {
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.testing": np.testing,
    "builtins": builtins,
    "time": time,
    "math": math,
}
ORIGINALS = {name: dict(vars(module)) for name, module in WATCHED.items()}
# The judge's own modules that a student's code could meddle with.
KEPT = (
    *own_parts.GRAPHS,
    *own_parts.GUARD,
    imports,
    messages,
    outside,
    own_parts,
    sys.modules[__name__],
)


class Student:
    """What one notebook defines, and the calls into it.

    Args:
        channel: the connection to the judge.
        own: what is the judge's in this process.
    """

    def __init__(self, channel, own):
        self.channel = channel
        self.own = own
        self.course = imports.Course()
        self.taken = reading.run.Notebook("")
        self.function = self.holding = None
        self.name, self.by_seed = "", False
        self.before = {}
        self.missing = {}
        sys.meta_path.insert(0, self.course)

    def define(self, name, cells, wanted, roles, starts, seconds, each, modules=None):
        """Run what the exercises' functions need, and say what there is.

        Args:
            name: the notebook's name.
            cells: numbers and sources of its code cells.
            wanted: ids of exercises.
            roles: from numbers of cells to the exercise that the course released there.
            starts: the code that some exercises start from.
            seconds: that the reading may take.
            each: of these, what one statement may take.
            modules: sources of what lies beside the notebook, by the name of the module.
        """
        beside = imports.Beside(modules or {})
        sys.meta_path.insert(1, beside)  # below the course
        guard.limit.TIME_LIMIT = seconds
        problem, kind, answers = "", "", {}
        output = guard.CappedOutput()
        try:
            with guard.guarded("Reading the notebook", None, output):
                program, self.taken = reading.run.read(name, cells)
                answers = program.answers(wanted, roles)
                roots = [root for names in answers.values() for root in names]
                limits = guard.time_limit, each, seconds
                reading.run.run(program, self.taken, roots, starts, *limits)
        except guard.Unusable as error:
            problem, kind = str(error), error.kind
        except guard.NotWritten:
            problem = "A stub runs while the notebook is read."
        found, imported = {}, []
        # An object of the student's own may say anything of itself; its type is what it is.
        for one, value in self.taken.values.items():
            if type(value) is imports.Missing:
                imported.append((one, value.module, value.__name__))
            elif type(value) is types.ModuleType and type(value.__loader__) is imports.Course:
                imported.append((one, value.__name__, ""))
        failed = {
            one: [failure.sentence, _kind(failure.error)]
            for one, failure in self.taken.failures.items()
        }
        for one in dict.fromkeys(one for names in answers.values() for one in names):
            value = self.taken.values.get(one)
            try:
                with guard.time_limit(each):
                    if type(value) is not imports.Missing and self.taken.answer(one) is not None:
                        found[one] = [_cell(value), _parameters(value)]
            except BaseException as error:  # it is this one alone that can't be judged
                what = guard.with_article(type(value).__name__[: guard.LONGEST_NAME])
                raised = type(error).__name__.lstrip("_")
                failed[one] = [f"{one} is {what} that can't be looked at ({raised}).", guard.RAISED]
        self.missing = {one: (module, there) for one, module, there in imported if there}
        return {
            "problem": problem,
            "kind": kind,
            "found": found,
            "imported": imported,
            "names": sorted(self.taken.names & self.taken.values.keys()),
            "failed": failed,
            "remarks": beside.remarks(cells) + self.taken.remarks,
            "replaced": replaced(),
        }

    def choose(self, name, exercise, seconds, sources, parts, by_itself=False, by_seed=False):
        """Make a function the one to call; what it builds on becomes the reference's.

        Args:
            name: what the notebook calls it.
            exercise: id, for sentences.
            seconds: a call may take.
            sources: of the parts of the course that may be seen from now on, by module.
            parts: the exercises that it builds on, and the modules that hold them.
            by_itself: whether data of the notebook are gone; which, the answer says.
            by_seed: whether nothing but a seed may decide what comes out.
        """
        values = self.taken.values
        values.update(self.before)
        if name not in values:  # a child that came after another has read the notebook anew
            failure = self.taken.failures.get(name)
            why = failure.sentence if failure else "The reading came to no end."
            return {"unusable": f"it was there, and not when the notebook was read again. {why}"}
        self.name, self.function, self.by_seed = exercise, values[name], by_seed
        guard.limit.TIME_LIMIT = seconds
        self.course.fill(sources)
        for one, (module, there) in self.missing.items():
            values[one] = getattr(sys.modules[module], there)
        self.before = {one: values[one] for one in parts if one in values}
        for one, module in parts.items():
            values[one] = getattr(sys.modules[module], one)
        self.holding = guard.Held(self._theirs, exercise)
        answer = {"callable": callable(self.function)}
        if by_itself:
            answer["brought"] = outside.data_from_outside(self.function)
            self.emptied = outside.as_before_a_call(self.function, answer["brought"])
            answer["possible"] = self.emptied.__enter__()  # and so it stays
        return answer

    def _theirs(self, *arguments, **named):
        """The student's function; exceptions of the judge's own that it raises are only errors."""
        try:
            return self.function(*arguments, **named)
        except (guard.Unusable, guard.NotWritten) as forged:
            raise _as_an_error(self.name, self.function, forged) from None

    def call(self, arguments, names=()):
        """Call the function with arguments that the judge has sent.

        Args:
            arguments: all of them, in order.
            names: of the last ones, which are handed in by name.
        """
        return self._called(self._theirs, arguments, names)

    def call_and_hold(self, arguments, names=()):
        """The same, and look whether the results of earlier such calls are as they were."""
        return self._called(self.holding, arguments, names)

    def _called(self, function, arguments, names):
        place = len(arguments) - len(names)
        named = dict(zip(names, arguments[place:], strict=True))

        def run():
            with (
                guard.texts_hashed_anew(self.function) if self.by_seed else contextlib.nullcontext()
            ):
                return messages.plain(function(*arguments[:place], **named))

        return self._guarded(run, arguments)

    def inside(self, source, name, inputs, traced):
        """For a class: the judge's call, run here, with the student's class."""
        module = types.ModuleType("call")
        exec(compile(source, "<call>", "exec", dont_inherit=True), module.__dict__)
        self.own.add(module)
        with graphs.as_in_a_new_notebook(traced):
            return self._guarded(lambda: self._by_the_judge(getattr(module, name), inputs), ())

    def _by_the_judge(self, call, inputs):
        try:
            return call(self.function, inputs)
        except (guard.Unusable, guard.NotWritten) as problem:
            file = _raised_in(problem)
            if file == "<call>" or guard.is_own(file):
                raise
            raise _as_an_error(self.name, self.function, problem) from None

    def _guarded(self, run, arguments):
        output = guard.CappedOutput(PRINTED)
        answer = {}
        try:
            with guard.guarded(self.name, self.function, output):
                answer["result"] = run()
        except guard.NotWritten as stub:
            answer["not written"] = str(stub)
        except guard.Unusable as problem:
            answer["unusable"] = str(problem)
            answer["kind"] = problem.kind
            if problem.kind == guard.RAISED:
                answer["where"] = guard.what_failed(problem.__context__, self.function)
        answer["arguments"] = arguments
        answer["printed"] = [output.printed, output.getvalue()]
        answer["replaced"] = replaced()
        return answer


def replaced() -> list[str]:
    """What was put in place of Python's or NumPy's own. A hint, for it is asked of the accused."""
    found = []
    for name, module in WATCHED.items():
        now = vars(module)
        for one, value in ORIGINALS[name].items():
            if one in ("_", "__warningregistry__") or (one in now and now[one] is value):
                continue
            found.append(f"{name}.{one}")
    if sys.gettrace() or sys.getprofile() or threading.gettrace():
        found.append("a trace function")
    return found[:20]


def _as_an_error(name, function, error):
    return guard.Unusable(guard.what_it_raised(name, function, error), guard.RAISED)


def _raised_in(error) -> str:
    """The file of the line that raised it."""
    trace, file = error.__traceback__, ""
    while trace is not None:
        trace, file = trace.tb_next, trace.tb_frame.f_code.co_filename
    return file


def _cell(value) -> int:
    """The number of the cell that defined it, or 0."""
    methods = vars(value).values() if isinstance(value, type) else [value]
    for one in methods:
        code = getattr(one, "__code__", None)
        if type(code) is types.CodeType:
            tail = code.co_filename.rstrip(">").rpartition("cell ")[2]
            return int(tail) if tail.isdigit() else 0
    return 0


def _parameters(value) -> list[str]:
    try:
        return [str(one) for one in inspect.signature(value).parameters]
    except Exception:  # what a student has made may raise anything
        return []


def _kind(error) -> str:
    """What kind of failure an exception is; None is that it took too long."""
    if error is None:
        return guard.OUT_OF_TIME
    return guard.OUT_OF_MEMORY if isinstance(error, MemoryError) else guard.RAISED


def _in_the_way(name, error) -> str:
    try:
        what = guard.full_stop(" ".join(f"{type(error).__name__}: {error}"[:300].split()))
    except Exception:
        what = f"{type(error).__name__}."
    return f"What {name or 'the notebook'} left behind got in the judge's way: {what}"


def serve(connection) -> None:
    """Do what the judge asks until it goes away."""
    own = own_parts.OwnParts(*KEPT)
    look = own.look  # bound now, whatever becomes of the class
    channel = messages.Channel(connection, inside=True)
    student = Student(channel, own)
    open_calls = []
    foreseen = {}

    def stand_for(number, name):
        def loss(*given):
            now = open_calls[-1] if open_calls else ()
            if not given and number in foreseen:
                value = foreseen[number].get(messages.fingerprint(now))
                if value is not None:
                    return value
            channel.send({"ask": number, "arguments": now, "given": given}, [])
            answer = channel.receive(stand_for)
            if "raised" in answer:
                raise TypeError(answer["raised"])
            return answer["value"]

        return loss

    operations = {
        "define": student.define,
        "choose": student.choose,
        "call": student.call,
        "call_and_hold": student.call_and_hold,
        "inside": student.inside,
    }
    while True:
        try:
            request = channel.receive(stand_for)
        except messages.Gone:
            return
        arguments = request["with"]
        open_calls.append(arguments.get("arguments", ()))
        foreseen.clear()
        for number, (keys, values) in arguments.pop("foreseen", {}).items():
            keys = (key.tobytes() for key in keys)
            foreseen[number] = dict(zip(keys, values, strict=True))
        try:
            answer = operations[request["do"]](**arguments)
        except guard.TookTooLong as limit:  # while what it had limited was being left
            late = guard.still_running(student.name or "The notebook", limit)
            answer = {"unusable": str(late), "kind": late.kind}
        except Exception as error:  # a student's leftovers got in the way
            answer = {"unusable": _in_the_way(student.name, error), "kind": guard.RAISED}
        open_calls.pop()
        answer["meddled with"] = look()[:20]
        try:
            channel.send({"answer": answer}, [])
        except messages.Gone:
            return
        except (messages.TooLarge, MemoryError):
            why = "returned more than can be judged: is a loop adding up arrays?"
        except Exception as error:  # an object lied about what it is, or its class about itself
            raised = type(error).__name__[: guard.LONGEST_NAME]
            why = f"returned an object that can't be looked at ({raised})."
        else:
            continue
        unusable = {"unusable": f"{student.name} {why}", "kind": guard.RAISED}
        channel.send({"answer": unusable})


# What is loaded and compiled at the first cell is there before the fork: parser, IPython, tokens.
reading.run.read("", [(0, "%time 1")])
