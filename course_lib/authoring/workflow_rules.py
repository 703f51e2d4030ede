"""What the schema of GitHub's workflows doesn't see: each rule gives a sentence for each slip.

The schema knows the form of a workflow. It doesn't know whether a step calls a target that the
Makefile has, whether bash can read its script, or whether the job that it waits for exists.
"""

import functools
import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from course_lib.authoring.public_schemas import parsed

PINNED = re.compile(r"[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})")  # a release or a commit
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
NAMED = re.compile(r"\b(steps|needs|matrix)\.([\w-]+)")
# What a stranger chooses, in a pull request's title or branch, must not become part of a script.
STRANGERS = re.compile(r"github\.(head_ref|event\.\S*\.(title|body|ref|label|message|name|email))")
RUNNERS = {"ubuntu-22.04", "ubuntu-24.04", "macos-14", "macos-15", "windows-2022", "windows-2025"}
BEFORE_A_COMMAND = {"sudo", "exec", "time", "env", "if", "then", "else", "do", "while", "!", "{"}
BETWEEN_COMMANDS = re.compile(r"[;&|()]+")


@dataclass(frozen=True)
class Step:
    """One step of a job: where it stands, its content, and its job's."""

    where: str
    content: dict
    job: dict

    @property
    def script(self) -> str:
        """What it runs; empty if it uses an action."""
        return self.content.get("run", "")


def problems(text: str, root: Path) -> list[str]:
    """What is wrong with a workflow whose form is right, a sentence for each thing.

    Args:
        text: the workflow.
        root: the checkout whose Makefile and scripts its steps call.
    """
    workflow = parsed(text)
    found = [] if "permissions" in workflow else ["it doesn't say which permissions it needs."]
    for name, job in workflow["jobs"].items():
        found += [f"{name}: {one}" for one in _of_job(job, workflow["jobs"])]
    for step in steps(workflow):
        found += [f"{step.where}: {one}" for one in _of_step(step, root)]
    return found


def steps(workflow: dict) -> Iterator[Step]:
    """Every step of a parsed workflow, in order."""
    for name, job in workflow["jobs"].items():
        for number, content in enumerate(job.get("steps", []), start=1):
            yield Step(f"{name}, step {number}", content, job)


def _of_job(job: dict, jobs: dict) -> Iterator[str]:
    yield from (f"it needs {one}, which is no job." for one in _needs(job) if one not in jobs)
    if job in _before(job, jobs):
        yield "it waits for itself."
    if "timeout-minutes" not in job:
        yield "it has no timeout-minutes: one that hangs would hang for six hours."
    yield from (f"{one} is no machine that we know." for one in _machines(job) - RUNNERS)
    ids = [step["id"] for step in job.get("steps", []) if "id" in step]
    yield from (
        f"two steps are called {one}." for one in sorted({i for i in ids if ids.count(i) > 1})
    )
    for expression in EXPRESSION.findall(yaml.safe_dump(job, width=10_000)):
        known = {
            "steps": set(ids),
            "needs": set(_needs(job)),
            "matrix": set(job.get("strategy", {}).get("matrix", {})),
        }
        for kind, name in NAMED.findall(expression):
            if name not in known[kind]:
                yield f"{kind}.{name} stands for nothing."


def _needs(job: dict) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _before(job: dict, jobs: dict) -> list[dict]:
    """Every job that a job waits for, and that those wait for."""
    found, todo = [], [job]
    while todo:
        for name in _needs(todo.pop()):
            if name in jobs and jobs[name] not in found:
                found.append(jobs[name])
                todo.append(jobs[name])
    return found


def _machines(job: dict) -> set[str]:
    wanted = job.get("runs-on", "")
    if match := re.fullmatch(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", str(wanted)):
        wanted = job.get("strategy", {}).get("matrix", {}).get(match[1], [])
    return set(wanted if isinstance(wanted, list) else [wanted])


def _of_step(step: Step, root: Path) -> Iterator[str]:
    uses = step.content.get("uses")
    if uses is not None and not PINNED.fullmatch(uses) and not uses.startswith("./"):
        yield f"{uses} is pinned to no version."
    version = step.content.get("with", {}).get("python-version")
    if version is not None and not isinstance(version, str):
        yield f"python-version {version} is a number: put it into quotes."
    if not step.script:
        return
    if STRANGERS.search(" ".join(EXPRESSION.findall(step.script))):
        yield "a stranger's text becomes part of the script: hand it over in `env`."
    if _shell(step) != "bash":
        yield "its shell isn't bash: say `shell: bash`."
    else:
        yield from unreadable_or_unknown(step.script, root)


def unreadable_or_unknown(script: str, root: Path) -> list[str]:
    """What is wrong with a script for bash, that of a step or another: a sentence for each thing.

    Args:
        script: commands.
        root: the checkout that they are called in.
    """
    said = _bash(script)
    return [f"bash can't read it: {said}"] if said else list(unknown_calls(script, root))


def _shell(step: Step) -> str:
    """Outside of a container, bash is what Linux and macOS have without being asked."""
    own = step.content.get("shell") or step.job.get("defaults", {}).get("run", {}).get("shell")
    windows = any("windows" in one for one in _machines(step.job))
    return own or ("sh" if "container" in step.job else "pwsh" if windows else "bash")


def _bash(script: str) -> str:
    """What bash says about a script that it can't read; empty if it can."""
    plain = EXPRESSION.sub("value", script)
    done = subprocess.run(["bash", "-n"], input=plain, capture_output=True, text=True, check=False)
    return done.stderr.strip()


def commands(script: str) -> Iterator[list[str]]:
    """The words of each simple command of a script; comments, assignments and `sudo` left out."""
    for line in EXPRESSION.sub("value", script).replace("\\\n", " ").splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        words: list[str] = []
        for word in [*reader, ";"]:
            if BETWEEN_COMMANDS.fullmatch(word):
                if words:
                    yield words
                words = []
            elif words or not (word in BEFORE_A_COMMAND or re.match(r"\w+=", word)):
                words.append(word)


def unknown_calls(script: str, root: Path) -> Iterator[str]:
    """What a script calls that there isn't, a sentence for each: goals, commands, options, files.

    Args:
        script: commands.
        root: the checkout that they are called in.
    """
    for words in commands(script):
        program, *arguments = words
        base = program.rpartition("/")[2]
        plain = [one for one in arguments if not one.startswith("-") and "=" not in one]
        if base == "make":
            yield from (f"make has no {one}." for one in plain if one not in make_targets(root))
            yield from (f"make reads no {one}." for one in _unread(arguments, root))
        elif base == "course":
            yield from unknown_to_course(arguments)
        elif arguments[:1] == ["-m"] and arguments[1].startswith("course_lib"):
            module = root.joinpath(*arguments[1].split("."))
            if not (module.with_suffix(".py").exists() or (module / "__main__.py").exists()):
                yield f"there is no module {arguments[1]}."
        elif "/" in program and not re.match(r"[/~$]|(.*/)?bin/", program):
            file = root / program
            if not (file.is_file() and os.access(file, os.X_OK)):
                yield f"{program} is no program of the checkout."


@functools.cache
def make_targets(root: Path) -> set[str]:
    """What can be asked of make: the targets that the Makefile calls phony, and `.venv/.ready`."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    return {".venv/.ready", *re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)[1].split()}


def _unread(arguments: list[str], root: Path) -> Iterator[str]:
    """Variables that make is handed and that its Makefile names nowhere."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    names = (one.partition("=")[0] for one in arguments if "=" in one)
    yield from (name for name in names if not re.search(rf"\b{name}\b", text))


def unknown_to_course(arguments: Iterable[str]) -> Iterator[str]:
    """The first word that `course` takes for no command, and options.

    Those that its command lacks, and one that it can't do without, where all arguments are there.

    Args:
        arguments: what is typed behind `course`; capitals such as NAME stand for anything.
    """
    called, command, rest = "course", the_command_course(), []
    for word in arguments:
        known = getattr(command, "commands", {})
        if word.startswith("-"):
            if word.partition("=")[0] not in options_of(command):
                yield f"{called} has no option {word}."
        elif word in known:
            called, command, rest = f"{called} {word}", known[word], []
            continue
        elif known and not word.isupper():
            yield f"{called} has no command {word}."
            return
        rest.append(word)
    if not hasattr(command, "commands") and (missing := _missing_option(command, rest)):
        yield f"{called} needs {missing}."


def _missing_option(command: Any, words: list[str]) -> str:
    try:
        command.make_context(command.name, words)
    except Exception as error:  # of any kind: the words are examples
        about = getattr(error, "param", None)
        if type(error).__name__ == "MissingParameter" and about.param_type_name == "option":
            return about.opts[0]
    return ""


@functools.cache
def the_command_course() -> Any:
    """Typer's `course`, a group of commands."""
    import typer.main

    from course_lib.cli import app

    return typer.main.get_command(app)


def options_of(command: Any) -> set[str]:
    """What a command of Typer's can be given, as it is typed."""
    return {"--help"}.union(*(one.opts for one in command.params))
