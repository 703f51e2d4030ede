"""The command `course`. Each verb loads what it needs when it runs, so that help is instant."""

# The first thing, as the rest takes a moment: Ctrl-C while it loads is one line too.
from course_lib import interrupted

if interrupted.is_program(__name__, "course"):
    interrupted.end_at_once("course")

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from course_lib import __version__
from course_lib.command_help import Group
from course_lib.hindrances import locked_out
from course_lib.output_paths import may_be_a_file, may_be_a_folder
from course_lib.streams import take_any_letter, take_any_width
from course_lib.teaching_cli import teaching

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes
os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else Keras runs on in programs of one's own

USAGE = 2  # exit code: the command was not understood


app = typer.Typer(
    cls=Group,
    name="course",
    help="Recurrent networks, built by hand: set up, do the exercises, check what you wrote.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

bench = typer.Typer(
    cls=Group, no_args_is_help=True, help="Measure how fast the course's code is, against others'."
)
app.add_typer(bench, name="bench")

ci = typer.Typer(
    cls=Group, help="For instructors: the course in a CI service.", no_args_is_help=True
)
app.add_typer(ci, name="ci")
app.add_typer(teaching)


BenchJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, last.")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer rounds; stored only with --out.")]
BenchOut = Annotated[
    Path | None,
    typer.Option(
        callback=may_be_a_file,
        help="File to write; by default benchmarks/results/bench-NAME.json.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"course-lib {__version__}")
        raise typer.Exit


@app.callback()
def course(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Recurrent networks, built by hand: set up, do the exercises, check what you wrote."""
    take_any_letter()
    take_any_width()
    try:
        os.getcwd()
    except FileNotFoundError:
        _fail("The folder that you are in was deleted: go to another one first, such as `cd ~`.")
    if problem := locked_out():
        _fail(problem)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look whether this machine has what the course needs."""
    from course_lib.doctor import main

    raise typer.Exit(main(as_json))


@app.command()
def start(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where to put the copy; by default the one that you are in, else 'work'."
        ),
    ] = None,
) -> None:
    """Make your own copy of the exercises.

    Run it again after an upgrade: what you wrote is never overwritten.
    """
    from course_lib import learner
    from course_lib.built_book import find_book, for_a_shell, how_to_get_it
    from course_lib.repository import find_repository
    from course_lib.xla_flags import unknown_flag

    folder = learner.choose_folder(folder)
    try:
        handed = learner.start(folder)
    except learner.LearnerError as error:
        _fail(error)
    said = {
        learner.MADE: "made    {path}",
        learner.KEPT: "kept    {path}, with all that you wrote",
        learner.RENEWED: "renewed {path}: nothing was written in it",
        learner.BESIDE: "new     {path}: {name} has a newer release; yours is as you left it",
    }
    for one in handed:
        print(said[one.action].format(path=one.path, name=one.name))
        if one.action == learner.RENEWED:
            _print_changes(one.changes)
    _print_news(learner.news(folder))
    if problem := unknown_flag():
        print(f"\n{problem}")
    print(f"\nOpen the notebooks in {folder}: jupyter lab {for_a_shell(folder)}")
    if find_book() is not None:
        return
    if repository := find_repository():
        print(f"Their links lead to the book at {repository.book}")
    else:
        sentence, *commands = how_to_get_it()
        print(f"Their links lead to the chapters. {sentence}", *commands, sep="\n    ")


@app.command()
def progress(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Your copy; by default the one that you are in, else 'work'."),
    ] = None,
) -> None:
    """Show what you have passed, chapter by chapter."""
    from course_lib import learner
    from course_lib.exercises.progress import Unreadable, set_aside

    try:
        copy = learner.find_copy(folder)
    except learner.LearnerError as error:
        _fail(error)
    try:
        if said := set_aside(copy):
            print(f"{said}\n")
        _print_progress(copy)
    except Unreadable as error:
        _fail(error, code=1)
    _print_news(learner.news(copy))


def _print_news(news: list) -> None:
    """Say what a newer release changes in notebooks that hold work; each time, until it's done."""
    for one in news:
        print(f"\n{one.name} has a newer release:")
        _print_changes(one.changes)
        if one.beside is None:
            print("  `course start` puts it into your copy; what you wrote stays.")
        else:
            print(f"  It is {one.beside.name}. Take over what you want, then delete it.")


def _print_changes(changes: tuple[str, ...]) -> None:
    for line in changes or ("nothing in its text and code",):
        print(f"  - {line}")


def _print_progress(copy: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    from course_lib.exercises.progress import by_chapter
    from course_lib.exercises.progress import done as is_done
    from course_lib.exercises.report import NOT_RIGHT, PASSED, SYMBOLS

    console = Console(soft_wrap=True, highlight=False)  # without a terminal: plain text
    console.print(Text(f"Progress in {copy}"))
    for chapter, outcomes in by_chapter(copy):
        done, total = sum(map(is_done, outcomes.values())), len(outcomes)
        filled = 20 * done // total
        bar = "█" * filled + "░" * (20 - filled)
        console.print(Text(f"\n{chapter.title:<30}  {bar}  {done} of {total}", "bold"))
        for name, outcome in outcomes.items():
            kind = PASSED if is_done(outcome) else outcome
            style = {PASSED: "green", NOT_RIGHT: "yellow"}.get(kind, "dim")
            console.print(Text(f"  {SYMBOLS.get(kind, '·')} {name:<28}{outcome}", style))


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    exercises: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXERCISE", help="Ids; by default all of the notebook's."),
    ] = None,
) -> None:
    """Check the exercises in a notebook.

    Of the notebook, only what these functions need is run. Exits with 0 if all exercises asked for
    are passed, with 1 if not.
    """
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import Card
    from course_lib.notebook_check import NotebookError, check_notebook, not_defined

    for one in exercises or []:
        if one.endswith(".ipynb"):
            _fail(f"One notebook at a time: `course check {one}` checks {one}.")
    try:
        taken, reports = check_notebook(notebook, exercises or [])
    except (NotebookError, UnknownExercise) as error:
        _fail(error)
    for remark in taken.remarks:
        print(remark)
    if taken.remarks:
        print()
    for name, report in reports.items():
        if report is None:
            failure = taken.failures.get(name)
            why = failure.sentence if failure else not_defined(name, notebook)
            print(f"✗ {name}: {why}\n")
            continue
        if isinstance(report, Card):  # it could not be checked
            print(f"✗ {name}: {report.body}\n")
            continue
        print(replace(report, note="").text(f"course hint {name}"))
        print()
    passed = sum(bool(report) for report in reports.values())
    for note in dict.fromkeys(getattr(one, "note", "") for one in reports.values()):
        if note:
            print(note)
    print(f"{passed} of {len(reports)} passed")
    raise typer.Exit(0 if passed == len(reports) else 1)


Exercise = Annotated[str, typer.Argument(help="Its name, such as rnn_step.")]


@app.command()
def hint(
    exercise: Exercise,
    number: Annotated[int, typer.Option(metavar="N", help="Which one; each gives away more.")] = 1,
) -> None:
    """Show a hint for an exercise."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import hint_card
    from course_lib.exercises.registry import get

    try:
        asked = get(exercise)
    except UnknownExercise as error:
        _fail(error)
    if not 1 <= number <= len(asked.hints):
        _fail(f"{exercise} has hints 1 to {len(asked.hints)}; {number} is none of them.")
    print(hint_card(asked, number, shell=True))


@app.command()
def solution(exercise: Exercise) -> None:
    """Show the reference for an exercise."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import solution_card
    from course_lib.exercises.registry import get

    try:
        print(solution_card(get(exercise)))
    except UnknownExercise as error:
        _fail(error)


@app.command()
def validate(
    submissions: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUBMISSION",
            help="A class: a folder or zip of students' folders, zips or notebooks, or a "
            "platform's download. Or single ones of those.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=may_be_a_folder,
            help="Folder for the results; what is there is kept.",
        ),
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Show who would be graded with what; run nothing.")
    ] = False,
    by: Annotated[
        str, typer.Option(metavar="REGEX", help="What in a file's path names the student.")
    ] = "",
    jobs: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Submissions at the same time; by default one a core."
        ),
    ] = os.cpu_count() or 1,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Only part I of N, to share a class out.")
    ] = "1/1",
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on this Dask cluster, not here.")
    ] = "",
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Seconds that a call of a student's function may take."
        ),
    ] = 10.0,
    submission_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Seconds that all of a student's work may take."),
    ] = 600.0,
    memory_limit: Annotated[
        int, typer.Option(metavar="MB", help="MB that a student's code may take.")
    ] = 1024,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own hidden cases: JSON, kept outside the course."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Points by exercise: JSON, 1 where it says nothing."),
    ] = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one; may be given several times."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="The arguments are --out folders to put together.")
    ] = False,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run students' code without any wall. Dangerous.")
    ] = False,
) -> None:
    """For instructors: validate a class's notebooks in a sandbox.

    Run it again after a stop: what is graded stays graded. Exits with 0 if everything was graded,
    whatever the grades; with 1 if something could not be.
    """
    try:
        from course_lib.instructor.command.command_line import run
    except ModuleNotFoundError as error:  # fcntl, which Windows has not
        _fail(f"Validation needs Linux, and this Python has no {error.name}. On Windows, use WSL.")

    code = run(
        submissions,
        out,
        jobs,
        shard,
        time_limit,
        submission_limit,
        memory_limit,
        cases,
        weights,
        exercise or [],
        no_sandbox,
        merge,
        scheduler,
        by,
        list_only,
    )
    raise typer.Exit(code)


@app.command()
def notebooks(
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a notebook is out of date.")
    ] = False,
) -> None:
    """For contributors: write all notebooks from their source."""
    try:
        from course_lib.authoring.notebooks import main

        code = main(only_check)
    except ModuleNotFoundError as error:
        _fail(f"This needs {error.name}, which comes with course-lib's extra 'test'.", code=1)
    raise typer.Exit(code)


@app.command()
def prove(
    exercises: Annotated[
        list[str] | None, typer.Argument(metavar="EXERCISE", help="Ids; by default all.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts as JSON, last.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Store the seconds of checks, right and wrong.")
    ] = False,
    at_most: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="N of each one's wrong and right answers, by lot."),
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option("--mutants", help="Break each reference in every small way instead."),
    ] = False,
) -> None:
    """For contributors: prove the checks against wrong and right answers."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.proving.prove import main

    if mutants:
        from course_lib.exercises.proving.survivors import main as break_references

        try:
            code = break_references(as_json, exercises or [])
        except UnknownExercise as error:
            _fail(error)
        raise typer.Exit(code)

    seconds = Path("benchmarks") / "results" / "check-seconds.json" if measure else None
    if seconds and not seconds.parent.is_dir():
        _fail(f"--measure writes {seconds}: run it in the folder of the course's checkout.")
    try:
        code = main(as_json, seconds, exercises or [], at_most)
    except UnknownExercise as error:
        _fail(error)
    raise typer.Exit(code)


@app.command()
def audit_gpu(
    notebook: Annotated[
        Path | None,
        typer.Argument(help="Your notebook; by default the training steps of the course."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, last.")] = False,
) -> None:
    """Look whether what you wrote, or every training step of the course, would run on a GPU.

    Needs no GPU: it asks which kernels TensorFlow has for each operation.
    """
    if notebook is None:
        from course_lib.training.gpu_audit import main

        raise typer.Exit(main(as_json))
    from course_lib.notebook_audit import main as audit
    from course_lib.notebook_check import NotebookError

    try:
        code = audit(notebook, as_json)
    except NotebookError as error:
        _fail(error)
    raise typer.Exit(code)


@app.command()
def gpu(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, and few of them.")] = False,
    only: Annotated[
        str | None, typer.Option(metavar="PART", help="One part: steps-float32, cells, ...")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--json",
            callback=may_be_a_file,
            help="File to write; by default benchmarks/results/bench-gpu.json.",
        ),
    ] = None,
) -> None:
    """Try on a GPU what the course claims of one, in eight minutes, and store the result.

    Without a GPU it says so, and audits the training steps. A quick run, or one of a single part,
    is stored only with --json.
    """
    from course_lib.benchmarks.gpu import main

    try:
        raise typer.Exit(main(quick, out, only))
    except ValueError as error:
        _fail(error)


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="Name of the run, such as vanilla-mnist.")],
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own file of the full data set.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the run.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Short run on the subset.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=may_be_a_file, help="File to write; by default benchmarks/results/NAME.json."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes that share every batch.")
    ] = 1,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the stored result; write nothing.")
    ] = False,
) -> None:
    """Run a full-length training of the book again; of the name "all", each of them.

    With --workers 2, two processes on this machine's CPUs take half of every batch each, and add up
    their gradients. On several machines, give the same command on each, with TF_CONFIG set as in
    TensorFlow's guide to distributed training; the first one stores the result. Runs that can't be
    shared say so.

    With --check the result isn't stored, but compared with the one that is. Exits with 0 if it is
    the same, or as near as the stored seeds are to each other; with 1 if it is different; with 3 if
    it differs and only one seed is stored, so that nothing says by how much it may.
    """
    import difflib
    import json

    from course_lib.data import DataError
    from course_lib.training.experiments import EXPERIMENTS, GROUPS
    from course_lib.training.reproduce import check as run_and_compare
    from course_lib.training.reproduce import check_workers
    from course_lib.training.reproduce import reproduce as run
    from course_lib.training.workers import NoWorkers, WorkerError, is_worker
    from course_lib.training.workers import start as start_workers

    names = {**{one: (one,) for one in EXPERIMENTS}, **GROUPS}
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        known = f"Did you mean {near[0]}?" if near else f"There is: {', '.join(sorted(names))}."
        _fail(f"There is no run called {name!r}. {known}")
    if check:
        if quick or out is not None or workers > 1:
            _fail(
                "--check compares a full run in one process with what is stored: leave --quick, "
                "--out and --workers away."
            )
        codes = []
        for one in names[name]:
            try:
                verdict = run_and_compare(one, data=data, seed=seed)
            except (DataError, FileNotFoundError) as error:
                _fail(error, code=USAGE if isinstance(error, FileNotFoundError) else 1)
            print(f"{one}: {verdict}")
            codes.append(verdict.exit_code)
        raise typer.Exit(1 if 1 in codes else max(codes))
    if len(names[name]) > 1:
        if out is not None or workers > 1:
            _fail(f"{name} is {len(names[name])} runs: leave --out and --workers away.")
        for one in names[name]:
            reproduce(one, data=data, seed=seed, quick=quick)
        return
    try:
        if workers > 1:
            check_workers(name)
        if workers > 1 and not is_worker():
            options = ["--seed", seed, "--workers", workers, *(["--quick"] if quick else [])]
            options += [*(["--data", data] if data else []), *(["--out", out] if out else [])]
            command = [sys.executable, "-m", "course_lib.cli", "reproduce", name, *options]
            start_workers(workers, [str(part) for part in command])
            return
        result = run(name, data=data, seed=seed, quick=quick, out=out, workers=workers)
    except NoWorkers as error:
        _fail(error)
    except (DataError, WorkerError) as error:
        _fail(error, code=1)
    print(json.dumps(result["summary"], indent=2))


@ci.command("init")
def ci_init(
    folder: Annotated[Path, typer.Argument(help="The repository.")] = Path("."),
) -> None:
    """Write a workflow for GitHub Actions: tests, book, and validation of submissions."""
    from course_lib.instructor.command.ci_workflow import init
    from course_lib.instructor.errors import BadUsage

    try:
        print(f"Wrote {init(folder)}. Read it, then commit it.")
    except BadUsage as error:
        _fail(error)


@bench.command("validate")
def bench_validate(
    quick: Quick = False,
    as_json: BenchJson = False,
    out: BenchOut = None,
    nbgrader: Annotated[
        Path | None,
        typer.Option(
            envvar="COURSE_NBGRADER",
            help="nbgrader's command, in an environment of its own; without one it is left out.",
        ),
    ] = None,
) -> None:
    """Validate the same submissions as nbclient and nbgrader do, and compare."""
    from course_lib.benchmarks.validate import main

    raise typer.Exit(main(quick, as_json, out, nbgrader))


@bench.command("cluster")
def bench_cluster(
    quick: Quick = False,
    as_json: BenchJson = False,
    out: BenchOut = None,
    notebooks: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many notebooks to grade.")
    ] = 5_000,
) -> None:
    """Validate a class on two Dask workers, of which one is killed; takes hours."""
    from course_lib.benchmarks.cluster import main

    raise typer.Exit(main(quick, as_json, out, notebooks))


@bench.command("lstm")
def bench_lstm(quick: Quick = False, as_json: BenchJson = False, out: BenchOut = None) -> None:
    """One training step of an LSTM: eager loop, traced loop, ours, Keras's, PyTorch's; and XLA."""
    from course_lib.benchmarks.lstm import main

    raise typer.Exit(main(quick, as_json, out))


@bench.command("kernl")
def bench_kernl(quick: Quick = False, as_json: BenchJson = False, out: BenchOut = None) -> None:
    """KeRNL's gradients over 784 steps: in chunks, step by step, and beside BPTT in Keras."""
    from course_lib.benchmarks.kernl import main

    raise typer.Exit(main(quick, as_json, out))


@bench.command("stream")
def bench_stream(quick: Quick = False, as_json: BenchJson = False, out: BenchOut = None) -> None:
    """A million steps of one stream: memory, time a step, and the latency of one."""
    from course_lib.benchmarks.stream import main

    raise typer.Exit(main(quick, as_json, out))


@bench.command("scan")
def bench_scan(quick: Quick = False, as_json: BenchJson = False, out: BenchOut = None) -> None:
    """A scan over 784 steps with its gradient: ours, Keras's, and a loop on TensorFlow's tape."""
    from course_lib.benchmarks.scan import main

    raise typer.Exit(main(quick, as_json, out))


def _fail(message: object, code: int = USAGE) -> NoReturn:
    print(f"course: {message}", file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
