"""What <attributes> says and what of it stays in force: divisions, metre, key, clefs."""

import re
from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from curator.delivery.score import Clef, Key, Metre
from curator.delivery.sheet import DeliveryError

_MODES = frozenset(
    ["major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "ionian", "locrian", "none"]
)


class Attributes:
    """The attributes in force while a part is walked, bar by bar."""

    def __init__(self) -> None:
        self.divisions = Fraction(1)
        self.metre: Metre | None = None
        self.key = Key(0)
        self._waiting: list[etree._Element] = []

    def take(self, element: etree._Element, *, at_start: bool, label: str) -> None:
        """Take in one <attributes>; a metre or key in mid-bar waits for the next bar."""
        divisions = element.findtext("divisions")
        if divisions is not None:
            if not re.fullmatch(r"\d{1,7}(\.\d{1,7})?", divisions.strip()) or not Fraction(divisions.strip()):
                raise DeliveryError(
                    "Bar %(bar)s divides a quarter note into '%(parts)s' parts.",
                    bar=label,
                    parts=divisions.strip()[:20],
                )
            self.divisions = Fraction(divisions.strip())
        for transpose in element.findall("transpose"):
            if any((e.text or "0").strip() not in ("", "0") for e in transpose):
                raise DeliveryError(
                    "The score is written for a transposing instrument; a cue is for piano.", about="notes"
                )
        for child in (*element.findall("time"), *element.findall("key")):
            if at_start:
                self._set(child, label)
            else:
                self._waiting.append(child)

    def next_bar(self) -> None:
        for child in self._waiting:
            self._set(child, "?")
        self._waiting = []

    def _set(self, child: etree._Element, label: str) -> None:
        if child.get("number", "1") != "1":
            return
        if child.tag == "time":
            self.metre = None if child.find("senza-misura") is not None else _metre(child, label)
        else:
            fifths = (child.findtext("fifths") or "").strip()
            mode = (child.findtext("mode") or "").strip()
            if re.fullmatch(r"[+-]?\d{1,2}", fifths):
                self.key = Key(_near(int(fifths)), mode if mode in _MODES else "")

    def metre_for(self, filled: Fraction, label: str) -> Metre:
        """The metre of a bar; a bar without time signature gets one that it fills exactly."""
        if self.metre is not None:
            return self.metre
        if not filled:
            return Metre(4, 4)
        for beat_type in (4, 8, 16, 32, 64):
            beats = filled * beat_type / 4
            if beats.denominator == 1:
                return Metre(beats.numerator, beat_type)
        raise DeliveryError("Bar %(bar)s has no time signature and its length fits none.", bar=label)

    @staticmethod
    def read_clefs(element: etree._Element) -> Iterator[tuple[str, Clef]]:
        """(staff, clef) for each readable clef."""
        for clef in element.findall("clef"):
            sign, line = (clef.findtext("sign") or "").strip(), (clef.findtext("line") or "").strip()
            octave = (clef.findtext("clef-octave-change") or "0").strip()
            if sign in ("G", "F", "C") and line in tuple("12345") and octave in ("-2", "-1", "0", "1", "2"):
                yield clef.get("number", "1"), Clef(sign, int(line), int(octave))


def _metre(time: etree._Element, label: str) -> Metre:
    pairs: list[tuple[int, int]] = []
    for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        numbers = (beats.text or "").replace(" ", "").split("+")
        below = (beat_type.text or "").strip()
        if not all(re.fullmatch(r"[1-9]\d?", n) for n in numbers) or below not in (
            "1",
            "2",
            "4",
            "8",
            "16",
            "32",
            "64",
        ):
            raise DeliveryError("The time signature in bar %(bar)s cannot be read.", bar=label)
        pairs.append((sum(map(int, numbers)), int(below)))
    if not pairs:
        raise DeliveryError("The time signature in bar %(bar)s cannot be read.", bar=label)
    finest = max(below for _, below in pairs)
    return Metre(sum(beats * finest // below for beats, below in pairs), finest)


def _near(fifths: int) -> int:
    """The same key with at most seven sharps or flats."""
    while fifths > 7:
        fifths -= 12
    while fifths < -7:
        fifths += 12
    return fifths
