"""The verdict on one exercise, as plain data."""

from dataclasses import asdict, dataclass, field

from course_lib.exercises.calling.guard import OUT_OF_MEMORY, OUT_OF_TIME, RAISED
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.sandbox.session import CRASHED, TAMPERED

MISSING = "missing"
NOWHERE = "No notebook holds this exercise."
OUTCOMES = (
    PASSED, NOT_RIGHT, NOT_WRITTEN, RAISED, OUT_OF_TIME, OUT_OF_MEMORY, CRASHED, TAMPERED, MISSING,
)  # fmt: skip


@dataclass
class Verdict:
    """What became of one exercise.

    Args:
        exercise: id.
        outcome: one of `OUTCOMES`.
        sentence: the same sentence that the learner's own check gives.
        mistake: the recognised mistake, or None.
        held: how many rungs hold.
        rungs: how many there are.
        failed: the first rung that doesn't hold, or None.
        remarks: what else is worth knowing, one sentence each.
        hidden: whether it fell at a hidden case, which a student isn't told more about.
        printed: what it printed, the beginning.
        notebook: which notebook it stood in.
        mark: of a project, how many of its marks are reached; None for other exercises.
        score: of a project, what the marks are read off; None if nothing could be measured.
        replaced: parts of Python or NumPy that the notebook has put others in place of. The judge
            relies on none of them, so they cost nothing. Parts of the judge's own are among them
            if they were replaced before it began; it has put them back.
        code: of a recognised mistake the lines of the answer that show it, at most two.
    """

    exercise: str
    outcome: str
    sentence: str = ""
    mistake: str | None = None
    held: int = 0
    rungs: int = 0
    failed: str | None = None
    remarks: list[str] = field(default_factory=list)
    hidden: bool = False
    printed: str = ""
    notebook: str = ""
    mark: int | None = None
    score: float | None = None
    replaced: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)
