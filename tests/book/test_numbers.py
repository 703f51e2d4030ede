"""Every number in a page's text comes from a run, or stands in the list with its reason."""

import re
import tomllib
from pathlib import Path

import pytest

from course_lib.authoring.prose import typed_numbers

BOOK = Path(__file__).parents[2] / "book"
LIST = BOOK / "typed_numbers.toml"
# Where no code runs nothing can be glued: those pages define, explain and link.
PAGES = [
    path.stem for path in sorted(BOOK.glob("*.md")) if "{code-cell}" in path.read_text("utf-8")
]


def allowed(page):
    reasons = tomllib.loads(LIST.read_text("utf-8")).get(page, {})
    return {phrase: reason for reason, phrases in reasons.items() for phrase in phrases}


@pytest.mark.parametrize("page", PAGES)
def test_no_number_was_typed_without_a_reason(page):
    found, unused = typed_numbers((BOOK / f"{page}.md").read_text("utf-8"), allowed(page))
    told = "\n".join(f"  {typed.number}  in: {typed.context}" for typed in found)
    assert not found, (
        f"book/{page}.md has typed numbers. If a run gives the number, glue it; if no run can"
        f" change it, give a phrase around it and the reason in {LIST.name}:\n{told}"
    )
    assert not unused, f"{LIST.name} allows what book/{page}.md no longer says: {unused}"


def test_the_list_names_pages_that_exist_and_gives_reasons():
    pages = tomllib.loads(LIST.read_text("utf-8"))
    assert set(pages) <= set(PAGES)
    assert all(len(reason) >= 10 for reasons in pages.values() for reason in reasons)


PAGE = """
(sec-label-3)=
## Results 10

The accuracy is {glue:text}`accuracy:.2f` % after 20 steps {cite:p}`zhang2015`, from 0 to 1.

| rule | error |
|---|---|
| KeRNL | $0.006$ |

```{code-cell} ipython3
---
mystnb:
  image:
    alt: "A line from 11 to twelve."
---
print(17)
```

```{dropdown} About 30 more
:open: 40
An error of 1e-3, or 5 %, and a cosine of $c = 0.97$; in `x[21]` not.
```

:::{note}
Two hundred layers.
:::
"""


def test_what_is_typed_is_found_wherever_it_stands():
    found, _ = typed_numbers(PAGE, {})
    numbers = [typed.number for typed in found]
    assert numbers == ["10", "20", "0.006", "30", "1e-3", "5 %", "0.97", "hundred", "11", "twelve"]


def test_what_is_said_of_a_picture_may_be_asserted_in_its_cell():
    [picture] = re.findall("```{code-cell}.*?```", PAGE, re.DOTALL)
    assert len(typed_numbers(picture, {})[0]) == 2
    assert typed_numbers(picture.replace("print", "assert 11 < 12\nprint"), {}) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "The shape is (batch, 28, 28), or (3, n), or (n,).",
        "In 2015, chapters 3 and 4 and section 12 used TensorFlow 2.16, float32, SnAp-1 and W_1.",
        "$y = 3x + 4$ and $(1-g)^{48}$ and `np.zeros(5)`",
        "A link to [the fifth](page5.md#sec-12) page, from 0 to 1 or -1.",
        "```{code-cell}\n:tags: [hide-input]\nx = 7\n```",
        "$$\n3 = 2 + 1\n$$",
    ],
)
def test_what_is_no_result_by_its_form_is_left_alone(text):
    assert typed_numbers(text, {}) == ([], [])


def test_a_bracket_is_not_a_shape_because_it_has_a_comma():
    found, _ = typed_numbers("A network (of radius 1.5, 40 steps) and a rule (n, at 12).", {})
    assert [typed.number for typed in found] == ["1.5", "40", "12"]


def test_a_phrase_allows_its_own_number_only():
    text = "It took 20 steps, and 120 steps later 20 more."
    found, unused = typed_numbers(text, {"20 steps": "a setting", "40 steps": "gone"})
    assert [typed.number for typed in found] == ["120", "20"]
    assert unused == ["40 steps"]
