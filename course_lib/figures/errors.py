"""The picture in a check's report: which gradient is wrong, and at which time step."""

import base64
import html
import io

import numpy as np

LIMIT = 1e-7  # what a check allows in float64
FLOOR = 1e-17  # where an error of 0 is drawn: a log axis has no place for it
OFF, FINE = ("X", "#D55E00"), ("o", "#0072B2")  # marker and colour


def error_picture(errors: dict[str, np.ndarray]) -> str:
    """The largest relative error of each output, and of each time step where there is one.

    Args:
        errors: names to relative errors, of any shape; a name that begins with "dx" and has three
            axes, (batch, T, m), gets a second panel over time.

    Returns:
        An HTML `<img>` that holds the picture and says in its alt text what is seen.
    """
    largest = {name: _largest(error) for name, error in errors.items() if np.size(error)}
    over_time = {
        name: [_largest(error[:, t]) for t in range(error.shape[1])]
        for name, error in errors.items()
        if name.startswith("dx") and np.ndim(error) == 3 and np.size(error)
    }
    png = base64.b64encode(_draw(largest, over_time)).decode()
    alt = html.escape(_in_words(largest, over_time), quote=True)
    return (
        f'<img alt="{alt}" src="data:image/png;base64,{png}" '
        'style="max-width:100%;height:auto;background:white">'
    )


def _largest(error: np.ndarray) -> float:
    """The largest entry; one that isn't finite counts as wrong altogether, 1."""
    return float(np.nan_to_num(np.asarray(error, dtype=float), nan=1, posinf=1).max())


def _draw(largest: dict[str, float], over_time: dict[str, list[float]]) -> bytes:
    """The figure as PNG with a small palette, some ten kilobytes."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    from course_lib.figures.style import use_style

    with matplotlib.rc_context():  # the learner's own figures keep their style
        use_style()
        heights = [0.35 * len(largest) + 0.9] + [2.2] * len(over_time)
        figure = Figure(figsize=(5.5, sum(heights)), dpi=100)
        canvas = FigureCanvasAgg(figure)
        top, *below = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
        _one_line_an_output(top, largest)
        for axes, (name, steps) in zip(below, over_time.items(), strict=True):
            _one_mark_a_step(axes, name, steps)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    buffer = io.BytesIO()
    image.quantize(16, Image.Quantize.MAXCOVERAGE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _one_line_an_output(axes, largest: dict[str, float]) -> None:
    for row, error in enumerate(largest.values()):
        marker, colour = OFF if error > LIMIT else FINE
        axes.plot(max(error, FLOOR), row, marker=marker, color=colour, markersize=9)
    axes.set_yticks(range(len(largest)), list(largest))
    axes.set_ylim(len(largest) - 0.5, -0.5)
    axes.axvline(LIMIT, color="black", linestyle="--", marker="")
    axes.set(xscale="log", xlim=(FLOOR / 3, 5), xlabel="largest relative error (line: 1e-7)")
    axes.set_xticks([1e-16, 1e-12, 1e-8, 1e-4, 1])


def _one_mark_a_step(axes, name: str, steps: list[float]) -> None:
    axes.plot([max(error, FLOOR) for error in steps], color="#8a8a8a", linestyle=":", marker="")
    for t, error in enumerate(steps):
        marker, colour = OFF if error > LIMIT else FINE
        axes.plot(t, max(error, FLOOR), marker=marker, color=colour, markersize=9)
    axes.axhline(LIMIT, color="black", linestyle="--", marker="")
    axes.set(yscale="log", ylim=(FLOOR / 3, 30), xlabel="time step t", ylabel=f"{name}, largest")
    axes.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    if len(steps) <= 12:
        axes.set_xticks(range(len(steps)))


def _in_words(largest: dict[str, float], over_time: dict[str, list[float]]) -> str:
    """What is seen, for who can't see it."""
    worst = max(largest, key=largest.get)
    text = f"Largest relative error of each output: {worst} has the largest, {largest[worst]:.1e}."
    off = [name for name, error in largest.items() if error > LIMIT]
    fine = [name for name in largest if name not in off]
    if off:
        text += f" Above the line at 1e-7: {', '.join(off)}."
    if fine:
        text += f" Below it: {', '.join(fine)}."
    for name, steps in over_time.items():
        wrong = [str(t) for t, error in enumerate(steps) if error > LIMIT]
        if wrong:
            text += f" Over time, {name} is off at t = {', '.join(wrong)}"
            text += f", most at t = {int(np.argmax(steps))}."
        else:
            text += f" Over time, {name} is right at every step."
    return text
