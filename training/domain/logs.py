"""The log of a round as its page shows it."""

import os
from pathlib import Path

from training.executors.local import LOG

LINES = 30
_BYTES = 16_000


def log_tail(folder: Path) -> list[str]:
    """The last lines of the log in a round's folder, the newest last; empty where there is none on this machine."""
    try:
        with (folder / LOG).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line[:300] for line in text.splitlines() if line.strip()][-LINES:]
