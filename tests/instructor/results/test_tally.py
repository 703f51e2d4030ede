"""What is counted over a class, and where the counting of different code ends."""

import pytest

from course_lib.instructor.results.tally import MOST_EXCERPTS, MOST_REASONS, Misconception, Tally


def exercise(name="rnn_step", outcome="passed", **more):
    empty = {"sentence": "", "failed": "", "mistake": None, "replaced": []}
    return {"exercise": name, "outcome": outcome, **empty, **more}


def student(name, *exercises, points=1.0, **more):
    about = {"status": "graded", "notebooks": ["a.ipynb"], "remarks": []}
    return {"student": name, "exercises": list(exercises), "points": points, **about, **more}


def wrong(mistake, *code, name="rnn_step"):
    return exercise(
        name, "not right yet", mistake=mistake, sentence=f"About {mistake}.", code=list(code)
    )


def test_a_class_is_counted():
    tally = Tally.of(
        [
            student("anna", exercise(), exercise("predict_rows", mark=2, score=0.9), points=3),
            student("ben", wrong("no tanh", "a = 1"), exercise("predict_rows", mark=0, score=0.2)),
            student("cleo", wrong("no tanh", "a = 1"), exercise("predict_rows", mark=2)),
            student("dora", wrong("no bias"), exercise("predict_rows", score=0.5), points=0),
        ],
        ["rnn_step", "predict_rows"],
    )
    assert tally.points == [3, 1, 1, 0]
    assert tally.outcomes["rnn_step"] == {"passed": 1, "not right yet": 3}
    assert tally.marks == {"predict_rows": {2: 2, 0: 1}}
    assert tally.scores == {"predict_rows": [0.9, 0.2, 0.5]}
    first, second = tally.commonest(5)
    assert (first.mistake, first.count, first.sentence) == ("no tanh", 2, "About no tanh.")
    assert first.excerpts == {("a = 1",): 2}
    assert first.authors == {("a = 1",): 1}  # ben, who was first
    assert (second.mistake, second.count, second.excerpts) == ("no bias", 1, {})
    assert tally.commonest(1) == [first]
    assert tally.names == {1: "ben", 2: "cleo", 3: "dora"}
    assert tally.conspicuous == []


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (student("a", exercise(outcome="crashed", sentence="It died.")), "crashed. It died."),
        (student("a", exercise(outcome="tampered with", sentence="So.")), "tampered with. So."),
        (student("a", exercise(outcome="not right yet", failed="other numbers")), "rnn_step: not"),
        (
            student("a", exercise(replaced=["b", "a"]), exercise(replaced=["a"])),
            "in place of a, b;",
        ),
        (student("a", exercise(), status="unreadable", remarks=["Damaged."]), "Damaged."),
        (student("a", exercise(outcome="missing"), remarks=["Of another."]), "Of another."),
    ],
)
def test_who_should_be_looked_at(one, says):
    tally = Tally.of([student("other", exercise()), one], ["rnn_step"])
    ((number, (why,)),) = tally.conspicuous
    assert number == 1
    assert says in why
    assert tally.names == {1: "a"}


def test_remarks_on_work_that_was_graded_are_no_reason():
    one = student("a", exercise(), remarks=["d.pdf was not read."])
    assert Tally.of([one], ["rnn_step"]).conspicuous == []


def test_three_reasons_are_enough():
    many = [exercise(outcome="crashed", sentence=f"Number {n}.") for n in range(MOST_REASONS + 1)]
    ((_, why),) = Tally.of([student("a", *many)], ["rnn_step"]).conspicuous
    assert [one.split()[-1] for one in why] == [f"{n}." for n in range(MOST_REASONS)]


def test_different_code_is_counted_up_to_a_bound_and_students_always():
    found = Misconception("rnn_step", "no tanh", "…")
    for number in range(MOST_EXCERPTS + 5):
        found.add(number, (f"line {number}",))
    found.add(900, ("line 0",))  # known: counted on
    found.add(901, ())
    assert found.count == MOST_EXCERPTS + 7
    assert len(found.excerpts) == len(found.authors) == MOST_EXCERPTS
    assert found.excerpts[("line 0",)] == 2
    assert found.authors[("line 0",)] == 0
