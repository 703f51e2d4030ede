"""A class over several weeks on one page: one file, no script, nothing loaded."""

from collections.abc import Iterator, Sequence

from course_lib.exercises.report import PASSED
from course_lib.instructor.judging.verdict import MISSING, OUTCOMES
from course_lib.instructor.results.pages.class_page import outcome_bar
from course_lib.instructor.results.pages.markup import beside, end, escaped, head
from course_lib.instructor.results.weeks import Mistake, Weeks

MOST_STUCK, MOST_MISTAKES = 500, 40  # rows
HIDE = """
<p><label><input id="hide" type="checkbox"> Hide names</label></p>
"""


def weeks_page(weeks: Weeks, written: str) -> Iterator[str]:
    """The page, part by part.

    Args:
        weeks: two or more of them.
        written: when.
    """
    yield head(f"{len(weeks.titles)} weeks", beside("class_page.css"))
    yield f"<h1>{escaped(', '.join(weeks.titles))}</h1>{HIDE}"
    yield f"<h2>Stuck</h2>{_stuck(weeks)}"
    yield f"<h2>Mistakes, week by week</h2>{_spreading(weeks)}"
    yield f"<h2>Sentences that were not enough</h2>{_not_enough(weeks)}"
    yield f"<h2>By exercise</h2>{_by_exercise(weeks)}"
    yield f"<h2>Handed in nothing in the last week</h2>{_gone(weeks)}"
    yield f"<p>Written {escaped(written)}.</p>{end()}"


def _stuck(weeks: Weeks) -> str:
    stuck = weeks.stuck()
    rows = [
        (_name(one.student), escaped(one.exercise), str(one.weeks), escaped(one.sentence))
        for one in stuck[:MOST_STUCK]
    ]
    if not rows:
        return "<p>Nobody had the same exercise wrong in two hand-ins running.</p>"
    more = f"<p>{len(stuck) - MOST_STUCK} more.</p>" if len(stuck) > MOST_STUCK else ""
    columns = ("student", "exercise", "hand-ins running", "what was said last")
    return _table("Stuck", columns, rows) + more


def _spreading(weeks: Weeks) -> str:
    rows = [
        (*_mistake(weeks, mistake), *(str(count or "") for count in counts))
        for mistake, counts in weeks.spreading()[:MOST_MISTAKES]
    ]
    if not rows:
        return "<p>None was recognised.</p>"
    said = (
        "<p>Students who made each mistake. What has grown most since the week before is first.</p>"
    )
    columns = ("exercise", "mistake", *map(escaped, weeks.titles))
    return said + _table("Mistakes, week by week", columns, rows)


def _not_enough(weeks: Weeks) -> str:
    rows = [
        (*_mistake(weeks, mistake), str(one.told), str(one.same), str(one.right))
        for mistake, one in weeks.not_enough()[:MOST_MISTAKES]
    ]
    if not rows:
        return "<p>Nobody who was told of a mistake made it again.</p>"
    said = (
        "<p>Of those who were told of the mistake and handed in again, how many still make it, and "
        "how many are right now.</p>"
    )
    columns = ("exercise", "mistake", "told", "still there", "right now")
    return said + _table("Sentences that were not enough", columns, rows)


def _mistake(weeks: Weeks, mistake: Mistake) -> tuple[str, str]:
    return escaped(mistake[0]), escaped(weeks.sentences[mistake])


def _by_exercise(weeks: Weeks) -> str:
    body = [
        (escaped(one), *(_week(counts.get(one, {})) for counts in weeks.counts))
        for one in weeks.exercises()
    ]
    if not body:
        return "<p>Nobody has begun.</p>"
    return _table("By exercise", ("exercise", *map(escaped, weeks.titles)), body)


def _week(counts: dict[str, int]) -> str:
    """Passed, of those who handed it in, as numbers and as a bar of all."""
    there = sum(counts.values()) - counts.get(MISSING, 0)
    if not there:
        return ""
    return f"{counts.get(PASSED, 0)} of {there}{outcome_bar(counts, OUTCOMES)}"


def _gone(weeks: Weeks) -> str:
    gone = weeks.gone()
    if not gone:
        return "<p>Nobody.</p>"
    rows = [(_name(name), escaped(week)) for name, week in sorted(gone.items())]
    return _table("Handed in nothing in the last week", ("student", "last hand-in"), rows)


def _name(name: str) -> str:
    return f'<span class="named">{escaped(name)}</span>'


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names its rows; all that is handed in is HTML already."""
    top = "".join(f'<th scope="col">{one}</th>' for one in columns)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{one}</td>" for one in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(title)}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
