"""A long run in pieces that don't need each other: side by side, and kept as soon as done.

A run that was killed goes on with the pieces that are missing. What a piece gives does not depend
on the number of processes: each has one thread, and a piece seeds itself.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from course_lib import cores
from course_lib.training.workers import WorkerError


@dataclass(frozen=True)
class Piece:
    """A part of a run.

    Args:
        name: what it gave is kept under it.
        function: of a module, so that another process finds it; it gives what JSON can hold.
        arguments: of the function.
        cost: how long it takes, compared with other pieces.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple = ()
    cost: float = 1.0


Plan = Callable[[dict[str, Any]], Iterable[Piece]]


def finish(
    plan: Plan,
    file: Path | None = None,
    made_of: Any = None,
    processes: int | None = None,
    say: Callable[[str, Any], None] | None = None,
) -> dict[str, Any]:
    """Run all pieces of a plan, the longest first.

    Args:
        plan: from what finished pieces gave, by name, to all pieces that are needed as far as is
            known. It is asked again whenever one is finished, so a piece may follow from others.
        file: where what they gave is kept until the end of the whole; None: nowhere.
        made_of: what the pieces depend on, as JSON can hold it. Kept ones of something else are
            not used.
        processes: at most so many at a time; None: one for each core that we may use.
        say: called with the name of each piece that is finished, and with what it gave.

    Returns:
        What the pieces gave, by name. The caller removes `file` once that is safe.

    Raises:
        WorkerError: a process was ended from outside.
    """
    done = _kept(file, made_of)
    count = processes or cores.workers()
    running: dict[Future, str] = {}
    fresh = get_context("spawn")  # TensorFlow doesn't survive a fork
    pool = ProcessPoolExecutor(count, fresh, initializer=_begin)
    try:
        while True:
            started = {*done, *running.values()}
            waiting = [piece for piece in plan(done) if piece.name not in started]
            waiting.sort(key=lambda piece: -piece.cost)
            for piece in waiting[: count - len(running)]:
                with cores.handed_down(cores.ONE_THREAD):
                    running[pool.submit(piece.function, *piece.arguments)] = piece.name
            if not running:
                return done
            for one in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(one)
                done[name] = one.result()
                _keep(file, made_of, done)
                if say is not None:
                    say(name, done[name])
    except BrokenProcessPool as error:
        raise WorkerError(
            "A process of this run was ended from outside; perhaps the memory was full. Start the "
            "run again: it goes on with what is missing."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """In each process, before it loads TensorFlow."""
    # Many processes can't share a GPU, and these networks are too small for one.
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Of a run that was killed, no process is left behind."""
    parent_process().join()
    os._exit(1)


def _kept(file: Path | None, made_of: Any) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    stored = json.loads(file.read_text(encoding="utf-8"))
    return stored["pieces"] if stored["made_of"] == _as_json(made_of) else {}


def _keep(file: Path | None, made_of: Any, pieces: dict[str, Any]) -> None:
    """In one go: a run that is killed meanwhile leaves the file before this one."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"made_of": made_of, "pieces": pieces}), encoding="utf-8")
    new.replace(file)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))
