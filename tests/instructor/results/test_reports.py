import csv
import io
import json
from xml.etree import ElementTree

import pytest

from course_lib.exercises.registry import CHAPTERS, ids
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.judging.exercise import HIDDEN, OTHER_NUMBERS
from course_lib.instructor.judging.verdict import NOWHERE, Verdict
from course_lib.instructor.results import points
from course_lib.instructor.results.report_csv import csv_lines, guarded
from course_lib.instructor.results.reports import page_name, write_reports

WANTED = ["rnn_step", "rnn_forward"]
NASTY = "<script>alert(1)</script>\"'&\u202e\x00\ud800"


def student(name, *verdicts, status="graded", remarks=()):
    return {
        "student": name,
        "status": status,
        "notebooks": [],
        "exercises": [v.as_dict() for v in verdicts],
        "remarks": list(remarks),
    }


@pytest.fixture
def written(tmp_path):
    students = [
        student("anna", Verdict("rnn_step", "passed", held=6, rungs=6),
                Verdict("rnn_forward", "not right yet", "No.", "no tanh", 4, 8, "a case")),
        student(NASTY, Verdict("rnn_step", "error", NASTY, printed=NASTY, remarks=[NASTY]),
                Verdict("rnn_forward", "not right yet", HIDDEN, held=8, rungs=8,
                        failed="a hidden case", hidden=True), remarks=[NASTY]),
        student("=1+1", Verdict("rnn_step", "missing"),
                Verdict("rnn_forward", "not right yet", held=8, rungs=8, failed=OTHER_NUMBERS,
                        hidden=True), status="unreadable"),
    ]  # fmt: skip
    weights = {"rnn_step": 2.0, "rnn_forward": 1.0}
    write_reports(tmp_path, students, WANTED, weights, {})
    return tmp_path


def test_points_come_from_rungs_and_weights(written):
    students = json.loads((written / "results.json").read_text())["students"]
    assert [s["points"] for s in students] == [2.5, pytest.approx(8 / 9, abs=1e-4), 0]
    assert {s["of"] for s in students} == {3.0}


def test_every_page_is_escaped(written):
    pages = [written / "index.html", *(written / "students").glob("*.html")]
    assert len(pages) == 4
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.count("<script") == 2 * (page.name == "index.html")  # its own, and the data
        assert "\u202e" not in text


def test_a_student_learns_nothing_of_a_hidden_case(written):
    for page in (written / "students").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "First check that does not hold: a hidden case" not in text
        assert OTHER_NUMBERS not in text


def test_no_report_holds_what_a_terminal_obeys_or_what_turns_the_text_around(tmp_path):
    signs = "\x1b\x9b\u202e\u2066\u200f\x07\r"
    said = Verdict("rnn_step", "error", f"a{signs}b", printed=f"c{signs}", remarks=[f"d{signs}"])
    one = student(f"anna{signs}", said, remarks=[f"e{signs}.ipynb can't be read."])
    write_reports(tmp_path, [one], ["rnn_step"], {"rnn_step": 1.0}, {"remarks": [f"f{signs}"]})
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "results.json"]
    assert len(files) == 5
    for file in files:
        text = file.read_bytes().decode("utf-8")
        text = text.replace("\r\n", "\n")  # the end of a line of a table
        if file.suffix == ".json":
            text = json.dumps(json.loads(text), ensure_ascii=False)
        for sign in signs:
            assert sign not in text, (file, sign)
            assert f"\\u{ord(sign):04x}" not in text, (file, sign)


def test_junit_is_xml_with_every_case(written):
    root = ElementTree.parse(written / "junit.xml").getroot()
    assert len(root.findall("testsuite")) == 3
    assert len(root.findall("testsuite/testcase")) == 6
    assert len(root.findall("testsuite/testcase/error")) == 1


def test_a_table_without_formulas(written):
    with open(written / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rnn_step"] for row in rows] == ["passed", "error", "missing"]
    assert rows[2]["student"] == "'=1+1"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t=", "＝"])
def test_no_start_of_a_formula_survives(start):
    one = student(f"{start}1", Verdict("rnn_step", "passed"), Verdict("rnn_forward", "passed"))
    one |= {"points": 1, "of": 2}
    text = "".join(csv_lines([one], WANTED, dict.fromkeys(WANTED, 1.0)))
    cell = list(csv.reader(io.StringIO(text)))[1][0]
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "＝"))


def test_gradescope_reads_its_own_form(written):
    found = json.loads((written / "students" / "anna.gradescope.json").read_text())
    assert [(t["score"], t["max_score"]) for t in found["tests"]] == [(2.0, 2.0), (0.5, 1.0)]


def test_names_of_files_are_safe(written):
    for page in (written / "students").iterdir():
        assert page.name.replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_no_name_is_that_of_anothers_page():
    """Anna's page is called by more than her name: who calls a notebook so wrote over it."""
    page = page_name("Anna A")
    assert len({page, page_name(page), page_name(page_name(page)), page_name("Anna_A")}) == 4


def test_nobody_else_can_read_them_or_see_the_names(written):
    for place in written.iterdir():
        assert not place.stat().st_mode & 0o077, place.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "[]",
        '{"nope": 1}',
        '{"rnn_step": -1}',
        '{"rnn_step": true}',
        '{"rnn_step": NaN}',
    ],
)
def test_weights_that_do_not_fit_are_said(tmp_path, text):
    file = tmp_path / "weights.json"
    file.write_text(text)
    with pytest.raises(BadUsage):
        points.load_weights(file, WANTED)


@pytest.mark.parametrize(
    "first", ["\u200b", "\ufeff", "\u2060", " \u200d ", "\u00a0", "\x00", "\u3164", "\u0301"]
)
def test_nothing_unseen_hides_a_formula(first):
    assert guarded(f"{first}=1+1").startswith("'")
    assert guarded(f"{first}Anna") != f"'{first}Anna"


def test_a_student_reads_chapter_by_chapter_what_was_handed_in(tmp_path):
    """A chapter of which no notebook holds anything is one word, and not an entry an exercise."""
    said = Verdict("rnn_step", "error", "It fell at `return <h_t>`.", held=1, rungs=12)
    rest = [Verdict(one, "missing", NOWHERE) for one in ids()[1:-1]]
    rest.append(Verdict(ids()[-1], "missing", f"The notebook defines nothing called {ids()[-1]}."))
    weights = dict.fromkeys(ids(), 1.0)
    write_reports(tmp_path, [student("anna", said, *rest)], list(ids()), weights, {})
    page = (tmp_path / "students" / "anna.html").read_text(encoding="utf-8")
    assert "It fell at <code>return &lt;h_t&gt;</code>." in page
    assert f"<p>0.08 of {len(ids())} points</p>" in page
    assert "error, 0.08 of 1." in page
    assert page.count(NOWHERE) == len(CHAPTERS[0].exercises) + len(CHAPTERS[-1].exercises) - 2
    assert page.count("<h2>") == 2
    others = ", ".join(chapter.title for chapter in CHAPTERS[1:-1])
    assert f"<p>In no notebook: {others}.</p>" in page
