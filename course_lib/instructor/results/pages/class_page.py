"""The instructor's page: the class as a whole, and each student one click away.

What needs no script is written here; the map of students by exercises is drawn by `class_page.js`,
which shows what students wrote as text and never as HTML.
"""

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence

from course_lib.exercises.registry import CHAPTERS, get
from course_lib.exercises.report import NOT_WRITTEN
from course_lib.instructor.judging.verdict import MISSING, OUTCOMES
from course_lib.instructor.results.pages.class_data import class_data
from course_lib.instructor.results.pages.distribution import histogram
from course_lib.instructor.results.pages.markup import beside, end, escaped, head, with_code
from course_lib.instructor.results.tally import Misconception, Tally

MOST_MISCONCEPTIONS = 20
MANY = 10  # entries of a list that is folded if it is longer
BAR = 200  # px
NOT_BEGUN = {MISSING, NOT_WRITTEN}


def class_page(
    students: Collection[dict],
    weights: dict[str, float],
    names: dict[str, str],
    written: str,
    notes: Collection[str] = (),
) -> Iterator[str]:
    """The page, part by part, so that a class of thousands needs little memory.

    Args:
        students: results with their points; walked through twice.
        weights: points by exercise.
        names: for each student the name of its page.
        written: when, in ISO 8601.
        notes: on the class as a whole, one sentence each.
    """
    style, script = beside("class_page.css"), beside("class_page.js")
    tally = Tally.of(students, list(weights))
    yield head("Results of the class", style, script)
    yield f"<h1>{len(students)} submissions</h1>{_points(tally, sum(weights.values()))}"
    yield _conspicuous(tally, notes)
    yield MAP
    yield f"<h2>Common misconceptions</h2>{_misconceptions(tally)}"
    yield from _projects(tally)
    yield f"<h2>By exercise</h2>{_by_exercise(tally)}"
    when = written.replace("T", " ").replace("+00:00", " UTC")
    yield f'<p>Written {escaped(when)}.</p><dialog id="student" aria-labelledby="who"></dialog>'
    yield '<script type="application/json" id="class">'
    yield from class_data(students, weights, names)
    yield f"</script>{end(script)}"


MAP = """
<h2 id="map-title">Students by exercises</h2>
<noscript><p>The map is drawn by this page's script, which doesn't run here. The same results are in
grades.csv, and in students/.</p></noscript>
<div id="controls" role="search" aria-label="Students" hidden>
<label>Find <input id="find" type="search" autocomplete="off"></label>
<label>Chapter <select id="chapter"></select></label>
<label>Exercise <select id="exercise"></select></label>
<label>Outcome <select id="outcome"></select></label>
<label>Sort by <select id="sort"></select></label>
<button id="reset" type="button">Show all</button>
<label><input id="hide" type="checkbox"> Hide names</label>
</div>
<p id="count" role="status"></p>
<div id="map" class="wide" tabindex="0" role="region" aria-labelledby="map-title" hidden></div>
<p id="legend" hidden></p>
"""


def _points(tally: Tally, of: float) -> str:
    if not tally.points:
        return ""
    middle = statistics.median(tally.points)
    full = sum(points >= of for points in tally.points)
    says = (
        f"Half of the class has {middle:g} points or more, of {of:g}. "
        f"{full or 'Nobody'} {'have' if full > 1 else 'has'} all of them."
    )
    picture = histogram(tally.points, (0.0, of), lambda points: f"{points:g} points", says)
    return f"<figure>{picture}<figcaption>{escaped(says)}</figcaption></figure>"


def _conspicuous(tally: Tally, notes: Collection[str]) -> str:
    lines = [f'<li class="named">{with_code(one)}</li>' for one in notes]
    for number, why in tally.conspicuous:
        said = with_code(" ".join(why))
        lines.append(f'<li>{_name(tally, number)}<span class="named">: {said}</span></li>')
    if not lines:
        return "<p>Nothing conspicuous.</p>"
    entries = f"<ul>{''.join(lines)}</ul>"
    if len(lines) > MANY:
        entries = f"<details><summary>{len(lines)} entries</summary>{entries}</details>"
    return f"<h2>To look at yourself</h2>{entries}"


def _name(tally: Tally, number: int) -> str:
    """A student's name, which opens what became of the work, and can be hidden."""
    name = escaped(tally.names[number])
    return f'<button type="button" class="name" data-student="{number}">{name}</button>'


def _misconceptions(tally: Tally) -> str:
    commonest = tally.commonest(MOST_MISCONCEPTIONS)
    if not commonest:
        return "<p>None was recognised.</p>"
    more = len(tally.misconceptions) - len(commonest)
    rest = f"<p>{more} more are in the map.</p>" if more else ""
    items = "".join(f"<li>{_misconception(tally, one)}</li>" for one in commonest)
    return f'<ol class="misconceptions">{items}</ol>{rest}'


def _misconception(tally: Tally, one: Misconception) -> str:
    students = "1 student" if one.count == 1 else f"{one.count} students"
    text = (
        f'<p><button type="button" data-exercise="{escaped(one.exercise)}" '
        f'data-mistake="{escaped(one.mistake)}">{students}</button> '
        f"<strong>{escaped(one.exercise)}</strong>: {with_code(one.sentence)}</p>"
    )
    if one.excerpts:
        code, count = one.excerpts.most_common(1)[0]
        others = f" and {count - 1} more" if count > 1 else ""
        text += (
            f"<pre><code>{escaped(chr(10).join(code))}</code></pre>"
            f'<p class="by">{_name(tally, one.authors[code])}{others}</p>'
        )
    return text


def _projects(tally: Tally) -> Iterator[str]:
    """How many students reach each mark, and how their scores are spread."""
    if not tally.marks:
        return
    yield "<h2>Projects</h2>"
    for one in (one for one in tally.wanted if one in tally.marks):
        project, counts, scores = get(one), tally.marks[one], sorted(tally.scores.get(one, ()))
        yield f"<h3>{escaped(project.title)}</h3>"
        if scores:
            lowest, middle, best = scores[0], statistics.median_low(scores), scores[-1]
            says = (
                f"Lowest {project.read(lowest)}, median {project.read(middle)}, best "
                f"{project.read(best)}."
            )
            ends = min(lowest, project.marks[0]), max(best, project.marks[-1])
            lines = [(mark, f"mark {n}") for n, mark in enumerate(project.marks, 1)]
            picture = histogram(scores, ends, project.read, says, lines)
            yield f"<figure>{picture}<figcaption>{escaped(says)}</figcaption></figure>"
        rows = [("no mark", counts[0])]
        rows += [
            (f"mark {n}, {project.read(mark)}", counts[n])
            for n, mark in enumerate(project.marks, 1)
        ]
        body = "".join(
            f'<tr><th scope="row">{escaped(label)}</th><td class="number">{count}</td></tr>'
            for label, count in rows
        )
        yield f"<table>{body}</table>"


def _by_exercise(tally: Tally) -> str:
    seen = [o for o in OUTCOMES if any(counts[o] for counts in tally.outcomes.values())]
    columns = "".join(f'<th scope="col">{escaped(o)}</th>' for o in seen)
    body, not_begun = "", []
    for chapter in CHAPTERS:
        ids = [one for one in chapter.exercises if one in tally.outcomes]
        if ids and not any(tally.outcomes[one].keys() - NOT_BEGUN for one in ids):
            not_begun.append(chapter.title)
        elif ids:
            title = f'<th scope="colgroup" colspan="{len(seen) + 2}">{escaped(chapter.title)}</th>'
            rows = "".join(_exercise(one, tally.outcomes[one], seen) for one in ids)
            body += f"<tbody><tr>{title}</tr>{rows}</tbody>"
    if not body:
        return "<p>Nobody has begun.</p>"
    rest = f"<p>Begun by nobody: {escaped(', '.join(not_begun))}.</p>" if not_begun else ""
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="By exercise"><table><thead><tr>'
        f'<th scope="col">exercise</th><th scope="col">share</th>{columns}</tr></thead>'
        f"{body}</table></div>{rest}"
    )


def _exercise(one: str, counts: dict[str, int], seen: list[str]) -> str:
    """A row: the shares as a bar, and each count as a button that shows who they are."""
    cells = ""
    for outcome in seen:
        number = OUTCOMES.index(outcome)
        button = (
            f'<button type="button" data-exercise="{escaped(one)}" data-outcome="{number}" '
            f'aria-label="{counts[outcome]} {escaped(outcome)}, {escaped(one)}">'
            f"{counts[outcome]}</button>"
        )
        cells += f'<td class="number">{button if counts[outcome] else ""}</td>'
    picture = outcome_bar(counts, seen)
    return f'<tr><th scope="row">{escaped(one)}</th><td>{picture}</td>{cells}</tr>'


def outcome_bar(counts: Mapping[str, int], outcomes: Sequence[str]) -> str:
    """How a class shares out over these outcomes, as a bar; the numbers stand beside it."""
    total, x, parts = sum(counts.values()) or 1, 0.0, ""
    for outcome in outcomes:
        wide = BAR * counts.get(outcome, 0) / total
        if wide:
            number = OUTCOMES.index(outcome)
            parts += f'<rect class="o{number}" x="{x:.1f}" width="{wide:.1f}" height="14"/>'
        x += wide
    return f'<svg class="bar" viewBox="0 0 {BAR} 14" aria-hidden="true">{parts}</svg>'
