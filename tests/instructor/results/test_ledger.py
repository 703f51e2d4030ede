import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from a_class import solved, write

import course_lib
from course_lib.exercises.registry import chapter_of, ids
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results import ledger as ledger_module
from course_lib.instructor.results.ledger import NAME, Ledger, course_key, key_of_checks
from course_lib.instructor.sandbox.view import FILES

STUDENTS = 80  # so many that ten kills don't see them all graded


def lines(folder):
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def test_results_are_there_again(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.add("k", {"student": "ß"})
        seed = ledger.seed
    with Ledger(tmp_path) as ledger:
        assert list(ledger.done) == ["k"]
        assert ledger.get("k") == {"student": "ß"}
        assert ledger.seed == seed


def test_the_first_line_says_of_which_format_it_is(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.add("k", {})
        seed = ledger.seed
    before = (tmp_path / NAME).read_text()
    assert lines(tmp_path)[0] == {"ledger": 1, "seed": seed}
    (tmp_path / NAME).write_text(before.replace('"ledger": 1', '"ledger": 2'))
    with pytest.raises(BadUsage, match=r"of another version: choose another --out"):
        Ledger(tmp_path)
    (tmp_path / NAME).write_text(before)  # nothing of it was lost
    with Ledger(tmp_path) as ledger:
        assert list(ledger.done) == ["k"]


def test_a_torn_line_is_cut_off(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.add("k", {})
    with open(tmp_path / NAME, "ab") as file:
        file.write(b'{"key": "l", "resu')
    with Ledger(tmp_path) as ledger:
        assert list(ledger.done) == ["k"]
        ledger.add("m", {"student": "m"})
        assert ledger.get("m") == {"student": "m"}
    with Ledger(tmp_path) as ledger:
        assert {key: ledger.get(key) for key in ledger.done} == {"k": {}, "m": {"student": "m"}}


@pytest.mark.parametrize(
    "stray",
    [b"hello", b"{", b"[]", b"3", b"null", b'"key"', b'{"key": 3}', b'{"key": "x"}', b"\xff\xfe",
     b'{"key": "x", "result": 3}', b"[" * 100_000, b"", b'{"seed": "x"}'],
)  # fmt: skip
def test_a_stray_line_costs_no_later_one(tmp_path, stray):
    with Ledger(tmp_path) as ledger:
        ledger.add("k", {"student": "k"})
        seed = ledger.seed
    with open(tmp_path / NAME, "ab") as file:
        file.write(stray + b"\n")
    with Ledger(tmp_path) as ledger:
        ledger.add("l", {"student": "l"})
    with Ledger(tmp_path) as ledger:
        assert {key: ledger.get(key) for key in ledger.done} == {
            "k": {"student": "k"}, "l": {"student": "l"},
        }  # fmt: skip
        assert ledger.seed == seed
        assert ledger.strays == 1
        assert ledger.students == {"k", "l"}


def test_two_runs_do_not_write_at_once(tmp_path):
    with Ledger(tmp_path), pytest.raises(BadUsage, match="Another run"):
        Ledger(tmp_path)


def test_other_settings_are_other_checks():
    assert key_of_checks(1) == key_of_checks(1)
    assert key_of_checks(1) != key_of_checks(2)


def test_what_the_sandbox_runs_is_a_part_of_the_checks():
    assert set(FILES.values()) <= set(ledger_module._sources())


def test_what_an_exercise_is_made_of_is_a_part_of_the_checks():
    """Its reference, wherever it stands, and the data of a project."""
    package = Path(course_lib.__file__).parent
    imported = {
        name
        for one in ids()
        for name in re.findall(
            r"^from (course_lib\.[\w.]+) import",
            (package / "exercises" / chapter_of(one).name / f"{one.lower()}.py").read_text("utf-8"),
            re.MULTILINE,
        )
    }
    assert {"course_lib.data", "course_lib.scratch.rnn"} <= imported
    places = {package.parent / name.replace(".", "/") for name in imported}
    needed = {
        place / "__init__.py" if place.is_dir() else place.with_suffix(".py") for place in places
    }
    # What the judge itself is made of: all that it imports of the course, one import deep.
    for file in (package / "instructor" / "judging").glob("*.py"):
        for name in re.findall(
            r"^from (course_lib\.[\w.]+) import", file.read_text("utf-8"), re.MULTILINE
        ):
            place = package.parent / name.replace(".", "/")
            needed.add(place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))
    sources = list(ledger_module._sources())
    assert {*needed, package / "data" / "mnist_held_back.npz"} <= set(sources)
    assert len(sources) == len(set(sources))


def test_a_changed_check_is_another_check(tmp_path, monkeypatch):
    file = tmp_path / "rnn_step.py"
    monkeypatch.setattr(ledger_module, "_sources", lambda: [file])
    found = []
    for text in ("one", "two", "one"):
        file.write_text(text)
        course_key.cache_clear()
        found.append(key_of_checks(1))
    course_key.cache_clear()
    assert found[0] == found[2] != found[1]


def entries(folder):
    there = (folder / NAME).read_bytes() if (folder / NAME).exists() else b""
    return there.split(b"\n")[1:-1]


def command(students, out, *more):
    return [sys.executable, "-m", "course_lib.cli", "validate", str(students), f"--out={out}",
            "--jobs=2", "--exercise=rnn_step", "--exercise=rnn_forward", *more]  # fmt: skip


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(tmp_path, kind):
    students, out = tmp_path / "students", tmp_path / "out"
    for number in range(STUDENTS):
        write(students / f"s{number:02}.ipynb", solved(1))
    chance = random.Random(0)
    finished = 0
    for turn in range(10):
        run = subprocess.Popen(
            command(students, out), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        if turn % 3:  # while it writes results down
            began = time.monotonic()
            while len(entries(out)) <= finished and time.monotonic() - began < 120:
                if run.poll() is not None:  # a fast machine may have graded all by now
                    break
                time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.5 if turn % 3 else 3))
        run.kill()
        run.wait()
        with Ledger(out) as ledger:
            assert len(ledger.done) >= finished
            finished = len(ledger.done)
    assert finished
    done = subprocess.run(command(students, out), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads((out / "results.json").read_text())["students"]
    assert len(results) == STUDENTS
    assert {e["outcome"] for s in results for e in s["exercises"]} == {"passed"}
    # Nothing was graded twice.
    graded = Counter(entry["key"] for entry in lines(out) if "key" in entry)
    assert len(graded) == STUDENTS
    assert set(graded.values()) == {1}


@pytest.mark.slow
def test_only_what_changed_is_graded_again_and_shards_merge(tmp_path, kind):
    students, out = tmp_path / "students", tmp_path / "out"
    for number in range(6):
        write(students / f"s{number}.ipynb", solved(1))
    for shard in ("1/2", "2/2"):
        done = subprocess.run(command(students, out / shard[0], f"--shard={shard}"), text=True)
        assert done.returncode == 0
    counts = [len(lines(out / shard)) - 1 for shard in "12"]
    assert sum(counts) == 6
    merged = [sys.executable, "-m", "course_lib.cli", "validate", "--merge", str(out / "1"),
              str(out / "2"), f"--out={out / 'all'}"]  # fmt: skip
    assert subprocess.run(merged).returncode == 0
    results = json.loads((out / "all" / "results.json").read_text())
    assert [s["student"] for s in results["students"]] == [f"s{n}" for n in range(6)]
    assert (out / "all" / "index.html").exists()

    write(students / "s0.ipynb", solved(1, rnn_step="def rnn_step(*a): pass"))
    for shard in ("1/2", "2/2"):
        subprocess.run(command(students, out / shard[0], f"--shard={shard}"), check=True)
    again = [len(lines(out / shard)) - 1 for shard in "12"]
    assert sum(again) == 7
