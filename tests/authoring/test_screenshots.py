"""Pictures of pages: all of a page is in them, however long it is."""

import contextlib
from types import SimpleNamespace

from course_lib.authoring import screenshots
from course_lib.authoring.screenshots import strips


def test_strips_cover_a_page_once():
    for height in (1, 3999, 4000, 4001, 34_943):
        tops, tall = zip(*strips(height), strict=True)
        assert tops == tuple(sum(tall[:n]) for n in range(len(tall)))
        assert sum(tall) == height
        assert max(tall) <= 4000  # far below the 16,384 from which on Chromium draws nothing


def test_each_page_is_taken_in_each_theme_and_width_into_a_folder_that_may_be_there(
    tmp_path, monkeypatch
):
    taken, seen = [], []

    class Page:
        def goto(self, address):
            seen.append(address)

        def evaluate(self, code):
            return 5000 if "scrollHeight" in code else None

        def screenshot(self, path, full_page, clip):
            taken.append((path.name, clip["y"], clip["height"]))
            path.touch()

    def context(browser, theme, width):
        return SimpleNamespace(new_page=Page, close=lambda: None)

    monkeypatch.setattr(screenshots, "serve", lambda html: contextlib.nullcontext("http://here"))
    monkeypatch.setattr(screenshots, "open_browser", contextlib.nullcontext)
    monkeypatch.setattr(screenshots, "new_context", context)
    monkeypatch.setattr(screenshots, "page_names", lambda html: ["index.html", "book/a.html"])
    out = tmp_path / "pictures" / "today"
    for _ in range(2):
        assert screenshots.take(tmp_path, out) == 2 * 2 * 2 * 2
    assert len(list(out.iterdir())) == 16
    assert set(seen) == {"http://here/index.html", "http://here/book/a.html"}
    assert ("book-a-dark-360-00.png", 0, 4000) in taken
    assert ("book-a-dark-360-01.png", 4000, 1000) in taken
