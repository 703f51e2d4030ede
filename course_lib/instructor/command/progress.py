"""How far a run has come: a live bar in a terminal, plain lines elsewhere."""

import sys
import time


class Progress:
    """Progress on standard error.

    Args:
        total: submissions in all.
        done: of these, graded before.
    """

    def __init__(self, total: int, done: int):
        self.total, self.done, self.before = total, done, done
        self.started = self.said = time.monotonic()
        self.unusual = 0
        self.bar = None
        if done:
            print(f"{done} of {total} were graded before and haven't changed.", file=sys.stderr)
        if done < total and not sys.stderr.isatty():  # nothing more is said before one is done
            print(
                f"Grading {total - done} of {total}: seconds each, minutes where there are "
                "projects or TensorFlow.",
                file=sys.stderr,
                flush=True,
            )
        elif done < total:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self.bar = Bar(
                TextColumn("{task.completed}/{task.total}"),
                BarColumn(),
                TextColumn("{task.fields[unusual]} unusual,"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=Console(stderr=True),
            )
            self.bar.start()
            self.task = self.bar.add_task("", total=total, completed=done, unusual=0)

    def advance(self, result: dict) -> None:
        """One more is graded."""
        self.done += 1
        usual = ("passed", "not right yet", "not written yet", "missing")
        self.unusual += any(e["outcome"] not in usual for e in result["exercises"])
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done, unusual=self.unusual)
            return
        now = time.monotonic()
        if now - self.said < 10 and self.done < self.total:
            return
        self.said = now
        each = (now - self.started) / (self.done - self.before)
        left = each * (self.total - self.done)
        print(
            f"{self.done} of {self.total} graded, {self.unusual} unusual, "
            f"about {left / 60:.0f} min {left % 60:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.bar is not None:
            self.bar.stop()
