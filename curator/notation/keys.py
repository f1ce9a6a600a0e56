"""Key signatures of K: fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from curator.notation.errors import NotationError

_SHARPS = "FCGDAEB"
_FIFTHS_OF = {letter: place - 1 for place, letter in enumerate(_SHARPS)}  # F -1, C 0 … B 5
# How many fifths a mode lies below the major key of the same tonic.
_MODES = {
    "": 0,
    "maj": 0,
    "ion": 0,
    "m": 3,
    "min": 3,
    "aeo": 3,
    "mix": 1,
    "dor": 2,
    "phr": 4,
    "lyd": -1,
    "loc": 5,
}
_KEY = re.compile(r"([A-G])([#b]?)\s*([a-zA-Z]*)(?!\s*=)")
_EXPLICIT = re.compile(r"(?:^|\s)(\^\^|__|[\^_=])([A-Ga-g])(?![a-z])")
_EXPLICIT_ALTER = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}


@dataclass(frozen=True, slots=True)
class Key:
    """A key as written, its fifths (sharps positive) and the alteration of each altered letter."""

    text: str
    fifths: int
    alters: Mapping[str, int]


def key_of(value: str, before: Key | None) -> Key:
    """The key that a K: field names; a field that names a clef only leaves `before` in force."""
    text = value.strip()
    found = _KEY.match(text)
    if found and (found[3][:3].lower() in _MODES or found[3].startswith(("treble", "bass", "alto", "tenor"))):
        mode = found[3][:3].lower()
        fifths = _FIFTHS_OF[found[1]] + {"": 0, "#": 7, "b": -7}[found[2]] - _MODES.get(mode, 0)
        if abs(fifths) > 7:
            raise NotationError(f"The key {text!r} has more than seven sharps or flats.")
        named = found[0].strip()
    elif text.startswith("none"):
        fifths, named = 0, "none"
    elif before is not None and not _EXPLICIT.search(text):
        return before
    elif re.match(r"(?:clef=)?(?:treble|bass|alto|tenor|none|perc)", text) or _EXPLICIT.match(text):
        fifths, named = (before.fifths, before.text) if before else (0, "C")
    else:
        raise NotationError(f"The key {text[:20]!r} cannot be read.")
    alters = dict.fromkeys(_SHARPS[:fifths], 1) if fifths > 0 else {}
    if fifths < 0:
        alters = dict.fromkeys(_SHARPS[fifths:], -1)
    for sign, letter in _EXPLICIT.findall(text):
        alters[letter.upper()] = _EXPLICIT_ALTER[sign]
        named += f" {sign}{letter}"
    return Key(named, fifths, alters)
