"""Each rung of the graphs passes what is right and says what is wrong."""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from course_lib.exercises.bptt import checkpointed
from course_lib.exercises.calling.guard import CappedOutput
from course_lib.exercises.checker import check_function
from course_lib.exercises.diagonal import fast_scan
from course_lib.exercises.gradnets.gradualdropout import compiled_well
from course_lib.exercises.ladder import graph_rungs as rungs
from course_lib.exercises.ladder.climbing import Outcome, climb, judge
from course_lib.exercises.registry import get, ids
from course_lib.graphs import STUMBLES
from course_lib.scratch.rnn import rnn_step

FAST = [one for one in ids() if get(one).kind == "speed up"]


def said(rung, outputs, given=None):
    problem = rung.judge(given or {}, outputs)
    return problem.sentence if problem else ""


def nothing():
    return {}


def test_every_stumble_has_a_sentence_of_its_own():
    rung = rungs.traceable(nothing, None)
    assert rungs.STUMBLES.keys() == STUMBLES.keys()
    assert len({said(rung, {"stumbles over": over}) for over in STUMBLES}) == len(STUMBLES)
    assert said(rung, {"stumbles over": ""}) == ""


def test_a_graph_that_grows():
    rung = rungs.no_loop_over_time(nothing, None)
    assert said(rung, {"operations at T=10": 50, "operations at T=20": 50}) == ""
    assert "50 operations for 10" in said(
        rung, {"operations at T=10": 50, "operations at T=20": 90}
    )


def test_what_made_a_graph_grow_or_shrink_is_not_made_up():
    """Of a loop over rounds nothing is said of steps, and no loop makes a graph smaller."""
    rung = rungs.no_loop_over_time(nothing, None)
    by_steps, by_rounds, kept = (
        said(rung, {"operations at T=10": 92, "operations at T=20": long}) for long in (102, 97, 84)
    )
    assert "written out step by step" in by_steps
    assert "a Python loop is written out while" in by_rounds
    assert "loop" not in kept
    assert "what an earlier call has left behind" in kept


def test_gradients():
    rung = rungs.reaches_every_weight(nothing, None, "W_hh")
    assert said(rung, {"gradients": {"W_hh": 0.1, "b": 2.0}}) == ""
    assert "No gradient reaches W_hh" in said(rung, {"gradients": {"W_hh": np.nan}})
    assert "can't be trained" in said(rung, {"gradients": {"W_hh": 0.0}})
    assert "can't be trained" in said(rung, {"gradients": {"W_hh": np.inf}})
    assert "W_hh is not among" in said(rung, {"gradients": {"W_xh": 0.1}})


@pytest.mark.parametrize(
    ("traces", "for_graphs", "sentence"),
    [
        (0, True, ""),
        (2, True, ""),
        (4, True, "4 times more, for 4 new sizes"),
        (7, True, "each time for a new graph"),
        (7, False, "isn't traced at all"),
    ],
)
def test_traces(traces, for_graphs, sentence):
    outputs = {"batches": 7, "new sizes": 4, "traces": traces, "for graphs": for_graphs}
    outputs["losses"] = np.array([1.0, 2.0])
    found = said(rungs.traced_once(nothing, None, lambda given: [1.0, 2.0]), outputs)
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_traces_with_the_loss_of_another_size():
    outputs = {"batches": 7, "new sizes": 4, "traces": 2, "for graphs": True}
    outputs["losses"] = np.array([1.0, 1.5])
    found = said(rungs.traced_once(nothing, None, lambda given: [1.0, 2.0]), outputs)
    assert "the loss of batch 2 is 1.5; it should be 2" in found


def test_xla():
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    assert said(rung, {"refused": "", "h": np.ones(2)}) == ""
    assert "doesn't compile with XLA: AsString" in said(rung, {"refused": "AsString"})
    assert "gives something else" in said(rung, {"refused": "", "h": np.zeros(2)})
    assert rung.remark({}, {"refused": "", "h": np.ones(2)}) == ""


def test_what_xla_cant_compile_is_said_without_names_that_nobody_gave():
    refusal = (
        "Detected unsupported operations when trying to compile graph __inference_both_14512"
        "[_XlaMustCompile=true,config_proto=1356,executor_type=1116] on XLA_CPU_JIT: {} (No "
        "registered kernel)"
    )
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    found = said(rung, {"refused": refusal.format("AsString")})
    assert "Detected unsupported operations: AsString (No" in found
    assert "calls back into Python" in said(rung, {"refused": refusal.format("EagerPyFunc")})


def test_an_operation_that_xla_does_not_have_is_named_and_why_it_matters():
    refusal = (
        "Detected unsupported operations when trying to compile graph __inference_<lambda>_56554"
        "[_XlaMustCompile=true,executor_type=1116] on XLA_CPU_JIT: StatelessRandomBinomial (No "
        "registered 'StatelessRandomBinomial' OpKernel for XLA_CPU_JIT devices compatible with "
        "node {{node a/b}}){{node a/b}}"
    )
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    found = said(rung, {"refused": refusal})
    assert "XLA, which knows no operation StatelessRandomBinomial. Where there is a GPU" in found
    assert "{" not in found
    assert "__" not in found


def test_a_word_of_the_learners_own_is_no_stumble_of_the_graph():
    rung = rungs.compiles(nothing, lambda given: {}, None)
    for said_by, told in {
        "f raised Untraceable: NumPy.": rungs.STUMBLES["NumPy"],
        "f raised Untraceable: x.": "f raised Untraceable: x.",
        "f raised ValueError: f raised Untraceable: x.": "f raised ValueError",
    }.items():
        assert judge(rung, Outcome(None, said_by)).sentence.startswith(told)


def test_a_right_loop_without_bounds_passes_and_is_told_what_xla_wants():
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    no_bound = "XLA compilation requires a fixed tensor list size. Set the max number of elements."
    assert said(rung, {"refused": no_bound}) == ""
    assert "maximum_iterations=T" in rung.remark({}, {"refused": no_bound})


@pytest.mark.parametrize(
    "refusal",
    [
        "Input 1 to node `while/range` with op Range must be a compile-time constant.",
        "Incompatible shapes: [2,11,3] vs. [4,3]",
        "XLA has not implemented dynamic sized slice with non-trival stride yet. Please file a bug",
    ],
)
def test_a_right_answer_whose_sizes_change_while_it_runs_passes_and_is_told_what_xla_wants(refusal):
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    assert said(rung, {"refused": refusal}) == ""
    assert "no array may have a size that is computed" in rung.remark({}, {"refused": refusal})


@pytest.mark.parametrize(
    ("changes", "sentence", "remark"),
    [
        ({}, "", "No GPU here. Instead the graph was audited: all 9 kinds"),
        ({"gpu": "NVIDIA H100"}, "", "All this ran on NVIDIA H100."),
        ({"on the host": "WriteSummary"}, "", "the file (WriteSummary) runs on the host"),
        ({"prints": True}, "", "XLA can't print"),
        ({"prints": True, "gpu": "NVIDIA H100"}, "", "take tf.print away"),
        (
            {"gpu": "NVIDIA H100", "on the host": "WriteSummary"},
            "",
            "All this but what writes to the file ran on NVIDIA H100. What",
        ),
        ({"can tell": False, "without a kernel": "MatMul"}, "", "can't tell"),
        ({"without a kernel": "AsString"}, "can't run AsString on a GPU", None),
        ({"in Python": "PyFunc"}, "PyFunc calls back into Python", None),
        ({"widened": True}, "float64 comes out", None),
    ],
)
def test_gpu(changes, sentence, remark):
    rung = rungs.fit_for_a_gpu(nothing, None)
    outputs = {"gpu": "", "can tell": True, "operations": 9, "without a kernel": "",
               "in Python": "", "on the host": "", "prints": False, "widened": False,
               **changes}  # fmt: skip
    assert sentence in said(rung, outputs)
    if remark is not None:
        assert said(rung, outputs) == ""
        assert remark in rung.remark({}, outputs)


def test_float32_that_slips_in_is_named_though_it_is_nearly_right():
    right = np.array([0.1, 0.2])
    rung = rungs.equal_to_twin("rnn_forward", nothing, lambda given: {"h": right}, None)
    assert said(rung, {"h": right + 1e-13}) == ""
    single = right.astype(np.float32)
    assert "float32 was used" in said(rung, {"h": single.astype(float)})
    # What is added lest a logarithm be infinite is as small, and nothing need be in float32.
    assert "a small number such as 1e-8 was added" in said(rung, {"h": right + 1e-8})
    assert "comes as float32" in said(rung, {"h": single})
    assert "should be" in said(rung, {"h": right + 0.1})
    near = {"h": right + 1e-12, "h by your twin": right}
    assert "differ by at most 1.0e-12" in rung.remark({}, near)
    exact = {"h": right, "h by your twin": right}
    assert rung.remark({}, exact).endswith("this agree in every digit.")
    assert rung.remark({}, {"h": right}) == ""
    # Which of the two a machine gets is rounding: nbval takes them for the same.
    rules = configparser.RawConfigParser()
    rules.read(Path(__file__).parents[2] / "nbval_sanitize.cfg")
    rule = rules["how far a fast form is from its twin"]
    assert len({re.sub(rule["regex"], "", rung.remark({}, one)) for one in (near, exact)}) == 1


def my_rnn(x, h_0, W_xh, W_hh, b_h):
    """The learner's own, which may use the course's step."""
    h, h_t = [], h_0
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h.append(h_t)
    h = np.stack(h, axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


class SimpleCell(keras.layers.SimpleRNNCell):
    """Right; its methods look names up in this module, as those of a notebook in the notebook."""

    def call(self, *arguments, **named):
        return super().call(*arguments, **named)


def remark_on(exercise, answer, own):
    report = check_function(get(exercise), answer, own)
    assert report.ok, report
    return report.remarks.get("equal to rnn_forward, to 1e-10 in float64", "")


def test_it_is_held_against_the_learners_own_numpy_once_that_has_passed(monkeypatch):
    monkeypatch.setitem(globals(), "rnn_forward", my_rnn)
    assert "Your own rnn_forward" in remark_on(
        "VanillaRNNCell", SimpleCell, {"rnn_forward": my_rnn}
    )
    assert remark_on("VanillaRNNCell", SimpleCell, {}) == ""
    assert globals()["rnn_forward"] is my_rnn


def test_what_has_changed_since_it_passed_is_not_used(monkeypatch):
    monkeypatch.setitem(globals(), "rnn_forward", lambda *_: 1 / 0)
    assert remark_on("VanillaRNNCell", SimpleCell, {"rnn_forward": my_rnn}) == ""


@pytest.mark.parametrize("one", FAST)
def test_calls_can_be_cut_out_for_a_sandbox(one):
    exercise = get(one)
    assert exercise.returns == {}
    assert exercise.twin in ("", *ids())
    for rung in exercise.ladder:
        module = sys.modules[rung.call.__module__]
        assert getattr(module, rung.call.__name__, None) is rung.call, rung.name


FORKED = """
import json, os, sys
from course_lib.exercises.registry import get
exercises = [get(one) for one in sys.argv[1:]]
from tensorflow.python.eager import context
assert not context.context()._initialized, "an import has run something"
child = os.fork() if sys.platform == "linux" else 0
if child == 0:
    from course_lib.exercises.checker import check_function
    for one in exercises:
        report = check_function(one, one.reference)
        print(json.dumps([one.id, report.ok, str(report), dict(report.remarks)]), flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="module")
def reports():
    """What the reference of each exercise is told, under Linux in a child of a process.

    The parent has run no operation: the threads of one that has are missing in its children.
    """
    done = subprocess.run(
        [sys.executable, "-c", FORKED, *FAST], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return {one: told for one, *told in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize("one", FAST)
def test_all_rungs_work_in_a_forked_child_and_say_what_was_audited_or_which_gpu_it_ran_on(
    one, reports
):
    ok, report, remarks = reports[one]
    assert ok, report
    if one == "padded_batches":  # a pipeline runs beside the GPU
        assert rungs.ON_A_GPU not in [rung.name for rung in get(one).ladder]
    else:
        assert "audited" in remarks[rungs.ON_A_GPU] or "ran on" in remarks[rungs.ON_A_GPU]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (checkpointed.all_states_kept, "each is computed about once"),
        (checkpointed.one_piece, "those of a piece as long as the sequence"),
        (checkpointed.two_halves, "the pieces get longer as fast as the sequence"),
    ],
)
def test_where_memory_grows_it_is_said_whether_anything_is_forgotten(answer, words):
    exercise = get("checkpointed")
    (rung,) = (one for one in exercise.ladder if one.judge is checkpointed.grows_with_the_root)
    outcome = climb(exercise, rung, answer, CappedOutput())
    assert words in judge(rung, outcome).sentence


@pytest.mark.parametrize(
    ("plain", "sentence"), [(np.ones(2), ""), (np.zeros(2), "gives something else")]
)
def test_what_xla_gets_wrong_without_a_word_passes_if_the_graph_itself_is_right(plain, sentence):
    rung = rungs.compiles(nothing, lambda given: {"h": np.ones(2)}, None)
    outputs = {"refused": "", "h": np.zeros(2), "h without XLA": plain}
    assert sentence in said(rung, outputs)
    assert bool(said(rung, outputs)) == bool(sentence)
    assert "no error says so" in rung.remark({}, outputs)


def test_who_asks_for_numbers_by_np_array_reads_of_it():
    """Keras's variables answer np.array by `.numpy()`, which stands nowhere in the code then."""
    assert "`.numpy()` and np.array" in rungs.STUMBLES["numbers"]


def test_a_tape_that_goes_back_through_rounds_is_not_said_to_go_by_steps():
    """A scan of one's own turns log T times, not T times."""
    sentence = fast_scan.way_back_is_own({}, {"kept": 12}).sentence
    assert "at each turn of the loop" in sentence


def test_the_rung_of_gradual_dropout_says_the_same_of_what_xla_refuses():
    refusal = "Detected unsupported operations: A (No registered 'A' OpKernel for XLA_CPU_JIT)"
    assert compiled_well({}, {"refused": refusal}) == rungs.not_compiled(refusal)
