"""Distributions as pictures in SVG, readable in light, in dark and on paper."""

from collections.abc import Callable, Sequence

from course_lib.instructor.results.pages.markup import escaped

BINS = 20
WIDTH, HEIGHT, BELOW, ABOVE = 480, 90, 18, 18  # px


def histogram(
    values: Sequence[float],
    ends: tuple[float, float],
    read: Callable[[float], str],
    says: str,
    lines: Sequence[tuple[float, str]] = (),
) -> str:
    """Bars over a range of values.

    Args:
        values: in any order.
        ends: of the axis; values beyond are in the first and the last bar.
        read: from a value to its words, for the ends of the axis.
        says: what the picture shows, for those who can't see it.
        lines: values to mark with a dashed line, each with its label.
    """
    low, high = ends
    span = high - low or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, max(0, int(BINS * (value - low) / span)))] += 1
    tallest, wide = max(counts, default=0) or 1, WIDTH / BINS
    parts = []
    for number, count in enumerate(counts):
        if count:
            tall = max(1.0, HEIGHT * count / tallest)
            x, y = number * wide + 1, ABOVE + HEIGHT - tall
            title = f"<title>{count}</title>"
            parts.append(
                f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" '
                f'height="{tall:.1f}">{title}</rect>'
            )
    for value, label in lines:
        x = min(WIDTH - 1.0, max(1.0, WIDTH * (value - low) / span))
        anchor = "end" if x > WIDTH / 2 else "start"
        parts.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="12" y2="{ABOVE + HEIGHT}"/>'
            f'<text x="{x:.1f}" y="10" text-anchor="{anchor}">{escaped(label)}</text>'
        )
    floor, base = ABOVE + HEIGHT, ABOVE + HEIGHT + BELOW - 4
    parts.append(
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{floor}" y2="{floor}"/>'
        f'<text x="0" y="{base}">{escaped(read(low))}</text>'
        f'<text x="{WIDTH}" y="{base}" text-anchor="end">{escaped(read(high))}</text>'
    )
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {ABOVE + HEIGHT + BELOW}" role="img" '
        f'aria-label="{escaped(says)}">{"".join(parts)}</svg>'
    )
