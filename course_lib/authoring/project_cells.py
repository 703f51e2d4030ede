"""The cells of a project in a notebook, and the head of its page in the book."""

import json
from collections.abc import Callable
from pathlib import Path

from course_lib import data
from course_lib.exercises.projects.project import Project

# By difficulty, on the cards of exercises and of projects alike.
STARS = {1: "★☆☆ a few lines", 2: "★★☆ takes some thought", 3: "★★★ one of the hard ones"}


def project_card(project: Project) -> str:
    """Title, goal, time, budget and marks, in Markdown."""
    first, second, third = map(project.read, project.marks)
    return (
        f"### `{project.id}`\n\n"
        f"**Project: {project.title}.** {project.goal}\n\n"
        f"{STARS[project.difficulty]} · about {project.minutes} minutes, training included\n\n"
        f"| budget | mark 1 | mark 2 | mark 3 |\n|---|---|---|---|\n"
        f"| {project.budget} | {first} | {second} | {third} |\n\n"
        f"Hand in the arrays as `{project.file}` beside this notebook, and the function below. "
        f"[What it is about, and how it is judged](../book/{page(project)}.md)"
    )


def training_cell(project: Project, solved: bool) -> str:
    """Where the learner trains; the solution says how its arrays were made."""
    if solved:
        return (
            f"# The reference was trained by `course reproduce {run(project)}`, in\n"
            f"# course_lib/training/experiments/{run(project).replace('-', '_')}.py;\n"
            f"# its {project.file} lies beside this notebook."
        )
    return (
        f"from {_home(project.data)} import {project.data.__name__}\n\n"
        "# Train here, in as many cells as you like, or in a script of your own.\n"
        "# At the end:\n"
        f'# np.savez("{project.file}", **weights, curve=losses)'
    )


def _home(function: Callable) -> str:
    """The module to import it from: the course's data sets, or the file that it is written in."""
    ours = getattr(data, function.__name__, None) is function
    return data.__name__ if ours else function.__module__


def marks_table(project: Project, results: Path) -> tuple[str, list[Path]]:
    """Budget, marks and what the reference came to, in Markdown; and the files that were read."""
    rows = [
        ("budget", project.budget),
        ("numbers in the arrays", f"at most {project.most_numbers:,}"),
    ]
    rows += [(f"mark {n}", project.read(mark)) for n, mark in enumerate(project.marks, 1)]
    files = sorted(
        results.glob(f"{run(project)}*.json"), key=lambda file: (len(file.name), file.name)
    )
    for file in files:
        stored = json.loads(file.read_text(encoding="utf-8"))
        summary = stored["summary"]
        rows.append(
            (
                f"the reference, seed\N{NO-BREAK SPACE}{stored['seed']}",
                f"{project.read(summary['check']['score'])} in the check, "
                f"{project.read(summary['validate']['score'])} in `course validate`, after "
                f"{summary['cpu_seconds']:.0f} s of processor time",
            )
        )
    lines = [f"| {label} | {text} |" for label, text in rows]
    return "\n".join(["| | |", "|---|---|", *lines]), files


def page(project: Project) -> str:
    """The name of its page in the book."""
    return f"project_{project.file.removesuffix('.npz')}"


def run(project: Project) -> str:
    """The name of the run that trains its reference."""
    return page(project).replace("_", "-")
