"""What `course` offers to those who want the book's numbers again: trainings and benchmarks."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command_help import Group
from course_lib.commands.fail import USAGE, fail
from course_lib.output_paths import may_be_a_file

results = typer.Typer()

bench = typer.Typer(
    cls=Group, no_args_is_help=True, help="Measure how fast the course's code is, against others'."
)
results.add_typer(bench, name="bench")

BenchJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, last.")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer rounds; stored only with --out.")]
BenchOut = Annotated[
    Path | None,
    typer.Option(
        callback=may_be_a_file,
        help="File to write; by default benchmarks/results/bench-NAME.json.",
    ),
]


@results.command()
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
        fail(f"There is no run called {name!r}. {known}")
    if check:
        if quick or out is not None or workers > 1:
            fail(
                "--check compares a full run in one process with what is stored: leave --quick, "
                "--out and --workers away."
            )
        codes = []
        for one in names[name]:
            try:
                verdict = run_and_compare(one, data=data, seed=seed)
            except (DataError, FileNotFoundError) as error:
                fail(error, code=USAGE if isinstance(error, FileNotFoundError) else 1)
            print(f"{one}: {verdict}")
            codes.append(verdict.exit_code)
        raise typer.Exit(1 if 1 in codes else max(codes))
    if len(names[name]) > 1:
        if out is not None or workers > 1:
            fail(f"{name} is {len(names[name])} runs: leave --out and --workers away.")
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
        fail(error)
    except (DataError, WorkerError) as error:
        fail(error, code=1)
    print(json.dumps(result["summary"], indent=2))


def _measures(name: str) -> Callable[..., None]:
    def command(quick: Quick = False, as_json: BenchJson = False, out: BenchOut = None) -> None:
        main = import_module(f"course_lib.benchmarks.{name}").main
        raise typer.Exit(main(quick, as_json, out))

    return command


MEASURED = {
    "lstm": "One training step of an LSTM: eager loop, traced loop, ours, Keras's, PyTorch's; and "
    "XLA.",
    "kernl": "KeRNL's gradients over 784 steps: in chunks, step by step, and beside BPTT in Keras.",
    "stream": "A million steps of one stream: memory, time a step, and the latency of one.",
    "scan": "A scan over 784 steps with its gradient: ours, Keras's, and a loop on TensorFlow's "
    "tape.",
}
for _name, _what in MEASURED.items():
    bench.command(_name, help=_what)(_measures(_name))


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


@bench.command("checks")
def bench_checks(
    exercises: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXERCISE", help="Ids; by default all. Other verdicts are kept."),
    ] = None,
    quick: Quick = False,
    as_json: BenchJson = False,
    out: BenchOut = None,
) -> None:
    """Check answers written blind, from the notebooks alone: are wrong ones refused, and named?"""
    from course_lib.benchmarks.checks import answers, main

    for one in exercises or []:
        try:
            answers(one)
        except FileNotFoundError as error:
            fail(f"There are no answers to {one}: {error.filename} is missing.")
    raise typer.Exit(main(quick, as_json, out, exercises or []))


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


@results.command()
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
        fail(error)
