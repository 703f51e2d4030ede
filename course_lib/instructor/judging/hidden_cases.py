"""The instructor's own cases: inputs alone, for which the reference says what is right."""

import copy
import inspect
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from course_lib.exercises.calling.guard import name_outputs
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.ladder.rungs import unlike
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids


def with_hidden_cases(exercise: Exercise, cases: list[Arrays]) -> Exercise:
    """The exercise with a ladder of such cases."""
    rungs = tuple(_rung(exercise, case) for case in cases)
    return replace(exercise, ladder=rungs, mistakes=[])


def _rung(exercise: Exercise, case: Arrays) -> Rung:
    def inputs() -> Arrays:
        return copy.deepcopy(case)

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        right = name_outputs(exercise.returns, exercise.reference(**inputs()))
        return unlike(outputs, right)

    return Rung("a hidden case", inputs, judge)


def load_cases(path: Path) -> dict[str, list[Arrays]]:
    """The instructor's own cases from a file.

    Raises:
        ValueError: if the file doesn't fit the exercises; the message says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8.") from None
    return parse_cases(text, path)


def parse_cases(text: str, path: object = "the cases") -> dict[str, list[Arrays]]:
    """The instructor's own cases: a JSON object from ids to lists of inputs by name.

    Args:
        text: JSON.
        path: what to call it in messages.

    Raises:
        ValueError: if it doesn't fit the exercises; the message says where.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold an object: exercise id to a list of cases.")
    found = {}
    for one, cases in content.items():
        if one not in ids():
            raise ValueError(f"{path}: there is no exercise called {one}.")
        if not isinstance(cases, list):
            raise ValueError(f"{path}: {one} has a list of cases, in square brackets.")
        exercise = get(one)
        if not isinstance(exercise, Project) and not exercise.returns:
            raise ValueError(
                f"{path}: {one} is checked in TensorFlow; cases are for functions in NumPy."
            )
        found[one] = [
            _batch(exercise, case, f"{path}: {one}")
            if isinstance(exercise, Project)
            else _case(exercise, case, f"{path}: case {number} of {one}")
            for number, case in enumerate(cases, 1)
        ]
    return found


def _case(exercise: Exercise, case: object, where: str) -> Arrays:
    """A case's inputs by name, in the order of the arguments.

    Raises:
        ValueError: if the reference can't do it.
    """
    parameters = inspect.signature(exercise.reference).parameters
    names = ", ".join(parameters)
    if not isinstance(case, dict):
        raise ValueError(f"{where} must be an object: {names}, each with its value.")
    if unknown := [name for name in case if name not in parameters]:
        raise ValueError(f"{where}: there is no argument {unknown[0]}, only {names}.")
    values = {}
    for name, parameter in parameters.items():
        if name not in case and parameter.default is parameter.empty:
            raise ValueError(f"{where}: {name} is missing.")
        try:
            values[name] = _plain(case[name]) if name in case else parameter.default
        except ValueError:
            raise ValueError(f"{where}: the lists in {name} make no array.") from None
    report = check_function(with_hidden_cases(exercise, [values]), exercise.reference)
    if report.kind:
        raise ValueError(f"{where}: the reference can't do it. {report.sentence}")
    if not report.ok:
        raise ValueError(f"{where} is not decided by its inputs.")
    return values


def _batch(project: Project, case: object, where: str) -> Arrays:
    """Held-back data of the instructor's own, as x and y.

    Raises:
        ValueError: if it is no such data.
    """
    like = project.held_back("check", 0)[0]
    try:
        x = np.array(case["x"], like.x.dtype)
        y = np.array(case["y"], like.y.dtype)
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"{where}: a case of a project has x and y, lists of numbers.") from None
    if x.ndim != like.x.ndim or x.shape[2:] != like.x.shape[2:] or not len(x):
        raise ValueError(f"{where}: x has shape {x.shape}; it is like {like.x.shape}.")
    if y.shape != (len(x), *like.y.shape[1:]):
        raise ValueError(f"{where}: y has shape {y.shape}, but x has {len(x)} inputs.")
    return {"x": x, "y": y}


def _plain(value):
    if isinstance(value, list):
        return np.array(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
