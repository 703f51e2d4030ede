"""Let `[text](page.md#label)` lead to a label `(label)=`, as it does to a heading.

MyST knows the headings of a page only. The notebooks link to chapters by file and label, so that
the link works in JupyterLab as well as in the book; without this each would be a warning.
"""


def add_labels(app, env) -> list[str]:
    """Enter every label of the book among the anchors that MyST knows; no page changes by it."""
    labels = env.get_domain("std").anonlabels  # every label, with and without a title
    titles = env.get_domain("std").labels
    for label, (page, anchor) in labels.items():
        title = titles[label][2] if label in titles else label
        slugs = dict(env.metadata[page].get("myst_slugs", {}))
        env.metadata[page]["myst_slugs"] = {label: (0, anchor, title)} | slugs
    return []


def setup(app) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("env-updated", add_labels)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
