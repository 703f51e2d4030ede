"""The release number, in the footer of every page and wherever Sphinx asks for one."""

from course_lib import __version__


def show(app, config) -> None:
    """Set what Sphinx calls version and release, and the theme's footer."""
    config.version = config.release = __version__
    config.html_theme_options["extra_footer"] = f"<p>Release {__version__}</p>"


def setup(app) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("config-inited", show)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
