"""Where a link to a chapter leads, by what there is: the built book, the published one, or none."""

import asyncio
import contextlib

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from course_lib.jupyter import book_server
from course_lib.jupyter.book_server import BookHandler
from course_lib.repository import Repository

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def fetch(monkeypatch):
    """Asks a server with nothing but the book's handler, as one who is logged in."""
    monkeypatch.setattr(BookHandler, "prepare", lambda self: None)
    monkeypatch.setattr(BookHandler, "current_user", "somebody")
    monkeypatch.setattr(BookHandler, "set_default_headers", lambda self: None)

    async def ask(path):
        socket, port = bind_unused_port()
        server = HTTPServer(Application([(r"/course/(.*)", BookHandler)]))
        with contextlib.closing(AsyncHTTPClient(force_instance=True)) as client:
            server.add_socket(socket)
            try:
                return await client.fetch(
                    f"http://127.0.0.1:{port}/course/{path}",
                    follow_redirects=False,
                    raise_error=False,
                )
            finally:
                server.stop()

    return lambda path: asyncio.run(ask(path))


@pytest.fixture
def there(monkeypatch):
    """Says which book and which repository there is."""

    def set_to(book=None, repository=None):
        monkeypatch.setattr(book_server, "find_book", lambda: book)
        monkeypatch.setattr(book_server, "find_repository", lambda: repository)

    return set_to


def test_the_built_book_comes_first(fetch, there, tmp_path):
    (tmp_path / "page.html").write_text("the built page")
    there(tmp_path, Repository("a", "b"))
    answer = fetch("page.html")
    assert (answer.code, answer.body) == (200, b"the built page")


def test_without_one_the_published_page_opens(fetch, there):
    there(None, Repository("An-Owner", "a.course"))
    answer = fetch("book/vanilla_rnn.html")
    assert answer.code == 302
    address = "https://an-owner.github.io/a.course/book/vanilla_rnn.html"
    assert answer.headers["Location"] == address


def test_without_any_it_says_how_to_get_one(fetch, there):
    there()
    answer = fetch("book/vanilla_rnn.html")
    assert answer.code == 404
    assert b"The book is not here yet" in answer.body
