"""Transposition of ABC into fifteen keys, note for note as NotaGen's training data was made (spec notagen d.4).

A voice is read once into a text with gaps and what stands in them; each key then only fills the gaps. What fills
them depends on a stretch between two barlines and on two keys, and music repeats, so stretches are remembered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from curator.notation.errors import NotationError

KEYS = ("Cb", "C", "C#", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B")
"""The major keys that a piece is written in, in the order of the reference's folders."""

GAP = "\0"
"""Stands in a `Movable.text` where a note, a chord symbol or a key is filled in."""

_FIFTHS = "FCGDAEB"
_STEPS = "CDEFGAB"
_SEMITONES = (0, 2, 4, 5, 7, 9, 11)
# So many fifths a mode lies above the major key with the same signature; no other names are known.
_MODES = {"": 0, "dor": 2, "phr": 4, "lyd": -1, "mix": 1, "min": 3, "m": 3, "loc": 5}
_SIGNS = {0: "=", 1: "^", 2: "^^", -1: "_", -2: "__"}

_TONIC = re.compile(r"([A-G][#b]?)(.*)", re.DOTALL)
_BRACKET = re.compile(r"\[([^\]]+)\]")
_QUOTED = re.compile(r'"([^"]+)"')
_DECORATION = re.compile(r"![^!]+!")
_CHORD = re.compile(r"[A-G][b#]?")
_BARLINE = re.compile(r"\|:|::|:\||\[\||\|\||\|\]|\|")
_NOTE = re.compile(r"[=^_]*[A-Ga-g]'*,*")
_NOTE_PARTS = re.compile(r"([=^_]*)(([A-Ga-g])([',]*))")


def _fifths_of(tonic: str) -> int:
    return _FIFTHS.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b"))


def _tonic_of(fifths: int) -> str:
    """The name from seven flats to seven sharps; beyond, the one that sounds the same."""
    while abs(fifths) > 7:
        fifths -= 12 if fifths > 0 else -12
    return _spelled(fifths)


def _spelled(fifths: int) -> str:
    sharps = (fifths + 1) // 7
    return _FIFTHS[(fifths + 1) % 7] + ("#" * sharps if sharps > 0 else "b" * -sharps)


@lru_cache(maxsize=512)
def major_of(key: str) -> str:
    """The major key with the signature of `key`, such as F for Dmin; NotationError for a key of no known form.

    A key beyond seven flats or sharps counts as the one that sounds the same.
    """
    found = _TONIC.fullmatch(key)
    if found is None:
        raise NotationError("The key %(key)s is not one that NotaGen's training data knows.", key=key)
    major = _in_range(key)
    if major is None:
        fifths = _fifths_of(found[1])
        other = fifths + (12 if fifths <= 0 else -12)
        # Names go from Fb to B#; D, G and A have no other one among them.
        major = _in_range(_spelled(other) + found[2]) if -8 <= other <= 12 else None
    if major is None:
        raise NotationError("The key %(key)s is not one that NotaGen's training data knows.", key=key)
    return major


def _in_range(key: str) -> str | None:
    found = _TONIC.fullmatch(key)
    if found is None or found[2] not in _MODES:
        return None
    fifths = _fifths_of(found[1]) - _MODES[found[2]]
    return _spelled(fifths) if abs(fifths) <= 7 else None


@lru_cache(maxsize=4096)
def moved_key(key: str, origin: str, target: str) -> str:
    """`key` after the way from major key `origin` to `target`, its mode kept; never beyond seven signs in its name."""
    found = _TONIC.fullmatch(key)
    if found is None:
        raise NotationError("The key %(key)s is not one that NotaGen's training data knows.", key=key)
    return _tonic_of(_fifths_of(found[1]) + _fifths_of(target) - _fifths_of(origin)) + found[2]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What moves between two barlines or changes of key: notes as written, chord roots after a `"`.

    `key` is the key in force; a stretch with the one item `[K:` is a change to it.
    """

    key: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Movable:
    """A voice in `key` whose `text` has a gap for each thing that moves; the stretches hold them in order."""

    text: str
    key: str
    stretches: tuple[Stretch, ...]

    def fillings(self, target: str) -> Iterator[str]:
        """What stands in the gaps when the voice is moved to the major key `target`.

        Raises NotationError for a key that is not known and for a note that has no spelling there.
        """
        origin = major_of(self.key)
        return chain.from_iterable(
            (moved_key(one.key, origin, target),)
            if one.items == _CHANGE
            else _moved(one.items, major_of(one.key), major_of(moved_key(one.key, origin, target)))
            for one in self.stretches
        )


_CHANGE = ("[K:",)


def movable(text: str, key: str) -> Movable:
    """The voice `text`, which begins in `key`, ready to be moved. Raises NotationError for a key that is not known."""
    if GAP in text:
        raise NotationError("The text holds a sign that no score has.")
    still, things = bytearray(text, "ascii"), []
    for found in _BRACKET.finditer(text):
        content = found[1]
        if content[1:2] != ":":
            continue
        _blank(still, found)
        if content[0] == "K" and content[2:3] in tuple(_STEPS):
            things.append((found.start() + 3, 1, found.end() - 1, content[2:]))
    for found in _QUOTED.finditer(text):
        _blank(still, found)
        if found[1][0] in _STEPS:
            things += [
                (found.start() + root.start(), 2, found.start() + root.end(), '"' + root[0])
                for root in _CHORD.finditer(found[0])
            ]
    for found in _DECORATION.finditer(text):
        _blank(still, found)
    things += [(found.start(), 0, found.end(), "") for found in _BARLINE.finditer(text)]
    things += [(found.start(), 3, found.end(), found[0]) for found in _NOTE.finditer(still.decode("ascii"))]
    things.sort(key=lambda thing: thing[:2])
    parts: list[str] = []
    stretches: list[Stretch] = []
    items: list[str] = []
    place, now = 0, key
    for start, kind, end, content in things:
        parts.append(text[place:start])
        place = end
        if kind in (0, 1):
            if items:
                stretches.append(Stretch(now, tuple(items)))
                items = []
            if kind == 0:
                parts.append(text[start:end])
                continue
            major_of(content)
            now = content
            stretches.append(Stretch(now, _CHANGE))
        else:
            items.append(content)
        parts.append(GAP)
    if items:
        stretches.append(Stretch(now, tuple(items)))
    parts.append(text[place:])
    return Movable("".join(parts), key, tuple(stretches))


def _blank(text: bytearray, found: re.Match[str]) -> None:
    text[found.start() : found.end()] = b" " * (found.end() - found.start())


@lru_cache(maxsize=65536)
def _moved(items: tuple[str, ...], origin: str, target: str) -> tuple[str, ...]:
    """The items of a stretch, moved; an accidental is written where it is not in force already."""
    heard: dict[str, str] = {}
    written: dict[str, str] = {}
    before, after = _signature(origin), _signature(target)
    result = []
    for item in items:
        if item[0] == '"':
            result.append(_moved_root(item[1:], origin, target))
            continue
        place = item.lstrip("=^_")
        sign = item[: len(item) - len(place)] or heard.get(place) or before[place[0]]
        heard[place] = sign
        new_sign, new_place = _moved_note(sign, place, origin, target)
        in_force = written.get(new_place) or after[new_place[0]]
        result.append(new_place if new_sign == in_force else new_sign + new_place)
        written[new_place] = new_sign
    return tuple(result)


@lru_cache(maxsize=32)
def _signature(key: str) -> dict[str, str]:
    """The sign of each letter, large and small, in a major key."""
    fifths = _fifths_of(key)
    signs = dict.fromkeys(_STEPS, "=")
    signs |= dict.fromkeys(_FIFTHS[:fifths], "^") if fifths > 0 else dict.fromkeys(_FIFTHS[7 + fifths :], "_")
    return signs | {letter.lower(): sign for letter, sign in signs.items()}


@lru_cache(maxsize=256)
def _way(origin: str, target: str) -> tuple[int, int]:
    """Semitones (-5 to 6) and steps from one major key to another."""
    semitones = 7 * (_fifths_of(target) - _fifths_of(origin)) % 12
    steps = _STEPS.index(target[0]) - _STEPS.index(origin[0])
    return (semitones if semitones < 7 else semitones - 12), steps


@lru_cache(maxsize=32768)
def _moved_note(sign: str, place: str, origin: str, target: str) -> tuple[str, str]:
    """Sign and place of a note (letter with octave marks) on the way from one major key to another."""
    semitones, steps = _way(origin, target)
    letter = _STEPS.index(place[0].upper())
    octave = place[0].islower() + place.count("'") - place.count(",")
    pitch = _SEMITONES[letter] + sign.count("^") - sign.count("_") + 12 * octave + semitones
    step = (letter + steps) % 7
    alter = _alter(pitch, step, 4)
    while abs(alter) > 2:
        step = (step + (1 if alter > 0 else -1)) % 7
        alter = _alter(pitch, step, 4)
    octave = (pitch - _SEMITONES[step] - alter) // 12
    name = _STEPS[step] + "," * -octave if octave <= 0 else _STEPS[step].lower() + "'" * (octave - 1)
    return _SIGNS[alter], name


@lru_cache(maxsize=4096)
def _moved_root(root: str, origin: str, target: str) -> str:
    """The root of a chord symbol on the way from one major key to another."""
    semitones, steps = _way(origin, target)
    letter = _STEPS.index(root[0])
    pitch = _SEMITONES[letter] + root.count("#") - root.count("b") + semitones
    step = (letter + steps) % 7
    alter = _alter(pitch, step, 3)
    if abs(alter) > 1:
        step = (step + (1 if alter > 0 else -1)) % 7
        alter = _alter(pitch, step, 3)
    return _STEPS[step] + ("#" * alter if alter > 0 else "b" * -alter)


def _alter(pitch: int, step: int, most: int) -> int:
    """Semitones of `pitch` above or below the natural letter, whichever is nearer."""
    alter = (pitch - _SEMITONES[step] + 6) % 12 - 6
    if abs(alter) > most:
        raise NotationError("A note has so many accidentals that it cannot be written in another key.")
    return alter
