"""Every command that a page, a notebook or a sentence of the course names can be typed."""

import re
from pathlib import Path

import pytest

from course_lib.authoring.workflow_rules import (
    commands,
    options_of,
    the_command_course,
    unreadable_or_unknown,
)
from course_lib.command_help import ORDER
from course_lib.exercises.registry import ids
from course_lib.training.experiments import EXPERIMENTS, GROUPS

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path
    for pattern in ("*.md", "book/*.md", "solutions/*.py", "course_lib/**/*.py", ".github/**/*.yml")
    for path in ROOT.glob(pattern)
)
CODE = re.compile(r"^```(\w*|{code-cell}.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^`{3,}.*$", re.MULTILINE)  # around a text
# A role, such as {term}`gate`, quotes no command.
QUOTED = re.compile(r"\{[\w:-]+\}`[^`]*`|`+([^`]+)`+")
OURS = re.compile(r"(\.venv/bin/)?(make|course|python -m course_lib\S*) ")
NAMES = {
    "reproduce": {*EXPERIMENTS, *GROUPS},
    **{command: set(ids()) for command in ("prove", "hint", "solution")},
}
# What the page "For instructors" tells to write, and then to prove and to train.
TOLD_TO_WRITE = {"leaky_step", "LeakyCell", "predict_majority", "project-majority"}


def prose(text):
    """What isn't code in blocks."""
    return FENCE.sub("", CODE.sub("", text))


def typed(text):
    """The commands that a text names: in its shell blocks, and between its backticks."""
    text = re.sub(r"^ *# ", "", text, flags=re.MULTILINE)  # comments, a notebook's text among them
    scripts = [body for kind, body in CODE.findall(text) if kind == "sh"]
    for words in QUOTED.findall(prose(text)):
        # Brackets say what may be left out, braces what a program fills in.
        line = re.sub(r"\{[^}]*\}", "NAME", re.sub(r"[][…]|\.\.\.", "", " ".join(words.split())))
        if OURS.match(line):
            scripts.append(line)
    return scripts


def known(name, names):
    return "NAME" in name or name.isupper() or name in {*names, *TOLD_TO_WRITE}


def misnamed(script):
    """Runs and exercises that a script names, and that there aren't."""
    for program, *words in commands(script):
        if program.rpartition("/")[2] == "course" and len(words) > 1 and words[1][0] not in "-$":
            names = NAMES.get(words[0])
            if names is not None and not known(words[1], names):
                yield f"course {words[0]} knows no {words[1]}."


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_can_be_typed(path):
    scripts = typed(path.read_text(encoding="utf-8"))
    slips = [f"{one}: {slip}" for one in scripts for slip in unreadable_or_unknown(one, ROOT)]
    assert slips + [f"{one}: {slip}" for one in scripts for slip in misnamed(one)] == []


def test_every_option_that_a_page_names_alone_is_known():
    modules = (path.read_text(encoding="utf-8") for path in ROOT.glob("course_lib/authoring/*.py"))
    options = {one for text in modules for one in re.findall(r"\n +\"(--[a-z-]+)\", ", text)}
    todo = [the_command_course()]
    while todo:
        command = todo.pop()
        options |= options_of(command)
        todo += getattr(command, "commands", {}).values()
    for page in ("README.md", "CONTRIBUTING.md", "book/instructors.md", "book/trust.md"):
        text = prose((ROOT / page).read_text(encoding="utf-8"))
        named = re.findall(r"`(?:… )?(--[^`]+)`", text)
        assert named or page == "README.md"
        for words in named:
            assert set(re.findall(r"(?<!\S)--[a-z-]+", words)) <= options, (page, words)


def test_the_readme_lists_every_command():
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `course ")]
    assert {one for row in rows for one in re.findall(r"`course ([\w-]+)", row)} == set(ORDER)


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nmake books   # never\n```",
        "```sh\ncourse validate handed-in \\\n    --lists\n```",
        "`course hints EXERCISE`",
        "`course hint EXERCISE [--numbers N]`",
        "say `course\nvalidates`",
        "run `make test LOT=1`",
        "`course hint rnn_steps`",
        "``course reproduce vanilla``",
        "`course grades RESULTS --for moodle`",
    ],
)
def test_a_slip_is_seen(text):
    assert [
        slip for one in typed(text) for slip in [*unreadable_or_unknown(one, ROOT), *misnamed(one)]
    ]
