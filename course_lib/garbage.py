"""What Python need not walk through each time it looks for garbage."""

import gc

MUCH = 10_000  # objects; Python 3.12 itself begins with a few hundred
_for_good = False


def put_to_rest() -> None:
    """Collect what is garbage by now; the rest stays out of the search as long as Python runs."""
    global _for_good
    gc.collect()
    gc.freeze()
    _for_good = True


def much_is_at_rest() -> bool:
    """Whether somebody has frozen what there is, which `gc.unfreeze` would undo for good.

    Where `put_to_rest` did, nothing is counted: that walks through all that is frozen.
    """
    return _for_good or gc.get_freeze_count() > MUCH
