"""Pages for the instructor and for each student: one file each, no script, nothing loaded."""

import html
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.registry import get
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.results.points import holds_none, share

# No script may run and nothing may be loaded, whatever a student has put into a name.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; }
.wide { overflow-x: auto; }
th, td { border: 1px solid #8a8a8a; padding: .25rem .5rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
code { overflow-wrap: anywhere; }
"""
SYMBOLS = {PASSED: "✓", NOT_RIGHT: "✗", NOT_WRITTEN: "○", "missing": "–"}
SUSPICIOUS = ("tampered with", "crashed")
BAR, LONGEST_BAR = "█", 30


def class_page(
    students: Collection[dict],
    weights: dict[str, float],
    names: dict[str, str],
    written: str,
    notes: Collection[str] = (),
) -> Iterator[str]:
    """The instructor's page, part by part: the class as a whole, then each student.

    Args:
        students: results; walked through several times.
        weights: points by exercise.
        names: for each student the name of its page.
        written: when.
        notes: on the class as a whole, one sentence each.
    """
    yield _head("Results of the class")
    yield f"<h1>{len(students)} submissions</h1>{_conspicuous(students, names, notes)}"
    yield f"<h2>By exercise</h2>{_by_exercise(students, list(weights))}"
    yield from _projects(students, list(weights))
    yield f"<h2>Common misconceptions</h2>{_misconceptions(students)}<h2>By student</h2>"
    yield from _by_student(students, list(weights), names)
    for student in students:
        title = f"{_(student['student'])}: {_points(student)}"
        yield f"<details><summary>{title}</summary>{_details(student, weights)}</details>"
    yield f"<p>Written {_(written)}.</p>{END}"


def student_page(student: dict, weights: dict[str, float]) -> str:
    """A student's own page: nothing of other students, and nothing of a hidden case."""
    title = f"Results of {student['student']}"
    body = f"<h1>{_(title)}</h1><p>{_points(student)}</p>{_details(student, weights)}"
    return f"{_head(title)}{body}{END}"


END = "</main></body></html>\n"


def _head(title: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_(title)}</title><style>{STYLE}</style></head><body><main>"
    )


def _conspicuous(students: Iterable[dict], names: dict[str, str], notes: Iterable[str]) -> str:
    lines = [f"<li>{_(one)}</li>" for one in notes]
    for student in students:
        why = [
            f"{e['exercise']}: {e['outcome']}. {e['sentence']}"
            for e in student["exercises"]
            if e["outcome"] in SUSPICIOUS or e["failed"] == "other numbers"
        ]
        if replaced := sorted({name for e in student["exercises"] for name in e["replaced"]}):
            why.append(f"It puts others in place of {', '.join(replaced)}; that cost nothing.")
        if student["status"] != "graded" or holds_none(student):
            why += student["remarks"][:3]
        if why:
            lines.append(f"<li>{_link(student, names)}: {_(' '.join(why[:3]))}</li>")
    if not lines:
        return "<p>Nothing conspicuous.</p>"
    return f"<h2>To look at yourself</h2><ul>{''.join(lines)}</ul>"


def _by_exercise(students: Iterable[dict], wanted: list[str]) -> str:
    counts: dict[str, Counter] = {one: Counter() for one in wanted}
    for student in students:
        for exercise in student["exercises"]:
            counts[exercise["exercise"]][exercise["outcome"]] += 1
    outcomes = [o for o in _outcomes() if any(c[o] for c in counts.values())]
    head = "".join(f'<th scope="col">{_(o)}</th>' for o in outcomes)
    rows = [
        f'<tr><th scope="row">{_(one)}</th>'
        + "".join(f'<td class="number">{counts[one][o] or ""}</td>' for o in outcomes)
        + "</tr>"
        for one in wanted
    ]
    return (
        '<div class="wide" tabindex="0"><table><thead><tr><th scope="col">exercise</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _projects(students: Iterable[dict], wanted: list[str]) -> Iterator[str]:
    """How many students reach each mark, and how their scores are spread."""
    marks: dict[str, Counter] = {one: Counter() for one in wanted if get(one).kind == "project"}
    scores: dict[str, list[float]] = {one: [] for one in marks}
    for student in students:
        for exercise in student["exercises"]:
            if exercise.get("mark") is not None:
                marks[exercise["exercise"]][exercise["mark"]] += 1
            if exercise.get("score") is not None:
                scores[exercise["exercise"]].append(exercise["score"])
    if not any(marks.values()):
        return
    yield "<h2>Projects</h2>"
    for one, counts in marks.items():
        if not counts:
            continue
        project = get(one)
        rows = [("no mark", counts[0])]
        rows += [
            (f"mark {n}, {project.read(mark)}", counts[n])
            for n, mark in enumerate(project.marks, 1)
        ]
        body = "".join(
            f'<tr><th scope="row">{_(label)}</th><td class="number">{count}</td>'
            f'<td aria-hidden="true">{BAR * round(LONGEST_BAR * count / counts.total())}</td></tr>'
            for label, count in rows
        )
        yield f"<h3>{_(project.title)}</h3>{_spread(project, scores[one])}<table>{body}</table>"


def _spread(project: Exercise, scores: list[float]) -> str:
    if not scores:
        return ""
    ordered = sorted(scores)
    lowest, middle, best = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return (
        f"<p>Lowest {_(project.read(lowest))}, median {_(project.read(middle))}, best "
        f"{_(project.read(best))}.</p>"
    )


def _misconceptions(students: Iterable[dict]) -> str:
    counts = Counter(
        (e["exercise"], e["sentence"]) for s in students for e in s["exercises"] if e["mistake"]
    )
    if not counts:
        return "<p>None was recognised.</p>"
    lines = [
        f"<li>{count} × <strong>{_(one)}</strong>: {_(sentence)}</li>"
        for (one, sentence), count in counts.most_common(20)
    ]
    return f"<ol>{''.join(lines)}</ol>"


def _by_student(
    students: Iterable[dict], wanted: list[str], names: dict[str, str]
) -> Iterator[str]:
    head = "".join(f'<th scope="col">{_(one)}</th>' for one in wanted)
    yield (
        '<div class="wide" tabindex="0"><table><thead><tr><th scope="col">student</th>'
        f'<th scope="col">points</th>{head}</tr></thead><tbody>'
    )
    for student in students:
        cells = "".join(
            f'<td title="{_(e["outcome"])}">{SYMBOLS.get(e["outcome"], "!")}'
            f"{'' if e['outcome'] == PASSED else ' ' + _(e['outcome'])}</td>"
            for e in student["exercises"]
        )
        yield (
            f'<tr><th scope="row">{_link(student, names)}</th>'
            f'<td class="number">{student["points"]:g}</td>{cells}</tr>'
        )
    yield "</tbody></table></div>"


def _details(student: dict, weights: dict[str, float]) -> str:
    items = []
    for e in student["exercises"]:
        points = f"{weights[e['exercise']] * share(e):g} of {weights[e['exercise']]:g}"
        text = f"<strong>{SYMBOLS.get(e['outcome'], '!')} {_(e['exercise'])}</strong>: "
        text += f"{_(e['outcome'])}, {points}."
        if e["sentence"]:
            text += f"<br>{_(e['sentence'])}"
        if e["failed"] and not e["hidden"]:
            text += f"<br>First check that does not hold: {_(e['failed'])}."
        if e["printed"]:
            text += f"<br>It printed <code>{_(e['printed'])}</code>."
        for remark in e["remarks"]:
            text += f"<br>{_(remark)}"
        items.append(f"<li>{text}</li>")
    remarks = "".join(f"<li>{_(one)}</li>" for one in student["remarks"])
    return f"<ul>{''.join(items)}</ul>" + (f"<p>Remarks:</p><ul>{remarks}</ul>" if remarks else "")


def _link(student: dict, names: dict[str, str]) -> str:
    name = student["student"]
    return f'<a href="students/{_(names[name])}.html">{_(name)}</a>'


def _points(student: dict) -> str:
    return f"{student['points']:g} of {student['of']:g} points"


def _outcomes() -> tuple[str, ...]:
    from course_lib.instructor.judging.verdict import OUTCOMES

    return OUTCOMES


def _(value: object) -> str:
    """Text for HTML; characters that turn the direction of text or hide something are shown."""
    text = "".join(
        c if c.isprintable() or c in "\n " else "\N{REPLACEMENT CHARACTER}" for c in str(value)
    )
    return html.escape(text, quote=True)
