"""That nothing which tells the judge about a graph can be another one unnoticed."""

import pytest
from in_there import run_in_there


def test_whatever_the_judges_modules_define_is_kept():
    """A cache and a set can be changed inside, so none may be there; seconds are the judge's."""
    code = """
for module in student.KEPT:
    kept = {(name, id(holder)) for _, holder, name, *_ in own_parts.OwnParts(module).kept}
    for name, value in vars(module).items():
        if name.startswith("__") or isinstance(value, float):
            continue
        if (name, id(module)) not in kept:
            print(module.__name__, name, type(value))
"""
    assert run_in_there(code) == ""


def test_whatever_a_student_changes_in_the_judges_modules_is_put_back_and_told():
    """By name, where it is defined or only imported, and where a call imports it; or inside of it,
    which may be told by another of its names.
    """
    code = """
import importlib, pathlib, types

own = own_parts.OwnParts(*student.KEPT)
sys.meta_path.insert(0, imports.Course())
tried = set()

def after(change, where, holder, name, inside=False):
    before = vars(holder)[name]
    change()
    told = own.look()
    is_told = bool(told) if inside else where in told
    if not is_told or vars(holder).get(name) is not before or own.look():
        print(where, "was changed, and told was", told)
        setattr(holder, name, before)
    tried.add(where)

def change_all(where, holder):
    for name, value in list(vars(holder).items()):
        is_class = isinstance(holder, type)
        of_pythons = name in own_parts.OF_A_CLASS if is_class else name.startswith("__")
        if of_pythons or isinstance(value, float):
            continue
        is_function = isinstance(value, types.FunctionType)
        here = f"{where}.{name}", holder, name
        after(lambda: setattr(holder, name, object()), *here)
        after(lambda: delattr(holder, name), *here)
        for function in (value, getattr(value, "__wrapped__", value)) if is_function else ():
            if not function.__code__.co_freevars:
                after(lambda: setattr(function, "__code__", (lambda: 0).__code__), *here, True)
        for cell in (value.__closure__ or ()) if is_function else ():
            after(lambda: setattr(cell, "cell_contents", None), *here, True)
            after(lambda: delattr(cell, "cell_contents"), *here, True)
        if type(value) is dict:
            after(lambda: value.update(MatMul=()), *here, True)
        if isinstance(value, type) and value.__module__ == where:
            change_all(f"{where}.{name}", value)
            value.another = property()
            assert own.look() == [f"{where}.{name}.another"], (where, name)

folder = pathlib.Path(graphs.__file__).parent
files = [f"graphs.{file.stem}" for file in folder.glob("*.py") if file.stem != "__init__"]
assert len(files) > 5
for module in (*map(importlib.import_module, files), *student.KEPT):
    if module is not own_parts:  # which looks
        change_all(module.__name__, module)
for name in ("graphs", *files):
    module, stand_in = sys.modules[name], importlib.import_module(f"course_lib.{name}")
    for one, value in vars(module).items():
        if one[0] == "_" or isinstance(value, types.ModuleType):
            continue
        here = f"course_lib.{name}.{one}", stand_in, one
        if vars(stand_in).get(one) is not value:
            print(here[0], "is another")
            continue
        after(lambda: setattr(stand_in, one, object()), *here)
        after(lambda: delattr(stand_in, one), *here)
expected = {
    "graphs.trace", "graphs.tracing", "graphs.tracing.trace", "graphs.tracing._a_size",
    "graphs.tracing.Counting.__call__", "graphs.gpu.nodes", "graphs.kernels.KERNELS",
    "graphs.kernels.Kernel.device_type", "graphs.settings.step_by_step",
    "guard.Unusable", "messages.KEYS",
    "course_lib.graphs.Counting", "course_lib.graphs.tracing.STUMBLES",
}
print(*sorted(expected - tried))
"""
    assert run_in_there(code).strip() == ""


def test_what_any_file_of_graphs_looks_up_elsewhere_is_watched():
    code = """
import pathlib
for file in pathlib.Path(graphs.__file__).parent.glob("*.py"):
    print(*set(own_parts.looked_up(file.read_text(encoding="utf-8"))) - set(own_parts.BY_GRAPHS))
print(("weakref", "finalize") in own_parts.BY_GRAPHS)
"""
    assert run_in_there(code).strip() == "True"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import re\nre.search(x)", [("re", "search")]),
        ("import a.b as c\nc.d.e(1)", [("a.b", "d"), ("a.b", "d.e")]),
        ("from a.b import c\nc.d", [("a.b", "c"), ("a.b", "c.d")]),
        (
            "def f(x):\n    import tf\n    sum(x.y) + tf.g",
            [("builtins", "sum"), ("tf", "g")],
        ),
        ("from .a import b\nfrom . import c\nb.d, c.e", []),
    ],
)
def test_what_code_looks_up_elsewhere(code, found):
    assert run_in_there(f"print(own_parts.looked_up({code!r}))").strip() == str(tuple(found))
