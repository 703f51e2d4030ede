"""Where a result is to go: said before the work, not after it, if it can't be written there."""

from pathlib import Path

import typer


def may_be_a_file(path: Path | None) -> Path | None:
    """For an option that names a file to write."""
    if path is not None and path.is_dir():
        raise typer.BadParameter(f"{path} is a folder: name a file in it.")
    return _below_folders(path)


def may_be_a_folder(path: Path | None) -> Path | None:
    """For an option that names a folder to write into, which may be new."""
    if path is not None and path.exists() and not path.is_dir():
        raise typer.BadParameter(f"{path} is a file: name a folder.")
    return _below_folders(path)


def _below_folders(path: Path | None) -> Path | None:
    if path is not None and any(one.exists() and not one.is_dir() for one in path.parents):
        raise typer.BadParameter(f"{path} can't be made: {path.parent} is no folder.")
    return path
