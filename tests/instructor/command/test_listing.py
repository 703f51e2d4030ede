"""Long lists end with how many more there are, and a list that just fits is shown whole."""

from types import SimpleNamespace

import pytest

from course_lib.instructor.command import grades, listing, validate
from course_lib.instructor.intake.find import Found
from course_lib.instructor.judging import submission
from course_lib.instructor.results.pages import similar_page
from course_lib.instructor.similar.blocks import Block


class One(SimpleNamespace):
    def look(self):
        return self.remarks


def handed_in(student, count, remarks=()):
    sources = [SimpleNamespace(name=f"{n}.ipynb") for n in range(count)]
    return One(student=student, sources=sources, remarks=remarks)


def listed(capsys, *submissions, **found):
    code = listing.show(Found(list(submissions), **found))
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (0, "anna: nothing\n"),
        (1, "anna: 0.ipynb\n"),
        (listing.MOST_SHOWN, f"{listing.MOST_SHOWN - 1}.ipynb\n"),
        (listing.MOST_SHOWN + 2, f"{listing.MOST_SHOWN - 1}.ipynb and 2 more\n"),
    ],
)
def test_files_of_one_student(count, end, capsys):
    code, out = listed(capsys, handed_in("anna", count))
    assert code == 0
    assert out.split("\n\n")[0].endswith(end.strip())


def test_a_class_and_what_nobody_understands(capsys):
    code, out = listed(
        capsys,
        handed_in("anna", 1, ["d.pdf is not read."]),
        handed_in("b\x1b[2Jen", 1),
        not_understood=["x.zip is nobody's."],
        work_is_left=True,
    )
    assert code == 1
    assert "    d.pdf is not read.\n" in out
    assert "\x1b" not in out
    assert "\n2 submissions\n" in out
    assert "Not understood:\n    x.zip is nobody's.\n" in out
    assert '--by "REGEX"' in out


def test_what_is_not_understood_may_be_of_no_weight(capsys):
    code, out = listed(capsys, handed_in("anna", 1), not_understood=["task.pdf is nobody's."])
    assert code == 0
    assert "\n1 submission\n" in out
    assert "task.pdf" in out
    assert "Not understood" not in listed(capsys, handed_in("anna", 1))[1]


def test_who_has_left_the_class():
    def left(*gone, here=("zoe",), shard=(1, 1)):
        ledger = SimpleNamespace(students={*gone, *here, ""})
        return validate._left(ledger, [SimpleNamespace(student=one) for one in here], shard)

    names = [f"s{n:02}" for n in range(validate.MOST_NAMED + 3)]
    assert left() == []
    assert left("ben", shard=(1, 2)) == []  # whoever is missing may be in the other half
    (says,) = left("cleo", "ben")
    assert "not handed in now: ben, cleo. They" in says
    (says,) = left(*names[: validate.MOST_NAMED])
    assert f", {names[validate.MOST_NAMED - 1]}. They" in says
    (says,) = left(*names)
    assert f", {names[validate.MOST_NAMED - 1]} and 3 more. They" in says
    assert names[validate.MOST_NAMED] not in says


@pytest.mark.parametrize(("beyond", "more"), [(0, ""), (1, "    and 1 more\n")])
def test_who_handed_in_nothing(beyond, more, capsys, monkeypatch):
    rows = [[f"s{n:02}"] for n in range(grades.MOST_NAMED + beyond + 1)]
    people = SimpleNamespace(who=[0], rows=rows, is_nobodys=lambda row: False)
    assert grades._say_who_handed_in_nothing(people, {0})
    out = capsys.readouterr().out
    assert out.count("    s") == grades.MOST_NAMED
    assert "s00" not in out
    assert out.endswith(f"{rows[grades.MOST_NAMED][0]}\n{more}")
    assert not grades._say_who_handed_in_nothing(people, set(range(len(rows))))
    assert capsys.readouterr().out == ""


def test_remarks_on_one_submission():
    most = [str(n) for n in range(submission.MOST_REMARKS)]
    assert submission._first(most) == most
    assert submission._first([*most, "a", "b"]) == [*most, "There are 2 more remarks."]


@pytest.mark.parametrize("beyond", [0, 3])
def test_a_group_side_by_side(beyond):
    count = similar_page.MOST_SIDE_BY_SIDE + beyond
    blocks = [Block(f"place {n}", "x = 1\n", frozenset()) for n in range(count)]
    page = similar_page._side_by_side(frozenset(), blocks)
    assert page.count("<p>place ") == similar_page.MOST_SIDE_BY_SIDE
    assert ("And 3 more." in page) == bool(beyond)
    assert "And 0 more" not in page
