"""Every plot of the book and the notebooks. Importing this package does not import matplotlib."""

from course_lib.figures.moving import Handle, Moving
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, use_style

__all__ = ["CYCLE", "Handle", "Moving", "Slider", "slider", "use_style"]
