"""How a figure looks, in a line: the style of all that is in it, and where that stands.

A figure is judged by eye. `looks.json` holds what was seen then, so that nothing moves, or is drawn
in another way, without anybody knowing. It is stored anew, by `AGAIN`, after a change that is meant
and has been looked at.
"""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
from legible import shown
from matplotlib.axis import Tick
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

AGAIN = "pytest tests/figures --new-looks"
STORED = Path(__file__).with_name("looks.json")
DRAWN = (Line2D, Patch, Collection, AxesImage)
FAR = 9999  # where there is nothing, a box reaches to infinity
MOVED = 4  # pixels of about 800: what is measured in a figure is not the same on each processor
STYLE = (
    *("color", "edgecolor", "facecolor", "alpha", "linewidth", "linestyle", "zorder", "hatch"),
    *("marker", "markersize", "markevery", "fontsize", "rotation", "ha", "va"),
)


def look(figure):
    """Of a figure that has been drawn: a digest of the styles and words, and boxes in pixels."""
    renderer = figure.canvas.get_renderer()
    artists = _artists(figure)
    styles = [str(figure.get_size_inches()), *map(_style, artists)]
    styles += [_style(line) for ax in figure.axes for line in ax.get_xgridlines()[:1]]
    digest = hashlib.sha256("\n".join(styles).encode()).hexdigest()[:12]
    return {"style": digest, "boxes": [_box(one, renderer) for one in artists]}


def difference(figure, stored):
    """What is not as it was, in words, or None."""
    now = look(figure)
    if now["style"] != stored["style"]:
        return "something is drawn in another style, or not at all"
    for artist, here, there in zip(_artists(figure), now["boxes"], stored["boxes"], strict=True):
        if np.abs(np.subtract(here, there)).max() > MOVED:
            return f"{artist} stood at {there}, and stands at {here}"
    return None


def known():
    """The stored looks, by the test and the number of the figure in it."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def store(name, figure):
    """Keep a look, a line for each figure."""
    looks = known() | {name: look(figure)}
    short = json.JSONEncoder(separators=(",", ":")).encode
    lines = ",\n".join(f"{short(one)}:{short(looks[one])}" for one in sorted(looks))
    STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _artists(figure):
    """All that is drawn but the axes' own lines, and the words that are in view."""
    own = set(figure.findobj(Spine))
    own |= {line for tick in figure.findobj(Tick) for line in tick.findobj(Line2D)}
    things = [one for kind in DRAWN for one in figure.findobj(kind) if one not in own]
    return [one for one in things + shown(figure) if one.get_visible()]


def _style(artist):
    found = [type(artist).__name__]
    if isinstance(artist, Text):
        found.append(re.sub(r"[\d.,]+", "#", artist.get_text()))
    for name in STYLE:
        value = getattr(artist, f"get_{name}", lambda: None)()
        found.append(_hex(value) if "color" in name else str(value))
    return " ".join(found)


def _hex(value):
    try:
        return to_hex(value, keep_alpha=True)
    except (ValueError, TypeError):
        return str(None if value is None else np.shape(value)[-1:])


def _box(artist, renderer):
    """Left, bottom, right and top; the middle of points; how bright a picture is, per mille."""
    # A text's own box: that of an annotation has its arrow in it, which is a patch of its own.
    kind = Text if isinstance(artist, Text) else type(artist)
    found = [*kind.get_window_extent(artist, renderer).extents]
    if isinstance(artist, AxesImage):
        found += [1000 * np.mean(artist.to_rgba(artist.get_array())[..., :3])]
    elif isinstance(artist, Line2D | Collection):
        line = isinstance(artist, Line2D)
        points = artist.get_xydata() if line else artist.get_offsets()
        points = (artist.get_transform() if line else artist.get_offset_transform()).transform(
            points
        )
        found += [*np.ma.masked_invalid(points).mean(axis=0).filled(FAR)]
    return [round(x) for x in np.clip(np.nan_to_num(found), -FAR, FAR).tolist()]
