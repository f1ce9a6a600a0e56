"""What a library says of a piece at a glance, read from its text."""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import TypedDict

from curator.notation.abc import Bar, Score
from curator.notation.keys import key_of

# How well each pitch class fits a major and a minor key, from the tonic up: Krumhansl and Kessler,
# "Tracing the dynamic changes in perceived tonal organization", Psychological Review 89 (1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
# Names by number of fifths, from seven flats to seven sharps.
_MAJORS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINORS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_NAMED = re.compile(r"([A-G][#b]?)(|maj\w*|m|min\w*)", re.IGNORECASE)
CLEAR = 0.6  # below this correlation neither key is heard clearly


class Facts(TypedDict):
    """Facts of one piece; what counts seconds is without repeats, and None while no tempo is written from the start."""

    bars: int
    notes: int
    metre: str
    key: str  # as in ABC, such as Dmin; empty where the notes make no key clear
    certainty: float | None  # how well the notes fit that key, a correlation; None for modes that have no profile
    major: float  # how much better the notes fit the major key of the signature than its minor, -2 to 2
    tempo: float | None  # quarters a minute at the start
    marks: list[tuple[int, float]]  # bar from 1 and quarters a minute of each tempo that is written
    seconds: float | None
    per_second: float | None  # struck notes
    ambitus: tuple[int, int]  # lowest and highest MIDI number
    register: float  # mean MIDI number of what sounds, each note as long as it is
    repetition: float  # share of bars, 0 to 1, that have the notes of an earlier one


def facts_of(score: Score) -> Facts:
    """The facts of a parsed piece. The score has at least one note."""
    notes = [note for bar in score.bars for part in bar.parts for note in part.notes]
    pitches = [note.pitch.midi for note in notes]
    tempo = score.header.tempo or score.bars[0].tempo
    seconds = None if tempo is None else float(_seconds(score, tempo))
    sounding = _sounding(score.bars)
    key = _key(score, sounding)
    return Facts(
        bars=len(score.bars),
        notes=score.heads,
        metre=_metre(score),
        key=key,
        certainty=_certainty(key, sounding),
        major=round(_major_less_minor(score, sounding), 3),
        tempo=None if tempo is None else float(tempo),
        marks=_marks(score),
        seconds=None if seconds is None else round(seconds, 1),
        per_second=round(score.sounding / seconds, 2) if seconds else None,
        ambitus=(min(pitches), max(pitches)),
        register=round(_register(score), 1),
        repetition=round(_repetition(score), 3),
    )


def density_curve(score: Score) -> list[int]:
    """Struck notes of each bar."""
    return [sum(not note.held for part in bar.parts for note in part.notes) for bar in score.bars]


def mode_curve(score: Score) -> list[float | None]:
    """How much better each bar and its neighbours fit the nearest major key than the nearest minor one, -2 to 2.

    Three bars are heard together, for one alone is often a single chord. None where nothing sounds in them.
    """
    around = (_sounding(score.bars[max(0, place - 1) : place + 2]) for place in range(len(score.bars)))
    return [None if mode is None else round(mode, 3) for mode in map(modality, around)]


def modality(sounding: Sequence[float]) -> float | None:
    """How much better the best major key fits than the best minor key, -2 to 2; None where nothing sounds.

    sounding: how long each pitch class sounds, from C up.
    """
    if not any(sounding):
        return None
    major, minor = (max(_fit(sounding, profile, tonic) for tonic in range(12)) for profile in (_MAJOR, _MINOR))
    return major - minor


def _sounding(bars: Sequence[Bar]) -> list[float]:
    """How long each pitch class sounds in these bars, from C up, in whole notes."""
    sounding = [0.0] * 12
    for bar in bars:
        for part in bar.parts:
            for note in part.notes:
                sounding[note.pitch.midi % 12] += float(note.length)
    return sounding


def _key(score: Score, sounding: list[float]) -> str:
    """The written key where it names its mode; else the major or minor of its signature that fits the notes.

    Files often give a signature only, and converters then write the major key.
    """
    written = key_of(score.header.key, None)
    if written.text not in _MAJORS and written.text != "none":
        return written.text
    major, minor = _pair(written.fifths, sounding)
    if max(major, minor) < CLEAR:
        return ""
    place = written.fifths + 7
    return _MAJORS[place] if major >= minor else f"{_MINORS[place]}min"


def _pair(fifths: int, sounding: list[float]) -> tuple[float, float]:
    """How well the notes fit the major and the minor key of a signature."""
    tonic = fifths * 7 % 12
    return _fit(sounding, _MAJOR, tonic), _fit(sounding, _MINOR, (tonic + 9) % 12)


def _certainty(key: str, sounding: list[float]) -> float | None:
    """How well the notes fit the key that was named; where none was, how well the best of all 24 fits."""
    if not key:
        fits = [_fit(sounding, profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)]
        return round(max(fits), 3)
    named = _NAMED.fullmatch(key)
    if named is None:
        return None
    minor = named[2].startswith("m") and not named[2].startswith("maj")
    # by the signature: the major key of a minor's tonic may have more sharps than can be written (D sharp)
    tonic = (key_of(key, None).fifths * 7 + (9 if minor else 0)) % 12
    return round(_fit(sounding, _MINOR if minor else _MAJOR, tonic), 3)


def _major_less_minor(score: Score, sounding: list[float]) -> float:
    major, minor = _pair(key_of(score.header.key, None).fifths, sounding)
    return major - minor


def _fit(sounding: Sequence[float], profile: tuple[float, ...], tonic: int) -> float:
    """Pearson's correlation of sounding time a pitch class with a key's profile."""
    turned = [sounding[(tonic + step) % 12] for step in range(12)]
    mean, middle = sum(turned) / 12, sum(profile) / 12
    spread = sqrt(sum((x - mean) ** 2 for x in turned) * sum((y - middle) ** 2 for y in profile))
    together = sum((x - mean) * (y - middle) for x, y in zip(turned, profile, strict=True))
    return together / spread if spread else 0.0


def _marks(score: Score) -> list[tuple[int, float]]:
    """Every written tempo; one that is repeated where it holds anyway is left out."""
    marks = [] if score.header.tempo is None else [(1, float(score.header.tempo))]
    for number, bar in enumerate(score.bars, start=1):
        if bar.tempo is not None and (not marks or marks[-1][1] != float(bar.tempo)):
            marks.append((number, float(bar.tempo)))
    return marks


def _register(score: Score) -> float:
    weighed = [(note.pitch.midi, float(note.length)) for bar in score.bars for part in bar.parts for note in part.notes]
    whole = sum(length for _pitch, length in weighed)
    if not whole:  # nothing but grace notes
        return sum(pitch for pitch, _length in weighed) / len(weighed)
    return sum(pitch * length for pitch, length in weighed) / whole


def _repetition(score: Score) -> float:
    """Bars are compared by what is struck and held in them, whatever voice it is written in."""
    seen: set[frozenset[tuple[int, Fraction, Fraction, bool]]] = set()
    again = 0
    for bar in score.bars:
        played = frozenset(
            (note.pitch.midi, note.onset, note.length, note.held) for part in bar.parts for note in part.notes
        )
        again += played in seen
        seen.add(played)
    return again / len(score.bars)


def _metre(score: Score) -> str:
    """The metre most bars are in; "free" without one."""
    texts = [bar.metre_text for bar in score.bars]
    common = max(dict.fromkeys(texts), key=texts.count)
    return {"none": "free", "C": "4/4", "C|": "2/2"}.get(common, common)


def _seconds(score: Score, tempo: Fraction) -> Fraction:
    total = Fraction(0)
    for bar in score.bars:
        tempo = bar.tempo or tempo
        total += bar.length * 4 * 60 / tempo
    return total
