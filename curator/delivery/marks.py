"""Signs on notes and staves that a delivered score keeps: the allow-lists, and reading them from MusicXML."""

import re
from collections.abc import Iterator

from lxml import etree

from curator.delivery.score import Mark

_ARTICULATIONS = frozenset(
    [
        "accent",
        "strong-accent",
        "staccato",
        "tenuto",
        "detached-legato",
        "staccatissimo",
        "spiccato",
        "stress",
        "unstress",
        "soft-accent",
    ]
)
_ORNAMENTS = frozenset(["trill-mark", "turn", "inverted-turn", "mordent", "inverted-mordent", "shake"])
_FERMATAS = frozenset(("", "normal", "angled", "square"))

# The level of a mark as it is delivered: the contract knows the steps from pp to ff.
STEPS = {"pppp": "pp", "ppp": "pp", "fff": "ff", "ffff": "ff"} | {n: n for n in ("pp", "p", "mp", "mf", "f", "ff")}
# A reader takes a sforzato for the new level of the whole staff, so these become an accent on the notes they hit.
SFORZATI = frozenset(["sf", "sfz", "sffz", "fz", "rf", "rfz"])
_FORTE_PIANO = {"fp": "p", "sfp": "p", "sfpp": "pp", "pf": "f"}


def read_marks(note: etree._Element) -> tuple[Mark, ...]:
    """The kept signs of one <note>, in document order."""
    return tuple(mark for notations in note.findall("notations") for mark in _marks(notations))


def _marks(notations: etree._Element) -> Iterator[Mark]:
    for element in notations:
        tag = str(element.tag)
        if tag == "articulations":
            for sign in element:
                if sign.tag in _ARTICULATIONS:
                    yield Mark(tag, str(sign.tag))
        elif tag == "ornaments":
            for sign in element:
                if sign.tag in _ORNAMENTS:
                    yield Mark(tag, str(sign.tag))
                elif (
                    sign.tag == "tremolo"
                    and sign.get("type", "single") == "single"
                    and (sign.text or "").strip() in ("1", "2", "3", "4")
                ):
                    yield Mark(tag, "tremolo", (sign.text or "").strip())
        elif tag == "technical":
            for sign in element.findall("fingering"):
                if re.fullmatch(r"[1-5]", (sign.text or "").strip()):
                    yield Mark(tag, "fingering", (sign.text or "").strip())
        elif tag == "fermata":
            shape = (element.text or "").strip()
            yield Mark(tag, shape if shape in _FERMATAS else "")
        elif tag == "arpeggiate":
            direction = element.get("direction", "")
            yield Mark(tag, direction if direction in ("up", "down") else "")
        elif tag == "slur":
            number, kind = element.get("number", "1"), element.get("type", "")
            if kind in ("start", "stop") and number in ("1", "2", "3", "4", "5", "6"):
                yield Mark(tag, kind, number)


def read_dynamics(element: etree._Element) -> Iterator[str]:
    """Levels (pp ... ff) and sforzati of a <dynamics> element; other signs are left out."""
    for sign in element:
        name = str(sign.tag)
        name = _FORTE_PIANO.get(name, name)
        if name in STEPS or name in SFORZATI:
            yield name
