"""Name the arrows that fold the list of chapters: the theme gives them a picture and no words."""

from bs4 import BeautifulSoup


def name_arrows(html: str) -> str:
    """The list of chapters, each arrow named after the page beside it, for screen readers."""
    soup = BeautifulSoup(html, "html.parser")
    for item in soup.select("li:has(> details > summary)"):
        link, summary = item.find("a"), item.find("summary")
        if link and not summary.get_text(strip=True):
            title = " ".join(link.get_text(" ", strip=True).split())
            summary["aria-label"] = f"Pages that belong to {title}"
    return str(soup)


def wrap(app, pagename, templatename, context, doctree) -> None:
    """Put `name_arrows` behind the theme's function that makes the list."""
    generate = context.get("generate_toctree_html")
    if generate is not None:
        context["generate_toctree_html"] = lambda *args, **options: name_arrows(
            str(generate(*args, **options))
        )


def setup(app) -> dict[str, object]:
    """Register with Sphinx; after the theme, which sets the function at priority 500."""
    app.connect("html-page-context", wrap, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
