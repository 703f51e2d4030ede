"""Previous and next lead from a chapter through its exercises and other pages to its project."""


def reading_order(pages: list[str]) -> list[str]:
    """The pages as they are read: exercises behind the page that they belong to.

    The contents list has them in a part of their own. exercises/03-gated-cells belongs to
    book/gated_cells.

    Args:
        pages: names, in the order of the contents list.
    """
    belongs = {
        name: f"book/{name.partition('-')[2].replace('-', '_')}"
        for name in pages
        if name.startswith("exercises/")
    }
    order = []
    for name in pages:
        if belongs.get(name) not in pages:
            order += [name, *(one for one, page in belongs.items() if page == name)]
    return order


def pages_of(app) -> list[str]:
    """Every page of the book, in the order of the contents list."""
    following = {name: after for name, (_, _, after) in app.env.collect_relations().items()}
    pages = [app.config.root_doc]
    while after := following.get(pages[-1]):
        pages.append(after)
    return pages


def lead_on(app, pagename, templatename, context, doctree) -> None:
    """Set where previous and next lead."""
    order = reading_order(pages_of(app))
    if pagename not in order:
        return
    at = order.index(pagename)
    beside = {"prev": order[at - 1] if at else None, "next": (*order, None)[at + 1]}
    for direction, name in beside.items():
        context[direction] = name and {
            "link": app.builder.get_relative_uri(pagename, name),
            "title": app.builder.render_partial(app.env.titles[name])["title"],
        }


def setup(app) -> dict[str, object]:
    """Register with Sphinx; before the theme, which may look at both."""
    app.connect("html-page-context", lead_on, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
