"""The rooms of the judge: imports run one way, and each says what comes in and what goes out."""

import ast
from importlib.util import resolve_name
from pathlib import Path

import pytest

import course_lib.instructor
from course_lib.instructor.sandbox.view import FILES

HOUSE = Path(course_lib.instructor.__file__).parent
ROOMS = ("intake", "similar", "sandbox", "judging", "results", "command")
# What the sandbox is shown, file by file.
INSIDE = sorted(FILES.values())


def imported(file: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    package = ".".join(("course_lib", *file.relative_to(HOUSE.parent).parts[:-1]))
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def rooms_in(modules: set[str]) -> set[str]:
    parts = (module.removeprefix("course_lib.instructor.").split(".")[0] for module in modules)
    return set(parts) & set(ROOMS)


def test_every_file_stands_in_a_room():
    assert {p.name for p in HOUSE.iterdir() if p.is_dir()} - {"__pycache__"} == set(ROOMS)
    assert {p.name for p in HOUSE.glob("*.py")} == {"__init__.py", "errors.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    later = set(ROOMS[ROOMS.index(room) + 1 :])
    files = sorted((HOUSE / room).rglob("*.py"))
    assert files
    backwards = {file.name: rooms_in(imported(file)) & later for file in files}
    assert not any(backwards.values()), backwards


def test_the_way_is_really_looked_at():
    assert rooms_in(imported(HOUSE / "command" / "grader_process.py")) >= {"judging", "sandbox"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_five_lines_what_comes_in_and_goes_out(room):
    said = ast.get_docstring(ast.parse((HOUSE / room / "__init__.py").read_text()))
    title, _, rest = said.partition("\n\n")
    assert title.startswith(room.capitalize())
    assert len(rest.splitlines()) <= 5
    assert rest.startswith("In: ")
    assert "\nOut: " in rest


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: file.name)
def test_nothing_inside_the_sandbox_imports_the_course(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert "course_lib" not in " ".join(map(ast.unparse, found))


def test_one_path_leads_from_rung_to_verdict():
    """Only `check_function` is taken from the checker, so a class is judged as a learner is."""
    taken = set().union(*(imported(file) for file in HOUSE.rglob("*.py")))
    checker = "course_lib.exercises.checker"
    assert {one for one in taken if one.startswith(checker)} == {
        checker,
        f"{checker}.check_function",
    }
