"""Pictures of every page to look at: ``python -m course_lib.authoring.screenshots DIR``."""

import sys
from pathlib import Path

from course_lib.authoring.browser import new_context, open_browser, page_names, serve

THEMES = ("light", "dark")
WIDTHS = (1280, 360)  # px: a desk and a small phone
TALLEST = 4000  # px of one picture: Chromium leaves blank what lies below 16,384


def strips(height: int) -> list[tuple[int, int]]:
    """The top and the height of each picture of a page, from its top to its end."""
    return [(top, min(TALLEST, height - top)) for top in range(0, height, TALLEST)]


def take(html: Path, out: Path) -> int:
    """Write the PNGs of each page, theme and width, strip by strip; return how many."""
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    with serve(html) as address, open_browser() as browser:
        for theme in THEMES:
            for width in WIDTHS:
                context = new_context(browser, theme, width)
                page = context.new_page()
                for name in page_names(html):
                    page.goto(f"{address}/{name}")
                    page.evaluate("window.MathJax?.startup?.promise")
                    stem = name.removesuffix(".html").replace("/", "-")
                    height = page.evaluate("document.documentElement.scrollHeight")
                    for number, (top, tall) in enumerate(strips(height)):
                        page.screenshot(
                            path=out / f"{stem}-{theme}-{width}-{number:02}.png",
                            full_page=True,
                            clip={"x": 0, "y": top, "width": width, "height": tall},
                        )
                        count += 1
                context.close()
    return count


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m course_lib.authoring.screenshots DIR")
    built = Path("_build/html")
    if not (built / "index.html").is_file():
        sys.exit("There is no built book here: run `make book` first.")
    print(f"{take(built, Path(sys.argv[1]))} pictures in {sys.argv[1]}")
