"""Pictures of pages: all of a page is in them, however long it is."""

from course_lib.authoring.screenshots import strips


def test_strips_cover_a_page_once():
    for height in (1, 3999, 4000, 4001, 34_943):
        tops, tall = zip(*strips(height), strict=True)
        assert tops == tuple(sum(tall[:n]) for n in range(len(tall)))
        assert sum(tall) == height
        assert max(tall) <= 4000  # far below the 16,384 from which on Chromium draws nothing
