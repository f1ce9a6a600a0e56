"""Settings come from the environment; a `.env` file in the project's root fills what is not set there."""

import math
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


def load_env_file(path: Path = ROOT / ".env") -> None:
    """Put `NAME=value` lines of `path` into os.environ unless set already. A missing file is fine."""
    if not path.exists():
        return
    # -sig: Windows' Notepad puts a mark before the first name
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        name, sign, value = line.partition("=")
        if sign and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def flag(name: str, default: bool) -> bool:
    """A yes/no variable: 1, true, yes, on (any case) are true."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def number(name: str, default: float, *, least: float = 0) -> float:
    """A variable that holds a number of at least `least`. Raises ImproperlyConfigured with a sentence."""
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise ImproperlyConfigured(f"{name} must be a number of at least {least}, not {text!r}.")
    return value


def whole_number(name: str, default: int) -> int:
    """A variable that holds a whole number of at least 0. Raises ImproperlyConfigured with a sentence."""
    value = number(name, default)
    if value != int(value):
        raise ImproperlyConfigured(f"{name} must be a whole number, not '{value}'.")
    return int(value)


def names(name: str, default: str) -> list[str]:
    """A comma-separated variable as a list."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]
