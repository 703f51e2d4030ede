"""A checkout that can't be written to: said in one line, before anything fails in many."""

import os
import sys
from pathlib import Path


def is_read_only(who: str, root: Path) -> bool:
    """Whether no file can be made in a folder; if so, that and what helps is said.

    Args:
        who: what the line begins with.
        root: of the checkout.
    """
    if os.access(root, os.W_OK):
        return False
    print(
        f"{who}: {root.resolve()} can't be written to: copy the course into a folder of your own.",
        file=sys.stderr,
    )
    return True
