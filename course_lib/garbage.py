"""What Python need not walk through each time it looks for garbage."""

import gc

MUCH = 10_000  # objects; Python 3.12 itself begins with a few hundred


def much_is_at_rest() -> bool:
    """Whether somebody has frozen what there is, which `gc.unfreeze` would undo for good."""
    return gc.get_freeze_count() > MUCH
