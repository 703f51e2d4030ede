"""A learner's own check of a project: what is handed in, what is not there, and the cheats."""

import re
import time
import types

import numpy as np
import pytest

from course_lib.authoring.source import stub_code
from course_lib.data.held_back import held_back_digits
from course_lib.exercises import CheckFailed, check, progress
from course_lib.exercises.calling import guard
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.ladder import FEW, PIECE, ladder
from course_lib.exercises.projects.proving import as_file, reference_arrays
from course_lib.exercises.registry import get, ids
from course_lib.scratch.projects import predict_rows
from course_lib.scratch.rnn import init_params

PROJECT = get("predict_rows")
X, Y = held_back_digits("check", 0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A learner's copy, with the reference's arrays handed in."""
    (tmp_path / progress.FOLDER).mkdir()
    monkeypatch.chdir(tmp_path)
    np.savez("rows.npz", **reference_arrays(PROJECT))
    return tmp_path


def untrained() -> dict[str, np.ndarray]:
    return init_params(28, 8, 10)


def written(code: str) -> types.FunctionType:
    """predict_rows as a notebook defines it."""
    home = {"np": np, "X": X, "Y": Y, "ink": lambda x: x.sum(axis=(1, 2)), "time": time}
    exec(code, home)
    return home["predict_rows"]


def test_the_reference_reaches_the_top_mark_and_shows_its_curve():
    report = check(predict_rows, strict=True)
    assert report.mark == 3
    assert report.headline.startswith("✓ predict_rows: mark 3 of 3 (9")
    for part in ("Marks: ", "What goes wrong: A ", "Try next: ", "Your curve: █"):
        assert part in str(report)
    assert "<svg role='img' aria-label='Your learning curve, from" in report._repr_html_()


def test_each_check_draws_other_inputs():
    scores = {check(predict_rows).measured.score for _ in range(4)}
    assert len(scores) > 1


def test_the_best_mark_is_kept(folder):
    def kept():
        return progress.load(folder)["predict_rows"]

    np.savez("rows.npz", **untrained())
    check(predict_rows)
    assert kept() == "not right yet"
    np.savez("rows.npz", **reference_arrays(PROJECT))
    check(predict_rows)
    assert kept() == "mark 3"
    np.savez("rows.npz", **untrained())
    check(predict_rows)
    assert kept() == "mark 3"


def test_a_stub_is_not_written_yet_with_and_without_arrays(folder):
    home = dict(vars(__import__("course_lib.scratch.projects", fromlist=["*"])))
    exec(stub_code(predict_rows), home)
    assert check(home["predict_rows"]).outcome == "not written yet"
    (folder / "rows.npz").unlink()
    report = check(home["predict_rows"])
    assert report.outcome == "not written yet"
    assert "save it as rows.npz" in report.sentence


def test_without_arrays_it_says_how_to_save_them(folder):
    (folder / "rows.npz").unlink()
    assert "There is no rows.npz beside the notebook" in check(predict_rows).sentence
    with pytest.raises(CheckFailed, match=r"np\.savez"):
        check(predict_rows, strict=True)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        (untrained(), "no better than a guess"),
        ({**untrained(), "W_hy": np.ones((9, 10))}, "shape (9, 10); it should be (8, 10)"),
        ({**untrained(), "b_h": np.ones((8, 1))}, "b_h has shape (8, 1); it should be (8,)"),
        ({**untrained(), "labels": Y}, "labels, which is not part of the network"),
        ({f"W{n}": np.ones(2) for n in range(50)}, "W5, W6, W7, …. It needs W_xh"),
        ({"kernel": np.ones((28, 8))}, "has no W_xh, W_hh, b_h, W_hy, b_y; it holds kernel"),
        (init_params(28, 400, 10), "60,000 are the most"),
    ],
)  # fmt: skip
def test_arrays_of_no_use(arrays, says):
    np.savez("rows.npz", **arrays)
    report = check(predict_rows)
    assert not report
    assert says in report.sentence


CHEATS = {
    "labels in the notebook": (
        "def predict_rows(weights, x):\n    return np.eye(10)[Y[:len(x)]]",
        "takes Y from the notebook",
    ),
    "in a default": (
        "def predict_rows(weights, x, y=Y):\n    return np.eye(10)[y[:len(x)]]",
        "default number 1",
    ),
    "in a list": (
        "answers = [Y]\ndef predict_rows(weights, x):\n    return np.eye(10)[answers[0][:len(x)]]",
        "takes answers",
    ),
    "in an object": (
        "class Box: pass\nbox = Box()\nbox.y = Y\n"
        "def predict_rows(weights, x):\n    return np.eye(10)[box.y[:len(x)]]",
        "takes box",
    ),
    "in a helper": (
        "def helper(x):\n    return np.eye(10)[Y[:len(x)]]\n"
        "def predict_rows(weights, x):\n    return helper(x)",
        "takes Y",
    ),
    "in a closure": (
        "def make(y):\n    def predict_rows(weights, x):\n        return np.eye(10)[y[:len(x)]]\n"
        "    return predict_rows\npredict_rows = make(Y)",
        "takes y",
    ),
    "reads its own file": (
        "def predict_rows(weights, x):\n    return np.load('rows.npz')['W_hy'][:len(x)]",
        "It opened 'rows.npz'",
    ),
    "reads a file and hides the failure": (
        "def predict_rows(weights, x):\n    try:\n        open('rows.npz')\n    except Exception:\n"
        "        pass\n    return np.ones((len(x), 10))",
        "It opened 'rows.npz'",
    ),
    "reads the held-back images": (
        "def predict_rows(weights, x):\n"
        "    from course_lib.data.held_back import held_back_digits\n"
        "    return np.eye(10)[held_back_digits('check', 0)[1][:len(x)]]",
        "It opened",
    ),
    "starts a program": (
        "def predict_rows(weights, x):\n    import subprocess\n    subprocess.run(['true'])",
        "It opened",
    ),
    "another classifier": (
        "def predict_rows(weights, x):\n    return ink(x)[:, None] * np.arange(10)",
        "computes something other",
    ),
    "statistics of the batch": (
        "def predict_rows(weights, x):\n    x = x - x.mean(axis=0)\n"
        "    return ink(x)[:, None] * np.arange(10)",
        "when others stand beside it",
    ),
    "dropout left on": (
        "def predict_rows(weights, x):\n    h = np.zeros((len(x), len(weights['W_hh'])))\n"
        "    h = np.random.default_rng().random(h.shape) > 0.5\n"
        "    return h @ weights['W_hy'] + weights['b_y']",
        "draw nothing at random, as dropout does",
    ),
    "NaN": (
        "def predict_rows(weights, x):\n    return np.full((len(x), 10), np.nan)",
        "100% of the outputs are NaN",
    ),
    "digits, not logits": (
        "def predict_rows(weights, x):\n    return np.zeros(len(x))",
        "gave (5,); it should give (5, 10)",
    ),
    "None": ("def predict_rows(weights, x):\n    pass", "returned None"),
    "changes its weights": (
        "def predict_rows(weights, x):\n    weights['b_y'] += 1\n    return np.zeros((len(x), 10))",
        "changed its argument weights",
    ),
    "more memory than there is": (
        "def predict_rows(weights, x):\n    return np.ones((len(x), 1 << 55))",
        "Unable to allocate",
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheats_fail_with_the_sentence_that_says_why(name):
    code, says = CHEATS[name]
    report = check(written(code))
    assert not report
    assert says in report.sentence


def remembering(x, y, otherwise):
    """The digits of these images, and for all others what a network says."""
    known = {image.tobytes(): digit for image, digit in zip(x, y, strict=True)}

    def predict(weights, x):
        outputs = otherwise(weights, x)
        for place, image in enumerate(x):
            if (digit := known.get(image.tobytes())) is not None:
                outputs[place] = 100 * np.eye(10)[digit]
        return outputs

    return predict


def test_what_remembers_the_digits_of_one_check_gains_nothing_in_the_next():
    """Where any network will do, remembering is right, but only for what has been seen."""
    project = get("predict_few_labels")
    file = as_file({"nothing": np.zeros(1), "expected": np.array(0.5)})
    predict = remembering(X, Y, lambda weights, x: np.zeros((len(x), 10)))
    seen, other = (
        judge_project(project, predict, file, project.held_back("check", seed)) for seed in (0, 1)
    )
    assert seen.measured.score == 1
    assert other.mark == 0
    assert "no better than a guess" in other.sentence


def test_where_the_network_is_given_remembering_gains_nothing_at_all():
    predict = remembering(X, Y, predict_rows)
    file = as_file(untrained())
    report = judge_project(PROJECT, predict, file, PROJECT.held_back("check", 0))
    assert report.mark == 0
    assert "computes something other" in report.sentence


CACHES = {
    "a list": ("made = []", "if not made:\n        made.append(dict(weights))", "made[0]"),
    "a dict": ("made = {}", "made.setdefault(0, dict(weights))", "made[0]"),
    "a model": (
        "made = None",
        "global made\n    if made is None:\n        made = Model(weights)",
        "made.weights",
    ),
}


class Model:
    """As a Keras model: it can be called, and has weights."""

    def __init__(self, weights):
        self.weights = dict(weights)

    def __call__(self, x):
        return predict_rows(self.weights, x)


@pytest.mark.parametrize("kind", CACHES)
def test_a_model_that_is_made_once_of_the_arrays_is_right(kind):
    """Making a Keras model takes time, and the weights are the same ones at every call."""
    before, fill, use = CACHES[kind]
    home = {"Model": Model, "network": predict_rows}
    code = f"def predict_rows(weights, x):\n    {fill}\n    return network({use}, x)"
    exec(f"{before}\n{code}", home)
    home["predict_rows"](reference_arrays(PROJECT), X[:2])  # a look before the check
    for _ in range(2):
        filled = home["made"]
        assert check(home["predict_rows"])
        assert home["made"] is filled


def test_a_model_of_the_notebook_is_not_there_where_it_is_judged():
    home = {"model": Model(reference_arrays(PROJECT))}
    exec("def predict_rows(weights, x):\n    return model(x)", home)
    report = check(home["predict_rows"])
    assert not report
    assert "takes model from the notebook" in report.sentence


def test_far_less_than_what_was_expected_asks_for_a_comparison():
    project = get("predict_few_labels")
    weights = reference_arrays(project)

    def gate_the_other_way_round(w, x):
        changed = {f"{kind}z": -w[f"{kind}z"] for kind in ("W_x", "W_h", "b_")}
        return project.reference(w | changed, x)

    batches = project.held_back("check", 0)
    for expected, far in ((0.93, True), (0.2, False)):
        file = as_file(weights | {"expected": np.array(expected)})
        report = judge_project(project, gate_the_other_way_round, file, batches)
        assert ("did when you trained it?" in report.sentence) is far, report.sentence


def test_what_runs_for_minutes_is_stopped(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 0.5)
    report = check(written("def predict_rows(weights, x):\n    time.sleep(60)"))
    assert "still running" in report.sentence


@pytest.mark.slow
def test_the_time_limit_is_for_each_call(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 2.0)
    monkeypatch.setattr(guard.limit, "BUSY", 100)  # of the processor, however busy the machine is

    def slow(weights, x):
        until = time.process_time() + 0.2
        while time.process_time() < until:
            pass
        return predict_rows(weights, x)

    file, batches = as_file(reference_arrays(PROJECT)), PROJECT.held_back("check", 0)
    assert judge_project(PROJECT, slow, file, batches)  # 2.6 seconds of work in 13 calls


def test_one_call_too_long_is_told_with_the_limit_of_one(monkeypatch):
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 1.0)
    calls = []

    def stuck(weights, x):
        calls.append(len(x))
        while len(calls) > 3:
            pass
        return predict_rows(weights, x)

    file, batches = as_file(reference_arrays(PROJECT)), PROJECT.held_back("check", 0)
    began = time.process_time()
    report = judge_project(PROJECT, stuck, file, batches)
    assert "was still running after 1 seconds" in report.sentence
    assert time.process_time() - began < 3


def test_opening_files_is_possible_again_after_a_check(folder):
    check(written(CHEATS["reads its own file"][0]))
    assert (folder / "rows.npz").read_bytes()


@pytest.mark.parametrize("name", [one for one in ids() if get(one).kind == "project"])
def test_no_two_lines_of_a_report_read_the_same(name):
    project = get(name)
    batches = project.held_back("check", 0)
    names = [rung.name for rung in ladder(project, {}, batches)]
    assert len(names) == 1 + len(batches)
    assert len(set(names)) == len(names)


def test_a_loop_over_time_never_has_more_inputs_at_once_than_a_cache_holds():
    sizes = []

    def predict(weights, x):
        sizes.append(len(x))
        return predict_rows(weights, x)

    file, batches = as_file(reference_arrays(PROJECT)), PROJECT.held_back("check", 0)
    report = judge_project(PROJECT, predict, file, batches)
    assert max(sizes) <= PIECE < len(X)
    assert sum(sizes) == len(X) + 2 * FEW + 1  # all, the first few, some alone, and one again
    assert report.measured == judge_project(PROJECT, predict_rows, file, batches).measured


@pytest.mark.parametrize(
    "code",
    [
        "return np.zeros((10, len(x)))",
        "return np.zeros((len(x), 10 if len(x) < 9 else 9))",
        "return np.zeros((min(len(x), 9), 10))",
    ],
)
def test_a_wrong_shape_is_told_for_all_inputs_together(code):
    sentence = check(written(f"def predict_rows(weights, x):\n    {code}")).sentence
    shapes = re.search(r"shape \((\d+), 28, 28\), .* gave \((.+)\); it should give", sentence)
    given, gave = int(shapes[1]), tuple(map(int, shapes[2].split(",")))
    home = {}
    exec(f"import numpy as np\ndef shape(x):\n    {code}", home)
    assert gave == home["shape"](np.zeros(given)).shape


def test_an_axis_that_is_lost_with_one_input_is_told_as_a_shape():
    """It was said that dropout may be on, or that a state is kept."""
    code = "def predict_rows(weights, x):\n    return np.zeros((len(x), 10)).squeeze()"
    sentence = check(written(code)).sentence
    assert sentence.startswith("For inputs of shape (1, 28, 28), predict_rows gave (10,)")


def test_what_is_shown_is_an_input_for_which_the_outputs_differ():
    """An answer may be right for the first input, and the numbers shown there say nothing."""

    def right_for_the_first(weights, x):
        moved = np.where(np.arange(len(x))[:, None, None] < 3, x, np.roll(x, 1, axis=2))
        alone = len(x) == 1
        return predict_rows(weights, x if alone else moved)

    def with_other_columns(weights, x):
        outputs = predict_rows(weights, x)
        return np.where(x.mean(axis=(1, 2))[:, None] > 0.1, outputs + 1, outputs)

    project = get("predict_rows")
    batches = project.held_back("check", 0)
    content = as_file(reference_arrays(project))
    for function, theirs in (
        (right_for_the_first, "alone"),
        (with_other_columns, "the network"),
    ):
        details = dict(judge_project(project, function, content, batches).problem.details)
        expected = details.pop(theirs)
        (given,) = details.values()
        assert np.abs(given - expected).max() > 0.1


def test_a_share_of_nothing_is_not_called_minus_zero():
    assert get("predict_no_tape").read(-0.001) == "0% of what can be learned"


@pytest.mark.parametrize("name", [one for one in ids() if getattr(get(one), "network", None)])
def test_the_score_is_that_of_the_arrays_whatever_rounding_would_explain(name):
    """Where all outputs are large, what counts as rounding leaves room for another classifier."""
    project = get(name)
    weights = reference_arrays(project)
    weights["b_y"] = weights["b_y"] + 1e4
    batches = project.held_back("check", 0)
    batches = tuple(type(one)(one.x[:60, :20], one.y[:60]) for one in batches[:1])

    def predict(weights, x):
        return project.network(weights, x) + 20 * np.random.default_rng(0).normal(
            size=(1, project.outputs(x.shape)[1])
        )

    def network(weights, x):
        return project.network(weights, x)

    cheat, honest = (
        judge_project(project, one, as_file(weights), batches) for one in (predict, network)
    )
    assert cheat.measured == honest.measured


def test_no_oracle_hides_behind_a_large_offset():
    """Nothing is trained: each logit is that large number, and what it adds is the answer."""
    known = {hash(image.tobytes()): int(digit) for image, digit in zip(X, Y, strict=True)}

    def predict(weights, x):
        right = np.eye(10)[[known.get(hash(image.tobytes()), 0) for image in x]]
        return predict_rows(weights, x) + 20 * right

    weights = {name: 0 * array for name, array in untrained().items()}
    weights["b_y"] = weights["b_y"] + 1e4
    report = judge_project(PROJECT, predict, as_file(weights), PROJECT.held_back("check", 0))
    assert report.mark == 0
    assert "no better than a guess" in report.sentence


def test_arrays_that_overflow_are_told_in_the_report_alone(recwarn):
    """The network's own warnings stood above it, with lines of the course."""
    project = get("predict_pixels")
    weights = reference_arrays(project)
    weights["gamma_log"] = np.full_like(weights["gamma_log"], 1000)
    batches = project.held_back("check", 0)
    batches = tuple(type(one)(one.x[:20], one.y[:20]) for one in batches)
    report = judge_project(project, project.network, as_file(weights), batches)
    assert "NaN or infinite" in report.sentence
    assert not recwarn.list


@pytest.mark.parametrize(("off", "near"), [(1.02, True), (2, False)])
def test_what_float16_has_rounded_away_is_told_so(off, near):
    project = get("predict_remember")
    batches = project.held_back("check", 0)[:1]

    def predict(weights, x):
        return (off * project.network(weights, x)).astype(np.float16)

    report = judge_project(project, predict, as_file(reference_arrays(project)), batches)
    assert ("computes in float16" in report.sentence) is near


def test_no_share_of_a_number_is_called_minus_zero():
    project = get("predict_remember")
    batches = project.held_back("check", 0)[:1]
    outputs = [1 - 1e-4 * one.x[..., :1].sum(axis=1) for one in batches]
    assert "-0%" not in project.measure(batches, outputs).confusion
