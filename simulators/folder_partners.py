"""The partner whose files come into a folder: the leadership office, from a drive that is mounted here."""

from pathlib import Path

FOLDER_PARTNERS = ("leadership_office",)


def open_folder(root: Path, is_down: bool) -> None:
    """Mount the partner's drive, or take it away with all that is on it."""
    away = root.with_name(f"{root.name}.away")
    if is_down and root.exists():
        root.rename(away)
    elif not is_down and away.exists():
        away.rename(root)
