"""How a command says that it can't do what was asked for."""

import sys
from typing import NoReturn

import typer

USAGE = 2  # exit code: the command was not understood


def fail(message: object, code: int = USAGE) -> NoReturn:
    """Say it in one line, and end."""
    print(f"course: {message}", file=sys.stderr)
    raise typer.Exit(code)
