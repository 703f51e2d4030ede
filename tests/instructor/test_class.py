"""Forty honest submissions and every attack that we know of, validated together, for real."""

import csv
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from a_class import answer_code, solved, write

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.instructor.results.report_csv import FORMULA
from course_lib.instructor.sandbox.own_user import FIRST_USER, MOST
from course_lib.instructor.sandbox.view import SCRATCH

pytestmark = [pytest.mark.slow, pytest.mark.alone]

EXERCISES = ("rnn_step", "rnn_forward", "cross_entropy_from_logits", "clip_by_global_norm")
SECRET = "the-instructors-password"
RIGHT = "    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)\n"


def step(body: str, before: str = "") -> dict[str, str]:
    """A notebook whose rnn_step does something else first, and then computes what is right."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return {"rnn_step": f"{before}\ndef rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n{lines}{RIGHT}"}


# name: (what the notebook holds, outcome of rnn_step, a part of its sentence or of the remarks)
ATTACKS = {
    "endless loop": (step("while True: pass"), "time limit", "still running after 4 seconds"),
    "endless loop that catches all": (
        step("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        "time limit",
        "still running after 4 seconds",
    ),
    "endless loop inside NumPy": (
        step("a = np.ones(3000)\nnp.einsum('i,j,k,l->', a, a, a, a)"),
        "time limit",
        "still running",
    ),
    "endless loop in C": (step("sum(range(10**15))"), "time limit", "still running"),
    "endless loop in a class body": (
        step("Trap", before="class Trap:\n    while True: pass\n"),
        "error",
        "still running",
    ),
    "fork bomb": (
        step("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
        "time limit",
        "still running",
    ),
    "memory bomb": (
        step("hoard = []\nwhile True: hoard.append(bytearray(50 << 20))"),
        "memory limit",
        "emory",  # the process's own end of it, or the watcher's
    ),
    "memory bomb in NumPy": (step("np.ones(10**10)"), "memory limit", "MemoryError"),
    "memory bomb in many processes": (
        step(
            "import os, time\n"
            "for _ in range(8):\n"
            "    if os.fork() == 0:\n"
            "        hoard = bytearray(b'x' * (60 << 20))\n"
            "        time.sleep(60)\n"
            "time.sleep(60)"
        ),
        "memory limit",
        "of memory",
    ),
    "disk bomb": (
        step(f"with open('{SCRATCH}/full', 'wb') as f:\n    while True: f.write(bytes(10**6))"),
        "error",
        "OSError",
    ),
    "disk bomb of many files": (
        step(f"for i in range(10**6):\n    open(f'{SCRATCH}/{{i}}', 'w').close()"),
        "error",
        "No space left",
    ),
    "a gigabyte of output": (
        step(
            "import os\n"
            "for _ in range(1000):\n    os.write(1, bytes(10**6))\n    print('x' * 10**6)"
        ),
        "passed",
        "",
    ),
    "network": (
        step("import socket\nsocket.create_connection(('1.1.1.1', 80), 1)"),
        "error",
        "unreachable",
    ),
    "network at home": (
        step("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)"),
        "error",
        "OSError",
    ),
    "reads the check": (
        step(
            "from course_lib.exercises.vanilla_rnn.rnn_step import EXERCISE\n"
            "return EXERCISE.reference(x_t, h_prev, W_xh, W_hh, b_h)"
        ),
        "error",
        "isn't there while",
    ),
    "asks the check": (
        step("from course_lib.exercises.registry import get\nget('rnn_step')"),
        "error",
        "isn't there while",
    ),
    "uses the reference": (
        step(
            "from course_lib.scratch import rnn\n"
            "return rnn.rnn_step(x_t, h_prev, W_xh, W_hh, b_h)"
        ),
        "error",
        "isn't there while",
    ),
    "uses a later exercise": (
        step(
            "from course_lib.scratch.rnn import rnn_forward\n"
            "return rnn_forward(x_t[:, None], h_prev, W_xh, W_hh, b_h)[0][:, 0]"
        ),
        "error",
        "isn't there while",
    ),
    "reads the solution": (
        step("return open('SOLUTIONS/01-vanilla-rnn.py').read()"),
        "error",
        "FileNotFoundError",
    ),
    "reads the course's files": (
        step("return open('PACKAGE/exercises/vanilla_rnn/rnn_step.py').read()"),
        "error",
        "FileNotFoundError",
    ),
    "reads other students": (
        step("import os\nreturn os.listdir('CLASS')"),
        "error",
        "FileNotFoundError",
    ),
    "reads the results": (step("return open('OUT/ledger.jsonl').read()"), "error", "FileNotFound"),
    "reads the environment": (
        step("import os\nreturn os.environ['COURSE_SECRET']"),
        "error",
        "KeyError",
    ),
    "reads its parent's environment": (
        step("import os\nreturn open(f'/proc/{os.getppid()}/environ').read()"),
        "error",
        "FileNotFoundError",
    ),
    "looks for objects of the judge": (
        step(
            "import gc\n"
            "names = {type(o).__name__ for o in gc.get_objects()}\n"
            "bad = [n for n in names if n in ('Exercise', 'Rung', 'Mistake', 'Judge')]\n"
            "assert not bad, bad\nraise LookupError('none')"
        ),
        "error",
        "LookupError: none",
    ),
    "writes outside": (step("open('/usr/evil', 'w')"), "error", "Read-only"),
    "writes over the worker": (step("open('/course/student.py', 'w')"), "error", "Error"),
    "kills its parent": (
        step("import os\nos.kill(os.getppid(), 9)\nos.kill(1, 9)\nos.kill(-1, 9)"),
        "error",
        "ProcessLookupError",
    ),
    "becomes root": (step("import os\nos.setuid(0)"), "error", "PermissionError"),
    "makes a namespace": (
        step(
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "if libc.unshare(0x10000000): raise OSError(ctypes.get_errno(), 'refused')"
        ),
        "error",
        "refused",
    ),
    "traces a process": (
        step(
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "if libc.ptrace(0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), 'refused')"
        ),
        "error",
        "refused",
    ),
    "os._exit": (step("import os\nos._exit(0)"), "crashed", "ended its own process"),
    "sys.exit": (step("import sys\nsys.exit(0)"), "error", "called exit()"),
    "segmentation fault": (
        step("import ctypes\nctypes.string_at(0)"),
        "crashed",
        "brought Python down",
    ),
    "equal to everything": (
        {
            "rnn_step": "class Everything:\n    def __eq__(self, other): return True\n"
            "    def __getattr__(self, name): return self\n"
            "    def __call__(self, *a): return self\n"
            "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return Everything()\n"
        },
        "not right yet",
        "is an Everything",
    ),
    "an array equal to everything": (
        {
            "rnn_step": "class Everything(np.ndarray):\n"
            "    def __eq__(self, other): return np.ones(self.shape, bool)\n"
            "    def __array_function__(self, *a): return True\n"
            "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
            "    return np.zeros_like(h_prev, float).view(Everything)\n"
        },
        "not right yet",
        "it should be",
    ),
    "numpy.allclose replaced": (
        {
            "rnn_step": "np.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
            "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return 0.5 * h_prev\n"
        },
        "not right yet",
        "numpy.allclose",
    ),
    "numpy.allclose replaced, yet right": (
        step("np.allclose = lambda *a, **k: True"),
        "passed",
        "numpy.allclose",
    ),
    "check replaced": (
        {
            "rnn_step": "import course_lib.exercises\n"
            "course_lib.exercises.check = lambda *a, **k: True\ncheck = lambda *a, **k: True\n"
            "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    return 0.5 * h_prev\n"
        },
        "not right yet",
        "it should be",
    ),
    "builtins replaced": (
        step("import builtins\nbuiltins.sum = lambda *a: 0"),
        "passed",
        "builtins.sum",
    ),
    "time replaced": (
        step("import time\ntime.monotonic = lambda: 0.0"),
        "passed",
        "time.monotonic",
    ),
    "trace function": (
        step("import sys\nsys.settrace(lambda *a: None)"),
        "passed",
        "",
    ),
    "atexit hook": (
        step(f"import atexit\natexit.register(lambda: open('{SCRATCH}/left', 'w'))"),
        "passed",
        "",
    ),
    "a thread that outlives its cell": (
        step(
            "import threading, time\n"
            "if threading.active_count() < 2:\n"
            "    threading.Thread(target=lambda: time.sleep(1000)).start()"
        ),
        "passed",
        "",
    ),
    "a process that outlives its cell": (
        step(
            "import os, time\n"
            f"if not os.path.exists('{SCRATCH}/once'):\n"
            f"    open('{SCRATCH}/once', 'w').close()\n"
            "    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)"
        ),
        "passed",
        "",
    ),
    "writes to the judge": (
        step(
            "import os\nfor fd in range(3, 64):\n"
            "    try: os.write(fd, b'\\xff' * 64)\n    except OSError: pass"
        ),
        "tampered with",
        "behind the back",
    ),
    "answers for itself": (
        step(
            "import sys, socket\nwire = sys.modules['messages']\n"
            "for fd in range(3, 64):\n"
            "    try: c = wire.Channel(socket.socket(fileno=fd))\n    except OSError: continue\n"
            "    for _ in range(50):\n"
            "        c.send({'answer': {'outcome': 'passed', 'result': True, 'callable': True}})\n"
            "    break\nreturn 0 * h_prev"
        ),
        "not right yet",
        "",
    ),
    "returns more than can be judged": (
        step("return np.zeros((1 << 24, 1))"),
        "error",
        "more than can be judged",
    ),
    "returns objects": (
        step("return np.array([[object()]])"),
        "not right yet",
        "object entries",
    ),
    "script in an exception": (
        step("raise ValueError('<script>alert(1)</script>')"),
        "error",
        "<script>",
    ),
    "script in its output": (step("print('<script>alert(2)</script>')"), "passed", ""),
    "a cell nested too deeply": (
        {"rnn_step": "x = " + "(" * 50_000 + ")" * 50_000},
        "missing",
        "",
    ),
    "<img src=x onerror=alert(3)>": (step(""), "passed", ""),
    "=cmd|' C calc'!A0": (step(""), "passed", ""),
    "@SUM(1+1)*cmd": (step(""), "passed", ""),
}  # fmt: skip


def replay() -> dict[str, str]:
    """A notebook that looks its answers up, by the inputs of the public check."""
    seen = {}

    def spy(*arguments):
        key = b"".join(np.asarray(a).tobytes() for a in arguments)
        answer = get("rnn_step").reference(*arguments)
        seen[key] = answer.tolist()
        return answer

    assert check_function(get("rnn_step"), spy)
    return {
        "rnn_step": f"ANSWERS = {seen!r}\n"
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
        "    key = b''.join(np.asarray(a).tobytes() for a in (x_t, h_prev, W_xh, W_hh, b_h))\n"
        "    return np.array(ANSWERS.get(key, h_prev))\n"
    }


def honest() -> dict[str, tuple[str, object]]:
    """Forty answers with the exercise that they answer, right and wrong: none needs a helper."""
    names = {
        "rnn_step": (
            "with_one_product with_einsum in_place_on_a_copy no_tanh no_recurrence no_bias "
            "transposed_recurrence tanh_of_each bias_outside_the_tanh weights_first "
            "entry_wise_product relu_for_tanh sigmoid_for_tanh stretched_sigmoid "
            "diagonal_only arctan_for_tanh"
        ),
        "rnn_forward": "inputs_first recursively nothing_stored last_state_only",
        "cross_entropy_from_logits": (
            "with_logaddexp with_one_hot row_by_row gap_to_the_largest a_sigmoid_for_each_class "
            "axis_lost sum_in_bits no_shift shifted_by_one_class one_maximum_for_all "
            "index_for_a_single_axis for_two_axes_alone labels_of_all_rows"
        ),
        "clip_by_global_norm": "norm_of_the_norms as_a_python_float in_place_on_copies",
    }
    answers = {}
    for one, found in names.items():
        exercise = get(one)
        there = {"reference": exercise.reference}
        there |= {a.__name__: a for a in exercise.alternatives}
        there |= {m.answer.__name__: m.answer for m in exercise.mistakes}
        for name in ["reference", *found.split()]:
            answers[f"{one} {name}"] = (one, there[name])
    return answers


HELPERS = """def _right(values, labels):
    return np.take_along_axis(values, labels[..., None], axis=-1)[..., 0]


"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory, kind):
    """The folder of the results, and what each student's rnn_step came to."""
    base = tmp_path_factory.mktemp("class")
    students, out = base / "students", base / "out"
    places = {"CLASS": students, "OUT": out, "SOLUTIONS": Path("solutions").absolute()}
    import course_lib

    places["PACKAGE"] = Path(course_lib.__file__).parent
    for name, (cells, _, _) in ATTACKS.items():
        code = {k: _at(places, source) for k, source in cells.items()}
        write(students / name / "01-vanilla-rnn.ipynb", solved(1, **code))
    write(students / "replayed answers" / "01-vanilla-rnn.ipynb", solved(1, **replay()))
    for name, (one, answer) in honest().items():
        chapter = 2 if one == "clip_by_global_norm" else 1
        code = answer_code(one, answer)
        if "_right(" in code:
            code = HELPERS + code
        write(students / "honest" / name / f"0{chapter}.ipynb", solved(chapter, **{one: code}))
    for entry in (students / "honest").iterdir():
        entry.rename(students / f"honest {entry.name}")
    (students / "honest").rmdir()
    _strange_files(students)
    arguments = [f"--exercise={one}" for one in EXERCISES]
    environment = {**os.environ, "COURSE_SECRET": SECRET}
    before = _left_behind()
    done = subprocess.run(
        [sys.executable, "-m", "course_lib.cli", "validate", str(students), f"--out={out}",
         "--time-limit=4", "--memory-limit=256", "--jobs=2", *arguments],
        capture_output=True, text=True, env=environment, timeout=600,
    )  # fmt: skip
    results = json.loads((out / "results.json").read_text())
    return {
        "out": out,
        "code": done.returncode,
        "said": done.stdout + done.stderr,
        "students": {s["student"]: s for s in results["students"]},
        "left": _left_behind() - before,
    }


def _at(places: dict, source: str) -> str:
    for name, place in places.items():
        source = source.replace(f"'{name}", f"'{place}")
    return source


def _strange_files(students: Path) -> None:
    def zipped(name: str, entries: dict[str, bytes], link: str = "") -> None:
        with zipfile.ZipFile(students / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in entries.items():
                entry = zipfile.ZipInfo(path)
                if path == link:
                    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)

    good = json.dumps(solved(1)).encode()
    zipped("zip honest.zip", {"deep/deeper/01-vanilla-rnn.ipynb": good})
    zipped("zip dots.zip", {"../../evil/01-vanilla-rnn.ipynb": good})
    zipped("zip link.zip", {"01-vanilla-rnn.ipynb": b"/etc/passwd"}, "01-vanilla-rnn.ipynb")
    zipped("zip bomb.zip", {"01-vanilla-rnn.ipynb": bytes(300 << 20)})
    (students / "no zip.zip").write_bytes(b"PK\x03\x04nonsense")
    (students / "cut off.ipynb").write_bytes(good[: len(good) // 2])
    (students / "empty.ipynb").write_bytes(b"")
    (students / "nothing").mkdir()
    (students / "link").mkdir()
    (students / "link" / "01-vanilla-rnn.ipynb").symlink_to("/etc/passwd")
    (students / "pipe").mkdir()
    os.mkfifo(students / "pipe" / "01-vanilla-rnn.ipynb")


def _left_behind() -> set[str]:
    """Processes of the sandbox, mounts, and files where sandboxes keep theirs."""
    mounts = Path("/proc/self/mountinfo").read_text()
    found = {f"mount {line.split()[4]}" for line in mounts.splitlines()}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            uid = os.stat(process).st_uid
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if FIRST_USER <= uid < FIRST_USER + MOST or b"fork_server.py" in command:
            found.add(f"process {process.name} {command[:80]!r}")
    return found | {str(p) for p in Path("/tmp").glob("course-*")}


def _step(graded, name: str) -> dict:
    return graded["students"][name]["exercises"][0]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_named(graded, name):
    _, outcome, sentence = ATTACKS[name]
    student = graded["students"][name]
    found = student["exercises"][0]
    assert found["outcome"] == outcome, found
    said = " ".join([found["sentence"], *found["replaced"], *student["remarks"]])
    assert sentence in said


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_in_one_exercise_leaves_the_others_their_grade(graded, name):
    rest = graded["students"][name]["exercises"][1:3]
    assert {e["outcome"] for e in rest} == {"passed"}, rest


def test_replayed_answers_are_caught(graded):
    found = _step(graded, "replayed answers")
    assert found["outcome"] == "not right yet"
    assert "recognises its inputs" in found["sentence"]


@pytest.mark.parametrize("name", honest())
def test_an_honest_grade_is_the_learners_own(graded, name):
    one, answer = honest()[name]
    student = graded["students"][f"honest {name}"]
    found = next(e for e in student["exercises"] if e["exercise"] == one)
    own = check_function(get(one), answer)
    assert (found["outcome"], found["mistake"]) == (own.outcome, own.mistake), found
    assert found["sentence"].split(", at the line")[0] == own.sentence.split(", at the line")[0]


def test_there_are_forty_honest_ones_and_no_two_are_alike():
    assert len({answer_code(one, answer) for one, answer in honest().values()}) == 40
    assert len(honest()) == 40


@pytest.mark.parametrize(
    ("name", "status", "remark"),
    [
        ("zip honest", "graded", ""),
        ("zip dots", "unreadable", "points outside the zip"),
        ("zip link", "unreadable", "symbolic link"),
        ("zip bomb", "unreadable", "larger than"),
        ("no zip", "unreadable", "can't be read"),
        ("cut off", "unreadable", "not JSON"),
        ("empty", "unreadable", "empty"),
        ("nothing", "unreadable", "no notebook"),
        ("link", "unreadable", "symbolic link"),
        ("pipe", "unreadable", "not an ordinary file"),
    ],
)
def test_strange_files_stop_nothing(graded, name, status, remark):
    student = graded["students"][name]
    assert student["status"] == status
    assert remark in " ".join(student["remarks"])
    assert graded["code"] == 1


def test_nothing_leaks(graded):
    for report in graded["out"].rglob("*"):
        if report.is_file():
            text = report.read_text(encoding="utf-8")
            assert SECRET not in text
            assert "root:x:0" not in text


def test_nothing_is_left_behind(graded):
    assert not graded["left"]
    assert not Path("/usr/evil").exists()


def test_no_script_gets_into_a_page(graded):
    pages = list(graded["out"].rglob("*.html"))
    assert len(pages) == len(graded["students"]) + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        own = 2 if page.name == "index.html" else 0  # the class page's script, and its data
        assert text.count("<script") == own
        assert "<img" not in text
        assert "default-src 'none'" in text


def test_no_cell_of_the_table_is_a_formula(graded):
    with open(graded["out"] / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(graded["students"]) + 1
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    assert any(row[0].startswith("'=cmd") for row in rows)
