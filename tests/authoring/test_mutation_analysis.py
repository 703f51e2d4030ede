"""The examination of the suite: what is mutated, by which tests it is tried, and what is told."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_lib.authoring import mutation_analysis
from course_lib.authoring.mutation_analysis import (
    ALIVE,
    MISSED,
    NOTICED,
    Mutant,
    Runner,
    Unchanged,
    outcome,
    own_tests,
)

RIGHT = (
    "def double(x: int | None) -> int:\n    return 2 * x\n\n\ndef unseen(x):\n    return x + 1\n"
)
TEST = "from course_lib.part.sums import double\n\ndef test_double():\n    assert double(3) == 6\n"
PAGES = ("tests/pages/test_numbers.py", "tests/pages/test_units.py")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Most plugins take longer to load than these small runs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setattr(mutation_analysis, "PYTEST", ("-x", "-q", "-p", "no:cacheprovider"))
    monkeypatch.setattr(mutation_analysis, "LOADED", ())


@pytest.fixture
def checkout(tmp_path):
    """A package of one folder, and its tests, in a repository."""
    for name, text in {
        "course_lib/__init__.py": "",
        "course_lib/top.py": "x = 1\n",
        "course_lib/part/__init__.py": "",
        "course_lib/part/sums.py": RIGHT,
        "course_lib/exercises/engine.py": "x = 1\n",
        "course_lib/exercises/ladder/rungs.py": "x = 1\n",
        "course_lib/exercises/bptt/one.py": "x = 1\n",
        "course_lib/part/table.py": "x = 1\n",
        "course_lib/pages/units.py": "from course_lib.part.table import x\n",
        "course_lib/pages/untested.py": "from course_lib.part.table import x\n",
        "tests/part/test_sums.py": TEST,
        "tests/part/test_more.py": "def test_nothing(): pass\n",
        "tests/part/test_near.py": "from course_lib.part import sums\n",
        "tests/test_cli.py": "def test_nothing(): pass\n",
        "tests/pages/test_numbers.py": "from course_lib.part import lines, paper\n",
        "tests/pages/test_units.py": "from course_lib.part.paper import width\n",
        "tests/pages/test_other.py": "from course_lib.part.papers import other\n",
        ".gitignore": "ignored\n",
        "ignored/large.bin": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_the_exercises_own_files_are_left_aside_but_not_what_judges_them(checkout):
    names = [file.as_posix() for file in mutation_analysis.files(checkout)]
    assert "course_lib/exercises/engine.py" in names
    assert "course_lib/exercises/ladder/rungs.py" in names
    assert "course_lib/part/sums.py" in names
    assert "course_lib/exercises/bptt/one.py" not in names


@pytest.mark.parametrize(
    ("file", "runs"),
    [
        (
            "part/sums.py",
            [
                ("tests/part/test_sums.py",),
                ("tests/part/test_near.py",),  # imports it
                (
                    "tests/part",
                    "--ignore=tests/part/test_sums.py",
                    "--ignore=tests/part/test_near.py",
                ),
            ],
        ),
        ("part/other.py", [("tests/part",)]),
        ("part/deeper/other.py", [("tests/part",)]),
        ("part/paper.py", [PAGES, ("tests/part",)]),
        ("part/table.py", [("tests/pages/test_units.py",), ("tests/part",)]),  # it is used there
        ("cli.py", [("tests/test_cli.py",)]),
        ("top.py", [("tests/test_cli.py",)]),  # no file of its own: all that lie at the top
    ],
)
def test_the_tests_of_its_own_folder_are_tried_the_nearest_first(file, runs, checkout):
    assert own_tests(checkout, Path("course_lib") / file) == runs


def test_slow_tests_are_asked_last_and_of_all_files_at_once(checkout):
    sums = Path("course_lib/part/sums.py")
    own = own_tests(checkout, sums)
    quick = mutation_analysis.asked(checkout, sums, quick=True)
    assert quick == [(*mutation_analysis.QUICK, *run) for run in own]
    *first, slow = mutation_analysis.asked(checkout, sums)
    assert first == quick
    files = ("tests/part/test_sums.py", "tests/part/test_near.py", "tests/part")
    assert slow == (*mutation_analysis.SLOW, *files)


def test_a_copy_has_what_git_would_track(checkout, tmp_path_factory):
    copy = mutation_analysis.copy_of(checkout, tmp_path_factory.mktemp("copy"))
    assert (copy / "course_lib/part/sums.py").read_text() == RIGHT
    assert not (copy / "ignored").exists()


@pytest.fixture
def runner(checkout):
    runner = Runner(checkout)
    yield runner
    runner.close()


def wrong(monkeypatch, old, new):
    """A mutant that replaces some text, in place of one of cosmic-ray's."""
    monkeypatch.setattr(Mutant, "source", lambda self, code: code.replace(old, new))
    return Mutant(Path("course_lib/part/sums.py"), 1, "replaced", 0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2 * x", "3 * x", NOTICED),
        ("2 * x", "2 *", NOTICED),  # can't even be imported
        ("x + 1", "x + 2", ALIVE),
    ],
)
def test_a_mutant_is_noticed_by_a_test_that_fails(old, new, expected, runner, monkeypatch):
    mutant = wrong(monkeypatch, old, new)
    assert outcome(runner, mutant, Unchanged()) == expected
    assert (runner.copy / mutant.file).read_text() == RIGHT


def test_what_the_quick_tests_miss_may_be_noticed_by_a_slow_one(runner, monkeypatch):
    more = "import pytest\nfrom course_lib.part.sums import unseen\n\n@pytest.mark.slow\n"
    more += "def test_unseen():\n    assert unseen(1) == 2\n"
    (runner.copy / "tests/part/test_more.py").write_text(more)
    mutant = wrong(monkeypatch, "x + 1", "x + 2")
    unchanged = Unchanged()
    assert outcome(runner, mutant, unchanged, quick=True) == MISSED
    assert outcome(runner, mutant, unchanged) == NOTICED


def test_each_run_sees_the_code_as_it_is_then(runner):
    run = ("tests/part/test_sums.py",)
    assert runner(run).passed
    (runner.copy / "course_lib/part/sums.py").write_text(RIGHT.replace("2 * x", "3 * x"))
    assert runner(run) == mutation_analysis.Seen(False, "tests/part/test_sums.py")
    (runner.copy / "course_lib/part/sums.py").write_text(RIGHT)
    assert runner(run).passed


@pytest.mark.slow
def test_a_mutant_that_hangs_is_noticed(runner, monkeypatch):
    monkeypatch.setattr(mutation_analysis, "FIRST_LIMIT", 3)
    mutant = wrong(monkeypatch, "return 2 * x", "\n    while True: pass")
    began = time.monotonic()
    assert outcome(runner, mutant, Unchanged()) == NOTICED
    assert 3 <= time.monotonic() - began < 60


def test_tests_that_fail_by_themselves_notice_nothing(runner, monkeypatch):
    (runner.copy / "tests/part/test_sums.py").write_text(TEST.replace("== 6", "== 7"))
    with pytest.raises(
        mutation_analysis.TellsNothing,
        match=r"fail as they are: pytest .* tests/part/test_sums\.py$",
    ):
        outcome(runner, wrong(monkeypatch, "x + 1", "x + 2"), Unchanged())


def test_what_could_not_be_tried_is_not_counted(checkout, monkeypatch, capsys):
    def fails(pytest, mutant, unchanged, quick):
        raise mutation_analysis.TellsNothing("These tests fail as they are")

    monkeypatch.chdir(checkout)
    monkeypatch.setitem(sys.modules, "cosmic_ray", object())
    drawn = [wrong(monkeypatch, "x + 1", "x + 2")]
    monkeypatch.setattr(mutation_analysis, "sample", lambda *_: drawn)
    monkeypatch.setattr(mutation_analysis, "outcome", fails)
    assert mutation_analysis.main(["1"]) == 1
    out = capsys.readouterr().out
    assert "0 of 0 mutants noticed" in out
    assert "1 more were not tried" in out


def test_a_run_that_was_stopped_goes_on_by_its_notes(checkout, monkeypatch, capsys):
    found = [NOTICED, ALIVE, KeyboardInterrupt()]
    tried = []

    def stops(pytest, mutant, unchanged, quick):
        tried.append(mutant.line)
        if isinstance(one := found.pop(0), BaseException):
            raise one
        return one

    monkeypatch.chdir(checkout)
    monkeypatch.setitem(sys.modules, "cosmic_ray", object())
    monkeypatch.setattr(Mutant, "source", lambda self, code: code.replace("x", "y" * self.line))
    drawn = [Mutant(Path("course_lib/top.py"), line, "replaced", 0) for line in (1, 2, 3)]
    monkeypatch.setattr(mutation_analysis, "sample", lambda *_: drawn)
    monkeypatch.setattr(mutation_analysis, "outcome", stops)
    again = ["3", "--jobs", "1", "--notes", "notes.jsonl"]

    assert mutation_analysis.main(again) == 1
    assert "1 of 2 mutants noticed" in capsys.readouterr().out
    found += [NOTICED, NOTICED]
    assert mutation_analysis.main(again) == 1
    told = capsys.readouterr().out
    assert "2 of 3 mutants noticed" in told
    assert "+yy = 1\n" in told  # the change that nobody noticed is shown again
    assert tried == [1, 2, 3, 3]

    (checkout / "course_lib/top.py").write_text("x = 2\n")
    found += [NOTICED] * 3
    assert mutation_analysis.main(again) == 0
    assert tried[4:] == [1, 2, 3], "the code is another, and the notes don't speak of it"


def test_what_quick_tests_missed_is_asked_of_the_slow_ones_later(checkout, monkeypatch, capsys):
    asked = []

    def misses(pytest, mutant, unchanged, quick):
        asked.append(quick)
        return MISSED if quick else NOTICED

    monkeypatch.chdir(checkout)
    monkeypatch.setitem(sys.modules, "cosmic_ray", object())
    drawn = [wrong(monkeypatch, "x + 1", "x + 2")]
    monkeypatch.setattr(mutation_analysis, "sample", lambda *_: drawn)
    monkeypatch.setattr(mutation_analysis, "outcome", misses)
    again = ["1", "--notes", "notes.jsonl"]
    assert mutation_analysis.main([*again, "--quick"]) == 1
    assert mutation_analysis.main([*again, "--quick"]) == 1
    assert "0 of 1 mutants noticed" in capsys.readouterr().out
    assert mutation_analysis.main(again) == 0
    assert asked == [True, False]


def test_without_cosmic_ray_it_says_where_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cosmic_ray", None)
    assert mutation_analysis.main(["1"]) == 2
    assert "CONTRIBUTING.md" in capsys.readouterr().err


def test_the_tests_find_what_lies_beside_the_environment_last(
    runner, tmp_path_factory, monkeypatch
):
    """Else those that need cosmic-ray would be skipped, and notice nothing."""
    beside = tmp_path_factory.mktemp("beside")
    (beside / "newer.py").write_text("")
    (beside / "pytest.py").write_text("1 / 0")
    monkeypatch.setattr(mutation_analysis, "_beside", lambda: [str(beside)])
    (runner.copy / "tests/part/test_more.py").write_text(
        "import sys\nimport newer\n\ndef test_order():\n"
        f"    assert {str(runner.copy)!r} in sys.path[:2]\n"  # pytest puts its own folder first
        f"    assert sys.path[-1] == {str(beside)!r}\n"
    )
    assert runner(("tests/part/test_more.py",)).passed


# --- with cosmic-ray, where it is installed ------------------------------------------------------


def test_places_are_drawn_the_same_each_time_and_annotations_never(checkout):
    pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed: see CONTRIBUTING.md")
    file = Path("course_lib/part/sums.py")
    places = list(mutation_analysis.mutants(checkout, file))
    assert {one.line for place in places for one in place} == {2, 6}
    drawn = mutation_analysis.sample(checkout, 4, seed=3, only=[file])
    assert drawn == mutation_analysis.sample(checkout, 4, seed=3, only=[file])
    assert len({(one.operator, one.occurrence) for one in drawn}) == 4
    assert all(one.source(RIGHT) != RIGHT for one in drawn)
    assert len(mutation_analysis.sample(checkout, 99, seed=0, only=[file])) == len(places) == 4


def test_what_python_cannot_read_is_not_drawn(checkout):
    pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed: see CONTRIBUTING.md")
    file = Path("course_lib/part/sums.py")
    code = "def more(one, **other):\n    return {**one, **other, 'x': 3}\n"
    (checkout / file).write_text(code)
    places = list(mutation_analysis.mutants(checkout, file))
    drawn = mutation_analysis.sample(checkout, 99, seed=0, only=[file])
    assert len(places) > len(drawn) == 1
    assert drawn[0].operator == "core/NumberReplacer"


def test_what_cosmic_ray_stumbles_over_is_not_drawn(checkout):
    pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed: see CONTRIBUTING.md")
    file = Path("course_lib/part/sums.py")
    code = "try:\n    import course\nexcept (os.error, OSError):\n    pass\n"
    (checkout / file).write_text(code)
    assert mutation_analysis.sample(checkout, 99, seed=0, only=[file]) == [
        Mutant(file, 3, "core/ExceptionReplacer", 1)
    ]


def test_the_share_is_told(checkout, monkeypatch, capsys):
    pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed: see CONTRIBUTING.md")
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(mutation_analysis, "outcome", lambda pytest, mutant, _, quick: (
        ALIVE if mutant.line == 6 else NOTICED
    ))  # fmt: skip
    only = "course_lib/part/sums.py"
    assert mutation_analysis.main(["99", only, "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "2 of 4 mutants noticed: 50.0 % (seed 0)" in out
    assert "part                       2 of 4" in out
    assert "-    return x + 1" in out
    assert mutation_analysis.main(["99", only, "--jobs", "1", "--least", "50"]) == 0
