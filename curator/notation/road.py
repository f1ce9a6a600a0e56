"""The road through a piece: reading repeats, endings, D.C. and the like, and the order in which bars are played."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from curator.notation.errors import NotationError

MOST_BARS = 2000
_ROAD_WORDS = (
    ("dacapo", re.compile(r"^(d\.?\s*c\.?|da\s+capo)(\s|$)", re.IGNORECASE)),
    ("dalsegno", re.compile(r"^(d\.?\s*s\.?|dal\s+segno)(\s|$)", re.IGNORECASE)),
    ("tocoda", re.compile(r"^(to\s+coda|al\s+coda)\b", re.IGNORECASE)),
    ("fine", re.compile(r"^fine\.?$", re.IGNORECASE)),
)
_SOUNDS = ("dacapo", "dalsegno", "segno", "tocoda", "coda", "fine")


@dataclass(frozen=True)
class Road:
    """What a bar says about the way through the piece; `times` counts how often a repeated stretch is played."""

    forward: bool = False
    backward: bool = False
    times: int = 2
    ending: tuple[int, ...] = ()
    dacapo: bool = False
    dalsegno: bool = False
    segno: bool = False
    tocoda: bool = False
    coda: bool = False
    fine: bool = False


class RoadSigns:
    """Collects the signs of one bar after the other; an ending stays open until it is closed.

    The converter repeats barlines once a voice, so a sign counts once however often it stands.
    """

    def __init__(self) -> None:
        self._ending: tuple[int, ...] = ()
        self._road = Road()
        self._closes = False

    def open_bar(self) -> None:
        self._road = Road()
        self._closes = False

    def barline(self, barline: etree._Element) -> None:
        for repeat in barline.findall("repeat"):
            if repeat.get("direction") == "forward":
                self._road = replace(self._road, forward=True)
            elif repeat.get("direction") == "backward":
                times = repeat.get("times", "2")
                self._road = replace(
                    self._road, backward=True, times=int(times) if re.fullmatch(r"[2-9]|1\d", times) else 2
                )
        for ending in barline.findall("ending"):
            if ending.get("type") == "start":
                self._ending = tuple(int(n) for n in re.findall(r"\d{1,2}", ending.get("number", ""))) or (1,)
            else:
                self._closes = True

    def direction(self, element: etree._Element) -> None:
        names: set[str] = set()
        for sound in [element] if element.tag == "sound" else element.findall("sound"):
            names |= {name for name in _SOUNDS if sound.get(name) not in (None, "no")}
        for sign in (child for kind in element.findall("direction-type") for child in kind):
            if sign.tag in ("segno", "coda"):
                names.add(str(sign.tag))
            elif sign.tag == "words":
                word = road_word(sign.text or "")
                if word is not None:
                    names.add(word)
        # "To Coda" is written with the coda sign too; the jump, not the place it leads to, stands here.
        if "tocoda" in names:
            names.discard("coda")
        road = self._road
        self._road = replace(
            road,
            dacapo=road.dacapo or "dacapo" in names,
            dalsegno=road.dalsegno or "dalsegno" in names,
            segno=road.segno or "segno" in names,
            tocoda=road.tocoda or "tocoda" in names,
            coda=road.coda or "coda" in names,
            fine=road.fine or "fine" in names,
        )

    def close_bar(self) -> Road:
        road = replace(self._road, ending=self._ending)
        if self._closes or (road.backward and self._ending):
            self._ending = ()
        return road


def play_order(roads: Sequence[Road]) -> tuple[int, ...]:
    """Places of the bars in the order of playing: repeats and endings taken, D.C. and D.S. followed once.

    An end of a repeat without a beginning of its own leads back to the last beginning that is written, and repeats
    within are not taken again: so Verovio and MuseScore play it.
    After a D.C. or D.S. repeats are not taken again and the last ending is played. Raises NotationError beyond
    2000 bars.
    """
    order: list[int] = []
    start = place = 0
    turn = 1
    returned = False
    taken: set[int] = set()
    while place < len(roads):
        road = roads[place]
        if road.forward and place != start:
            start, turn = place, 1
        if road.ending and not _taken(roads, place, turn, returned):
            place += 1
            continue
        order.append(place)
        if len(order) > MOST_BARS:
            raise NotationError("Written out without repeats the score has more than %(most)d bars.", most=MOST_BARS)
        if returned and road.fine:
            break
        if road.backward and not returned and place not in taken:
            if turn < _turns(roads, place):
                turn += 1
                place = start
                continue
            turn = 1
            if not road.ending:
                taken.add(place)
        if returned and road.tocoda:
            target = next((i for i in range(place + 1, len(roads)) if roads[i].coda), None)
            if target is not None:
                place = target
                continue
        if (road.dacapo or road.dalsegno) and not returned:
            returned = True
            place = 0 if road.dacapo else next((i for i, r in enumerate(roads) if r.segno), 0)
            start, turn = place, 1
            continue
        leaves_endings = bool(road.ending) and (place + 1 == len(roads) or not roads[place + 1].ending)
        if leaves_endings:
            start, turn = place + 1, 1
        place += 1
    return tuple(order)


def _group(roads: Sequence[Road], place: int) -> tuple[int, int]:
    """First and one past the last bar of the endings that stand together around a bar."""
    first, last = place, place + 1
    while first > 0 and roads[first - 1].ending and not roads[first].forward:
        first -= 1
    while last < len(roads) and roads[last].ending and not roads[last].forward:
        last += 1
    return first, last


def _turns(roads: Sequence[Road], place: int) -> int:
    if not roads[place].ending:
        return roads[place].times
    first, last = _group(roads, place)
    return max(2, *(number for road in roads[first:last] for number in road.ending))


def _taken(roads: Sequence[Road], place: int, turn: int, returned: bool) -> bool:
    if not returned:
        return turn in roads[place].ending
    first, last = _group(roads, place)
    return max(number for road in roads[first:last] for number in road.ending) in roads[place].ending


def road_word(words: str) -> str | None:
    """Which sign of the road (dacapo, dalsegno, tocoda, fine) these words are, None for other words."""
    text = " ".join(words.split())
    return next((name for name, pattern in _ROAD_WORDS if pattern.match(text)), None)
