"""The rooms of large packages: imports run one way, each says what comes in and what goes out."""

import ast
from importlib.util import resolve_name
from pathlib import Path

import pytest

import course_lib
from course_lib.exercises.registry import CHAPTERS
from course_lib.instructor.sandbox.view import FILES

PACKAGE = Path(course_lib.__file__).parent
# Each package's rooms, in the order in which imports may run.
HOUSES = {
    "instructor": ("intake", "similar", "sandbox", "judging", "results", "command"),
    "exercises": ("calling", "ladder", "naming", "proving"),
}
OF_CHAPTERS = {*(chapter.name for chapter in CHAPTERS), "projects"}  # folders of the exercises'
ROOMS = [(house, room) for house, rooms in HOUSES.items() for room in rooms]
# What the sandbox is shown, file by file.
INSIDE = sorted(FILES.values())


def imported(file: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    package = ".".join(("course_lib", *file.relative_to(PACKAGE).parts[:-1]))
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def rooms_in(modules: set[str], house: str) -> set[str]:
    inside = (one for one in modules if one.startswith(f"course_lib.{house}."))
    return {one.split(".")[2] for one in inside} & set(HOUSES[house])


def folders(house: str) -> set[str]:
    return {p.name for p in (PACKAGE / house).iterdir() if p.is_dir()} - {"__pycache__"}


def test_every_file_of_the_judge_stands_in_a_room():
    assert folders("instructor") == set(HOUSES["instructor"])
    assert {p.name for p in (PACKAGE / "instructor").glob("*.py")} == {"__init__.py", "errors.py"}


def test_a_folder_of_the_exercises_is_a_room_or_a_chapter():
    assert folders("exercises") == set(HOUSES["exercises"]) | OF_CHAPTERS


@pytest.mark.parametrize(("house", "room"), ROOMS)
def test_imports_run_one_way(house, room):
    later = set(HOUSES[house][HOUSES[house].index(room) + 1 :])
    files = sorted((PACKAGE / house / room).rglob("*.py"))
    assert files
    backwards = {file.name: rooms_in(imported(file), house) & later for file in files}
    assert not any(backwards.values()), backwards


def test_the_way_is_really_looked_at():
    judges = imported(PACKAGE / "instructor" / "command" / "grader_process.py")
    assert rooms_in(judges, "instructor") >= {"judging", "sandbox"}
    names = imported(PACKAGE / "exercises" / "naming" / "evidence.py")
    assert rooms_in(names, "exercises") == {"calling", "ladder", "naming"}


@pytest.mark.parametrize(("house", "room"), [*ROOMS, ("", "graphs")])
def test_a_room_says_in_five_lines_what_comes_in_and_goes_out(house, room):
    said = ast.get_docstring(ast.parse((PACKAGE / house / room / "__init__.py").read_text()))
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


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: file.name)
def test_what_is_inside_the_sandbox_has_all_of_its_own_once_it_is_imported(file):
    """Later, the name of its package may be that of a student's file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    relative = {n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level}
    assert relative <= set(tree.body)


def test_a_package_is_inside_the_sandbox_with_all_of_its_files():
    for folder in {file.parent for name, file in FILES.items() if "/" in name}:
        assert set(folder.glob("*.py")) <= set(INSIDE)


def test_one_path_leads_from_rung_to_verdict():
    """Only `check_function` is taken from the checker, so a class is judged as a learner is."""
    taken = set().union(*(imported(file) for file in (PACKAGE / "instructor").rglob("*.py")))
    checker = "course_lib.exercises.checker"
    assert {one for one in taken if one.startswith(checker)} == {
        checker,
        f"{checker}.check_function",
    }
