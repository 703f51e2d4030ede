"""What code prints and no writer would: minus zero, and one thing named as if it were several."""

import re

SIGNED_ZERO = re.compile(r"(?<![\w.])-0(\.0*)?(?![\w.])")
# What follows a lone 1 and ends like a plural; words that only end like one are left out.
ONE_OF_MANY = re.compile(r"(?<![\w.,:/^-])1(?![\w.,])\s+(?!has\b)[a-z]*[^\W\daius]s\b")


def wrong_amounts(text: str) -> list[str]:
    """Each place in a text that says -0, or names one thing in the plural."""
    return [found[0] for rule in (SIGNED_ZERO, ONE_OF_MANY) for found in rule.finditer(text)]
