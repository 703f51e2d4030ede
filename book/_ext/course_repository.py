"""What a book whose repository has an address shows, and no other.

Buttons that open a notebook on Colab and on Binder, and on every page: the repository, "suggest
edit", and a form to report what is wrong. `repository: url:` in `_config.yml` turns them on.
"""

from urllib.parse import urlencode

from sphinx.errors import ConfigError

from course_lib.repository import BRANCH, BadAddress, parse

LAUNCH = {
    "notebook_interface": "jupyterlab",
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")
ISSUES = "source-issues-button"  # the theme's label of the button for reports


def turn_on(app, config) -> None:
    """Set the theme's options, if there is an address."""
    options = config.html_theme_options
    try:
        repository = parse(options.get("repository_url", ""))
    except BadAddress as error:
        raise ConfigError(str(error)) from None
    if repository is not None:
        options |= {"repository_url": repository.url, "repository_branch": BRANCH}
        options |= dict.fromkeys(BUTTONS, True)
        app.connect("html-page-context", offer_notebooks, priority=500)  # the theme's is at 501
        app.connect("html-page-context", offer_forms, priority=502)


def offer_notebooks(app, pagename, templatename, context, doctree) -> None:
    """Launch what Colab and Binder open as it is: notebooks, not chapters."""
    is_notebook = str(app.env.doc2path(pagename)).endswith(".ipynb")
    app.config.html_theme_options["launch_buttons"] = LAUNCH if is_notebook else {}


def offer_forms(app, pagename, templatename, context, doctree) -> None:
    """Lead the theme's button for issues to our forms, which ask for what is needed."""
    form = "wrong-check" if pagename.startswith("exercises/") else "wrong-sentence"
    asked = urlencode({"template": f"{form}.yml", "page": pagename})
    for group in context["header_buttons"]:
        for button in group.get("buttons", []):
            if button.get("label") == ISSUES:
                url = app.config.html_theme_options["repository_url"]
                button.update(url=f"{url}/issues/new?{asked}", text="Report a mistake")


def setup(app) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("config-inited", turn_on)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
