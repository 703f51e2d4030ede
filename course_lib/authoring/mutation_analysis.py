"""Would the tests notice? Small changes to `course_lib`, each tried on the tests of its own folder.

Run on demand, never in `make test`: ``python -m course_lib.authoring.mutation_analysis 300``.
CONTRIBUTING.md says how to get cosmic-ray, whose operators make the changes. The working tree is
left alone: every process works on a copy of its own.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib.util
import itertools
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from course_lib.cores import ONE_THREAD, workers
from course_lib.exercises.registry import CHAPTERS

PACKAGE = Path("course_lib")
# The exercises' own files: `course prove --mutants` looks at those.
ASIDE = tuple(PACKAGE / "exercises" / chapter.name for chapter in CHAPTERS)
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0")
QUICK = ("-m", "not (slow or alone or browser or gpu)")  # as in `make test`
SLOW = ("-m", "(slow or alone) and not (browser or gpu)")
LOADED = ("tensorflow", "keras")  # once, and not for each run of pytest anew
PASSED, NOTHING_COLLECTED = 0, 5  # pytest's exit codes
NOTICED, ALIVE, UNTRIED = "noticed", "alive", "untried"
MISSED = "missed"  # by the quick tests; the slow ones have not been asked
FIRST_LIMIT = 1200  # seconds for a run of pytest of which nothing is known yet
PATIENCE = 5  # a mutant that takes so many times as long as no mutant has hung


@dataclass(frozen=True)
class Mutant:
    """One small change of one file.

    Args:
        file: below the checkout's root.
        line: where the change begins.
        operator: cosmic-ray's name for the kind of change.
        occurrence: which of the places in the file that this operator can change.
    """

    file: Path
    line: int
    operator: str
    occurrence: int

    def source(self, code: str) -> str:
        """The file's code with the change in it."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        changed = mutate_code(code, get_operator(self.operator)(), self.occurrence)
        assert changed is not None, f"{self} changes nothing"
        return changed

    def is_python(self, root: Path) -> bool:
        """Whether the file, below `root`, can still be read as Python with the change in it."""
        try:
            ast.parse(self.source((root / self.file).read_text(encoding="utf-8")))
        except (SyntaxError, AttributeError):  # cosmic-ray stumbles over `except (a.B, C)`
            return False
        return True

    def difference(self, code: str) -> str:
        """The lines that the change touches, as a diff."""
        lines = code.splitlines(), self.source(code).splitlines()
        return "\n".join(list(difflib.unified_diff(*lines, lineterm="", n=0))[2:])


def files(root: Path) -> list[Path]:
    """The files that are mutated, below `root`, in order."""
    return [
        file.relative_to(root)
        for file in sorted((root / PACKAGE).rglob("*.py"))
        if file.relative_to(root).parent not in ASIDE
    ]


def mutants(root: Path, file: Path) -> Iterator[list[Mutant]]:
    """For each place of a file that can be changed, the ways to change it.

    Left out are type annotations, for nothing runs them, and the `strict` of a zip: it guards
    against a slip of ours, and no right program trips over it.
    """
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    code = (root / file).read_text(encoding="utf-8")
    nodes = list(ast_nodes(get_ast(code)))
    aside = list(_left_out(code))
    places: dict[tuple, list[Mutant]] = {}
    for name in sorted(operator_names()):
        if get_operator(name).arguments():  # needs to be told what to do
            continue
        operator = get_operator(name)()
        positions = [p for node in nodes for p in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(positions):
            if not any(first <= start and end <= last for first, last in aside):
                mutant = Mutant(file, start[0], name, occurrence)
                places.setdefault((start, end), []).append(mutant)
    yield from places.values()


def _left_out(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations, and the `strict` of a zip, begin and end: line and column."""
    for node in ast.walk(ast.parse(code)):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.keyword) and node.arg == "strict":
            parts.append(node.value)
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def sample(root: Path, count: int, seed: int, only: Sequence[Path] = ()) -> list[Mutant]:
    """Mutants drawn at random: first the places, evenly, then a way to change each.

    What Python can't read any more, such as `{//settings}`, is passed over: any test notices it.

    Args:
        root: the checkout.
        count: how many; fewer, if there are fewer places.
        seed: the same seed draws the same ones.
        only: files or folders below `root`; by default all of the package.
    """
    chosen = [f for f in files(root) if not only or any(f.is_relative_to(one) for one in only)]
    places = [place for file in chosen for place in mutants(root, file)]
    rng = random.Random(seed)
    drawn = (rng.choice(place) for place in rng.sample(places, len(places)))
    return list(itertools.islice((one for one in drawn if one.is_python(root)), count))


def asked(root: Path, file: Path, *, quick: bool = False) -> list[tuple[str, ...]]:
    """Runs of pytest for a file: its own tests, and unless `quick`, then the slow ones of them."""
    own = own_tests(root, file)
    paths = [path for run in own for path in run if not path.startswith("--ignore")]
    return [(*QUICK, *run) for run in own] + ([] if quick else [(*SLOW, *paths)])


def own_tests(root: Path, file: Path) -> list[tuple[str, ...]]:
    """What pytest is to run for a file, those most likely to notice first.

    Tests mirror the package: first the file of the same name, then the rest of its folder, those
    that import the module first. Where there is none of that name, tests of other folders that
    import the module come first, or else
    the own tests of modules that do: what makes the book is tested beside the pages, a table of
    grades where the command is. A module of the package itself has its own file, or all of those at
    the top.
    """
    folder = root / "tests"
    parts, own = _mirrored(folder, file)
    if own.exists():
        beside = sorted(folder.joinpath(*parts).rglob("test_*.py")) if parts else []
        near = [one for one in beside if one != own and _imports(one, file)]
        rest = [own.parent, *(f"--ignore={one}" for one in (own, *near))] if parts else []
        runs = [[own], near, rest]
    elif parts:
        mirrored = folder.joinpath(*parts)
        known = {one for one in folder.rglob("test_*.py") if _imports(one, file)}
        if not known:
            users = [one for one in (root / PACKAGE).rglob("*.py") if _imports(one, file)]
            known = {_mirrored(folder, one.relative_to(root))[1] for one in users}
        known = {one for one in known if one.exists() and not one.is_relative_to(mirrored)}
        runs = [sorted(known), [mirrored]]
    else:
        runs = [sorted(folder.glob("test_*.py"))]
    return [tuple(str(p).replace(f"{root}{os.sep}", "") for p in run) for run in runs if run]


def _mirrored(tests: Path, file: Path) -> tuple[tuple[str, ...], Path]:
    """The parts of the folder with a file's tests, and the test file of its name, there or not."""
    parts = file.relative_to(PACKAGE).parent.parts
    while parts and not tests.joinpath(*parts).is_dir():
        parts = parts[:-1]
    return parts, tests.joinpath(*parts, f"test_{file.stem}.py")


def _imports(file: Path, module: Path) -> bool:
    package = re.escape(".".join(module.parent.parts))
    line = rf"^\s*from {package}(\.{module.stem} import| import .*\b{module.stem}\b)"
    return re.search(line, file.read_text(encoding="utf-8"), re.MULTILINE) is not None


def copy_of(root: Path, target: Path) -> Path:
    """A copy of what git tracks, or would track, at `target`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    return target


@dataclass(frozen=True)
class Seen:
    """What a run of pytest came to; one that hits its time limit has not passed."""

    passed: bool
    failing: str | None  # the file of the test that failed, if pytest came to name it


class Runner:
    """Runs pytest in a copy of the checkout, again and again, as forks of one process."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.said = copy.with_name(f"{copy.name}.said")
        environment = ONE_THREAD | os.environ | {
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",  # else Python takes the last mutant's for this one's
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / ".hypothesis"),
        }  # fmt: skip
        self.server = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("fork_server.py")), *LOADED],
            cwd=copy,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,  # select sees what is left to be read
        )

    def __call__(self, run: tuple[str, ...], limit: float | None = None) -> Seen:
        """What pytest comes to, until a test fails or `limit` (seconds) is over."""
        order = {
            "folder": str(self.copy),
            "beside": _beside(),
            "arguments": [*PYTEST, *run],
            "said": str(self.said),
        }
        self.server.stdin.write(json.dumps(order).encode() + b"\n")
        process = int(self.server.stdout.readline())
        if not select.select([self.server.stdout], [], [], limit)[0]:
            os.killpg(process, signal.SIGKILL)
        status = int(self.server.stdout.readline())
        said = self.said.read_bytes()
        failing = re.search(rb"^(?:FAILED|ERROR) ([^\s:]+\.py)", said, re.MULTILINE)
        return Seen(status in (PASSED, NOTHING_COLLECTED), failing and failing[1].decode())

    def close(self) -> None:
        """End the process that forks."""
        self.server.stdin.close()
        self.server.wait()
        self.server.stdout.close()


def _beside() -> list[str]:
    """Where cosmic-ray lies, whose own needs are newer than ours: its tests must find it last."""
    found = importlib.util.find_spec("cosmic_ray")
    return [] if found is None else [str(Path(found.origin).parents[1])]


class TellsNothing(Exception):
    """Tests that fail anyway; the message names them."""


class Unchanged:
    """What the tests do where nothing is changed: how long they take, and which of them pass."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, ...], float] = {}
        self.passing: set[tuple[str, ...]] = set()

    def notices(self, pytest: Runner, mutant: Mutant, run: tuple[str, ...]) -> bool:
        """Whether a run of pytest fails, or hangs, with the mutant in its copy, and only then.

        Afterwards the copy is as it was before.

        Raises:
            TellsNothing: the tests fail without a mutant too.
        """
        file = pytest.copy / mutant.file
        code = file.read_text(encoding="utf-8")
        known = self.seconds.get(run)
        limit = FIRST_LIMIT if known is None else PATIENCE * known + 10
        file.write_text(mutant.source(code), encoding="utf-8")
        began = time.monotonic()
        try:
            seen = pytest(run, limit)
        finally:
            file.write_text(code, encoding="utf-8")
        if seen.passed:
            self.seconds[run] = max(time.monotonic() - began, known or 0.0)
            self.passing.add(run)
            return False
        # The whole run is not needed: the file that failed by itself says enough.
        alone = (*run[:2], seen.failing) if seen.failing else run
        if run not in self.passing and alone not in self.passing:
            if not pytest(alone).passed:
                raise TellsNothing(f"These tests fail as they are: pytest {' '.join(alone)}")
            self.passing.add(alone)
        return True


def outcome(pytest: Runner, mutant: Mutant, unchanged: Unchanged, *, quick: bool = False) -> str:
    """`NOTICED` by the first run of pytest that does so, else `ALIVE`, or `MISSED` if `quick`."""
    runs = asked(pytest.copy, mutant.file, quick=quick)
    if any(unchanged.notices(pytest, mutant, run) for run in runs):
        return NOTICED
    return MISSED if quick else ALIVE


class Notes:
    """What is known of mutants, from an earlier run too: a line of JSON for each.

    A line is read again only for the same change in the same place; whoever deletes it has the
    mutant tried again.

    Args:
        file: where the lines stand, the newest last; None keeps them in memory alone.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.found: dict[tuple[str, str], str] = {}
        if file is not None and file.exists():
            for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
                self.found[line["place"], line["change"]] = line["found"]

    def add(self, place: str, change: str, found: str, seconds: float) -> None:
        """Write down what a mutant came to, and how long that took."""
        self.found[place, change] = found
        if self.file is not None:
            line = {"place": place, "change": change, "found": found, "seconds": round(seconds, 1)}
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")


def by_folder(drawn: Sequence[Mutant], alive: Sequence[Mutant]) -> str:
    """A line for each folder of the package: how many of its mutants were noticed."""
    count = {what: Counter(m.file.parts[1] for m in ones) for what, ones in
             (("drawn", drawn), ("alive", alive))}  # fmt: skip
    return "\n".join(
        f"{part:<24}{all_ - count['alive'][part]:4} of {all_}"
        for part, all_ in sorted(count["drawn"].items())
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutation_analysis", description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many mutants")
    parser.add_argument("only", nargs="*", type=Path, help="files or folders below course_lib")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same mutants")
    parser.add_argument("--least", type=float, default=95, help="percent to be noticed")
    parser.add_argument("--quick", action="store_true", help="don't ask the slow tests")
    parser.add_argument("--jobs", type=int, default=workers(), help="processes side by side")
    parser.add_argument(
        "--notes", type=Path, help="where to write what is found, and to read it, to go on later"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of mutants; 0 if the share that was noticed is high enough, else 1."""
    chosen = _parser().parse_args(arguments)
    try:
        import cosmic_ray  # noqa: F401
    except ModuleNotFoundError:
        print("This needs cosmic-ray: CONTRIBUTING.md says how to get it.", file=sys.stderr)
        return 2
    root = Path.cwd()
    drawn = sample(root, chosen.count, chosen.seed, chosen.only)
    if not drawn:
        print("There is nothing to mutate: run this in the checkout.", file=sys.stderr)
        return 2
    tried: list[Mutant] = []
    alive: list[Mutant] = []
    unchanged = Unchanged()
    notes = Notes(chosen.notes)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(chosen.jobs) as pool:
        runners = [Runner(copy_of(root, Path(folder) / str(job))) for job in range(chosen.jobs)]
        free: SimpleQueue[Runner] = SimpleQueue()
        for runner in runners:
            free.put(runner)

        def attempt(mutant: Mutant) -> tuple[str, str]:
            """What was found, and the change."""
            place = f"{mutant.file}:{mutant.line}"
            pytest = free.get()
            try:
                # of the copy: in the working tree somebody may be at work
                change = mutant.difference((pytest.copy / mutant.file).read_text(encoding="utf-8"))
                known = notes.found.get((place, change))
                if known is None or (known == MISSED and not chosen.quick):
                    began = time.monotonic()
                    found = outcome(pytest, mutant, unchanged, quick=chosen.quick)
                    notes.add(place, change, found, time.monotonic() - began)
                return notes.found[place, change], change
            except TellsNothing as error:
                print(error)
                return UNTRIED, change
            finally:
                free.put(pytest)

        number = 0
        try:
            for mutant, (found, change) in zip(drawn, pool.map(attempt, drawn), strict=True):
                number += 1
                place = f"{mutant.file}:{mutant.line}"
                print(f"{number:4} of {len(drawn)}  {found:8} {place}", flush=True)
                if found != UNTRIED:
                    tried.append(mutant)
                if found in (ALIVE, MISSED):
                    alive.append(mutant)
                    print(change, flush=True)
        except KeyboardInterrupt:
            print("Stopped: those that have begun are ended, and what was seen is told.")
            pool.shutdown(cancel_futures=True)
        for runner in runners:
            runner.close()
    print(by_folder(tried, alive))
    noticed = len(tried) - len(alive)
    share = 100 * noticed / max(len(tried), 1)
    print(f"{noticed} of {len(tried)} mutants noticed: {share:.1f} % (seed {chosen.seed})")
    if number > len(tried):
        print(f"{number - len(tried)} more were not tried: their tests fail as they are.")
    return 0 if tried and share >= chosen.least else 1


if __name__ == "__main__":
    sys.exit(main())
