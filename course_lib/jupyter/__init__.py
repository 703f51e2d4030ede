"""The book inside Jupyter: a server extension that serves it, and a script that leads links to it.

The notebooks link to their chapters as `../book/NAME.md#label`. Sphinx resolves that in the book,
and an editor that shows the checkout opens the file. In JupyterLab it lies outside what the server
shows: `labextension/` makes the same link open the built page, which `book_server` serves.

Both are switched on by files that the wheel puts into the environment; see `pyproject.toml`.
"""


def _jupyter_server_extension_points():
    return [{"module": "course_lib.jupyter"}]


def _load_jupyter_server_extension(server):
    from course_lib.jupyter.book_server import add_to

    add_to(server)
