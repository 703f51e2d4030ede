"""A figure that the reader can play with, in a rendered page, with no server and no network."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from course_lib.figures.style import label_short_logs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 144  # of a picture in a drawing, such as a digit
WIDTH = "min(100%, 36rem)"  # as other figures in the book

# One line, inline, so that it works in the book, in JupyterLab and in an exported page alike.
WIRING = (
    "const f=this.closest('figure'),i=f.querySelectorAll('img'),k=+this.value;"
    "i.forEach((e,j)=>{e.hidden=j!==k});"
    "const t=i[k].dataset.value;"
    "f.querySelector('output').textContent=t;"
    "this.setAttribute('aria-valuetext',t)"
)


class Slider:
    """Pictures of one figure at several values, and a native range input that chooses among them.

    Without scripts the reader sees the starting frame. The keyboard works as in every range input.
    """

    def __init__(
        self, frames: Sequence[tuple[str, Figure, str]], label: str, start: int = 0
    ) -> None:
        """Draw and close every figure.

        Args:
            frames: (value as the reader shall see it, figure, alt text) for each position.
            label: what is varied, e.g. "spectral radius".
            start: index of the frame that is shown first.

        Raises:
            ValueError: fewer than two frames, a start outside them, no label, or a frame without
                alt text.
        """
        if len(frames) < 2:
            raise ValueError(f"A slider needs at least two frames, got {len(frames)}.")
        if not 0 <= start < len(frames):
            raise ValueError(f"start={start}, but the frames are numbered 0 to {len(frames) - 1}.")
        if not label.strip():
            raise ValueError("A slider needs a label: the name of what is varied.")
        for value, _, alt in frames:
            if not alt.strip():
                raise ValueError(f"The frame {value!r} has no alt text: say what it shows.")
        self.label, self.start = label, start
        self.values = [value for value, _, _ in frames]
        self.alts = [alt for _, _, alt in frames]
        self.drawings = [_svg(figure) for _, figure, _ in frames]

    def __repr__(self) -> str:
        return f"Slider: {self.label}, {len(self.values)} frames"

    def _repr_html_(self) -> str:
        value = html.escape(self.values[self.start])
        # The spaces and attributes stand so that the text reads well where CSS is missing too.
        return (
            '<figure class="course-slider" style="margin:1em 0">'
            f"<label><span>{html.escape(self.label)}</span> "
            f'<input type="range" min="0" max="{len(self.values) - 1}" step="1" '
            f'value="{self.start}" autocomplete="off" aria-valuetext="{value}" '
            f'oninput="{html.escape(WIRING)}"></label> '
            f'<output aria-live="off">{value}</output>'
            f"{''.join(self._image(i) for i in range(len(self.drawings)))}"
            "</figure>"
        )

    def _image(self, i: int) -> str:
        data = base64.b64encode(self.drawings[i]).decode("ascii")
        return (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(self.alts[i])}" '
            f'data-value="{html.escape(self.values[i])}" '
            f'style="width:{WIDTH};height:auto"{"" if i == self.start else " hidden"}>'
        )


def slider(frames: Sequence[tuple[str, Figure, str]], label: str, start: int = 0) -> Slider:
    """Return a `Slider`; see there for the arguments and what is raised."""
    return Slider(frames, label, start)


def _svg(figure: Figure) -> bytes:
    """Return the figure as an opaque drawing, and close it so that no notebook shows it again."""
    import matplotlib.pyplot as plt

    label_short_logs(figure)
    drawing = io.BytesIO()
    with plt.rc_context({"svg.hashsalt": "course"}):  # equal figures give equal drawings
        figure.savefig(drawing, format="svg", dpi=DPI, facecolor="white", metadata={"Date": None})
    plt.close(figure)
    return drawing.getvalue()
