"""Slips: the right function with one small thing changed, as `mutants` makes them.

A wrong answer that does exactly what a slip does has made it, or one that comes to the same: the
sentence says no more than that, and so it is true.
"""

import ast
import contextlib
import functools
import inspect
import itertools
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from course_lib.exercises.exercise import Exercise, Mistake
from course_lib.exercises.naming.habits import habits
from course_lib.exercises.naming.mutants import compiled, mutants
from course_lib.exercises.naming.trees import tree_of, without_docstrings
from course_lib.exercises.registry import get
from course_lib.graphs import namespace_of

# Words of a sentence that is about several things at once; what isn't read, no result can show.
SEVERAL = r"\b(both|two|all|each other|every\w*|nothing|none|places|swapped|exchanged|mixed|read)\b"
ORDINALS = ("first", "second", "third", "fourth", "next")
LONGEST = 140  # characters of a change in words that a person still reads


@dataclass(frozen=True)
class Slip(Mistake):
    """A reference with one small thing changed.

    Args:
        source: the whole changed function or class without its docstrings, as `ast.unparse` writes
            it.
    """

    source: str = ""

    @property
    def leaves_out_a_line(self) -> bool:
        """Whether a whole line is missing."""
        return self.called.startswith(("without the line", "without the loop"))


@functools.cache
def slips(reference: Callable) -> tuple[Slip, ...]:
    """Every slip of a reference that can be said in a few words, those first that are made where
    learners write.
    """
    return tuple(
        Slip(answer, f"Your code behaves exactly like the right code {words}.", words, source)
        for words, answer, source in _changed(reference, vars(sys.modules[reference.__module__]))
    )


def nearest_first(reference: Callable, function: Callable) -> list[Slip]:
    """The slips of a reference, those first whose code is most like a learner's.

    Where there is time for a few of them only, these are the likely ones: whoever writes nearly
    what the course does is the nearest to the one slip that they made.
    """
    own, right = _source(function), _source(reference)
    if not own or not right:
        return list(slips(reference))
    before = ast.unparse(without_docstrings(tree_of(reference, decorated=False))).splitlines()
    theirs, ours = pairs(own.splitlines()), pairs(right.splitlines())

    def farther(slip: Slip) -> int:
        """How much farther away the slip's code is than the reference's."""
        after = slip.source.splitlines()
        gone, new = (pairs(_without(*two)) for two in ((before, after), (after, before)))
        away = 0
        for pair in gone.keys() | new.keys():
            apart = theirs[pair] - ours[pair]
            away += abs(apart - new[pair] + gone[pair]) - abs(apart)
        return away

    return sorted(slips(reference), key=farther)


def _source(function: Callable) -> str:
    """What a function or class is written in, as `ast.unparse` writes it; "" if it isn't known."""
    with contextlib.suppress(Exception):  # attributes of an object of the learner's own can raise
        return ast.unparse(tree_of(function, decorated=False))
    return ""


def _without(lines: list[str], others: list[str]) -> list[str]:
    """Those lines that aren't among the others, each as often as it is there more often."""
    return list((Counter(lines) - Counter(others)).elements())


def pairs(lines: Iterable[str]) -> Counter[tuple[str, str]]:
    """Each word or sign with the next one of its line, and how often they stand so."""
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        words = re.findall(r"\w+|[^\w\s]", line)
        found.update(itertools.pairwise(["", *words, ""]))
    return found


def both(first: Mistake) -> Iterator[Mistake]:
    """A first mistake or slip with a second slip in it."""
    for words, answer, _ in _changed(first.answer, namespace_of(first.answer)):
        changed = together(first.called, words)
        sentence = f"Your code behaves exactly like the right code {changed}."
        yield Mistake(answer, sentence, f"{first.name} and {words}")


def together(one: str, other: str) -> str:
    """Two changes in words; what has become of two results alike is one change."""
    first, second = (re.fullmatch(r"with (`[^`]+`) (?!for )(.+)", words) for words in (one, other))
    if first and second and first[2] == second[2]:
        return f"with {first[1]} and {second[1]} {first[2]}"
    return f"with two things changed: {one}, and {other}"


def whose_names(exercise: Exercise, words: str, function: Callable) -> str:
    """Which names in some words, if any, are the solution's and nowhere in what a learner wrote.

    Args:
        exercise: whose solution the words are about.
        words: of a slip.
        function: the learner's.

    Returns:
        A sentence, or "".
    """
    tree = tree_of(exercise.reference, decorated=False)
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    theirs = set()
    with contextlib.suppress(Exception):  # as for its source
        for node in ast.walk(tree_of(function, decorated=False)):
            theirs |= {getattr(node, "id", ""), getattr(node, "arg", "")}
    said = re.findall(r"\w+", " ".join(re.findall("`(.+?)`", words)))
    foreign = [name for name in dict.fromkeys(said) if name in own and name not in theirs]
    if not foreign:
        return ""
    *others, last = [f"`{name}`" for name in foreign]
    names = f"{', '.join(others)} and {last}" if others else last
    what = "are names" if others else "is a name"
    return f"{names} {what} in the solution of {exercise.id}."


def is_contradicted(exercise: Exercise, words: str, function: Callable) -> bool:
    """Whether the learner's code has what a slip would have replaced, and not what it put there.

    It does the same all the same, for another reason.

    Args:
        exercise: whose solution the words are about.
        words: of a slip.
        function: the learner's.
    """
    own, right = _source(function), _source(exercise.reference)
    if replaced := re.fullmatch("with `([^`]+)` for `([^`]+)`", words):
        new, old = replaced.groups()
        return old in own and new not in own
    if left_out := re.fullmatch("without (?:the line )?`([^`]+)`", words):
        return 0 < right.count(left_out[1]) <= own.count(left_out[1])
    if moved := re.fullmatch("with `([^`]+)` inside the loop", words):
        return moved[1] in own and not _is_in_a_loop(moved[1], own)
    return False


def is_written(words: str, function: Callable) -> bool:
    """Whether a learner's code has what a slip has put in the place of something else.

    A name may stand there for other reasons; then it hasn't what was replaced. `[:, None, :]` is
    `[:, None]`.

    Args:
        words: of a slip.
        function: the learner's.
    """
    replaced = re.match("with `([^`]+)` for `([^`]+)`", words)
    if not replaced:
        return False
    texts = (*replaced.groups(), _source(function))
    new, old, own = (text.replace(", :]", "]") for text in texts)
    return new in own and not (new.isidentifier() and old in own)


def _is_in_a_loop(line: str, source: str) -> bool:
    """Whether some code has a line inside a loop."""
    loops = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.For | ast.While)]
    inside = (n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.stmt))
    return any(ast.unparse(one) == line for one in inside)


def made_in_part(exercise: Exercise, mistake: Mistake, results: Collection[str]) -> Mistake:
    """A mistake that is made in some of the results only; the others are the reference's.

    Args:
        exercise: of several results.
        mistake: one of its own.
        results: names of those that are wrong.
    """

    def answer(*arguments, **named):
        right = exercise.reference(*arguments, **named)
        wrong = mistake.answer(*arguments, **named)
        pairs = zip(exercise.returns, right, wrong, strict=True)
        return tuple(bad if name in results else good for name, good, bad in pairs)

    names = [name for name in exercise.returns if name in results]
    only = f"Only {' and '.join(names)} {'is' if len(names) == 1 else 'are'} wrong in this way."
    return Mistake(answer, f"{mistake.sentence} {only}", mistake.name)


def _changed(function: Callable, namespace: dict[str, Any]) -> Iterator[tuple[str, Callable, str]]:
    try:
        found = mutants(function, decorated=False, also=habits, keyed=False)
        asked = _lines_asked_for(function)
        tree = without_docstrings(tree_of(function, decorated=False))
        made, right = _made_there(tree), ast.unparse(tree)
    except (OSError, TypeError):  # without source
        return
    times = Counter(mutant.words for mutant in found)
    in_line: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for mutant in found:
        places = in_line.setdefault((mutant.words, mutant.line), [])
        places.append(_place(right, mutant.source))
    found.sort(key=lambda mutant: mutant.line not in asked)
    for mutant in found:
        words = mutant.words
        places = sorted(set(in_line[words, mutant.line]))
        where = made.get(mutant.line, "")
        several = len(in_line[words, mutant.line]) > 1  # they fit other places of the line too
        part = smallest_part(right, mutant.source) if several else None
        if part is not None:
            words = f"with `{part[1]}` for `{part[0]}`"
            words += where if right.count(part[0]) > 1 else ""
        elif several and len(places) > 1:
            nth = ORDINALS[min(places.index(_place(right, mutant.source)), len(ORDINALS) - 1)]
            words += f", in the {nth} place of the line that it fits{where}"
        elif times[words] > 1:  # they fit other lines
            words += where
        if len(words) <= LONGEST and "\n" not in words and not _cancels_itself(words):
            with contextlib.suppress(Exception):  # what it is made of doesn't even begin
                yield words, compiled(mutant, function, namespace), mutant.source


def _place(right: str, changed: str) -> tuple[int, int]:
    """The line and the character at which two sources begin to differ."""
    before, after = right.splitlines(), changed.splitlines()
    for number, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            alike = itertools.takewhile(lambda two: two[0] == two[1], zip(old, new, strict=False))
            return number, len(list(alike))
    return min(len(before), len(after)), 0


def smallest_part(right: str, changed: str) -> tuple[str, str] | None:
    """The smallest part of a line that has changed and stands there once, before and after.

    None if that is all of the line, or all that it gives: it would tell the answer, not the slip.
    """
    before, after = (text.splitlines() for text in (right, changed))
    pairs = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
    if len(before) != len(after) or len(pairs) != 1:
        return None
    old, new = (_statement(line.strip()) for line in pairs[0])
    if old is None or new is None:
        return None
    inside: list[tuple[str, str]] = []
    level = 0
    while step := _only_difference(old, new):
        old, new = step
        level += isinstance(old, ast.expr)
        if level > 1 and isinstance(old, ast.expr) and isinstance(new, ast.expr):
            inside.append((ast.unparse(old), ast.unparse(new)))
    return next((one for one in reversed(inside) if pairs[0][0].count(one[0]) == 1), None)


def _statement(line: str) -> ast.stmt | None:
    with contextlib.suppress(SyntaxError):
        return ast.parse(f"{line} pass" if line.endswith(":") else line).body[0]
    return None  # such as the line of an else


def _only_difference(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    """The one pair of parts in which two nodes of a kind differ; None if there are several."""
    if type(old) is not type(new):
        return None
    ours, theirs = list(ast.iter_child_nodes(old)), list(ast.iter_child_nodes(new))
    pairs = list(zip(ours, theirs, strict=False))
    different = [pair for pair in pairs if ast.dump(pair[0]) != ast.dump(pair[1])]
    return different[0] if len(ours) == len(theirs) and len(different) == 1 else None


def _cancels_itself(words: str) -> bool:
    """Whether something is subtracted from, divided by or compared with itself: nobody writes that,
    and what it gives, a constant, comes of much else.
    """
    new = re.match("with `(.+?)`", words)
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(ast.parse(new.group(1) if new else "")):
            match node:
                case ast.BinOp(left, ast.Sub() | ast.Div(), right) | ast.Compare(
                    left, [_], [right]
                ):
                    if ast.unparse(left) == ast.unparse(right):
                        return True
    return False


def _made_there(tree: ast.Module) -> dict[int, str]:
    """Of a line that assigns: words that say which it is, also where several make the same."""
    made: dict[str, list[ast.stmt]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign([target], _) | ast.AugAssign(target):
                made.setdefault(ast.unparse(target), []).append(node)
    found = {}
    for name, statements in made.items():
        statements.sort(key=lambda one: one.lineno)
        for number, one in enumerate(statements):
            nth = ORDINALS[min(number, len(ORDINALS) - 1)]
            which = f" for the {nth} time" if len(statements) > 1 else ""
            lines = range(one.lineno, one.end_lineno + 1)
            found |= dict.fromkeys(lines, f", where `{name}` is made{which}")
    return found


def _lines_asked_for(function: Callable) -> set[int]:
    """The lines of a reference that its stub leaves out, counted from its first."""
    lines, inside = set(), False
    for number, line in enumerate(inspect.getsource(inspect.unwrap(function)).splitlines(), 1):
        text = line.strip()
        inside = (inside or text.startswith("# IMPLEMENT-ME")) and text != "# END IMPLEMENT-ME"
        if inside:
            lines.add(number)
    return lines


def can_be_said_of_some(exercise: Exercise, mistake: Mistake, results: Collection[str]) -> bool:
    """Whether the sentence of a mistake is true where only some results are wrong.

    It isn't where it speaks of another result, or of several things together, nor is the symptom
    that a hunt starts from.
    """
    others = exercise.returns.keys() - results
    about_others = any(re.search(rf"\b{re.escape(name)}\b", mistake.sentence) for name in others)
    together = re.search(SEVERAL, mistake.sentence, re.IGNORECASE)
    return not (about_others or together or mistake.answer is exercise.start)


def relatives(exercise: Exercise) -> list[Exercise]:
    """The NumPy exercises that the fast form of one is built on, the nearest first."""
    found: dict[str, Exercise] = {}
    waiting = [exercise.twin, *exercise.uses] if exercise.twin else []
    while waiting:
        one = waiting.pop(0)
        if one not in found and (relative := get(one)).returns:
            found[one] = relative
            waiting += relative.uses
    return list(found.values())
