"""No check takes longer than a learner waits, by the stored table; and how that is measured."""

import json

import pytest

from course_lib.authoring.notebooks import SECONDS
from course_lib.exercises.checker import check_function
from course_lib.exercises.proving import seconds as module
from course_lib.exercises.proving.seconds import check_seconds, store_seconds, two_slips
from course_lib.exercises.registry import PROJECT, get, ids, needs_tensorflow
from course_lib.training import provenance

FIRST, LATER = 20, 3  # seconds on two cores; of the first check TensorFlow's import is a part
STORED = json.loads(SECONDS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("kind", "most"), [("seconds", FIRST), ("right_seconds", LATER), ("wrong_seconds", LATER)]
)
def test_no_check_takes_longer_than_a_learner_waits(kind, most):
    assert STORED[kind].keys() == set(ids()), "run `course prove --measure`"
    assert {one: took for one, took in STORED[kind].items() if took > most} == {}


def test_each_exercise_is_of_one_run():
    told = [one for run in STORED["runs"] for one in run["exercises"]]
    assert sorted(told) == sorted(ids())


def test_an_exercise_in_numpy_waits_for_no_tensorflow_by_the_table():
    """Where one no longer loads it, or loads it now, its card says so after `--measure` alone."""
    loads = min(took for one, took in STORED["seconds"].items() if needs_tensorflow(one))
    functions = [one for one in ids() if not needs_tensorflow(one) and not one.startswith(PROJECT)]
    assert {one for one in functions if STORED["seconds"][one] > loads / 2} == set()


def test_what_other_exercises_took_stays(tmp_path, monkeypatch):
    took = iter([0.5, 1.5, 2.5, 0.5, 1.5])
    days = iter(["2030-01-01", "2030-01-02", "2030-01-03"])
    monkeypatch.setattr(module, "_this_run", lambda: {"date": next(days)})
    monkeypatch.setattr(
        module, "check_seconds", lambda _: dict.fromkeys(("first", "right", "wrong"), next(took))
    )
    file = tmp_path / "seconds.json"
    store_seconds(file, ["rnn_forward", "LSTMCell"])
    store_seconds(file, ["rnn_step"])
    stored = json.loads(file.read_text())
    for kind in ("seconds", "right_seconds", "wrong_seconds"):
        assert stored[kind] == {"rnn_step": 2.5, "rnn_forward": 0.5, "LSTMCell": 1.5}
        assert list(stored[kind]) == ["rnn_step", "rnn_forward", "LSTMCell"]  # as in the course
    both, one = ["rnn_forward", "LSTMCell"], ["rnn_step"]
    assert stored["runs"] == [
        {"date": "2030-01-01", "exercises": both},
        {"date": "2030-01-02", "exercises": one},
    ]
    store_seconds(file, both)
    runs = json.loads(file.read_text())["runs"]
    assert [(run["date"], run["exercises"]) for run in runs] == [
        ("2030-01-02", one),
        ("2030-01-03", both),
    ]


def test_a_run_says_what_it_was_measured_with(monkeypatch):
    """Each exercise's process has one thread, unless the user says otherwise."""
    monkeypatch.setattr(provenance, "hardware", lambda: {"cpu": "A", "settings": {"X": "1"}})
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    run = module._this_run()
    assert run.keys() == {"date", "versions", "hardware"}
    told = {"X": "1", "OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "1"}
    assert run["hardware"]["settings"] | told == run["hardware"]["settings"]


@pytest.mark.slow
def test_answers_with_two_slips_are_wrong_and_the_same_each_time():
    exercise = get("rnn_step")
    reports = [check_function(exercise, answer) for answer in two_slips(exercise)]
    nameless = [one for one in reports if one.outcome == "not right yet" and one.mistake is None]
    assert len(nameless) >= module.UNNAMED
    again = [check_function(exercise, answer) for answer in two_slips(exercise)]
    assert [one.sentence for one in again] == [one.sentence for one in reports]


def test_each_answer_is_timed_as_if_no_other_had_been_met(monkeypatch):
    """Wrong ones until there are enough without a name; one that never ends is no measure."""
    exercise = get("rnn_step")
    forgot, timed = [], []

    def check(_, answer):
        timed.append(answer)
        return check_function(exercise, answer)

    monkeypatch.setattr(module, "forget", lambda: forgot.append(len(timed)))
    monkeypatch.setattr(module, "check_function", check)
    kinds = [kind for kind, _ in module._of_exercise(exercise, 0.0)]
    right = 1 + len(exercise.alternatives)
    assert kinds[: 1 + right] == ["first", *["right"] * right]
    assert kinds.count("wrong") >= len(exercise.mistakes) + module.UNNAMED
    assert forgot == list(range(1, len(timed)))
    assert timed[1 + right :][: len(exercise.mistakes)] == [m.answer for m in exercise.mistakes]


@pytest.mark.parametrize(
    "one",
    [
        "combine",
        "lru_trace_step",
        pytest.param("predict_rows", marks=pytest.mark.slow),
        pytest.param("update_inside", marks=pytest.mark.slow),
    ],
)
def test_the_checks_of_an_exercise_are_timed_in_a_process_of_their_own(one):
    """How long they may take is asked of the table: here, other tests run beside."""
    found = check_seconds(one)
    assert found.keys() == {"first", "right", "wrong"}
    assert found["first"] > found["right"]  # it has loaded what a later one finds there


def test_of_each_kind_the_check_that_took_longest_counts(monkeypatch):
    took = [("first", 0.52), ("right", 0.2), ("right", 1.23), ("wrong", 3.46), ("wrong", 0.1)]
    monkeypatch.setattr(module, "_of_exercise", lambda *_: iter(took))
    assert module.in_this_process("rnn_step", 0.0) == {"first": 0.5, "right": 1.2, "wrong": 3.5}


def test_what_a_check_took_is_no_more_than_the_processor_was_busy(monkeypatch):
    """On a machine that has other work to do, the clock goes on without it."""
    clock, processor = iter([10.0, 19.0]), iter([1.0, 3.5])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(module.time, "process_time", lambda: next(processor))
    assert module._timed(lambda: "done") == (2.5, "done")
