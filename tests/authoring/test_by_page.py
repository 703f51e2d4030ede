"""The browser's tests are shared out by file and by page, so that what they share is made once."""

import os
import re
import subprocess
import sys

import pytest

from course_lib.authoring.by_page import shared_by

SHARED = "tests/book/test_pdf.py::TestPrinted::test_links", "tests/book/test_pdf.py::test_code[a]"
OF_PAGE = "tests/book/test_browser.py::test_math[book/bptt.html]"
OF_PAGE_TOO = "tests/book/test_browser.py::test_axe[book/bptt.html-dark]"
OF_ANOTHER = "tests/book/test_browser.py::test_axe[book/intro.html-dark]"
TESTS = """
import pytest

@pytest.fixture(scope="module", params=["a/one.html", "a/two.html"])
def page(request): return request.param

def test_first(page): pass

@pytest.mark.parametrize("theme", ["light", "dark"])
def test_second(page, theme): pass
"""
ONE_FILE = "def test_one(): pass\ndef test_two(): pass\ndef test_three(): pass\n"


def test_a_file_is_shared_and_a_page_within_it():
    assert shared_by(SHARED[0]) == shared_by(SHARED[1]) == "tests/book/test_pdf.py"
    assert shared_by(OF_PAGE) == shared_by(OF_PAGE_TOO) != shared_by(OF_ANOTHER)
    assert shared_by("tests/test_a.py::test[a.htmlx]") == "tests/test_a.py"


@pytest.mark.slow
def test_each_of_them_goes_to_one_process(tmp_path):
    """So it did not with ``--dist loadgroup``, which pytest 9.2 had put out of action."""
    (tmp_path / "test_pages.py").write_text(TESTS)
    (tmp_path / "test_file.py").write_text(ONE_FILE)
    plugins = ("-p", "xdist", "-p", "course_lib.authoring.by_page", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", "-v", *plugins, "-n", "2", "--no-loadscope-reorder")
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    processes = {}
    for process, test in re.findall(r"^\[(gw\d)\].* PASSED (\S+)", done.stdout, re.M):
        processes.setdefault(shared_by(test), []).append(process)
    assert {where: len(ran) for where, ran in processes.items()} == {
        "test_file.py": 3,
        "test_pages.py[a/one.html": 3,
        "test_pages.py[a/two.html": 3,
    }
    assert all(len(set(ran)) == 1 for ran in processes.values()), processes
