"""Every promise of a reference's docstring, beside the rung that looks at it."""

import inspect
import re
from collections.abc import Callable

from course_lib.exercises.exercise import Exercise

SECTIONS = ("Args", "Returns", "Raises")
SCAFFOLD = "scaffold"  # the promise is kept by lines that stand in the stub


def promised(reference: Callable) -> list[str]:
    """The sentences of a docstring below its first line, in order; a class's methods follow."""
    found = _below_the_first_line(inspect.getdoc(reference) or "")
    if isinstance(reference, type):
        for name, method in vars(reference).items():
            if inspect.isfunction(method) and method.__doc__:
                own = _below_the_first_line(inspect.getdoc(method))
                found += [f"{name}: {one}" for one in own]
    return found


def _below_the_first_line(docstring: str) -> list[str]:
    """Each sentence; those of a section begin with the name that they are about."""
    _, _, text = docstring.partition("\n")
    pattern = rf"^({'|'.join(SECTIONS)}):\n((?:[ \t]+.*\n?|\n)*)"
    found = _sentences(re.sub(pattern, "", text, flags=re.M))
    for _, body in re.findall(pattern, text, re.M):
        indent = min(len(line) - len(line.lstrip()) for line in body.splitlines() if line.strip())
        entries = re.split(rf"^{' ' * indent}(?=[\w*, ]+: )", body, flags=re.M)
        for entry in filter(str.strip, entries):
            name, _, about = " ".join(entry.split()).partition(": ")
            about = about or name
            name = f"{name}: " if about != name else ""
            found += [f"{name}{one}" for one in _sentences(about)]
    return found


def _sentences(text: str) -> list[str]:
    flat = " ".join(text.split())
    return [one.rstrip(".") for one in re.split(r"(?<=\.)\s+(?=[A-Z])|;\s", flat) if one]


def problems(exercise: Exercise) -> list[str]:
    """One sentence for each promise without a rung, and for each entry that fits nothing."""
    sentences = promised(exercise.reference)
    rungs = {rung.name for rung in exercise.ladder}
    found = [
        f"{exercise.id} promises {one!r}, and no entry of `promises` says which rung looks at it."
        for one in sentences
        if not any(_fits(words, one) for words in exercise.promises)
    ]
    for words, kept_by in exercise.promises.items():
        if not any(_fits(words, one) for one in sentences):
            found.append(f"{exercise.id}: its docstring doesn't say {words!r} any more.")
        for name in (kept_by,) if isinstance(kept_by, str) else kept_by:
            if name not in rungs and not re.match(rf"{SCAFFOLD}: \S", name):
                found.append(f"{exercise.id}: there is no rung {name!r}, for {words!r}.")
    return found


def table(exercise: Exercise) -> list[tuple[str, str]]:
    """Each promise with the rungs that look at it, to print."""
    rows = []
    for one in promised(exercise.reference):
        kept = [k for words, k in exercise.promises.items() if _fits(words, one)]
        names = [n for k in kept for n in ((k,) if isinstance(k, str) else k)]
        rows.append((one, "; ".join(names) or "nothing"))
    return rows


def _fits(words: str, sentence: str) -> bool:
    return words.lower() in sentence.lower()
