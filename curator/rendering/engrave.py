"""A score drawn and timed: pages for wide and narrow screens, an incipit for cards, time map and MIDI file."""

import base64
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from curator.processes import run_bounded
from curator.rendering.clean import clean, personalise
from curator.rendering.errors import EngravingError
from curator.rendering.performance import TempoMark, perform
from curator.rendering.version import RENDERER

__all__ = ["Engraving", "Moment", "TempoMark", "engrave", "engrave_strip", "personalise", "timemap_document"]

# Verovio units: at its scale of 45 a page is 855 px wide and 1170 px high at most, a narrow one 585 px wide.
PAGE_WIDTH = 1900
NARROW_WIDTH = 1300
PAGE_HEIGHT = 2600
INCIPIT_BARS = 5

# Verovio draws the note of a metronome mark as large as those on the staff and half a space above it. Leland's note
# beside words of 405 units is right at 560; half a staff space (180 units) of air keeps it off the top line.
TEMPO_NOTE = 560
TEMPO_LIFT = 90

# Measured: 0.1 to 0.4 s and 45 MB for piano solos of up to 5 pages. The address space is far more than that.
TIMEOUT = 60.0
MEMORY_MB = 2048

_PROCESS = Path(__file__).with_name("verovio_process.py")


@dataclass(frozen=True)
class Moment:
    """What begins and ends at one time of the music.

    `seconds` from the start of the music, `on` and `off` ids of notes as they stand in the SVGs, `bar` the
    written bar that sounds from here, counted from 1.
    """

    seconds: float
    on: tuple[str, ...]
    off: tuple[str, ...]
    bar: int


@dataclass(frozen=True)
class Engraving:
    """One score, drawn and timed.

    `pages` and `narrow_pages` are cleaned SVGs with the same ids; `incipit` is the first bars in one system.
    Repeats are played out: a note of a repeated bar is named in several moments, each time by its id in the SVG.
    `bars` counts written bars, `seconds` is the length of the music with its repeats. `version` is RENDERER.
    """

    pages: tuple[str, ...]
    narrow_pages: tuple[str, ...]
    incipit: str
    timemap: tuple[Moment, ...]
    midi: bytes
    bars: int
    seconds: float
    version: str


def engrave(musicxml: bytes, *, tempo: Sequence[TempoMark] = ()) -> Engraving:
    """Draw and time a partwise MusicXML score; the same bytes give the same engraving.

    With `tempo`, those marks rule instead of the written ones. Raises EngravingError with a sentence when the
    file cannot be read or Verovio fails, crashes or overruns on it.
    """
    prepared, bars = _prepare(musicxml, tempo)
    answer = _run_verovio(prepared, page_widths=[PAGE_WIDTH, NARROW_WIDTH], bars=(1, INCIPIT_BARS))
    pages, narrow_pages = (
        tuple(_set_tempo(clean(svg, page=number)) for number, svg in enumerate(layout, start=1))
        for layout in answer["layouts"]
    )
    timemap = _moments(answer["timemap"], _bar_numbers(pages))
    if not any(moment.on for moment in timemap):
        raise EngravingError("The score has no notes.")
    return Engraving(
        pages=pages,
        narrow_pages=narrow_pages,
        incipit=_set_tempo(clean(answer["incipit"])),
        timemap=timemap,
        midi=_known_keys(base64.b64decode(answer["midi"])),
        bars=bars,
        seconds=timemap[-1].seconds,
        version=RENDERER,
    )


def engrave_strip(musicxml: bytes, *, tempo: Sequence[TempoMark] = (), bars: tuple[int, int] | None = None) -> str:
    """The whole score, or its written bars `bars` (first and last, from 1), as one cleaned SVG in a single system.

    Its ids are those of `engrave` with the same bytes and tempo, so that one time map serves both. Raises
    EngravingError as `engrave`, and for bars that are not there.
    """
    prepared, count = _prepare(musicxml, tempo)
    if bars is not None and not 1 <= bars[0] <= bars[1] <= count:
        raise EngravingError("The score has no such bars.")
    return _set_tempo(clean(_run_verovio(prepared, page_widths=[], bars=bars or ())["incipit"]))


def _prepare(musicxml: bytes, tempo: Sequence[TempoMark]) -> tuple[str, int]:
    """The score as it is given to Verovio, and how many bars it has."""
    root = _read(musicxml)
    bars = max((len(part.findall("measure")) for part in root.iterfind("part")), default=0)
    if not bars:
        raise EngravingError("The score has no bars.")
    for element in root.iterfind("part//*[@id]"):
        # Ids of the file would become ids of the page: two notes might share one.
        del element.attrib["id"]
    names = root.findall("part-list/score-part/part-name") + root.findall("part-list/score-part/part-abbreviation")
    for name in names if len(root.findall("part")) == 1 else ():
        name.text = ""  # before each system of a single instrument it is only in the way
    _gather_clefs(root)
    perform(root, tempo=tempo)
    return etree.tostring(root, encoding="unicode"), bars


def timemap_document(engraving: Engraving) -> dict[str, Any]:
    """The time map for the player: {"bars", "seconds", "moments": [[seconds, bar, [on], [off]], ...]}."""
    return {
        "bars": engraving.bars,
        "seconds": round(engraving.seconds, 3),
        "moments": [[round(m.seconds, 3), m.bar, list(m.on), list(m.off)] for m in engraving.timemap],
    }


def _read(musicxml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True)
    try:
        root = etree.fromstring(musicxml, parser)
    except etree.XMLSyntaxError as error:
        raise EngravingError("The score is not well-formed XML.") from error
    if root.tag != "score-partwise":
        raise EngravingError("The score is not partwise MusicXML.")
    return root


def _gather_clefs(root: etree._Element) -> None:
    """Put the clefs that rule from the start of a part into its first <attributes>.

    Converters give the second staff its clef after <backup>, where its music begins; Verovio takes that for a change
    of clef and draws it behind the metre, with nothing before it.
    """
    for measure in root.iterfind("part/measure[1]"):
        opening = measure.find("attributes")
        if opening is None or any(before.tag in ("note", "forward") for before in opening.itersiblings(preceding=True)):
            continue
        now = 0
        known = {clef.get("number", "1") for clef in opening.iterfind("clef")}
        for element in list(measure):
            length = _duration(element)
            if element.tag == "backup":
                now = max(0, now - length)
            elif element.tag in ("note", "forward") and element.find("chord") is None:
                now += length
            elif element.tag == "attributes" and element is not opening and now == 0:
                for clef in element.findall("clef"):
                    if clef.get("number", "1") not in known:
                        known.add(clef.get("number", "1"))
                        _insert_clef(opening, clef)


def _duration(element: etree._Element) -> int:
    text = (element.findtext("duration") or "0").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _insert_clef(opening: etree._Element, clef: etree._Element) -> None:
    # The schema's order: what may stand before a clef, in any number.
    before = ("footnote", "level", "divisions", "key", "time", "staves", "part-symbol", "instruments", "clef")
    place = max((index + 1 for index, sibling in enumerate(opening) if sibling.tag in before), default=0)
    opening.insert(place, clef)


_TEMPO = re.compile(r'<g class="tempo">.*?</g>', re.DOTALL)
_TEMPO_PLACE = re.compile(r'(<text\b[^<>]*? y=")(-?\d+)(")')
_TEMPO_NOTE = re.compile(r'(<tspan\b[^<>]*? font-family="Leland"[^<>]*? font-size=")\d+(?:px)?(")')


def _set_tempo(svg: str) -> str:
    """The cleaned drawing with its metronome marks set as an engraver would: a smaller note, clear of the staff."""

    def set_mark(mark: re.Match[str]) -> str:
        lifted = _TEMPO_PLACE.sub(lambda m: f"{m[1]}{int(m[2]) - TEMPO_LIFT}{m[3]}", mark[0])
        return _TEMPO_NOTE.sub(rf"\g<1>{TEMPO_NOTE}px\g<2>", lifted)

    return _TEMPO.sub(set_mark, svg)


def _run_verovio(musicxml: str, *, page_widths: list[int], bars: Sequence[int]) -> dict[str, Any]:
    request = {
        "musicxml": musicxml,
        "page_widths": page_widths,
        "page_height": PAGE_HEIGHT,
        "bars": list(bars),
    }
    done = run_bounded(
        # -I: nothing from this folder or the environment can stand in for a library.
        [sys.executable, "-I", str(_PROCESS)],
        input=json.dumps(request).encode(),
        timeout=TIMEOUT,
        memory_mb=MEMORY_MB,
    )
    if done.timed_out:
        raise EngravingError("Engraving took more than 60 seconds: the score is too long or too dense.")
    if done.returncode != 0:
        raise EngravingError("The engraver stopped on this score: something in it is more than it can draw.")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise EngravingError("The engraver cannot read this score.")
    return answer


def _known_keys(midi: bytes) -> bytes:
    """MIDI with C major for each key of more than seven accidentals, which mido refuses to read."""
    return re.sub(rb"\xff\x59\x02([\x08-\xf8])[\x00\x01]", b"\xff\x59\x02\x00\x00", midi, flags=re.DOTALL)


def _bar_numbers(pages: tuple[str, ...]) -> dict[str, int]:
    """Each measure id of the drawn pages with its place in written order, from 1."""
    numbers: dict[str, int] = {}
    for page in pages:
        for group in etree.fromstring(page.encode()).iter("{http://www.w3.org/2000/svg}g"):
            if "measure" in str(group.get("class", "")).split() and "id" in group.attrib:
                numbers[str(group.get("id"))] = len(numbers) + 1
    return numbers


def _moments(events: list[dict[str, Any]], bars: dict[str, int]) -> tuple[Moment, ...]:
    moments: list[Moment] = []
    bar = 1
    for event in events:
        bar = bars.get(event.get("measureOn", ""), bar)
        moments.append(Moment(event["tstamp"] / 1000, tuple(event["on"]), tuple(event["off"]), bar))
    return tuple(moments)
