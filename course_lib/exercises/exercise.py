"""What an exercise is made of: plain data and pure functions, one file an exercise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Arrays = dict[str, Any]  # names to plain data: arrays, numbers, strings, and dicts of them
BY_TWIN = " by your twin"  # ends the name of an output that the learner's own NumPy gave
WITHOUT_XLA = " without XLA"  # ends the name of an output of the same graph, not compiled
KINDS = ("build", "hunt", "speed up", "project")  # what is asked of the learner
# The fewest and the most that a card may say; CONTRIBUTING.md has the yardstick.
MINUTES = {1: (5, 15), 2: (15, 40), 3: (30, 60)}  # by stars
PROJECT_MINUTES = 45, 180  # training included


@dataclass(frozen=True)
class Hint:
    """A hint under the symptom that the learner sees.

    Args:
        symptom: what the learner sees or thinks, the title of the folded hint.
        text: what to think about next, in Markdown.
        fits: names of mistakes, and of rungs, after which `hint()` begins here; after all others it
            begins with the first.
    """

    symptom: str
    text: str
    fits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Why a rung isn't passed.

    Args:
        sentence: one sentence that says what is wrong.
        details: the smallest counter-example, label to text or array.
        errors: relative errors to draw, name to value or to one value a time step.
    """

    sentence: str
    details: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: data, a call that computes, and a judgement of what came out.

    The call sees the learner's function and the inputs; the judgement sees only plain arrays. So
    the two can run in different processes.

    Args:
        name: what holds once the rung is passed.
        inputs: makes the inputs, fresh at each call; plain arrays in the order of the arguments.
        judge: from inputs and outputs to a `Problem`, or None if all is well.
        call: from the learner's function and the inputs to named outputs; None: call the function
            with the inputs as they stand and name what it returns.
        hold: whether the results of each call are held, and must not change at a later call.
        of_all: whether every function has this rung (see `generic`), and it says little of its own.
        remark: from inputs and outputs to what the report adds once the rung is passed, "" for
            nothing; never a judgement.
        right: from inputs to the right outputs, where they are computed and not written down.
        fixed: whether what is right is written down, so that other inputs need another judge.
        how: of a case done by hand the arithmetic, which a later hint shows.
        by_verdict: whether two wrong answers are alike if they get the same verdict, as with facts
            about a graph, of which each style of code has its own.
        in_a_graph: whether the call makes a graph, where a loop without end can't be stopped.
    """

    name: str
    inputs: Callable[[], Arrays]
    judge: Callable[[Arrays, Arrays], Problem | None]
    call: Callable[[Callable, Arrays], Arrays] | None = None
    hold: bool = False
    of_all: bool = False
    remark: Callable[[Arrays, Arrays], str] | None = None
    right: Callable[[Arrays], Arrays] | None = None
    fixed: bool = False
    how: str = ""
    by_verdict: bool = False
    in_a_graph: bool = False

    @property
    def costly(self) -> bool:
        """Whether it takes seconds, and not a moment, to see what another answer makes of it."""
        return self.in_a_graph or self.by_verdict

    @property
    def by_xla(self) -> bool:
        """Whether it looks at what comes out where XLA compiles, which takes longest of all."""
        return self.in_a_graph and self.right is not None


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners give, and the idea behind it.

    Args:
        answer: the wrong function; an answer that computes the same is recognised as this mistake.
        sentence: names the idea that is wrong and what to do.
        called: the mistake in a few words; empty: the name of its function says it.
    """

    answer: Callable
    sentence: str
    called: str = ""

    @property
    def name(self) -> str:
        """The mistake in a few words."""
        return self.called or self.answer.__name__.replace("_", " ")


@dataclass
class Exercise:
    """An exercise; its id is the name of the function or class to write.

    Args:
        reference: the function or class of `course_lib` that stands behind the exercise.
        title: a short title.
        goal: one sentence.
        difficulty: 1 (one formula), 2 (several parts) or 3 (something of one's own to find); the
            stars on the card.
        minutes: how long a learner who has read the section should expect to need, in steps of 5.
        returns: names of what the function returns, in order, each with its kind: "array",
            "complex" (an array that may hold complex numbers), "number", "flag", "mapping" (a dict
            of arrays or numbers) or "anything". Empty for a class, and for what gives tensors: then
            each rung has a `call`.
        ladder: the rungs, cheapest first.
        hints: at most four: a question, a picture or a shape, the idea in words, the recipe.
        uses: ids of earlier exercises whose functions this one calls. A check hands it the
            reference's, so that one wrong answer doesn't spoil the next; a cell that runs it in
            earnest needs them passed.
        start: in a bug hunt the wrong code that the learner starts from; see `hunt`.
        kind: one of `KINDS`; a bug hunt becomes one by its `hunt`.
        equivalent: small changes of the reference that leave it right, with the reason: "before ->
            after", as `course prove --mutants` prints it, to one sentence. … stands for any text.
        single: whether the reference promises float32 out for float32 in.
        by_seed: whether the seed alone must decide what comes out. Python hashes a text
            differently each time it starts, so a seed made from such a hash is refused.
        twin: of a *speed up*, id of the NumPy exercise that it is the fast form of. A check leaves
            the learner's own in its place if it has passed.
        no_twin: of a *speed up* that is the fast form of none, a sentence that says why.
        runs_on: of a *speed up*, a sentence that says on which device.
        promises: words of each sentence in the reference's Args, Returns and Raises, to the rung,
            or the rungs, that look at it; "scaffold: why" where the stub keeps it.
    """

    reference: Callable
    title: str
    goal: str
    difficulty: int
    minutes: int
    returns: dict[str, str]
    ladder: tuple[Rung, ...]
    hints: tuple[Hint, ...]
    uses: tuple[str, ...] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    alternatives: list[Callable] = field(default_factory=list)
    start: Callable | None = None
    kind: str = "build"
    equivalent: dict[str, str] = field(default_factory=dict)
    single: bool = False
    by_seed: bool = False
    twin: str = ""
    no_twin: str = ""
    runs_on: str = "It runs on a GPU if there is one."
    promises: dict[str, str | tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self):
        if not 1 <= len(self.hints) <= 4:
            raise ValueError(f"{self.id}: one to four hints, not {len(self.hints)}.")
        if self.difficulty not in (1, 2, 3):
            raise ValueError(f"{self.id}: difficulty is 1, 2 or 3, not {self.difficulty}.")
        if self.kind not in KINDS:
            raise ValueError(f"{self.id}: kind is one of {KINDS}, not {self.kind!r}.")
        least, most = PROJECT_MINUTES if self.kind == "project" else MINUTES[self.difficulty]
        if not least <= self.minutes <= most or self.minutes % 5:
            raise ValueError(
                f"{self.id}: minutes are {least} to {most} in steps of 5 here, not {self.minutes}."
            )

    @property
    def id(self) -> str:
        """The name of the function or class to write."""
        return self.reference.__name__

    def mistake(self, sentence: str) -> Callable:
        """Decorator: the function below is a wrong answer; `sentence` names the idea behind it."""

        def add(answer):
            self.mistakes.append(Mistake(answer, sentence))
            return answer

        return add

    def hunt(self, sentence: str) -> Callable:
        """Decorator: the function below is wrong, and the learner starts from it to find out why.

        It is a mistake like the others; `sentence` names the symptom, not the cure.
        """

        def begin(answer):
            if self.start is not None:
                raise ValueError(f"{self.id}: a bug hunt starts from one function, not two.")
            self.start, self.kind = answer, "hunt"
            return self.mistake(sentence)(answer)

        return begin

    def alternative(self, answer: Callable) -> Callable:
        """Decorator: the function below is right, in another style; the check must pass it."""
        self.alternatives.append(answer)
        return answer
