"""Serve the built book on the Jupyter server that shows the notebooks, under `course/`."""

import html
from pathlib import Path

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado import web

from course_lib.built_book import find_book, how_to_get_it
from course_lib.repository import find_repository

NO_BOOK = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 4rem auto; }}
pre {{ border: 1px solid; padding: .6rem 1rem; overflow-x: auto; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{sentence}</p>
<pre tabindex="0" aria-label="Commands">{commands}</pre>
<p>It takes some minutes. Then load this page again.</p>
</main>
</body>
</html>
"""


class BookHandler(JupyterHandler, web.StaticFileHandler):
    """A file of the built book; where there is none, the published one, or how to get it."""

    def initialize(self) -> None:
        """Look for the book at each request: it may be built while the server runs."""
        self.book = find_book()
        super().initialize(path=str(self.book or Path.cwd()), default_filename="index.html")

    @web.authenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the file, lead to the published page, or say what is missing."""
        if self.book is not None:
            await super().get(path, include_body)
        elif repository := find_repository():
            self.redirect(repository.book + url_escape(path))
        else:
            self.set_status(404)
            await self.finish(no_book())


def no_book() -> str:
    """The page that is shown where there is no book."""
    sentence, *commands = how_to_get_it()
    return NO_BOOK.format(
        title="The book is not here yet",
        sentence=html.escape(sentence),
        commands=html.escape("\n".join(commands)),
    )


def add_to(server) -> None:
    """Add the book to a Jupyter server."""
    web_app = server.web_app
    pattern = url_path_join(web_app.settings["base_url"], "course", "(.*)")
    web_app.add_handlers(".*$", [(pattern, BookHandler)])
