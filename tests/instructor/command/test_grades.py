"""Grades as Moodle and Canvas import them."""

import csv
import io

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.instructor.intake.find import find
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.results.reports import write_reports

WORKSHEET = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum Grade",'
    '"Last modified (submission)"\n'
    '"Participant 11","Anna Ådams",anna@uni.example,Submitted,,"100,00",-\n'
    '"Participant 12","Ben Li",ben@uni.example,Submitted,,"100,00",-\n'
    '"Participant 13","Ben Li",ben2@uni.example,Submitted,5.00,"100,00",-\n'
    '"Participant 14",=HYPERLINK(1),dora@uni.example,"No submission",,"100,00",-\n'
)  # fmt: skip
PARTICIPANTS = (
    "First name;Surname;ID number;Email address;Groups\n"
    "Anna;Ådams;4711;anna@uni.example;A\n"
    "Ben;Li;4712;ben@uni.example;A\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Other (9),Week 1 (77)\n"
    "    Points Possible,,,,,3,20\n"
    '"Ådams, Anna",501,s1,anna01,S1,1,\n'
    '"Li, Ben",502,s2,ben01,S1,2,\n'
    '"Student, Test",599,,test,S1,,\n'
)


def run_of(folder, *students):
    """Results of students: names in the results, plain names, numbers, and how many passed."""
    folder.mkdir()
    results = [
        {
            "student": student, "name": name, "number": number, "status": "graded",
            "notebooks": ["a"], "remarks": [],
            "exercises": [Verdict(one, "passed" if n < passed else "missing").as_dict()
                          for n, one in enumerate(("rnn_step", "rnn_forward"))],
        }
        for student, name, number, passed in students
    ]  # fmt: skip
    write_reports(
        folder, results, ["rnn_step", "rnn_forward"], {"rnn_step": 1.0, "rnn_forward": 1.0}, {}
    )
    return folder


@pytest.fixture
def grades(tmp_path):
    """Runs the command; the exit code, what it says, and the rows that it wrote."""

    def run(platform, class_list, *students, options=(), encoding="utf-8"):
        folder = run_of(tmp_path / "results", *students)
        file = tmp_path / "list.csv"
        file.write_text(class_list, encoding=encoding)
        arguments = ["grades", str(folder), "--for", platform, "--class-list", str(file), *options]
        done = CliRunner().invoke(app, arguments)
        table = folder / f"grades-{platform}.csv"
        text = table.read_text("utf-8") if table.exists() else ""
        delimiter = ";" if ";" in text.partition("\n")[0] else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        return done.exit_code, done.output, rows

    return run


def test_a_worksheet_of_moodle_comes_back_filled_in(grades):
    code, said, rows = grades("moodle", WORKSHEET, ("Anna Ådams", "Anna Ådams", "11", 2),
                              ("Ben Li (12)", "Ben Li", "12", 1))  # fmt: skip
    assert code == 0
    assert rows[0][0] == "Identifier"
    assert [row[4] for row in rows[1:]] == ["100", "50", "5.00", ""]
    assert [row[6] for row in rows[1:]] == ["-"] * 4
    assert rows[4][1] == "'=HYPERLINK(1)"
    assert "2 of 2 students have a row" in said
    assert "Participant 13 Ben Li" in said


def test_a_list_of_participants_gets_a_column(grades):
    code, _, rows = grades("moodle", PARTICIPANTS, ("Anna Adams", "Anna Adams", "", 2),
                           ("ben", "ben", "", 0), options=["--column", "Week 1"])  # fmt: skip
    assert code == 0
    assert rows[0] == ["First name", "Surname", "ID number", "Email address", "Week 1"]
    assert [row[-1] for row in rows[1:]] == ["2", "0"]


def test_a_gradebook_of_canvas_keeps_what_the_import_needs(grades):
    code, _, rows = grades("canvas", CANVAS, ("adamsanna", "adamsanna", "", 1),
                           ("liben", "liben", "502", 2),
                           options=["--column", "Week 1"])  # fmt: skip
    assert code == 0
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 1 (77)"]
    assert rows[1] == ["    Points Possible", "", "", "", "", "20"]
    assert [row[-1] for row in rows[2:]] == ["10", "20", ""]


def test_a_new_column_of_canvas_says_what_can_be_had(grades):
    _, _, rows = grades("canvas", CANVAS, ("anna01", "anna01", "", 1))
    assert rows[0][-1] == "Recurrent networks"
    assert [row[-1] for row in rows[1:]] == ["2", "1", "", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_whatever_a_spreadsheet_saves_is_read(grades, encoding):
    code, _, rows = grades(
        "moodle", PARTICIPANTS, ("ÅDAMS  anna", "ÅDAMS  anna", "", 2), encoding=encoding
    )
    assert code == 0
    assert rows[1][1] == "Ådams"


def test_who_is_not_matched_is_listed_with_the_points(grades):
    code, said, rows = grades("moodle", WORKSHEET, ("Ben Li", "Ben Li", "", 2),
                              ("Zoe", "Zoe", "99", 1))  # fmt: skip
    assert code == 1
    assert "Ben Li: 2 of 2 points; 2 people of the class list could be meant" in said
    assert "Zoe: 1 of 2 points; nobody of the class list has this name" in said
    assert [row[4] for row in rows[1:]] == ["", "", "5.00", ""]


def test_two_students_never_share_a_row(grades):
    code, said, rows = grades(
        "canvas", CANVAS, ("anna01", "anna01", "", 1), ("adamsanna", "adamsanna", "", 2)
    )
    assert code == 1
    assert "anna01: 1 of 2 points; the same person of the class list as adamsanna" in said
    assert "adamsanna: 2 of 2 points; the same person of the class list as anna01" in said
    assert rows[2][-1] == ""


def test_a_number_counts_more_than_a_name(grades):
    _, _, rows = grades("canvas", CANVAS, ("liben", "liben", "501", 2))
    assert [row[-1] for row in rows[2:]] == ["2", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\u200b="])
@pytest.mark.parametrize("platform", ["moodle", "canvas"])
def test_no_cell_begins_a_formula(grades, start, platform):
    text = f'Student,ID,Email\n"{start}cmd()",1,"{start}cmd()"\n'
    _, _, rows = grades(platform, text, ("x", "x", "1", 1))
    assert all(
        not cell.startswith(("=", "+", "-", "@", "\t", "\u200b=")) for row in rows for cell in row
    )


@pytest.mark.parametrize(
    ("platform", "text", "options", "says"),
    [
        ("blackboard", CANVAS, [], "--for is moodle or canvas"),
        ("moodle", "", [], "is empty"),
        ("moodle", "Name,Punkte\nAnna,3\n", [], "Its columns are: Name, Punkte"),
        ("moodle", PARTICIPANTS, ["--match", "Matrikel"], "has no column 'matrikel'"),
        ("moodle", 'Student\n"' + "x" * 200_000 + '"\n', [], "no table of comma-separated values"),
    ],
)
def test_what_cannot_be_is_said(grades, platform, text, options, says):
    code, said, rows = grades(platform, text, options=options)
    assert code == 2
    assert says.lower() in said.lower()
    assert rows == []


def test_a_list_in_another_language_names_its_columns(grades):
    text = "Vorname,Nachname,E-Mail-Adresse\nAnna,Ådams,anna@uni.example\n"
    code, _, rows = grades(
        "moodle", text, ("anna", "anna", "", 2), options=["--match", "e-mail-adresse"]
    )
    assert (code, rows[1]) == (0, ["anna@uni.example", "2"])


def test_a_class_list_that_is_not_there_is_said(tmp_path):
    folder = run_of(tmp_path / "results")
    done = CliRunner().invoke(app, ["grades", str(folder), "--for=moodle", "--class-list=no.csv"])
    assert done.exit_code == 2
    assert "no.csv can't be read" in done.output


def test_the_number_in_a_download_is_kept(tmp_path):
    for name in ("Anna A_11_assignsubmission_file_", "Anna A_12_assignsubmission_file_"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "01-vanilla-rnn.ipynb").write_text("{}")
    (tmp_path / "adamsanna_LATE_501_900_02-bptt-1.ipynb").write_text("{}")
    found = {(one.name, one.number) for one in find([tmp_path]).submissions}
    assert found == {("Anna A", "11"), ("Anna A", "12"), ("adamsanna", "501")}
