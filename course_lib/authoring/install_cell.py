"""The first cell of every notebook: one that lies by itself installs, or says, what it still needs.

On Colab, Kaggle or a school's server there is a notebook and nothing else. Where the course is
installed, the cell does nothing.
"""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_lib.repository import Repository

OPENING = """\
# If this notebook stands alone, as on Colab, Kaggle or a school's server, run this first.
from importlib.util import find_spec

if find_spec("course_lib") is None:
"""
# It is `%pip`, in Python that any tool can read. Between releases the cell stays the same, so that
# it is no news to those who upgrade.
FETCH = """\
    print("Fetching the course's package, which takes some minutes. The chapters: {book}")
    get_ipython().run_line_magic("pip", 'install --quiet "{requirement}"')
"""
BESIDE = """\
    from glob import glob
    from os.path import getmtime

    wheels = sorted(glob("course_lib-*.whl"), key=getmtime)
    if wheels:
        print(f"Installing {wheels[-1]}, which takes some minutes.")
        get_ipython().run_line_magic("pip", f'install --quiet "{wheels[-1]}"')
    else:
        print(
            "This notebook needs the course's package, course-lib, which isn't installed here.\\n"
            "Put its wheel, a file course_lib-….whl that you got with the notebook, beside it.\\n"
            "Then run this cell again."
        )
"""


def install_cell(repository: Repository | None) -> NotebookNode:
    """The cell, for notebooks of a course that is published there, or nowhere yet."""
    if repository is None:
        code = OPENING + BESIDE
    else:
        code = OPENING + FETCH.format(book=repository.book, requirement=repository.requirement)
    # The pages of the book leave it out, and JupyterLab folds it: hardly anyone needs it there.
    metadata = {"tags": ["remove-cell"], "jupyter": {"source_hidden": True}}
    return new_code_cell(code.rstrip(), id="install", metadata=metadata)
