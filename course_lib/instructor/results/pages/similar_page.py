"""Pairs of students with their code side by side: one file, no script, nothing loaded."""

from collections.abc import Iterator

from course_lib.instructor.results.pages.markup import end, escaped, head
from course_lib.instructor.similar.blocks import Block
from course_lib.instructor.similar.pairs import Pair, Place

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 100rem; overflow-wrap: anywhere; }
.both { display: grid; gap: 1rem; }
@media (min-width: 60rem) { .both { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
pre { margin: 0; padding: .5rem; border: 1px solid #8a8a8a; overflow-x: auto; }
mark { color: inherit; background: #e0a03055; text-decoration: underline #b06a00; }
h2 { margin-top: 2.5rem; }
"""


def similar_page(alike: list[Pair]) -> Iterator[str]:
    """The page; the lines that are alike are marked.

    Args:
        alike: the pairs, in the order of the page.
    """
    yield head("Similar answers", STYLE)
    yield f"<h1>Similar answers: {len(alike)} pair{'' if len(alike) == 1 else 's'}</h1>"
    yield "<p>Alike is not copied. Marked is what neither the stub nor the solution explains.</p>"
    for pair in alike:
        yield f"<h2>{escaped(pair.one)} and {escaped(pair.other)}</h2>"
        for place in pair.places:
            yield f'<div class="both">{_code(place, place.one)}{_code(place, place.other)}</div>'
    yield end()


def _code(place: Place, block: Block) -> str:
    marked = set(block.lines(place.shared))
    lines = [
        f"<mark>{escaped(line)}</mark>" if number in marked else escaped(line)
        for number, line in enumerate(block.source.splitlines(), 1)
    ]
    title = escaped(block.place)
    code = "\n".join(lines)
    return (
        f'<div><p>{title}</p><pre tabindex="0" role="group" aria-label="{title}"><code>{code}'
        "</code></pre></div>"
    )
