"""What holds of every public function of `course_lib.scratch`."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from course_lib import scratch

MODULES = [
    importlib.import_module(f"{scratch.__name__}.{one.name}")
    for one in pkgutil.iter_modules(scratch.__path__)
]
FUNCTIONS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": function
    for module in MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}
WITH_SEED = [n for n, f in FUNCTIONS.items() if "seed" in inspect.signature(f).parameters]
# What the projects' references predict is tested where projects are judged.
HERE = [name for name in FUNCTIONS if not name.startswith("projects.")]
USED = {
    getattr(node, "id", getattr(node, "attr", None))
    for folder in (Path(__file__).parent, Path(*scratch.__path__))
    for file in folder.glob("*.py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
}


@pytest.mark.parametrize("name", WITH_SEED)
def test_a_seed_that_is_left_out_is_0(name):
    seed = inspect.signature(FUNCTIONS[name]).parameters["seed"]
    assert seed.default in (0, seed.empty)


@pytest.mark.parametrize("name", HERE)
def test_some_test_or_a_function_that_is_tested_calls_it(name):
    assert FUNCTIONS[name].__name__ in USED
