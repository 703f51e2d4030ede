"""Hints and solutions as they show themselves in a notebook or a terminal."""

from dataclasses import dataclass

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.markup import inline_code


@dataclass(frozen=True)
class Card:
    """A titled piece of text or code.

    Args:
        title: its heading.
        body: text in Markdown, or code.
        is_code: whether the body is code.
        ok: whether it is what was asked for; as a truth value the card is this.
    """

    title: str
    body: str
    is_code: bool = False
    ok: bool = True

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"{self.title}\n\n{self.body}"

    def _repr_markdown_(self) -> str:
        body = f"```python\n{self.body}\n```" if self.is_code else self.body
        return f"**{inline_code(self.title)}**\n\n{body}"


def apology(sentence: str) -> Card:
    """In place of what was asked for: a sentence about what to ask."""
    return Card("Please ask again", sentence, ok=False)


def hint_card(exercise: Exercise, number: int, shell: bool = False) -> Card:
    """Hint `number` of an exercise, from 1; it ends with what to type next, here or in a shell.

    The last but one shows how the case by hand is computed; a failed check shows the numbers only.
    """
    hint = exercise.hints[number - 1]
    count = len(exercise.hints)
    if number < count:
        again = f"course hint {exercise.id} --number {number + 1}"
        then = f"""The next hint: `{again if shell else f'hint("{exercise.id}")'}`"""
    else:
        call = f"course solution {exercise.id}" if shell else f'solution("{exercise.id}")'
        then = f"That was the last hint; `{call}` shows the reference."
    text = hint.text
    if number == max(count - 1, 1):
        text += _by_hand(exercise)
    return Card(f"Hint {number} of {count}: {hint.symptom}", f"{text}\n\n{then}")


def _by_hand(exercise: Exercise) -> str:
    """The arithmetic of the cases by hand, a line each; "" where there is none.

    Of several, each has its check's name, so that nobody looks for one case's numbers in another.
    """
    cases = [rung for rung in getattr(exercise, "ladder", ()) if rung.how]
    if not cases:
        return ""
    several = len(cases) > 1
    told = [f"The case{'s' if several else ''} that the check does by hand:"]
    for rung in cases:
        told += [f"*{rung.name}*"] * several
        told.append("\n".join(f"- {line.strip()}" for line in rung.how.splitlines()))
    return "\n\n" + "\n\n".join(told)


def solution_card(exercise: Exercise) -> Card:
    """The reference's code."""
    from course_lib.authoring.source import reference_code

    code = reference_code(exercise.reference).rstrip()
    return Card(f"The reference for {exercise.id}", code, is_code=True)
