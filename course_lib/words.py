"""Lists and powers of ten in sentences."""

import re
from collections.abc import Sequence

SCIENTIFIC = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e\+?([-−]?)0*(\d{1,3})\b")  # 4e-05, 1e+06
RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def listed(words: Sequence[str]) -> str:
    """As in "one", "one and two", "one, two and three"; empty for none."""
    *others, last = words or [""]
    return f"{', '.join(others)} and {last}" if others else last


def with_powers(text: str) -> str:
    """Text in which 4e-05 is written as people write it, 4 × 10⁻⁵, and 1e-5 as 10⁻⁵.

    Its spaces don't break.
    """

    def power(found: re.Match) -> str:
        first, sign, exponent = found.groups()
        ten = f"10{(sign + exponent).translate(RAISED)}"
        return ten if first == "1" else f"{first}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{ten}"

    return SCIENTIFIC.sub(power, text)
