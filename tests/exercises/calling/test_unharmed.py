"""Whatever a learner writes, the kernel, the streams and the settings stay as they were."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
import weakref

import numpy as np
import pytest

from course_lib import garbage
from course_lib.exercises import check
from course_lib.exercises.calling import guard
from course_lib.exercises.calling.unharmed import old_objects_at_rest
from course_lib.exercises.report import NOT_RIGHT
from course_lib.quiet import no_garbage_sought

by_the_clock = pytest.mark.alone
posix = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="time limits need POSIX signals")
LIMIT = 1.0  # seconds for a rung

# Bodies of rnn_step(x_t, h_prev, W_xh, W_hh, b_h), each with a word of the sentence that it gets.
HARM = {
    "a list in itself": ("h = []\nfor _ in range(4): h.append(h)\nreturn np.array(h)", ""),
    "a list in itself, returned": ("h = []\nh.append(h)\nreturn h", "list of 1"),
    "recursion with a high limit": (
        "sys.setrecursionlimit(10**9)\nreturn rnn_step(x_t, h_prev, W_xh, W_hh, b_h)",
        "RecursionError",
    ),
    "recursion through a key": (
        "sys.setrecursionlimit(10**9)\n"
        "return sorted([1, 2], key=lambda _: rnn_step(x_t, h_prev, W_xh, W_hh, b_h))",
        "RecursionError",
    ),
    "an endless loop that swallows": (
        "while True:\n    try:\n        time.sleep(0.01)\n    except: pass",
        "still running",
    ),
    "a slow way out": (
        "try:\n    while True: pass\nfinally:\n    time.sleep(0.5)",
        "still running",
    ),
    "a huge repr": ("raise ValueError('x' * 10**7)", "ValueError"),
    "a message without end": (
        "class Long(Exception):\n    def __str__(self):\n        while True: pass\nraise Long",
        "still running",
    ),
    "exit": ("sys.exit(3)", "exit()"),
    "exit of the notebook": ("exit()", "exit()"),
    "_exit": ("os._exit(1)", "exit()"),
    "abort": ("os.abort()", "exit()"),
    "an interrupt of its own": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a base exception": ("raise BaseException('bare')", "bare"),
    "closed streams": (
        "sys.stdout.close(); sys.stderr.close(); sys.__stdout__.flush(); return 0.5 * h_prev",
        "should be",
    ),
    "closed files": ("os.close(1); os.close(2); return 0.5 * h_prev", ""),
    "streams of its own": ("sys.stdout = sys.stderr = None; return 0.5 * h_prev", "should be"),
    "no print": (
        "import builtins; builtins.print = None; del builtins.len; return 0.5 * h_prev",
        "",
    ),
    "another tanh": ("np.tanh = np.asarray = np.array = None; return 0.5 * h_prev", ""),
    "no numpy": ("del sys.modules['numpy']; sys.modules['json'] = None; return 0.5 * h_prev", ""),
    "alarms ignored": (
        "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN); return 0.5 * h_prev",
        "should be",
    ),
    "settings": (
        "np.seterr(all='raise'); np.set_printoptions(precision=1); np.random.seed(0)\n"
        "import random, warnings, gc; random.seed(0); warnings.simplefilter('error')\n"
        "gc.disable(); os.chdir('/'); os.environ['HOME'] = ''; sys.settrace(lambda *_: None)\n"
        "return 0.5 * h_prev",
        "should be",
    ),
    "a thread that goes on": (
        "import threading\n"
        "def talk():\n"
        "    while True:\n"
        "        print('noise')\n"
        "        time.sleep(0.01)\n"
        "threading.Thread(target=talk, daemon=True).start(); return 0.5 * h_prev",
        "should be",
    ),
    "an exception from the finaliser": (
        "class Last:\n    def __del__(self): raise ValueError\nLast(); return 0.5 * h_prev",
        "should be",
    ),
}

PROGRAM = """
import gc, os, random, signal, sys, time, threading, warnings
import numpy as np
from course_lib.exercises import check
from course_lib.exercises.calling import guard
guard.limit.TIME_LIMIT = {limit}

def state():
    return (
        id(sys.stdin), id(sys.stdout), id(sys.stderr), sys.getrecursionlimit(), sys.gettrace(),
        np.geterr(), str(np.get_printoptions()), str(np.random.get_state()), random.getstate(),
        str(warnings.filters), os.getcwd(), dict(os.environ), gc.isenabled(), id(print), id(len),
        id(np.tanh), id(sys.modules["numpy"]), signal.getsignal(signal.SIGALRM),
        signal.getsignal(signal.SIGINT), signal.getitimer(signal.ITIMER_REAL)[0],
    )

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
{body}

before = state()
began = time.time()
report = check(rnn_step)
seconds = time.time() - began
changed = [i for i, (a, b) in enumerate(zip(before, state())) if a != b]
print("CHANGED", changed, flush=True)
print("SECONDS", seconds, flush=True)
print("OUTCOME", report.outcome, flush=True)
print("SENTENCE", " ".join(report.sentence.split()), flush=True)
time.sleep(0.1)
began = len(threading.enumerate())
os.write(1, b"STILL\\n")
print("THREADS", began, flush=True)
print("here too", file=sys.stderr, flush=True)
"""


@posix
@by_the_clock
@pytest.mark.parametrize("what", HARM)
def test_nothing_is_harmed(what):
    body, words = HARM[what]
    program = PROGRAM.format(limit=LIMIT, body=textwrap.indent(body, "    "))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert done.returncode == 0, done.stderr[-2000:]
    assert lines["CHANGED"] == "[]"
    assert lines["OUTCOME"] == NOT_RIGHT
    assert words in lines["SENTENCE"]
    assert 10 < len(lines["SENTENCE"]) < 1000
    assert "Traceback" not in lines["SENTENCE"]
    assert float(lines["SECONDS"]) < 5 * LIMIT
    assert "STILL" in lines
    assert lines["THREADS"] == "1"
    assert "noise" not in done.stdout
    assert "here too" in done.stderr


@posix
@by_the_clock
def test_the_stop_button_still_stops(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 5.0)

    def pressed(*_):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(3)

    with pytest.raises(KeyboardInterrupt):
        check(pressed, exercise="rnn_step")
    assert check(lambda *_: np.zeros((2, 4)), exercise="rnn_step").sentence


FORKS = {
    "comes back": "os.fork()",
    "ends itself": "if not os.fork(): os._exit(0)",
    "fails": "if not os.fork(): raise ValueError",
    "a process": "one = Process(target=abs, args=(1,)); one.start(); one.join()",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("how", FORKS)
def test_a_process_that_is_forked_in_a_check_does_not_come_out_of_it(how):
    """It went on in the notebook, which so was there twice; a pool of processes had no end."""
    code = (
        "import os\nfrom multiprocessing import get_context\n"
        "from course_lib.exercises import check\n"
        "Process = get_context('fork').Process\ncalls = []\n"
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    calls.append(1)\n"
        f"    if len(calls) == 1:\n        {FORKS[how]}\n    return h_prev\n"
        "report = check(rnn_step)\nprint('after', report.sentence, flush=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.count("after") == 1, (done.stdout, done.stderr)
    assert "exit()" not in done.stdout


KERNEL = (
    "a list in itself",
    "recursion with a high limit",
    "exit of the notebook",
    "_exit",
    "closed streams",
    "streams of its own",
    "no print",
    "an interrupt of its own",
)


@posix
@pytest.mark.slow
def test_a_notebook_goes_on_after_each():
    import nbformat
    from nbclient import NotebookClient

    first = (
        "import os, sys, time\nimport numpy as np\nfrom course_lib.exercises import check\n"
        "from course_lib.exercises.calling import guard"
    )
    cells = [f"{first}\nguard.limit.TIME_LIMIT = {LIMIT}"]
    for number, what in enumerate(KERNEL):
        body = textwrap.indent(HARM[what][0], "    ")
        cells.append(f"def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n{body}\ncheck(rnn_step)")
        cells.append(f"print('alive', {number})")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    # Where a cell's printing is cut into pieces is chance.
    whole = {"coalesce_streams": True}
    NotebookClient(notebook, timeout=60, kernel_name="python3", **whole).execute()
    printed = [o.get("text", "") for c in notebook.cells for o in c.outputs]
    for number in range(len(KERNEL)):
        assert f"alive {number}\n" in printed


@pytest.mark.slow
def test_a_loop_that_fails_while_it_is_traced_costs_no_later_gradient():
    import tensorflow as tf

    def checkpointed(x, h_0, W_xh, W_hh, b_h):
        sums = tf.function(lambda x: tf.foldl(lambda h, x_t: h @ x_t, x, initializer=h_0))
        return sums(x)

    assert check(checkpointed).outcome == NOT_RIGHT
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.recompute_grad(lambda x: x * x)(x)
    assert float(tape.gradient(y, x)) == 6


LEFT_OPEN = []

ENTERED = {
    "a graph": "tf.Graph().as_default()",
    "a graph that is traced": "tf.__internal__.FuncGraph('f').as_default()",
    "another graph's outside": "tf.init_scope()",
    "no gradients": "record.stop_recording()",
}


@pytest.mark.parametrize("what", ENTERED)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_what_was_entered_and_never_left_is_left(what, monkeypatch):
    """When the check is over, and not when Python happens to throw it away."""
    import tensorflow as tf
    from tensorflow.python.eager import record

    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    left_open = []

    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        for _ in range(2):
            left_open.append(eval(ENTERED[what], {"tf": tf, "record": record}))
            left_open[-1].__enter__()
        return 0.5 * h_prev

    assert check(rnn_step).outcome == NOT_RIGHT
    for let_go in (False, True):
        if let_go:
            left_open.clear()
            gc.collect()
        assert tf.executing_eagerly()
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.function(lambda x: x * x)(x)
        assert float(tape.gradient(y, x)) == 2
    assert not ignored


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_in_a_graph_of_ones_own_a_check_leaves_the_graph_alone(monkeypatch):
    import tensorflow as tf

    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    graph = tf.Graph()
    with graph.as_default():
        inside = []

        def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
            inside.append(tf.init_scope())
            inside[-1].__enter__()
            return 0.5 * h_prev

        assert check(rnn_step).outcome == NOT_RIGHT
        assert tf.compat.v1.get_default_graph() is graph
        assert not tf.executing_eagerly()
        inside.clear()
        gc.collect()
    assert tf.executing_eagerly()
    assert not ignored


# What a learner's step leaves behind in Keras or TensorFlow.
LEFT = {
    "training mode": "keras.layers.Layer._get_call_context(keras.layers.Dropout(0.5))"
    ".set_value('training', True)",
    "another class of a known name": "keras.saving.register_keras_serializable('course_lib')"
    "(type('VanillaRNNCell', (keras.layers.Layer,), {}))",
    "another type of numbers": "keras.config.set_floatx('float16')",
    "another policy": "keras.config.set_dtype_policy('mixed_float16')",
    "no session": "keras.backend.clear_session()",
    "another seed": "keras.utils.set_random_seed(3); tf.random.set_seed(4)",
    "functions step by step": "tf.config.run_functions_eagerly(True)",
    "no operation": "keras.ops.tanh = tf.matmul = None",
    "a scope": "LEFT_OPEN.append(keras.name_scope('inside')); LEFT_OPEN[-1].__enter__()",
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_keras_and_tensorflow_are_as_before(left):
    import keras
    import tensorflow as tf

    from course_lib.layers import VanillaRNNCell

    before = _as_a_notebook_meets_it(keras, tf)

    _seed(keras, tf)

    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        exec(left, {"keras": keras, "tf": tf, "LEFT_OPEN": LEFT_OPEN})
        keras.random.normal(())
        tf.random.normal(())
        return 0.5 * h_prev

    assert check(rnn_step).outcome == NOT_RIGHT
    next_draws = _draws(keras, tf)
    assert _as_a_notebook_meets_it(keras, tf) == before
    assert keras.saving.get_registered_object("course_lib>VanillaRNNCell") is VanillaRNNCell
    _seed(keras, tf)
    assert next_draws == _draws(keras, tf)


def _seed(keras, tf):
    keras.utils.set_random_seed(0)
    tf.random.set_seed(1)
    keras.random.normal(())  # from here on there is something that counts the draws


def _draws(keras, tf):
    return float(keras.random.normal(())), float(tf.random.normal(()))


def _as_a_notebook_meets_it(keras, tf):
    layer = keras.layers.Dropout(0.5)
    inputs = keras.ops.ones((2, 50))
    return (
        keras.config.floatx(),
        keras.config.dtype_policy().name,
        tf.config.functions_run_eagerly(),
        keras.ops.tanh,
        tf.matmul,
        keras.src.backend.common.name_scope.current_path(),
        float(keras.ops.sum(layer(inputs))),
    )


class Ring:
    def __init__(self):
        self.itself = self


@pytest.fixture
def nothing_at_rest(monkeypatch):
    """As in a notebook; the tests themselves have frozen all that they begin with."""
    monkeypatch.setattr(garbage, "_for_good", False)
    gc.unfreeze()
    yield
    garbage.put_to_rest()


def test_a_check_leaves_no_garbage_and_nothing_that_is_never_collected(nothing_at_rest):
    old = Ring()
    watched = weakref.ref(old)
    with old_objects_at_rest():
        new = Ring()
        made_inside = weakref.ref(new)
        del new, old
        gc.collect()
        assert watched() is not None
    assert made_inside() is None
    gc.collect()
    assert watched() is None
    assert not garbage.much_is_at_rest()  # Python 3.12 puts what never dies there by itself


@pytest.mark.parametrize("for_good", [True, False])
@pytest.mark.parametrize("block", [old_objects_at_rest, no_garbage_sought])
def test_what_was_at_rest_before_stays_so(block, for_good, monkeypatch):
    """Else each later collection in the tests, or in the sandbox, would walk through a million."""
    gc.freeze()
    monkeypatch.setattr(garbage, "_for_good", for_good)
    with block():
        new = Ring()
        made_inside = weakref.ref(new)
        del new
    assert gc.get_freeze_count() > garbage.MUCH
    assert (made_inside() is None) == (block is old_objects_at_rest)


def test_what_the_tests_have_put_to_rest_is_not_counted_at_each_check(monkeypatch):
    """Counting walks through all of it, which would take longer than many a check."""
    monkeypatch.delattr(gc, "get_freeze_count")
    assert garbage.much_is_at_rest()
