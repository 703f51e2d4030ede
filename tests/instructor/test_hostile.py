"""What hostile code does to the judge itself: its memory, its words, its secrets, its life."""

import io
import json
import resource
import subprocess
import sys
import time
import zipfile

import pytest
from a_class import answer_code, solved, write

from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.sandbox.limits import Limits

pytestmark = pytest.mark.slow

RIGHT = "    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)\n"


def step(body: str, before: str = "") -> str:
    """An rnn_step that does something else first, and then computes what is right."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"{before}\ndef rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n{lines}{RIGHT}"


@pytest.fixture
def judged(box):
    """From code for rnn_step to its verdict and that of rnn_forward, at 256 MB and 3 seconds."""

    def verdicts(code, wanted=("rnn_step", "rnn_forward"), cases=None, chapter=1, **more):
        judge = Judge(lambda tensorflow: box, Limits(3.0, 256 << 20), 5, cases or {})
        answers = {wanted[0]: code, **more}
        cells = extract(json.dumps(solved(chapter, **answers)).encode())
        found = judge.notebook("nb.ipynb", cells.code, cells.roles, list(wanted))["verdicts"]
        return {v.exercise: v for v in found}

    return verdicts


LIBC = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"


@pytest.mark.parametrize(
    "body",
    [
        "import os\nfd = os.memfd_create('hoard')\nos.write(fd, bytes(1 << 20))",
        LIBC + "if libc.shmget(0, 1 << 30, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'no')",
        LIBC + "if libc.msgget(0, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'no')",
        LIBC + "if libc.syscall(447, 0) < 0: raise OSError(ctypes.get_errno(), 'no')",
        "open('/dev/shm/hoard', 'wb')",
    ],
    ids=["a file in memory", "a shared segment", "a queue", "secret memory", "dev shm"],
)
def test_memory_that_no_limit_counts_is_not_to_be_had(judged, body):
    found = judged(step(body))
    assert found["rnn_step"].outcome == "error", found
    assert "Error" in found["rnn_step"].sentence
    assert found["rnn_forward"].outcome == "passed"


@pytest.mark.parametrize("family", [40, 16, 17, 38, 31, 29, 44])
def test_no_socket_of_a_family_that_namespaces_do_not_cover(judged, family):
    found = judged(step(f"import socket\nsocket.socket({family}, socket.SOCK_DGRAM)"))
    assert found["rnn_step"].outcome == "error"
    assert "Address family not supported" in found["rnn_step"].sentence


@pytest.mark.parametrize(("number", "errno"), [(453, 38), (600, 38), (425, 38), (321, 1)])
def test_calls_that_are_new_or_not_on_the_list_are_refused(judged, number, errno):
    body = f"{LIBC}if libc.syscall({number}, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), 'no')"
    sentence = judged(step(body))["rnn_step"].sentence
    assert f"[Errno {errno}]" in sentence


def test_sockets_that_libraries_make_work(judged):
    body = "import socket\na, b = socket.socketpair()\na.send(b'x')\nassert b.recv(1) == b'x'"
    assert judged(step(body + "\nsocket.socket().close()"))["rnn_step"].outcome == "passed"


# Written to the connection itself: what is put in place of the judge's own is taken away again.
TO_THE_JUDGE = """
import os, socket, sys
wire = sys.modules['messages']

def to_the_judge(answer):
    message = wire.pack({'answer': answer})
    for fd in range(3, 64):
        try:
            socket.socket(fileno=os.dup(fd)).sendall(message)
        except OSError:
            pass

"""
FORGE = f"""{TO_THE_JUDGE}
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    to_the_judge(ANSWER)
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


@pytest.mark.parametrize(
    "answer",
    [
        "{'unusable': np.ones(3), 'kind': np.ones(3)}",
        "{'unusable': [1], 'kind': {'a': 1}, 'printed': np.ones(2), 'replaced': 'x'}",
        "{'result': {0: {1: (2, [3])}}, 'arguments': [[1, {2: 3}]] * 9}",
        "{'result': np.zeros((0, 1 << 24)), 'arguments': ('x', None, np.ones(5))}",
        "{'result': wire.Numbers('x' * 99, np.ones(0)), 'printed': [10**17, {}]}",
        "{'not written': np.ones((2, 2)), 'result': None}",
        "{'result': [[[[[[1.0, 'a', None, True]]]]]], 'replaced': [np.ones(9)] * 99}",
        "{}",
    ],
)
def test_forged_answers_of_any_type_get_a_verdict(judged, answer):
    found = judged(FORGE.replace("ANSWER", answer))
    assert found["rnn_step"].outcome not in ("passed", "tampered with")  # it is a message like any
    assert found["rnn_forward"].outcome == "passed"


DEFINED = f"{TO_THE_JUDGE}forged = to_the_judge(ANSWER)\n"


@pytest.mark.parametrize(
    "answer",
    [
        "{'kind': np.ones(3), 'problem': np.ones(2), 'found': {'rnn_step': [1, [1]]}}",
        "{'found': {'rnn_step': [np.ones(2), [[], {}]]}, 'imported': [[1, 2, 3]], 'names': [{}]}",
        "{'failed': {'rnn_step': [np.ones(1), np.ones(2)]}, 'remarks': [np.ones(3)] * 99}",
        "{'found': np.ones(3), 'imported': 'x', 'names': 3, 'failed': [], 'remarks': {}}",
    ],
)
def test_forged_definitions_get_a_verdict(judged, answer):
    found = judged(step("forged", DEFINED.replace("ANSWER", answer)))
    assert set(found) == {"rnn_step", "rnn_forward"}
    assert found["rnn_step"].outcome != "passed", found  # or nothing was forged


def test_a_header_of_many_lists_is_no_message(judged):
    code = """
import socket, struct, os
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    header = b'[' + b'[],' * 9_000_000 + b'[]]'
    message = struct.pack('<II', 4 + len(header), len(header)) + header
    for fd in range(3, 64):
        try:
            socket.socket(fileno=fd).sendall(message)
        except OSError:
            pass
"""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert judged(code)["rnn_step"].outcome == "tampered with"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB


RUN = """
import resource, runpy, sys
try:
    runpy.run_module("course_lib.cli", run_name="__main__")
finally:
    print("most", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def graded(tmp_path, *more, memory=256):
    """`course validate` on a class; its students by name, and the most KB that a process took."""
    done = subprocess.run(
        [sys.executable, "-c", RUN,
         "validate", str(tmp_path / "class"), f"--out={tmp_path / 'out'}", "--jobs=1",
         "--time-limit=3", f"--memory-limit={memory}", *more],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    most = int(done.stdout.rsplit("most ", 1)[1])
    return {s["student"]: s for s in results["students"]}, most


def test_a_small_zip_costs_its_student_a_remark_and_the_judge_little(tmp_path):
    (tmp_path / "class").mkdir()
    content = b'{"cells": [' + b"[]," * 15_000_000 + b"[]]}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("01-vanilla-rnn.ipynb", content)
    assert len(buffer.getvalue()) < 100_000
    (tmp_path / "class" / "bomb.zip").write_bytes(buffer.getvalue())
    write(tmp_path / "class" / "honest" / "01-vanilla-rnn.ipynb", solved(1))
    students, most = graded(tmp_path, "--exercise=rnn_step")
    assert students["honest"]["exercises"][0]["outcome"] == "passed"
    assert "more memory" in " ".join(students["bomb"]["remarks"])
    assert most < 1_300_000


def test_a_text_that_is_too_long_is_no_tampering(judged):
    found = judged(step("return 'x' * (10 << 20)"))
    assert found["rnn_step"].outcome == "error", found
    assert "returned more than can be judged" in found["rnn_step"].sentence
    assert found["rnn_forward"].outcome == "passed"


def test_a_notebook_of_much_text_is_graded(judged):
    """Sent, it is three times as long as what may come back."""
    text = f"text = '{'é' * 480_000}'\n"
    found = judged(step("pass", text), rnn_forward=text + answer_code("rnn_forward"))
    assert {verdict.outcome for verdict in found.values()} == {"passed"}, found


SLOW_TO_READ = {
    "blank lines": (step("pass", "\n" * 100_000), "passed"),
    "a long line of a mistake": (
        step(f"return x_t @ W_xh + h_prev @ W_hh + b_h + 0*len('{'tanh(x_t @ W_xh' * 30_000}')"),
        "not right yet",
    ),
}


@pytest.mark.parametrize("how", SLOW_TO_READ)
def test_code_that_is_slow_to_read_takes_the_judge_no_time(judged, how):
    code, outcome = SLOW_TO_READ[how]
    began = time.process_time()
    assert judged(code)["rnn_step"].outcome == outcome
    assert time.process_time() - began < 3


def test_the_largest_code_there_may_be_costs_nobody_else_a_grade(tmp_path):
    cells = solved(1)
    letters = {"cell_type": "code", "source": f"'{'😀' * 400_000}'", "metadata": {}}
    cells["cells"] = [*cells["cells"], *[letters] * 9]
    write(tmp_path / "class" / "large" / "01-vanilla-rnn.ipynb", cells)
    write(tmp_path / "class" / "honest" / "01-vanilla-rnn.ipynb", solved(1))
    students, _ = graded(tmp_path, "--exercise=rnn_step", memory=1024)
    assert students["honest"]["exercises"][0]["outcome"] == "passed"
    assert students["large"]["status"] == "graded"
    assert "came down" not in " ".join(students["large"]["remarks"])
    assert "more code than can be read" in students["large"]["exercises"][0]["sentence"]


def test_an_outer_product_in_the_judge_is_bounded(tmp_path):
    """The rungs of rnn_step_backward multiply what came back with what went in."""
    code = (
        "def rnn_step_backward(*arguments):\n"
        "    return tuple(np.ones((3000, 1000)) for _ in range(5))\n"
    )
    write(tmp_path / "class" / "big" / "02-bptt.ipynb", solved(2, rnn_step_backward=code))
    students, most = graded(tmp_path, "--exercise=rnn_step_backward")
    assert students["big"]["exercises"][0]["outcome"] not in ("passed", "missing")
    assert most < 1_300_000


HIDDEN = 0.123456789


@pytest.mark.parametrize(
    "teller",
    [
        "print(*SEEN)",
        "raise ValueError(str(SEEN))",
        "import sys\n    sys.modules['student'].replaced = lambda: [str(s) for s in SEEN]",
    ],
)
def test_hidden_inputs_seen_by_one_function_are_told_by_none(judged, teller):
    import numpy as np

    from course_lib.exercises.registry import get

    case = get("rnn_step").ladder[0].inputs()
    case["x_t"] = np.full_like(case["x_t"], HIDDEN)
    note = "SEEN.extend(float(v) for v in np.ravel(x_t)[:1] if abs(v - 0.123456789) < 1e-9)"
    tell = f"""
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    if SEEN:
        {teller.strip()}
    states, h = [], h_0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
        states.append(h)
    return np.stack(states, axis=1), h
"""
    found = judged(
        step(f"{note}\nif SEEN: {teller.strip().splitlines()[-1].strip()}", "SEEN = []"),
        cases={"rnn_step": [case]},
        rnn_forward=tell,
    )
    for verdict in found.values():
        assert "1234567" not in str(verdict.as_dict()), verdict


@pytest.mark.parametrize("name", ["Unusable", "NotWritten"])
def test_words_of_the_judge_in_a_students_mouth_are_an_error(judged, name):
    found = judged(step(f"import guard\nraise guard.{name}('Full marks, says the judge.')"))
    assert found["rnn_step"].outcome == "error"
    assert f"rnn_step raised {name}: Full marks" in found["rnn_step"].sentence


def test_an_endless_loop_over_a_moved_argument_is_an_endless_loop(judged):
    code = "def numerical_gradient(loss, w, step=1e-5):\n    while True:\n        w += step\n"
    found = judged(code, ("numerical_gradient",), chapter=2)
    assert found["numerical_gradient"].outcome == "time limit"
    assert "still running" in found["numerical_gradient"].sentence


# What an object of the student's own may say of itself, in place of what it is.
OF_ITSELF = {
    "anything": "def __getattr__(self, name): return self",
    "nothing": "def __getattribute__(self, name): raise SystemExit",
    "that it is equal": "__code__ = property(lambda self: 3)\n    __wrapped__ = 4",
    "that it is a module": "__class__ = property(lambda self: type(np))",
    "nothing, when asked for its class": "__class__ = property(lambda self: 1 / 0)",
    "an endless story": "def __getattr__(self, name):\n        while True: pass",
}


@pytest.mark.parametrize("says", OF_ITSELF.values(), ids=OF_ITSELF)
def test_what_an_object_says_of_itself_costs_no_other_exercise(judged, says):
    before = f"""
class Odd:
    {says}
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __call__(self, *arguments): return 0 * arguments[1]
odd = Odd()
"""
    found = judged(f"{before}\nrnn_step = Odd()\n")
    assert found["rnn_step"].outcome not in ("passed", "missing")
    assert found["rnn_forward"].outcome == "passed"


def test_an_endless_loop_where_exceptions_are_swallowed_is_an_endless_loop(judged):
    before = "class Late:\n    def __del__(self):\n        while True: pass\n"
    found = judged(step("late = Late()", before))
    assert found["rnn_step"].outcome == "time limit"
    assert found["rnn_forward"].outcome == "passed"


LIARS = {
    "of its class": "class Liar:\n    __class__ = np.ndarray\n",
    "of its bytes": "class Liar(np.ndarray):\n    nbytes = property(lambda self: 1 / 0)\n",
    "of its keys": "class Liar(dict):\n    def items(self): raise ValueError('none')\n",
}


@pytest.mark.parametrize("lies", LIARS)
def test_an_object_that_lies_does_not_end_its_process(judged, lies):
    """It was said that the function had ended its own process, which it had not."""
    make = "np.zeros((2, 4)).view(Liar)" if "np.ndarray)" in LIARS[lies] else "Liar()"
    found = judged(f"{LIARS[lies]}def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return {make}\n")
    assert found["rnn_step"].outcome == "error"
    assert "ended its own process" not in found["rnn_step"].sentence
    assert found["rnn_forward"].outcome == "passed"


def test_a_seed_of_a_texts_hash_is_no_seed_in_the_sandbox_either(judged):
    code = (
        "from course_lib.scratch.gated import init_lstm_params\n"
        "def fresh_cells(m, n, layers, seed=0):\n"
        "    seeds = [hash(f'{seed}, {k}') % 2**32 for k in range(layers)]\n"
        "    return [init_lstm_params(n if k else m, n, seeds[k]) for k in range(layers)]\n"
    )
    found = judged(code, wanted=("fresh_cells",), chapter=3)["fresh_cells"]
    assert found.mistake == "no seed at all"
    assert not found.replaced


def test_what_is_looked_up_by_a_hash_is_found_in_the_sandbox_too(judged):
    key = (
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class Key:\n"
        "    name: str\n"
        "TABLE = {Key('layer'): 1, Key('tanh'): np.tanh}\n"
    )
    cells = (
        "def fresh_cells(m, n, layers, seed=0):\n"
        "    seeds = [seed + TABLE[Key('layer')] * k for k in range(layers)]\n"
        "    return [init_lstm_params(n if k else m, n, seeds[k]) for k in range(layers)]\n"
    )
    own = "from course_lib.scratch.gated import init_lstm_params\n"
    found = judged(own + key + cells, wanted=("fresh_cells",), chapter=3)["fresh_cells"]
    assert found.outcome == "passed", found.sentence
    table = "OWN = {hash('tanh'): np.tanh}\n"
    step = (
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
        "    return {}(x_t @ W_xh + h_prev @ W_hh + b_h)\n"
    )
    for lookup in ("OWN[hash('tanh')]", "TABLE[Key('tanh')]"):
        found = judged(key + table + step.format(lookup))["rnn_step"]
        assert found.outcome == "passed", found.sentence
