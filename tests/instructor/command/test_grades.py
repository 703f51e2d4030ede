"""Grades as Moodle and Canvas import them."""

import csv
import io
import re
import shlex
from pathlib import Path

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
        file.write_text(class_list, encoding=encoding, newline="")
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


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
def test_whatever_a_spreadsheet_saves_is_read(grades, encoding):
    code, _, rows = grades(
        "moodle", PARTICIPANTS, ("ÅDAMS  anna", "ÅDAMS  anna", "", 2), encoding=encoding
    )
    assert code == 0
    assert rows[1][1] == "Ådams"


def test_a_plain_csv_of_excel_keeps_its_letters(grades):
    text = "Name;Note\nO’Brien – Š;1\n"
    code, _, rows = grades("moodle", text, ("O’Brien – Š",) * 2 + ("", 2), encoding="cp1252")
    assert (code, rows[1]) == (0, ["O’Brien – Š", "2"])


def test_who_is_not_matched_is_listed_with_the_points(grades):
    code, said, rows = grades("moodle", WORKSHEET, ("Ben Li", "Ben Li", "", 2),
                              ("Zoe", "Zoe", "99", 1))  # fmt: skip
    assert code == 1
    assert "Ben Li: 2 of 2 points; 2 people of the class list could be meant" in said
    assert "Zoe: 1 of 2 points; nobody of the class list has this name" in said
    assert [row[4] for row in rows[1:]] == ["", "", "5.00", ""]


def test_of_two_columns_of_canvas_the_whole_heading_names_one(grades):
    text = CANVAS.replace("Other (9)", "Week 1 (9)")
    options = ["--column=Week 1 (77)"]
    code, _, rows = grades("canvas", text, ("anna01", "anna01", "", 2), options=options)
    assert (code, rows[0][-1], rows[2][-1]) == (0, "Week 1 (77)", "20")


@pytest.mark.parametrize("heading", ["Name", "Full name", "Student"])
def test_last_name_comma_first_name_is_read_in_every_column_of_whole_names(grades, heading):
    text = f'{heading};Email address\r\n"GROSS, Jörg";j@x\r\n"Fuchs, 🦊";f@x\r\n'
    code, _, rows = grades("moodle", text, ("Jörg Groß", "Jörg Groß", "", 2),
                           ("🦊 Fuchs", "🦊 Fuchs", "", 1), encoding="utf-8-sig")  # fmt: skip
    assert code == 0
    assert [row[-1] for row in rows[1:]] == ["2", "1"]


def test_of_two_columns_of_grades_none_is_guessed(grades):
    text = WORKSHEET.replace("Status", "Grade")
    code, said, rows = grades("moodle", text, ("Anna Ådams", "Anna Ådams", "11", 2))
    assert (code, "several columns 'Grade'" in said, rows) == (2, True, [])


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
        ("moodle", "Wer,Punkte\nAnna,3\n", [], "Its columns are: Wer, Punkte"),
        ("moodle", '\n\nStudent;Note\n"Anna;1\nBen;2\n', [], "is never closed"),
        ("moodle", 'Name,x\nAnna,1\n"Ben,2\nCem,3\n', [], "after the row that begins with 'Anna'"),
        ("moodle", 'Name,x\nAnna,"1"2\n', [], "line 2"),
        ("moodle", "PK\x03\x04", [], "is a spreadsheet: open it, and save it as CSV"),
        ("moodle", "\n \n,,\n", [], "is empty"),
        ("moodle", "Name,Note\nAnna,\n", ["--column", "note"], "How much are all points worth"),
        ("moodle", "Name,Note\nAnna,\n", ["--column", "Note", "--maximum", "x"], "or a number"),
        ("moodle", "Name,Note\nAnna,\n", ["--column", "Note", "--maximum", "0"], "or a number"),
        ("moodle", "Name,Note,NOTE\nAnna,,\n", ["--column", "Note"], "2 columns 'Note'"),
        ("canvas", "Student,ID,W (1),W (2)\nA,1,,\n", ["--column", "W"], "'W': W (1), W (2). Give"),
        ("canvas", "Student,ID,W\nA,1,\n", ["--column", "W"], "How much are all points worth"),
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


# Worksheets of Moodle in other languages: the columns of --match, --column and --maximum.
ABROAD = {
    "German": (
        'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Zuletzt geändert"\n'
        '"Teilnehmer/in 11","Anna Ådams",anna@uni.example,Abgegeben,,"100,00",-\n'
        '"Teilnehmer/in 12","Ben Li",ben@uni.example,Abgegeben,"7,00","20,00",-\n'
        '"Teilnehmer/in 13","Cem O",cem@uni.example,"Keine Abgabe","5,00","100,00",-\n',
        ("Vollständiger Name", "E-Mail-Adresse"), "Bewertung", "Bestwertung",
    ),
    "French": (
        "Identifiant;Nom complet;Adresse de courriel;Statut;Note;Note maximale;Modifié\n"
        "Participant 11;Anna Ådams;anna@uni.example;Remis;;100,00;-\n"
        "Participant 12;Ben Li;ben@uni.example;Remis;7,00;20,00;-\n"
        "Participant 13;Cem O;cem@uni.example;Non;5,00;100,00;-\n",
        ("Identifiant",), "note", "NOTE MAXIMALE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ABROAD)
def test_a_worksheet_in_another_language_is_filled_in_and_stays_whole(grades, language):
    text, match, column, maximum = ABROAD[language]
    options = [f"--match={one}" for one in match]
    options += [f"--column={column}", f"--maximum={maximum}"]
    students = ("Anna Ådams", "Anna Ådams", "11", 2), ("Ben Li", "Ben Li", "12", 1)
    code, said, rows = grades("moodle", text, *students, options=options)
    assert code == 0, said
    before = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text else ","))
    assert [row[4] for row in rows] == [before[0][4], "100", "10", "5,00"]
    assert [row[:4] + row[5:] for row in rows] == [row[:4] + row[5:] for row in before]
    assert f"Filled in: '{before[0][4]}', out of '{before[0][5]}'" in said
    assert f"Who is who was read from: {', '.join(match)}." in said


@pytest.mark.parametrize(("maximum", "grade"), [("20", "10"), ("7,5", "3.75")])
def test_a_number_may_say_what_all_points_are_worth(grades, maximum, grade):
    text = "Name,Groupe,Note\nAnna,A,-\nBen,B,-\n"
    options = ["--column=Note", f"--maximum={maximum}"]
    _, _, rows = grades("moodle", text, ("Anna", "Anna", "", 1), options=options)
    assert rows == [["Name", "Groupe", "Note"], ["Anna", "A", grade], ["Ben", "B", "-"]]


def test_a_row_that_has_no_maximum_stops_it(grades):
    text = WORKSHEET.replace('"100,00"', "-", 1)
    code, said, rows = grades("moodle", text, ("Anna Ådams", "Anna Ådams", "11", 2))
    assert code == 2
    assert "'Maximum Grade' says '-' for Participant 11 Anna Ådams" in said
    assert rows == []


def test_a_new_column_is_said_to_be_one(grades):
    _, said, rows = grades("moodle", PARTICIPANTS, ("ben", "ben", "", 2), options=["--column=Note"])
    assert "A new column 'Note'; --column names one of the list to fill in." in said
    assert rows[2][-1] == "2"


def test_a_gradebook_of_canvas_in_another_language(grades):
    text = (
        "Kursteilnehmer,ID,SIS User ID,Abschnitt,Woche 1 (77)\n"
        ",,,,Manuelle Freigabe\n"
        "    Mögliche Punkte,,,,20\n"
        '"Ådams, Anna",501,s1,S1,\n'
        '"Li, Ben",502,s2,S1,\n'
    )
    options = ["--match=Kursteilnehmer", "--column=Woche 1"]
    code, said, rows = grades("canvas", text, ("adamsanna", "adamsanna", "", 1), options=options)
    assert code == 0
    assert rows == [
        ["Kursteilnehmer", "ID", "SIS User ID", "Woche 1 (77)"],
        ["", "", "", "Manuelle Freigabe"],
        ["    Mögliche Punkte", "", "", "20"],
        ["Ådams, Anna", "501", "s1", "10"],
        ["Li, Ben", "502", "s2", ""],
    ]
    assert said.count("Li, Ben") == 1
    assert "Manuell" not in said
    assert "Mögliche" not in said


@pytest.mark.parametrize("name", ["Anna Ådams", "Ådams Anna", "adamsanna", "Ådams, Anna", "ANNA A"])
@pytest.mark.parametrize("order", [("Vorname", "Nachname"), ("Nachname", "Vorname")])
def test_two_columns_that_were_named_are_joined(grades, order, name):
    """The book's own example is the second line."""
    text = "Matrikel;Nachname;Vorname;Gruppe\n4711;Ådams;Anna;A\n4712;Li;Ben;A\n"
    options = [f"--match={one}" for one in order]
    code, said, rows = grades("moodle", text, (name, name, "", 2), options=options)
    assert rows[0] == ["Nachname", "Vorname", "Recurrent networks"]
    if name == "ANNA A":
        assert code == 1
        assert "Who is who was read from: Nachname, Vorname. --match names other columns." in said
    else:
        assert code == 0, said
        assert rows[1] == ["Ådams", "Anna", "2"]


def test_the_line_of_the_book_for_another_language_runs(grades):
    page = (Path(__file__).parents[3] / "book" / "instructors.md").read_text("utf-8")
    (command,) = re.findall(r"course grades [^`]*--match[^`]*", page)
    words = shlex.split(command.replace("\\\n", " "))
    text, *_ = ABROAD["German"]
    options = words[words.index("--match") :]
    code, said, rows = grades("moodle", text, ("Anna", "Anna Ådams", "", 2), options=options)
    assert code == 0, said
    assert rows[1][4] == "100"


@pytest.mark.parametrize(
    "text",
    [
        "\n\nName,Grade\nAnna,3\n", "sep=,\r\nName,Grade\r\nAnna,3\r\n", "SEP=;\nName;x\nAnna;3\n",
        ",,\nName,x,y\nAnna,3,4\n", '"Name; and, if, known, title";"Name"\nDr;Anna\n',
    ],
    ids=range(5),
)  # fmt: skip
def test_what_excel_puts_before_the_headings_is_passed_over(grades, text):
    code, said, rows = grades("moodle", text, ("Anna", "Anna", "", 2))
    assert (code, rows) == (0, [["Name", "Recurrent networks"], ["Anna", "2"]]), said


def test_the_list_and_the_results_are_never_written_over(tmp_path):
    folder = run_of(tmp_path / "results", ("Anna", "Anna", "", 2))
    people = tmp_path / "list.csv"
    people.write_text("Name;Note\nAnna;\n")
    before = {one: one.read_bytes() for one in (people, *folder.glob("*.*"))}
    (tmp_path / "link.csv").symlink_to(people)
    arguments = ["grades", str(folder), "--for=moodle", f"--class-list={people}"]
    outs = {
        people: "write over what is read", tmp_path / "link.csv": "write over what is read",
        folder / "grades.csv": "write over what is read", folder / "results.json": "is no .csv",
        tmp_path: "is a folder: name a file in it", Path("."): "is a folder: name a file in it",
        tmp_path / "missing" / "x.csv": f"there is no folder {tmp_path / 'missing'}",
    }  # fmt: skip
    for out, says in outs.items():
        done = CliRunner().invoke(app, [*arguments, f"--out={out}"])
        assert done.exit_code == 2, (out, done.output)
        assert says in done.output
        assert ".tmp" not in done.output
    assert {one: one.read_bytes() for one in before} == before


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
