"""A class over several weeks: what is counted, and the page."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for invented

from invented import Invented, result
from typer.testing import CliRunner

from course_lib.authoring.browser import new_context
from course_lib.cli import app
from course_lib.instructor.command.weeks import week_names
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.results.pages.weeks_page import weeks_page
from course_lib.instructor.results.reports import write_reports
from course_lib.instructor.results.weeks import Stuck, Weeks

WANTED = ["rnn_step", "rnn_forward", "predict_rows"]
ATTACK = "</style><script>window.hit=1</script><img src=x onerror=window.hit=1>"


def passed(one="rnn_step"):
    return Verdict(one, "passed", held=6, rungs=6)


def wrong(one="rnn_step", mistake="no tanh", sentence="The tanh is missing."):
    return Verdict(one, "not right yet", sentence, mistake, 2, 6, "a case")


def week(**students):
    """Results of students: what each handed in; the rest is missing."""
    return [
        result(
            name,
            *(
                {v.exercise: v for v in verdicts}.get(one, Verdict(one, "missing"))
                for one in WANTED
            ),
        )
        for name, verdicts in students.items()
    ]


def weeks_of(*lists):
    weeks = Weeks()
    for number, students in enumerate(lists, 1):
        weeks.add(f"week {number}", students)
    return weeks


def test_who_had_the_same_exercise_wrong_twice_running_is_stuck():
    weeks = weeks_of(
        week(anna=[wrong()], ben=[wrong()], cem=[wrong()], dora=[passed()]),
        week(anna=[wrong()], ben=[passed()], dora=[wrong()]),
        week(
            anna=[wrong(sentence="Still.")],
            ben=[passed()],
            cem=[wrong(mistake="no bias")],
            dora=[passed()],
        ),
    )
    assert weeks.stuck() == [
        Stuck("anna", "rnn_step", 3, "Still."),
        Stuck("cem", "rnn_step", 2, "The tanh is missing."),  # nothing was handed in between
    ]


def test_a_project_with_a_mark_is_not_stuck():
    half = Verdict("predict_rows", "not right yet", "Mark 1.", held=1, rungs=3, mark=1, score=0.9)
    none = Verdict("predict_rows", "not right yet", "No mark.", rungs=3, mark=0, score=0.1)
    assert weeks_of(week(anna=[half]), week(anna=[half])).stuck() == []
    assert len(weeks_of(week(anna=[none]), week(anna=[none])).stuck()) == 1


def test_what_grew_most_comes_first():
    weeks = weeks_of(
        week(a=[wrong()], b=[wrong()], c=[wrong()], d=[wrong("rnn_forward", "h 0 ignored")]),
        week(a=[wrong()], b=[passed()], c=[wrong("rnn_forward", "h 0 ignored")],
             d=[wrong("rnn_forward", "h 0 ignored")]),
    )  # fmt: skip
    assert weeks.spreading() == [
        (("rnn_forward", "h 0 ignored"), [1, 2]),
        (("rnn_step", "no tanh"), [3, 1]),
    ]


def test_a_sentence_that_did_not_help_is_counted():
    weeks = weeks_of(
        week(a=[wrong()], b=[wrong()], c=[wrong()], d=[wrong()], e=[wrong(mistake="no bias")]),
        week(a=[wrong()], b=[passed()], c=[wrong(mistake="no bias")], e=[passed()]),
        week(a=[passed()], b=[passed()]),
    )
    (row,) = weeks.not_enough()
    assert row[0] == ("rnn_step", "no tanh")
    assert (row[1].told, row[1].same, row[1].right) == (4, 1, 2)  # a twice, b, c; d is gone


def test_who_is_gone_is_named_with_the_last_week():
    weeks = weeks_of(
        week(a=[passed()], b=[passed()]), week(a=[passed()], c=[passed()]), week(a=[passed()])
    )
    assert weeks.gone() == {"b": "week 1", "c": "week 2"}


def test_weeks_of_other_exercises_go_together():
    weeks = Weeks()
    weeks.add("1", [result("a", wrong())])
    weeks.add("2", [result("a", wrong(), wrong("rnn_forward", "x"))])
    assert weeks.exercises() == ["rnn_step", "rnn_forward"]
    assert [one.exercise for one in weeks.stuck()] == ["rnn_step"]


def run_of(folder, students):
    folder.mkdir(parents=True)
    write_reports(folder, students, WANTED, dict.fromkeys(WANTED, 1.0), {})
    return folder


def invoke(*arguments):
    return CliRunner().invoke(app, ["weeks", *map(str, arguments)])


def test_an_exercise_that_only_another_release_has_stands_behind_the_others():
    def old(**students):
        return [
            result(name, wrong("an_old_step"), *map(Verdict, WANTED[1:], ["passed"] * 2))
            for name in students
        ]

    weeks = weeks_of(old(anna=()), week(ben=[wrong()]), old(anna=()), week(ben=[wrong()]))
    assert weeks.exercises() == ["rnn_step", "rnn_forward", "predict_rows", "an_old_step"]
    assert [one.exercise for one in weeks.stuck()] == ["rnn_step", "an_old_step"]
    page = "".join(weeks_page(weeks, "now"))
    by_exercise = page[page.index("By exercise") :]
    assert by_exercise.index("predict_rows") < by_exercise.index("an_old_step")


def test_weeks_with_nobody_in_them_stand(tmp_path):
    nobody = Invented(0, WANTED)
    folders = []
    for number, students in enumerate((nobody, Invented(2, WANTED), nobody)):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_reports(folder, students, WANTED, dict.fromkeys(WANTED, 1.0), {})
        folders.append(str(folder))
    done = CliRunner().invoke(app, ["weeks", *folders, "--out", str(tmp_path / "w.html")])
    assert done.exit_code == 0
    assert done.output.startswith("2 students over 3 weeks, 0 stuck")


def test_the_command_writes_one_page(tmp_path):
    one = run_of(tmp_path / "monday", week(anna=[wrong()], ben=[passed()]))
    two = run_of(tmp_path / "tuesday", week(anna=[wrong()]))
    page = tmp_path / "weeks.html"
    done = invoke(one, two, f"--out={page}")
    assert done.exit_code == 0, done.output
    assert "2 students over 2 weeks, 1 stuck" in done.output
    text = page.read_text()
    assert "<h1>monday, tuesday</h1>" in text
    assert '<th scope="row"><span class="named">anna</span></th><td>rnn_step</td><td>2</td>' in text
    assert '<span class="named">ben</span></th><td>monday</td>' in text
    assert "1 of 2<svg" in text


@pytest.mark.parametrize(
    "folders",
    [["week1/out", "week2/out"], ["a/x/out", "b/x/out", "b/x/more"], ["one", "two"]],
)
def test_weeks_are_named_by_what_tells_them_apart(tmp_path, folders):
    weeks = week_names([tmp_path / one for one in folders])
    assert weeks == folders


def test_the_page_heads_its_columns_with_those_names(tmp_path):
    folders = [tmp_path / one / "out" for one in ("week1", "week2")]
    for folder in folders:
        run_of(folder, week(anna=[wrong()]))
    done = invoke(*folders, f"--out={tmp_path / 'weeks.html'}")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "weeks.html").read_text()
    assert "week1/out" in page
    assert "week2/out" in page


def test_a_folder_given_twice_is_refused(tmp_path):
    run_of(tmp_path / "out", week(anna=[wrong()]))
    (tmp_path / "again").symlink_to(tmp_path / "out")
    for again in (tmp_path / "out", tmp_path / "again", tmp_path / "x" / ".." / "out"):
        done = invoke(tmp_path / "out", again, f"--out={tmp_path / 'weeks.html'}")
        assert done.exit_code == 2
        assert "is given twice" in done.output


def test_the_page_goes_where_it_can(tmp_path):
    folders = [tmp_path / one for one in ("one", "two")]
    for folder in folders:
        run_of(folder, week(anna=[wrong()]))
    for out, says in {
        tmp_path: "is a folder",
        tmp_path / "no" / "x.html": f"there is no folder {tmp_path / 'no'}",
        folders[0] / "results.json": "is no .html",
    }.items():
        done = invoke(*folders, f"--out={out}")
        assert (done.exit_code, says in done.output) == (2, True), done.output


def test_one_week_is_no_comparison(tmp_path):
    one = run_of(tmp_path / "1", week(anna=[passed()]))
    assert invoke(one).exit_code == 2
    assert "give two or more" in invoke(one).output
    assert "holds no results.json" in invoke(one, tmp_path).output


def test_weeks_in_which_nobody_began_stand(tmp_path):
    runs = [run_of(tmp_path / n, []) for n in "12"]
    assert invoke(*runs, f"--out={tmp_path / 'w.html'}").exit_code == 0
    assert "Nobody has begun." in (tmp_path / "w.html").read_text()


@pytest.mark.browser
@pytest.mark.enable_socket
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_in_a_browser(browser, tmp_path, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    hostile = week(**{ATTACK: [wrong(sentence=ATTACK)]})
    runs = [run_of(tmp_path / f"{n}", [*hostile, *Invented(30, WANTED)]) for n in (1, 2)]
    runs.append(run_of(tmp_path / "<b>3", Invented(20, WANTED)))
    assert invoke(*runs, f"--out={tmp_path / 'w.html'}").exit_code == 0
    with new_context(browser, theme, width) as context:
        page = context.new_page()
        said = []
        page.on("console", lambda m: said.append(m.text))
        page.goto((tmp_path / "w.html").as_uri())
        assert page.evaluate("window.hit") is None
        assert said == []
        assert page.locator("script, img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = [rule["id"] for rule in Axe().run(page).response["violations"]]
        assert found == []
        name = page.locator(".named").first
        assert name.is_visible()
        page.locator("#hide").check()
        assert not name.is_visible()
