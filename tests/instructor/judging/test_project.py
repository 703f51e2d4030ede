"""A project in the sandbox: other data than in the learner's check, and the same walls."""

import json
import zipfile

import numpy as np
import pytest
from a_class import answer_code, notebook, solved, submission, write

from course_lib.exercises.projects.arrays import LARGEST
from course_lib.exercises.projects.proving import HAND_INS, as_file, reference_arrays
from course_lib.exercises.registry import CHAPTERS, PROJECT, get
from course_lib.instructor.judging.hidden_cases import parse_cases
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.results import points
from course_lib.instructor.results.pages.class_page import class_page
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.session import Session
from course_lib.scratch.rnn import init_params

ROWS = (HAND_INS / "rows.npz").read_bytes()


@pytest.fixture
def graded(box, tmp_path):
    """Grade one student's predict_rows; the verdict as plain data."""

    def result(code=None, files=None, cases=None, seed=5, **more):
        nb = solved(1) if code is None else notebook(1, {"predict_rows": code})
        write(tmp_path / "anna" / "01-vanilla-rnn.ipynb", nb)
        for name, content in ({"rows.npz": ROWS} if files is None else files).items():
            (tmp_path / "anna" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "anna" / name).write_bytes(content)
        judge = Judge(lambda tensorflow: box, Limits(seconds=5), seed, cases or {}, **more)
        found = grade(submission(tmp_path / "anna").load(), judge, ["predict_rows"])
        return found["exercises"][0]

    return result


def predict(body: str, before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{before}\ndef predict_rows(weights, x):\n{lines}"


def test_the_reference_reaches_the_top_mark(graded):
    found = graded()
    assert (found["outcome"], found["mark"], found["held"]) == ("passed", 3, 3)
    assert found["score"] > get("predict_rows").marks[-1]
    assert found["sentence"].startswith("Mark 3 of 3: 9")
    assert points.share(found) == 1


def test_the_data_come_from_the_secret_seed(graded):
    scores = {graded(seed=seed)["score"] for seed in range(3)}
    assert len(scores) > 1
    assert graded(seed=0)["score"] == graded(seed=0)["score"]


def test_where_the_data_come_again_nothing_is_told_of_them(graded):
    """A next attempt could bring the answers to what this one raises or prints."""
    tells = predict("raise ValueError(str(x[0, 0, 9:12]))")
    assert "ValueError" in graded(tells)["sentence"]
    found = graded(tells, secret_last=True)
    assert found["outcome"] == "error"
    assert found["sentence"] == "predict_rows raised an exception on data that you haven't seen."


def test_who_has_seen_the_data_is_not_there_for_other_exercises(box, tmp_path, monkeypatch):
    original, lost = Session.lose, []
    monkeypatch.setattr(Session, "lose", lambda self: lost.append(self) or original(self))
    write(tmp_path / "anna" / "01-vanilla-rnn.ipynb", solved(1))
    (tmp_path / "anna" / "rows.npz").write_bytes(ROWS)
    times = []
    for last in (False, True):
        lost.clear()
        judge = Judge(lambda tensorflow: box, Limits(seconds=5), 5, {}, secret_last=last)
        found = grade(submission(tmp_path / "anna").load(), judge, ["predict_rows"])
        assert found["exercises"][0]["outcome"] == "passed"
        times.append(len(lost))
    assert times == [0, 2]  # behind the project, and behind all public checks


def test_a_lower_mark_earns_a_third(graded):
    arrays = reference_arrays(get("predict_rows"))
    rng = np.random.default_rng(3)
    for noise in np.linspace(0.05, 1, 20):  # spoil the readout until the top is out of reach
        spoilt = arrays | {"W_hy": arrays["W_hy"] + noise * rng.normal(size=arrays["W_hy"].shape)}
        found = graded(files={"rows.npz": as_file(spoilt)})
        if found["mark"] < 3:
            break
    assert found["mark"] in (1, 2)
    assert points.share(found) == pytest.approx(found["mark"] / 3)


def test_arrays_lie_beside_the_notebook_or_anywhere_else(graded):
    assert graded(files={"data/rows.npz": ROWS})["mark"] == 3
    bad = as_file(init_params(28, 8, 10))
    assert graded(files={"data/rows.npz": bad, "rows.npz": ROWS})["mark"] == 3


def test_a_zip_holds_both(box, tmp_path):
    with zipfile.ZipFile(tmp_path / "anna.zip", "w") as archive:
        archive.writestr("01-vanilla-rnn.ipynb", json.dumps(solved(1)))
        archive.writestr("rows.npz", ROWS)
    found = submission(tmp_path / "anna.zip").load()
    judge = Judge(lambda tensorflow: box, Limits(seconds=5), 5, {})
    assert grade(found, judge, ["predict_rows"])["exercises"][0]["mark"] == 3


def test_other_arrays_are_another_submission(tmp_path):
    write(tmp_path / "01-vanilla-rnn.ipynb", solved(1))
    (tmp_path / "rows.npz").write_bytes(ROWS)
    before = submission(tmp_path).load().key()
    (tmp_path / "rows.npz").write_bytes(as_file(init_params(28, 8, 10)))
    assert submission(tmp_path).load().key() != before


def test_of_a_huge_file_only_the_beginning_is_read(tmp_path):
    (tmp_path / "rows.npz").write_bytes(bytes(LARGEST + (1 << 20)))
    (tmp_path / "notes.npz").write_bytes(b"not asked for")
    found = submission(tmp_path).load()
    assert [(name, len(content)) for name, content in found.files] == [("rows.npz", LARGEST + 1)]


ATTACKS = {
    "no arrays": (None, {}, "not right yet", "There is no rows.npz"),
    "too large": (None, {"rows.npz": bytes(LARGEST + 1)}, "not right yet", "larger than 8 MB"),
    "not trained": (
        None, {"rows.npz": as_file(init_params(28, 8, 10))}, "not right yet",
        "no better than a guess",
    ),
    "a pickle": (
        None, {"rows.npz": as_file({"W_xh": np.array([{}], object)})}, "not right yet",
        "Python objects",
    ),
    "reads the course's data": (
        predict("from course_lib.data.held_back import held_back_digits\n"
                "return np.eye(10)[held_back_digits('validate', 0)[1][:len(x)]]"),
        None, "error", "isn't there while",
    ),
    "reads a file": (predict("return np.load('rows.npz')['W_hy']"), None, "error", "rows.npz"),
    "runs for minutes": (predict("while True: pass"), None, "time limit", "still running"),
    "two gigabytes": (
        predict("return np.ones((len(x), 10)) + np.ones(1 << 28).sum()"), None, "memory limit",
        "Memory",
    ),
    "NaN": (predict("return np.full((len(x), 10), np.nan)"), None, "not right yet", "NaN"),
    "objects": (
        predict("return np.full((len(x), 10), {}, object)"), None, "not right yet", "object"
    ),
    "counts its calls": (
        predict("calls.append(1)\nreturn np.full((len(x), 10), len(calls))", "calls = []"), None,
        "not right yet", "when it is called again",
    ),
    "an array of the notebook": (
        predict("return x.sum(axis=1) @ PLANES", "PLANES = np.eye(28, 10)"), None, "not right yet",
        "takes PLANES from the notebook",
    ),
    "an array in a default": (
        "def predict_rows(weights, x, y=np.eye(28, 10)):\n    return x.sum(axis=1) @ y", None,
        "not right yet", "takes default number 1 from the notebook",
    ),
    "text for arrays": (
        predict(f"return np.frombuffer({'0' * 9000!r}.encode(), 'u1')[:10] + 0 * x[:, 0, :10]"),
        None, "not right yet", "takes a constant of predict_rows from the notebook",
    ),
    "a list that it needs": (
        predict("return FIRST[0] + 0 * x[:, 0, :10]", "FIRST = [np.ones(10)]"), None,
        "not right yet", "takes FIRST from the notebook",
    ),
    "another classifier": (
        predict("return x.mean(axis=(1, 2))[:, None] * np.arange(10)"), None, "not right yet",
        "computes something other",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_earn_nothing(graded, name):
    code, files, outcome, says = ATTACKS[name]
    found = graded(code, files)
    assert (found["outcome"], found["mark"]) == (outcome, 0)
    assert says in found["sentence"]
    assert points.share(found) == 0


def test_what_is_made_once_of_the_arrays_is_no_data_of_the_notebook(graded):
    kept = predict("made.setdefault(0, dict(weights))\nreturn network(made[0], x)", "made = {}")
    network = answer_code("predict_rows").replace("def predict_rows", "def network")
    assert graded(f"{network}\n\n{kept}")["mark"] == 3


def test_a_stub_is_not_written(graded):
    found = graded(predict('raise NotImplementedError("IMPLEMENT-ME: the logits")'), {})
    assert found["outcome"] == "not written yet"


def test_an_instructor_gives_digits_of_their_own(graded):
    project = get("predict_rows")
    (batch,) = project.held_back("validate", 1)
    own = {"x": batch.x[:20].tolist(), "y": ((batch.y[:20] + 1) % 10).tolist()}
    cases = parse_cases(json.dumps({"predict_rows": [own]}))
    found = graded(cases=cases)
    assert (found["mark"], found["score"]) == (0, 0)  # those labels are wrong on purpose
    right = {**own, "y": batch.y[:20].tolist()}
    assert graded(cases=parse_cases(json.dumps({"predict_rows": [right]})))["score"] > 0.9


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({}, "has x and y"),
        ({"x": [[1.0]], "y": [1]}, "x has shape"),
        ({"x": np.zeros((2, 28, 28)).tolist(), "y": [1]}, "y has shape"),
    ],
)
def test_data_that_do_not_fit_are_said(case, says):
    with pytest.raises(ValueError, match=says):
        parse_cases(json.dumps({"predict_rows": [case]}))


def test_the_class_page_shows_the_distribution(graded):
    good, bad = graded(), graded(files={"rows.npz": as_file(init_params(28, 8, 10))})
    students = [
        {"student": name, "exercises": [one], "remarks": [], "status": "graded",
         "notebooks": [], "points": 1, "of": 1}
        for name, one in (("a", good), ("b", good), ("c", bad))
    ]  # fmt: skip
    names = {"a": "a", "b": "b", "c": "c"}
    page = "".join(class_page(students, {"predict_rows": 1.0}, names, "today"))
    assert "<h3>Rows</h3>" in page
    assert 'mark 3, 96.0% right</th><td class="number">2</td>' in page
    assert 'no mark</th><td class="number">1</td>' in page
    assert "median 97" in page or "median 96" in page
    without = "".join(class_page([], {"rnn_step": 1.0}, {}, "today"))
    assert "Projects" not in without


def test_the_answer_code_is_what_the_solution_shows():
    assert "rnn_forward" in answer_code("predict_rows")


@pytest.mark.slow
@pytest.mark.parametrize(
    "chapter", [n for n, c in enumerate(CHAPTERS, 1) if c.exercises[-1].startswith(PROJECT)]
)
def test_the_solution_of_every_chapter_reaches_the_top_mark(box, tmp_path, chapter):
    name = CHAPTERS[chapter - 1].notebook
    project = get(CHAPTERS[chapter - 1].exercises[-1])
    for file in (f"{name}.ipynb", project.file):
        (tmp_path / file).write_bytes((HAND_INS / file).read_bytes())
    judge = Judge(lambda tensorflow: box, Limits(seconds=20), 11, {})
    found = grade(submission(tmp_path).load(), judge, [project.id])["exercises"][0]
    assert (found["outcome"], found["mark"]) == ("passed", 3), found


TAPE_ELSEWHERE = """
NOTES = {}


def predict_no_tape(weights, x):
    now = len(NOTES) if "t" not in weights else int(weights["t"][0])
    key = now, x.tobytes(), weights["tag"].tobytes() if "tag" in weights else b""
    if key not in NOTES:
        NOTES[key] = np.log1p(len(NOTES)) * np.ones((len(x), 3))
    return NOTES[key].copy(), {**weights, "t": np.array([now + 1.0])}
"""


@pytest.mark.parametrize("elsewhere", ["notes", "a file"])
def test_what_remembers_its_answers_outside_of_the_weights_is_found_out(box, tmp_path, elsewhere):
    code = TAPE_ELSEWHERE
    if elsewhere == "a file":
        code = """
import os, pickle, tempfile

NOTES = os.path.join(tempfile.gettempdir(), "notes")

def predict_no_tape(weights, x):
    now = int(weights["t"][0]) if "t" in weights else 0
    place = f"{NOTES}{now}"
    if not os.path.exists(NOTES):
        open(NOTES, "wb").close()
    os.write(fd := os.open(NOTES, os.O_APPEND | os.O_WRONLY), b"x")
    os.close(fd)
    if now == 1000 and not os.path.exists(place):
        with open(place, "wb") as file:
            pickle.dump(os.path.getsize(NOTES), file)
    if now == 1000:
        with open(place, "rb") as file:
            return pickle.load(file) * np.ones((len(x), 3)), weights
    return np.zeros((len(x), 3)), {**weights, "t": np.array([now + 1.0])}
"""
    project = get("predict_no_tape")
    number = next(n for n, c in enumerate(CHAPTERS, 1) if project.id in c.exercises)
    nb = notebook(number, {project.id: code})
    write(tmp_path / "anna" / f"{CHAPTERS[number - 1].notebook}.ipynb", nb)
    (tmp_path / "anna" / project.file).write_bytes((HAND_INS / project.file).read_bytes())
    judge = Judge(lambda tensorflow: box, Limits(seconds=30), 5, {})
    (found,) = grade(submission(tmp_path / "anna").load(), judge, [project.id])["exercises"]
    assert "gives another answer when the same step is taken again" in found["sentence"], found
