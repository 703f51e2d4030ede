"""That nothing which tells the judge about a graph can be another one unnoticed."""

import pytest
from in_there import OWN, run_in_there


def test_whatever_the_judges_modules_define_is_kept():
    """A cache and a set can be changed inside, so none may be there; seconds are the judge's."""
    code = f"""
for module in ({OWN}):
    kept = {{(name, id(holder)) for _, holder, name, *_ in own_parts.OwnParts(module).kept}}
    for name, value in vars(module).items():
        if name.startswith("__") or isinstance(value, float) or type(value).__module__ == "types":
            continue
        if (name, id(module)) not in kept:
            print(module.__name__, name, type(value))
"""
    assert run_in_there(code) == ""


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
    ],
)
def test_what_code_looks_up_elsewhere(code, found):
    assert run_in_there(f"print(own_parts.looked_up({code!r}))").strip() == str(tuple(found))
