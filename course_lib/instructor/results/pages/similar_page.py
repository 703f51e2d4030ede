"""Who shares code, with the code side by side: one file, no script, nothing loaded."""

from collections.abc import Iterator

from course_lib.instructor.results.pages.markup import PLAIN, end, escaped, head
from course_lib.instructor.similar.blocks import Block
from course_lib.instructor.similar.groups import Group
from course_lib.instructor.similar.pairs import Pair

STYLE = (
    PLAIN
    + """
body { margin: 0 auto; padding: 1rem; max-width: 100rem; overflow-wrap: anywhere; }
.both { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 60rem) { .both { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
pre { margin: 0; padding: .5rem; border: 1px solid #8a8a8a; overflow-x: auto; }
mark { color: inherit; background: #e0a03055; text-decoration: underline #b06a00; }
h2 { margin-top: 2.5rem; }
"""
)


MOST_SIDE_BY_SIDE = 12  # of a group; the others are named


def similar_page(together: list[Group], alike: list[Pair]) -> Iterator[str]:
    """The page; the lines that are alike are marked.

    Args:
        together: the groups, in the order of the page.
        alike: the pairs, below them.
    """
    yield head("Similar answers", STYLE)
    yield f"<h1>Similar answers: {in_number(len(together), len(alike))}</h1>"
    yield "<p>Alike is not copied. What neither the stub nor the solution explains is marked.</p>"
    for group in together:
        names = ", ".join(group.students)
        yield f"<h2>{len(group.students)} students: {escaped(names)}</h2>"
        for place in group.places:
            yield _side_by_side(place.shared, list(place.blocks.values()))
    for pair in alike:
        yield f"<h2>{escaped(pair.one)} and {escaped(pair.other)}</h2>"
        for place in pair.places:
            yield _side_by_side(place.shared, [place.one, place.other])
    yield end()


def in_number(groups: int, pairs: int) -> str:
    """How many there are, in words; groups only if there are any."""
    words = [f"{groups} group{'s' * (groups != 1)} and "] if groups else []
    return "".join([*words, f"{pairs} pair{'s' * (pairs != 1)}"])


def _side_by_side(shared: frozenset[int], blocks: list[Block]) -> str:
    more = len(blocks) - MOST_SIDE_BY_SIDE
    code = "".join(_code(shared, block) for block in blocks[:MOST_SIDE_BY_SIDE])
    return f'<div class="both">{code}</div>' + (f"<p>And {more} more.</p>" if more > 0 else "")


def _code(shared: frozenset[int], block: Block) -> str:
    marked = set(block.lines(shared))
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
