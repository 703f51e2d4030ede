"""The exercises in TensorFlow, judged behind every wall."""

import inspect
import json
import os
from pathlib import Path

import pytest
from a_class import answer_code, notebook, released

from course_lib.exercises.registry import CHAPTERS, chapter_of, get, ids
from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.fresh_ladder import SEED
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("at_rest")]


def speed_ups():
    return [one for one in ids() if get(one).kind == "speed up"]


@pytest.fixture(scope="module")
def fast_box(kind):
    with Sandbox(kind, tensorflow=True) as sandbox:
        yield sandbox


@pytest.fixture
def verdict(fast_box):
    """From an exercise and the code of its cell, "" for the stub, to the verdict."""

    def judged(one, code, seconds=30, modules=None):
        chapter = CHAPTERS.index(chapter_of(one)) + 1
        # What the exercise builds on in TensorFlow is the student's own, so it has to be there.
        others = {other: answer_code(other) for other in get(one).uses if other in speed_ups()}
        content = notebook(chapter, others | {one: code}) if code else released(chapter)
        cells = extract(json.dumps(content).encode())
        judge = Judge(lambda tensorflow: fast_box, Limits(seconds=seconds), SEED)
        found = judge.notebook("nb.ipynb", cells.code, cells.roles, [one], modules=modules)
        return found["verdicts"][0]

    return judged


def started_here(process):
    """Whether a process descends from this one: others may have sandboxes too, with children."""
    while process not in ("0", str(os.getpid())):
        process = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1]
    return process != "0"


def test_the_parent_that_forks_has_run_nothing(fast_box):
    """With thread pools of its own, it would leave its children waiting for them for good."""
    threads = [
        len(os.listdir(f"/proc/{process}/task"))
        for process in filter(str.isdigit, os.listdir("/proc"))
        if b"fork_server.py" in (line := Path(f"/proc/{process}/cmdline").read_bytes())
        and b"tensorflow" in line
        and started_here(process)
    ]
    assert threads
    assert max(threads) <= 2


@pytest.mark.parametrize("one", [*speed_ups(), speed_ups()[0]])  # the first once more, at the end
def test_the_references_pass_from_one_parent(verdict, one):
    found = verdict(one, answer_code(one))
    assert found.outcome == "passed", found


@pytest.mark.parametrize("one", ["looped", "GradualDropout"])
def test_a_notebook_that_runs_functions_eagerly_loses_no_point(verdict, one):
    """Left so after the search for a fault, in a statement that the answer needs."""
    code = f"""import tensorflow as tf

LOOKED_INTO = [tf.config.run_functions_eagerly(True)]

{answer_code(one)}
{one}.looked_into = LOOKED_INTO
"""
    found = verdict(one, code)
    assert found.outcome == "passed", found


def test_a_class_is_judged_where_tensorflow_is(fast_box):
    """In a notebook that the course didn't release."""
    judge = Judge(lambda tensorflow: fast_box, Limits(), SEED)
    one = "VanillaRNNCell"
    exercise = get(one)
    for answer in (exercise.reference, exercise.mistakes[0].answer):
        code = answer_code(one, exercise.reference)
        if answer is not exercise.reference:
            code = inspect.getsource(answer)
            code = code[code.index("class ") :].replace(f"class {answer.__name__}", f"class {one}")
        cells = [(1, f"import keras\nfrom course_lib.layers.vanilla import *\n{code}")]
        verdict = judge.notebook("nb", cells, {}, [one])["verdicts"][0]
        if answer is exercise.reference:
            assert verdict.outcome == "passed", verdict
        else:
            assert verdict.outcome in ("not right yet", "error", "missing"), verdict


@pytest.mark.parametrize("one", speed_ups())
def test_the_stub_is_not_written_yet(verdict, one):
    assert verdict(one, "").outcome == "not written yet"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("while True: pass", "time limit"),
        ("import os; os._exit(0)", "crashed"),
        ("open('/course/student.py', 'w')", "error"),
        ("import socket; socket.socket(40, 1)", "error"),
        ("import os; os.memfd_create('x')", "error"),
        ("import guard; raise guard.Unusable('Full marks.')", "error"),
    ],
)
def test_the_walls_stand_around_tensorflow_too(verdict, fast_box, body, outcome):
    code = answer_code("VanillaRNNCell").replace(
        "        return h_t, [h_t]", f"        {body}\n        return h_t, [h_t]"
    )
    assert body in code
    # An endless loop takes as long as it may: less than what a busy machine needs to start one.
    found = verdict("VanillaRNNCell", code, 5 if outcome == "time limit" else 30)
    assert found.outcome == outcome, found
    assert not found.sentence.startswith("Full marks")


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ("import tensorflow as tf\n", ""),
        ("import tensorflow as T\n", "tf = T"),
        ("", "import tensorflow as tf"),
        ("import tensorflow as tf\nTANH = tf.tanh\n", "tf.tanh = TANH"),
    ],
    ids=["above", "another name", "inside", "made with it"],
)
def test_tensorflow_in_an_answer_in_numpy_is_loaded_as_in_jupyter(box, fast_box, before, body):
    code = f"""{before}
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    {body}
    return tf.tanh(x_t @ W_xh + h_prev @ W_hh + b_h).numpy()
"""
    judge = Judge(lambda tensorflow: fast_box if tensorflow else box, Limits(seconds=30), SEED)
    cells = extract(json.dumps(notebook(1, {"rnn_step": code})).encode())
    (found,) = judge.notebook("nb.ipynb", cells.code, cells.roles, ["rnn_step"])["verdicts"]
    assert found.outcome == "passed", found


def test_a_fault_that_only_a_graph_shows_has_its_name_behind_the_walls(verdict):
    code = answer_code("log_gradients").replace(
        "    step = tf.cast(step,", "    step = tf.cast(step.numpy(),"
    )
    assert "step.numpy()" in code
    assert verdict("log_gradients", code).mistake == "number taken out"


# TensorFlow's own gradient, and what would hide it: the judge asks the graph how it was derived.
LOOP = """
    by_time = [tf.transpose(one, (1, 0, 2)) for one in (a, b)]
    h = tf.scan(lambda h, now: now[0] * h + now[1], by_time, h_0)
    return tf.transpose(h, (1, 0, 2))
"""
# A graph whose functions hold nothing, for whoever asks.
EMPTIED = """
    from tensorflow.python.framework import func_graph, ops
    old = ops.Graph.as_graph_def
    def empty(self, *arguments, **named):
        found = old(self, *arguments, **named)
        for one in found.library.function:
            del one.node_def[:]
        return found
"""
HIDE = {
    "another function in the judge's modules": """
    for module in list(sys.modules.values()):
        if "kept_by_loops" in getattr(module, "__dict__", {}):
            module.kept_by_loops = lambda graph: 0
""",
    "another function where the call looks for it": """
    frame = sys._getframe()
    while frame:
        if "kept_by_loops" in frame.f_globals:
            frame.f_globals["kept_by_loops"] = lambda graph: 0
        frame = frame.f_back
""",
    "other code in the function": """
    sys.modules["graphs"].kept_by_loops.__code__ = (lambda graph: 0).__code__
""",
    "another answer": """
    student, old = sys.modules["student"].Student, sys.modules["student"].Student._guarded
    def forged(self, run, arguments):
        answer = old(self, run, arguments)
        if "kept" in answer.get("result", ()):
            answer["result"]["kept"] = 0
        return answer
    student._guarded = forged
""",
    "another writer of messages": """
    import json
    old = json.JSONEncoder.encode
    json.JSONEncoder.encode = lambda self, tree: forged(old(self, tree))
""",
    "a C function of the writer": """
    import json.encoder
    old = json.encoder.c_make_encoder
    json.encoder.c_make_encoder = lambda *given: (
        lambda tree, level: [forged("".join(old(*given)(tree, level)))]
    )
""",
    "a constant of the writer": """
    import json
    json.JSONEncoder.item_separator = (
        ', [["answer", ["d", [["result", ["d", [["kept", 0], ["without a kernel", ""], '
        '["with a derivative", ""]]]]]]]], '
    )
""",
    "a default of the writer": """
    import json
    json.JSONEncoder.__init__.__kwdefaults__["separators"] = ', ["o", "x"], ', ", "
""",
    "a method that the writer's class has from object": """
    import json
    json.JSONEncoder.__getattribute__ = lambda self, name: (
        (lambda tree: forged(object.__getattribute__(self, name)(tree)))
        if name == "encode" else object.__getattribute__(self, name)
    )
""",
    "another kind of module": """
    import json, types
    class Forger:
        def encode(self, tree): return forged(json.encoder.JSONEncoder().encode(tree))
    class Kind(types.ModuleType):
        def __getattribute__(self, name):
            return Forger if name == "JSONEncoder" else super().__getattribute__(name)
    json.__class__ = Kind
""",
    "another reader of messages": """
    import json
    old = json.loads
    json.loads = lambda text: old(text.replace("kept_by_loops(", "int(0) if 1 else int("))
""",
    "a method of the reader alone": """
    import json
    old = json._default_decoder.decode
    json._default_decoder.decode = lambda text: old(text.replace("kept_by_loops(", "int("))
""",
    "a name before Python's own": """
    sys.modules["messages"].int = lambda value: 0
""",
    "another module of that name": """
    import json
    class Encoder(json.JSONEncoder):
        def encode(self, tree): return forged(super().encode(tree))
    import types
    sys.modules["messages"].json = types.SimpleNamespace(JSONEncoder=Encoder)
""",
    "another class of that name": """
    import json
    class Encoder(json.JSONEncoder):
        def encode(self, tree): return forged(super().encode(tree))
    json.JSONEncoder = Encoder
""",
    "another way to the judge": """
    import socket
    def sendall(self, message, *more):
        return self.send(message[:8] + forged(message[8:].decode("latin-1")).encode("latin-1"))
    socket.socket.sendall = sendall
""",
    "another sum": """
    import builtins
    builtins.sum = lambda numbers: 0
""",
    "another search for words": """
    import functools
    old = re.search
    re.search = functools.partial(old)
""",
    "another tf.function": """
    import functools
    tf.function = functools.partial(tf.function)
""",
    "another graph of what was traced": """
    from tensorflow.python.eager.polymorphic_function import concrete_function
    concrete_function.ConcreteFunction.graph = property(lambda self: tf.Graph())
""",
    "another table of kernels": """
    for module in [one for name, one in sys.modules.items() if name.split(".")[0] == "graphs"]:
        for table in vars(module).values():
            if type(table) is dict and "MatMul" in table:
                table["MatMul"] = []
""",
    "another asking for kernels": """
    for module in [one for name, one in sys.modules.items() if name.split(".")[0] == "graphs"]:
        for name, value in list(vars(module).items()):
            if "kernels" in name.lower() and type(value) is not type(sys):
                setattr(module, name, {} if type(value) is dict else lambda *of: {})
""",
    "another class where the call imports it": """
    import course_lib.graphs
    course_lib.graphs.Counting = type("Counting", (), {"times": 1})
""",
    "another attribute of a class": """
    sys.modules["graphs.kernels"].Kernel.device_type = property(lambda kernel: "GPU")
""",
    "another attribute in a class": """
    from course_lib.graphs import Counting
    Counting.times = property(lambda self: 1, lambda self, value: None)
""",
    "another function below a decorator": """
    from course_lib.graphs import step_by_step
    step_by_step.__closure__[0].cell_contents = lambda: iter([None])
""",
    "another graph where traced functions have it": EMPTIED
    + "    func_graph.FuncGraph.as_graph_def = empty\n",
    "another graph": EMPTIED + "    ops.Graph.as_graph_def = empty\n",
}


@pytest.mark.parametrize("how", HIDE)
def test_what_looks_at_a_graph_stays_the_judges_own(verdict, how):
    code = f"""import re, sys
import tensorflow as tf

def forged(text):
    zeros = lambda found: found[1] + "0".rjust(len(found[2]))
    return re.sub('("kept", )([0-9]+)', zeros, text)

def fast_scan(a, b, h_0):{HIDE[how]}{LOOP}"""
    found = verdict("fast_scan", code)
    assert found.outcome == "tampered with", found


def test_a_graph_is_asked_in_the_way_of_its_class(verdict):
    code = f"""import tensorflow as tf

def fast_scan(a, b, h_0):
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        graph.as_graph_def = lambda: tf.compat.v1.GraphDef()
        graph = getattr(graph, "outer_graph", None)
{LOOP}"""
    found = verdict("fast_scan", code)
    assert found.mistake == "no gradient of its own", found


def test_cells_that_could_forge_unnoticed_are_named(verdict):
    code = f"import sys\n_ = sys._getframe\n\n{answer_code('fast_scan')}"
    found = verdict("fast_scan", code)
    assert found.outcome == "passed", found
    (remark,) = found.remarks
    assert "says _getframe, with which an answer about a graph can be forged" in remark
    assert not verdict("fast_scan", answer_code("fast_scan")).remarks


def test_so_is_a_file_beside_the_notebook_that_could(verdict):
    beside = {"aside": "x = 1\n", "helper": "import sys\nreach = sys._getframe\n"}
    found = verdict(
        "fast_scan", f"import aside, helper\n\n{answer_code('fast_scan')}", modules=beside
    )
    assert found.outcome == "passed", found
    (remark,) = found.remarks
    assert remark.startswith("helper.py says _getframe, ")
    assert remark.endswith("look at that file.")


def test_what_was_put_there_before_is_taken_away_and_told(verdict):
    code = f"""import sys
import tensorflow as tf

def put():
    sys.modules["graphs"].kept_by_loops = lambda graph: 0

def fast_scan(a, b, h_0, _=put()):{LOOP}"""
    found = verdict("fast_scan", code)
    assert found.mistake == "no gradient of its own", found
    assert "graphs.kept_by_loops" in found.replaced
