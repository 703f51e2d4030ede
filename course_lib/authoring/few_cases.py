"""A pytest plugin: of a test with many cases, a few are run, the same in every run.

``pytest -p course_lib.authoring.few_cases --at-most 2``
"""

from __future__ import annotations

import pytest

from course_lib.authoring.a_few import a_few


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that says how many."""
    parser.addoption("--at-most", type=int, metavar="N", help="run at most N cases of each test")


@pytest.hookimpl(trylast=True)  # of the cases that other options have left
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases that are too many."""
    most = config.getoption("at_most")
    if most is None:
        return
    families: dict[str, list[pytest.Item]] = {}
    for item in items:
        families.setdefault(item.nodeid.partition("[")[0], []).append(item)
    chosen = {one for name, cases in families.items() for one in a_few(cases, most, name)}
    config.hook.pytest_deselected(items=[one for one in items if one not in chosen])
    items[:] = [one for one in items if one in chosen]
