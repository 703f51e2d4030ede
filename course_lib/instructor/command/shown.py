"""What students wrote, on a terminal."""


def shown(text: str) -> str:
    """Text in which characters that a terminal would obey are replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def shown_lines(message: object) -> str:
    """The same of a message of several lines."""
    return "\n".join(map(shown, str(message).split("\n")))
