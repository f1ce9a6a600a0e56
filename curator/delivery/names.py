"""File names of a package: ASCII, one folder per cue, no stem twice (the client overwrites results by stem)."""

import re
import unicodedata
from collections.abc import Sequence

_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe"}
)
_LONGEST_SLUG = 32
"""With it a path in a package, folder and file, stays below 120 characters."""

STEM = re.compile(r"[0-9a-z]+_[0-9a-z]+(-[0-9a-z]+)*_v[1-9][0-9]*(-[2-9][0-9]*)?")


def slug(title: str) -> str:
    """The title in lower-case ASCII words joined by hyphens ("Die Hand im Staub" -> "die-hand-im-staub").

    At most 32 characters. Umlauts become two letters; a title without any Latin letter or digit becomes "cue".
    """
    plain = unicodedata.normalize("NFKD", title.translate(_GERMAN)).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    return words[:_LONGEST_SLUG].rstrip("-") or "cue"


def stem(number: str, title: str, version: int) -> str:
    """The name of a cue's folder and files without suffix ("1m1_dachboden_v2")."""
    code = "".join(re.findall(r"[a-z0-9]+", number.lower())) or "cue"
    return f"{code}_{slug(title)}_v{max(1, version)}"


def unique(stems: Sequence[str]) -> tuple[str, ...]:
    """The same names in the same order, a repeated one with "-2", "-3" behind it."""
    taken: set[str] = set()
    result: list[str] = []
    for name in stems:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        taken.add(free)
        result.append(free)
    return tuple(result)
