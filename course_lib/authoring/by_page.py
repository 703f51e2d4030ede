"""A pytest plugin that shares out the browser's tests: a file, or a page of the book, at a time.

What the tests of a file share, such as a JupyterLab or the printed book, is then made once. The
tests of the book's pages are one file, so there each page goes to a process as a whole.

``pytest -n 2 --no-loadscope-reorder -p course_lib.authoring.by_page``

``--dist loadgroup`` should do the same for tests with the mark ``xdist_group``, but with pytest 9.2
it groups nothing and doesn't say so: https://github.com/pytest-dev/pytest-xdist/issues/1386.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

PAGE = re.compile(r"\[[^]]*?\.html\b")


def shared_by(test: str) -> str:
    """What a test shares with others, by its node id: its file, or in it the page that it is of."""
    file, _, name = test.partition("::")
    page = PAGE.search(name)
    return file + (page[0] if page else "")


class ByPage(LoadScopeScheduling):
    """Hands out whole files or pages."""

    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid)


def pytest_xdist_make_scheduler(config, log) -> ByPage:
    """Take this one, whatever ``--dist`` says."""
    return ByPage(config, log)
