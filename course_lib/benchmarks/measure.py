"""What the benchmarks share: fair timing, peak memory, and where a number comes from."""

import contextlib
import json
import operator
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Samples = dict[str, list[float]]
COMPARED = {">=": operator.ge, "<=": operator.le}  # how a number is held against its bar
FEWEST = 3  # rounds, so that there is a median
SAID_EVERY = 15  # seconds


def interleaved(
    variants: Mapping[str, Callable[[], object]],
    rounds: int,
    calls: int = 1,
    seconds: float | None = None,
) -> Samples:
    """Time variants against each other: in every round each is called once, in another order.

    What else the machine does, and its clock, change from one second to the next. Within a round
    they are nearly the same for all, so that rounds can be compared, and sums of calls can't.

    Args:
        variants: name to what is timed. It returns when its work is done, not when that is queued.
            Call each once before, so that nothing is compiled here.
        rounds: how many.
        calls: calls of each variant in a round.
        seconds: no round begins once so many are spent, but `FEWEST` rounds there are.

    Returns:
        For each variant the seconds of one call in each round.
    """
    names = list(variants)
    taken: Samples = {name: [] for name in names}
    say(f"{len(names)} variants are timed, {rounds} rounds at most")
    start = said = time.perf_counter()
    for number in range(rounds):
        spent = time.perf_counter() - start
        if number and start + spent - said >= SAID_EVERY:
            said = start + spent
            left = spent / number * (rounds - number)
            say(f"{number} of {rounds} rounds, at most {left / 60:.1f} min left")
        if seconds is not None and spent >= seconds and number >= FEWEST:
            break
        first = number % len(names)
        for name in names[first:] + names[:first]:
            began = time.perf_counter()
            for _ in range(calls):
                variants[name]()
            taken[name].append((time.perf_counter() - began) / calls)
    return taken


def say(what: str) -> None:
    """Say on standard error what is being done: a benchmark takes minutes."""
    print(f"  {what}", file=sys.stderr, flush=True)


def ratio(slower: list[float], faster: list[float]) -> float:
    """How many times as fast the second is: the median over the rounds of the ratio of seconds.

    It is not rounded: one that is a little above its bar would reach it by rounding.
    """
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def summary(seconds: list[float]) -> dict[str, float]:
    """Median and quartiles, in milliseconds."""
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return {"median_ms": _ms(median), "lower_quartile_ms": _ms(low), "upper_quartile_ms": _ms(high)}


def _ms(seconds: float) -> float:
    return float(f"{1e3 * seconds:.4g}")


def in_child(function: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Call a function in a process of its own, and look how much memory that took at most.

    Args:
        function: of a module, by name; it returns what JSON can hold.
        arguments: likewise.

    Returns:
        What it returned, and `peak_mib`: the most memory that the process had in use, all that it
        imported included; None on a system that doesn't say.

    Raises:
        RuntimeError: the process failed; the message ends with what it wrote to standard error.
    """
    about = " ".join(str(one) for one in arguments if type(one) in (str, int))
    say(f"{function.__name__.replace('_', ' ')}: {about}")
    task = json.dumps([function.__module__, function.__name__, arguments])
    done = subprocess.run(
        [sys.executable, "-m", __name__], input=task, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{function.__name__}{arguments} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib() -> float | None:
    """The most memory that this process has had in use, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where getrusage would count the process that started this one
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return round(int(line.split()[1]) / 2**10, 1)
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1)


def store(
    name: str, result: dict[str, Any], quick: bool, out: Path | None, command: str | None = None
) -> dict[str, Any]:
    """Add to a result where it comes from, and store it.

    Args:
        name: of the benchmark; its file is benchmarks/results/bench-NAME.json.
        result: what was measured.
        quick: a quick run is stored only where `out` says.
        out: file to write.
        command: what was called; None: `course bench NAME`.

    Returns:
        What was stored: `name`, `command`, `date`, `versions`, `hardware` and the result.
    """
    from course_lib.training.provenance import made_with
    from course_lib.training.reproduce import RESULTS

    full = {
        "name": f"bench-{name}",
        "command": command or f"course bench {name}" + (" --quick" if quick else ""),
        **made_with(),
        **result,
    }
    if out is None and not quick:
        out = RESULTS / f"bench-{name}.json"
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(full, indent=2) + "\n", encoding="utf-8")
    return full


def show(result: dict[str, Any], words: str, as_json: bool) -> None:
    """Print a result in words; as JSON too, last, and then the words go beside the output."""
    print(words, file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(result))


def show_times(
    result: dict[str, Any],
    title: str,
    bars: Mapping[str, tuple[str, float]],
    as_json: bool,
    further: tuple[str, ...] = (),
) -> None:
    """Print the times of all variants and which bars are reached; as `show` does, with JSON last.

    Args:
        result: with `variants`, and the value of each bar; of one that is None, `why_no_peer`.
        title: of the table.
        bars: each with its sign, ">=" or "<=".
        as_json: see `show`.
        further: names of numbers that are printed too.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=as_json)
    table = Table(title, "ms", "quartiles")
    for name, row in result["variants"].items():
        quartiles = f"{row['lower_quartile_ms']:g} to {row['upper_quartile_ms']:g}"
        table.add_row(name, f"{row['median_ms']:g}", quartiles)
    console.print(table)
    for name, (sign, bar) in bars.items():
        value = result[name]
        if value is None:
            console.print(f"{name}: not measured ({result['why_no_peer']})")
            continue
        reached = "reached" if COMPARED[sign](value, bar) else "NOT reached"
        console.print(f"{name}: {value:g} ({sign} {bar:g}: {reached})")
    for name in further:
        console.print(f"{name}: {result[name]:g}")
    if as_json:
        print(json.dumps(result))


def _child() -> None:
    """Do what `in_child` asks for on standard input."""
    import importlib

    module, function, arguments = json.loads(sys.stdin.read())
    result = getattr(importlib.import_module(module), function)(*arguments)
    print(json.dumps({**result, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    _child()


def tree_mib(process: int) -> float:
    """MiB of memory that a process and all below it take.

    What forks share is counted once, and so are the pages of programs and libraries: as many as the
    process has that holds most of them.
    """
    anonymous, of_files = 0, 0
    for one in _tree(process):
        with contextlib.suppress(OSError, IndexError):  # it may end at any moment
            anonymous += _kib(f"/proc/{one}/smaps_rollup", "Pss_Anon:")
            of_files = max(of_files, _kib(f"/proc/{one}/status", "RssFile:"))
    return (anonymous + of_files) / 1024


def children(process: int) -> list[int]:
    """The processes that a process has started, and that still run."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _tree(process: int) -> Iterator[int]:
    yield process
    for child in children(process):
        yield from _tree(child)


def _kib(file: str, label: str) -> int:
    return int(Path(file).read_text().split(label)[1].split()[0])
