"""From any piano MusicXML of the library to the file that Digital Director reads right.

The way: read (source) - bars in the order of playing (road) - one time line with full bars and sounding grace notes
(timeline) - tones without unison overlap (tones) - two voices a staff (lines) - written anew (writer) - read back and
compared note by note before it is handed out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from curator.delivery.contract import inspect
from curator.delivery.lines import draw_lines
from curator.delivery.score import Bar, Direction
from curator.delivery.sheet import DeliveryError, Sheet, tempo_changes
from curator.delivery.source import read_source
from curator.delivery.staffsigns import accent_sforzati, match_slurs, staff_signs
from curator.delivery.timeline import Measure, lay_out, sound_graces
from curator.delivery.tones import Tone, join_ties, resolve_unisons
from curator.delivery.writer import Music, write
from curator.film import tempo
from curator.film.tempo import Section, TempoMap
from curator.notation.errors import NotationError
from curator.notation.road import play_order


@dataclass(frozen=True)
class Account:
    """Where every note went: delivered = written + repeated - merged.

    `written` counts sounding notes of the source (tied notes once, grace notes too, of which there are `graces`),
    `repeated` those that repeats added, `merged` those that fell together with the same key in another voice,
    `shortened` those that end early because their key is struck again; `padded` counts bars filled with rests.
    """

    written: int
    graces: int
    repeated: int
    merged: int
    shortened: int
    delivered: int
    padded: int


@dataclass(frozen=True)
class Exported:
    """A delivered score: the file, its tones and signs in quarters from bar 1, its bars in time, the account of notes.

    `last_bar` is the last bar in which a note sounds; what may follow is silence.
    """

    musicxml: bytes
    tones: tuple[Tone, ...]
    signs: tuple[Direction, ...]
    measures: tuple[Measure, ...]
    tempo: TempoMap
    last_bar: int
    account: Account

    @property
    def bars(self) -> int:
        """How many bars there are."""
        return len(self.measures)

    @property
    def quarters(self) -> Fraction:
        """The length of all bars in quarter notes."""
        return self.measures[-1].end

    @property
    def seconds(self) -> Fraction:
        """The length of all bars."""
        return self.tempo.length(self.bars)

    @property
    def ends(self) -> Fraction:
        """Seconds from the start to the end of the last bar that sounds."""
        return self.tempo.length(self.last_bar)

    @property
    def metres(self) -> tuple[str, ...]:
        """The metres in the order of their coming."""
        return tuple(dict.fromkeys(str(measure.metre) for measure in self.measures))


def export(source: bytes, sheet: Sheet) -> bytes:
    """MusicXML 4.0 by the client's contract (items 1-10) from any piano score that the library holds.

    Raises DeliveryError with a sentence: no score, not a piano, a bar that overflows, no notes, an unfit tempo map.
    """
    return export_with_account(source, sheet).musicxml


def export_with_account(source: bytes, sheet: Sheet) -> Exported:
    """The same with what was done to the notes on the way."""
    score = read_source(source)
    written = [event for bar in score.bars for event in bar.events]
    graces = sum(len(event.heads) for event in written if event.grace)
    timeline = sound_graces(lay_out(score.bars, _in_playing_order(score.bars)))
    in_order = sound_graces(lay_out(score.bars, range(len(score.bars))))
    played = join_ties(timeline.events)
    if not played:
        raise DeliveryError("The score has no notes.", about="notes")
    resolved = resolve_unisons(played)
    tones = match_slurs(accent_sforzati(resolved.tones, timeline.directions))
    tempos = tempo_changes(sheet, len(timeline.measures))
    music = Music(
        measures=timeline.measures,
        lines=draw_lines(tones, timeline.events, timeline.measures),
        signs=staff_signs(timeline.directions, timeline.measures, dynamic=sheet.dynamic),
        clefs=tuple(sorted(timeline.clefs, key=lambda change: (change.onset, change.staff))),
        tempos=tempos,
    )
    musicxml = write(music, sheet)
    _compare(tones, musicxml)
    for check in inspect(musicxml):
        if not check.ok:
            raise DeliveryError(
                "The written file breaks the contract and is not handed out: %(trouble)s",
                about=check.name,
                trouble=check.trouble,
            )
    count = len(join_ties(in_order.events)) + in_order.merged
    last = max(tone.end for tone in tones)
    return Exported(
        musicxml=musicxml,
        tones=tones,
        signs=music.signs,
        measures=timeline.measures,
        tempo=_tempo_map(music),
        last_bar=sum(measure.start < last for measure in timeline.measures),
        account=Account(
            written=count,
            graces=graces,
            repeated=len(played) + timeline.merged - count,
            merged=resolved.merged + timeline.merged,
            shortened=resolved.shortened,
            delivered=len(tones),
            padded=timeline.padded,
        ),
    )


def _tempo_map(music: Music) -> TempoMap:
    """The bars in time, with the tempi as they are written."""
    sections: list[Section] = []
    for number, measure in enumerate(music.measures, 1):
        metre = tempo.Metre(measure.metre.beats, measure.metre.beat_type)
        quarters = Fraction(music.tempos[number]) if number in music.tempos else sections[-1].tempo
        if not sections or (metre, quarters) != (sections[-1].metre, sections[-1].tempo):
            sections.append(Section(number, metre, quarters))
    return TempoMap(tuple(sections))


def _compare(planned: tuple[Tone, ...], musicxml: bytes) -> None:
    """Read the written file back: it must hold exactly the planned notes, or it is not handed out."""
    bars = read_source(musicxml).bars
    found = join_ties(lay_out(bars, range(len(bars))).events)
    if _sounding(found) != _sounding(planned):
        raise DeliveryError(
            "The written file holds %(found)d notes where %(meant)d were meant; it is not handed out.",
            about="notes",
            found=len(found),
            meant=len(planned),
        )


def _sounding(tones: tuple[Tone, ...]) -> list[tuple[Fraction, Fraction, Fraction, int]]:
    return sorted((tone.start, tone.end, tone.pitch.midi, tone.staff) for tone in tones)


def _in_playing_order(bars: Sequence[Bar]) -> tuple[int, ...]:
    try:
        return play_order([bar.road for bar in bars])
    except NotationError as error:
        raise DeliveryError(error.sentence.pattern, about="bars", **error.sentence.values) from None
