"""What a command of the test run did, in numbers: passed, failed and skipped, and why skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

NOTHING_COLLECTED = 5  # pytest's exit code


@dataclass(frozen=True)
class Tally:
    """Counts of checks; a command that holds no tests of its own is one check.

    Args:
        passed: how many passed.
        failed: how many failed or could not be run.
        skipped: for each reason, how many were skipped for it.
        remark: what a failure is that no test reported, or empty.
        failures: what failed, in a line or a few each.
        found: pytest's tests that were there to run, by their name without the case.
        ran: those of which a case was run, or skipped for a reason.
    """

    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    remark: str = ""
    failures: tuple[str, ...] = ()
    found: frozenset[str] = frozenset()
    ran: frozenset[str] = frozenset()

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            " ".join(filter(None, (self.remark, other.remark))),
            self.failures + other.failures,
            self.found | other.found,
            self.ran | other.ran,
        )

    @property
    def left_out(self) -> frozenset[str]:
        """Tests that no command ran."""
        return self.found - self.ran

    @property
    def verdict(self) -> str:
        """`FAILED`; or `passed`, which needs one check that did; else `skipped`."""
        if self.failed:
            return "FAILED"
        return "passed" if self.passed else "skipped"

    def __str__(self) -> str:
        """The counts that are not zero."""
        skipped = self.skipped.total()
        counts = {"passed": self.passed, "failed": self.failed, "skipped": skipped}
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)

    @property
    def total(self) -> str:
        """The counts, zeros included: the line that a CI service reads."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped.total()} skipped"


def of_command(code: int, last_lines: Iterable[str] = ()) -> Tally:
    """A command that is one check: its exit code decides; if it failed, its last lines tell why."""
    if code == 0:
        return Tally(passed=1)
    return Tally(failed=1, failures=("\n".join(last_lines),))


def of_pytest(code: int, report: Path) -> Tally:
    """A run of pytest.

    Args:
        code: its exit code.
        report: what it wrote with `--junitxml`; it need not exist.

    Returns:
        The counts of its tests. A run without a test, one that broke off, and one whose exit code
        says that something failed which the report lacks, count as a failure.
    """
    if code == NOTHING_COLLECTED:
        return Tally(failed=1, remark="pytest found no test.")
    try:
        suites = list(ElementTree.parse(report).iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Tally(failed=1, remark=f"pytest ended with {code} and without a report.")
    count = Counter()
    for suite in suites:
        for what in ("tests", "failures", "errors", "skipped"):
            count[what] += int(suite.get(what, 0))
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    skipped = Counter(
        found.get("message") or "no reason given"
        for suite in suites
        for found in suite.iter("skipped")
    )
    if code and not failed:
        return Tally(passed, 1, skipped, f"pytest ended with {code}, though no test failed.")
    return Tally(passed, failed, skipped, failures=tuple(_failures(suites)))


def _failures(suites: Iterable[ElementTree.Element]) -> Iterator[str]:
    """Each test that failed, with the first line of why."""
    for case in (case for suite in suites for case in suite.iter("testcase")):
        for found in (*case.iter("failure"), *case.iter("error")):
            why = (found.get("message") or "").partition("\n")[0]
            yield f"{case.get('classname')}::{case.get('name')}: {why[:200]}"
