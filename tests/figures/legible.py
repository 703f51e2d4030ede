"""What keeps a reader from reading a figure: words on words, words cut off, arrows astray, curves
behind a legend, axes or a legend with nothing in it or with two lines that look alike, a curve
or a band beside a legend that doesn't name it, a label where no numbers are, a name in lower case.
"""

import re
from itertools import combinations, pairwise, permutations

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.legend import Legend
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

WIDTH = 5.5  # inches: the column's, so that a letter is as large in each figure
TOUCH = 4  # pixels: so little of two boxes lies on each other where letters don't meet
CUT = 12  # pixels: a page makes room for what stands out by a little, and the layout moves titles
SPACE = 0.3  # of a letter's height: so much parts two words
SMALL = 9  # points: a phone shows a figure at two thirds of its size
# Whoever gave a name to a thing has a capital letter.
LOWER_CASE = re.compile(r"\b(?:gauss|jacob|bernoulli|lyapunov|hess|markov|adam\b|keras|bayes)\w*")
ASTRAY = 32  # pixels, a fifth of an inch: an arrow that stops so short of things means none


def faults(figure):
    """What is wrong, in words; the figure is drawn for it."""
    canvas = FigureCanvasAgg(figure)  # a figure that pyplot has closed draws nothing by itself
    canvas.draw()
    words = [(text, _box(text, canvas.get_renderer())) for text in _shown(figure)]
    found = [*_cut_off(words, figure.bbox), *_on_each_other(words), *_run_together(words)]
    found += [f"{t.get_text()!r} is too small" for t, _ in words if t.get_fontsize() < SMALL]
    found += [f"{t.get_text()!r} has a name in lower case" for t, _ in words if _lower_case(t)]
    if figure.get_figwidth() != WIDTH:
        found += [f"the figure is {figure.get_figwidth()} inches wide, not {WIDTH}"]
    found += [fault for legend in figure.findobj(Legend) for fault in _alike(legend)]
    found += _unnamed(figure)
    for ax in figure.axes:
        found += [*_empty(ax), *_of_no_numbers(ax), *_behind_legend(ax, canvas.get_renderer())]
        if not ax.axison:  # a diagram: its arrows say what leads where
            found += _astray(ax, [(text, box) for text, box in words if text.axes is ax])
        else:
            found += _struck_out(ax, [(text, box) for text, box in words if text in ax.texts])
    return found


def _lower_case(text):
    return LOWER_CASE.search(text.get_text())


def _shown(figure):
    """All texts that are drawn: a tick outside of what is in view has a text too."""
    hidden = set()
    for axis in figure.findobj(Axis):  # of axes that stand in axes, too
        drawn = axis.axes.axison and axis.get_visible() and axis.axes.get_visible()
        low, high = sorted(axis.get_view_interval())
        slack = (high - low) * 1e-9
        labels = {axis.label, axis.offsetText} if drawn else set()
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) if drawn else ():
            if low - slack <= tick.get_loc() <= high + slack:
                labels |= {tick.label1, tick.label2}
        hidden |= set(axis.findobj(Text)) - labels
    texts = figure.findobj(Text)
    return [t for t in texts if t not in hidden and t.get_visible() and t.get_text().strip()]


def _box(text, renderer):
    return Text.get_window_extent(text, renderer)  # without the arrow, if it has one


def _cut_off(words, page):
    for text, box in words:
        inside = Bbox.intersection(box, page.padded(CUT))
        if inside is None or not np.allclose(inside.extents, box.extents):
            yield f"{text.get_text()!r} leaves the figure"


def _on_each_other(words):
    for number, (text, box) in enumerate(words):
        for other, beside in words[:number]:
            both = Bbox.intersection(box, beside)
            if both is not None and min(both.width, both.height) > TOUCH:
                yield f"{text.get_text()!r} lies on {other.get_text()!r}"


def _run_together(words):
    """Words side by side on one line, such as ticks, with less than a space between them."""
    level = [(text, box) for text, box in words if text.get_rotation() == 0]
    for (text, box), (other, beside) in permutations(level, 2):
        gap, height = beside.x0 - box.x1, min(box.height, beside.height)
        same_line = min(box.y1, beside.y1) - max(box.y0, beside.y0) > height / 2
        if same_line and 0 <= gap < SPACE * text.get_fontsize():
            yield f"{text.get_text()!r} runs into {other.get_text()!r}"


def _empty(ax):
    """Axes that show no data, and a legend that names nothing."""
    if ax.axison and not ax.has_data():
        yield "axes have nothing in them"
    if ax.get_legend() and not ax.get_legend().get_texts():
        yield "a legend has nothing in it"


def _alike(legend):
    """Lines of a legend that neither colour, nor style, nor marker tells apart."""
    looks = [(h.get_color(), h.get_linestyle(), h.get_marker()) for h in legend.get_lines()]
    for one, other in combinations(range(len(looks)), 2):
        if looks[one] == looks[other]:
            yield f"lines {one + 1} and {other + 1} of a legend look alike"


def _unnamed(figure):
    """Curves and bands of a colour that no legend beside them names."""
    for ax in figure.axes:
        legends = [one for one in (ax.get_legend(), *figure.legends) if one]
        named = {_colour(handle) for one in legends for handle in one.legend_handles}
        for drawn in [*_curves(ax), *ax.findobj(PolyCollection)] if named else []:
            if _colour(drawn) not in named:
                yield f"no legend names what is drawn in {_colour(drawn)}"


def _colour(drawn):
    """What a line or an area is drawn in, however faintly; its marks, if it is nothing but them."""
    for told in ("get_color", "get_facecolor", "get_edgecolor"):
        if hasattr(drawn, told) and len(colours := to_rgba_array(getattr(drawn, told)())):
            return to_hex(colours[0][:3])
    return None


def _of_no_numbers(ax):
    """Labels of an axis that shares its numbers, which stand elsewhere."""
    for axis, side in ((ax.xaxis, "labelbottom"), (ax.yaxis, "labelleft")):
        if axis.get_label_text() and not axis.get_tick_params()[side]:
            yield f"{axis.get_label_text()!r} stands where no numbers are"


def _behind_legend(ax, renderer):
    """Curves that touch their axes' legend, or go behind it between two points too; and bands."""
    legend = ax.get_legend()
    if legend is not None:
        box = legend.get_window_extent(renderer)
        for line in _curves(ax):
            if _meets(line, box):
                yield f"{line.get_label()!r} goes behind the legend"
        for band in ax.findobj(PolyCollection):
            outlines = [ax.transData.transform_path(path) for path in band.get_paths()]
            if any(path.intersects_bbox(box.padded(-TOUCH), filled=True) for path in outlines):
                yield "a band goes behind the legend"


def _struck_out(ax, words):
    """Words in axes that show data, through which a curve goes."""
    for line in _curves(ax):
        for text, box in words:
            if _meets(line, box.padded(-TOUCH)):
                yield f"{line.get_label()!r} goes through {text.get_text()!r}"


def _curves(ax):
    """The lines of more than two points: they are data, and the others mark something."""
    data = [line for line in ax.lines if line.get_transform() == ax.transData]
    return [line for line in data if len(line.get_xydata()) > 2]


def _meets(line, box):
    """Whether some of a curve that is drawn lies in a box."""
    drawn = STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_data(orig=False))
    points = _pixels(line.axes, np.transpose(drawn))
    if line.get_linestyle() != "None":
        points = _along(points)
    seen = Bbox.intersection(box, line.axes.bbox)  # beyond the axes nothing is drawn
    return seen is not None and ((points > seen.min) & (points < seen.max)).all(1).any()


def _astray(ax, words):
    """Arrows that begin or end at nothing, and lines that strike words out."""
    arrows = [_pixels(ax, [t.xyann, t.xy]) for t in ax.texts if getattr(t, "arrow_patch", None)]
    paths = [_pixels(ax, line.get_xydata()) for line in ax.lines if line.get_xydata().size > 2]
    paths = [path for path in paths if len(path) > 1]
    drawn = [*_shapes(ax)]
    shapes = [box for _, box in words] + drawn
    view = ax.bbox.padded(1)
    for box in drawn + [Bbox([point, point]) for path in arrows + paths for point in path]:
        if not (view.min <= box.min).all() or not (box.max <= view.max).all():
            yield f"something at {box.min.round()} is beyond the axes, where nothing is drawn"
    for number, arrow in enumerate(arrows):
        others = [one for k, one in enumerate(arrows) if k != number] + paths
        for point in arrow:
            far = min(
                [_to_box(point, box) for box in shapes]
                + [_to_path(point, path) for path in others]
                + [np.abs(point - ax.bbox.get_points()).min()]  # from, or to, what isn't shown
            )
            if far > ASTRAY:
                yield f"an arrow's end at {point.round()} is {far:.0f} pixels from anything"
    for path in arrows + paths:
        for text, box in words:
            core = box.padded(-TOUCH)
            if any((_along(path) > core.min).all(1) & (_along(path) < core.max).all(1)):
                yield f"a line goes through {text.get_text()!r}"


def _pixels(ax, points):
    return ax.transData.transform(np.asarray(points, float))


def _shapes(ax):
    """Where boxes and markers lie."""
    for patch in ax.patches:
        if not isinstance(patch, FancyArrowPatch):
            yield patch.get_window_extent()
    for line in ax.lines:
        if line.get_marker() not in ("", "None", None):
            half = line.get_markersize() * ax.figure.dpi / 72 / 2
            for point in _pixels(ax, line.get_xydata()):
                yield Bbox([point - half, point + half])


def _to_box(point, box):
    return np.hypot(*np.maximum(0, np.maximum(box.min - point, point - box.max)))


def _to_path(point, path):
    return np.hypot(*(point - _along(path)).T).min()


def _along(path, points=60):
    """Points on each leg of a path."""
    share = np.linspace(0, 1, points)[:, None]
    legs = pairwise(path)
    return np.concatenate([start + share * (end - start) for start, end in legs])
