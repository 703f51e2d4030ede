"""The results as JUnit XML, which CI services show in a pull request."""

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.results.pages.markup import shown

NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(students: Iterable[dict]) -> Iterator[str]:
    """A suite a student, a case an exercise."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="course validate">\n'
    for student in students:
        exercises = student["exercises"]
        outcomes = [e["outcome"] for e in exercises]
        skipped = sum(o in (NOT_WRITTEN, "missing") for o in outcomes)
        suite = ET.Element(
            "testsuite",
            name=_text(student["student"]),
            tests=str(len(exercises)),
            failures=str(outcomes.count(NOT_RIGHT)),
            errors=str(
                len(outcomes) - outcomes.count(PASSED) - outcomes.count(NOT_RIGHT) - skipped
            ),
            skipped=str(skipped),
        )
        for exercise in exercises:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_text(student["student"]),
                name=exercise["exercise"],
            )
            message = _text(f"{exercise['outcome']}. {exercise['sentence']}")
            if exercise["outcome"] == PASSED:
                continue
            if exercise["outcome"] in (NOT_WRITTEN, "missing"):
                kind = "skipped"
            else:
                kind = "failure" if exercise["outcome"] == NOT_RIGHT else "error"
            found = ET.SubElement(case, kind, message=message)
            found.text = _text("\n".join(exercise["remarks"]))
        ET.indent(suite)
        yield ET.tostring(suite, encoding="unicode") + "\n"
    yield "</testsuites>\n"


def _text(value: str) -> str:
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", shown(value))
