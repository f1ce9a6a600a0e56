"""What a library says of a piece at a glance, read from its text."""

from fractions import Fraction
from math import sqrt
from typing import TypedDict

from curator.notation.abc import Score
from curator.notation.keys import key_of

# How well each pitch class fits a major and a minor key, from the tonic up: Krumhansl and Kessler,
# "Tracing the dynamic changes in perceived tonal organization", Psychological Review 89 (1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
# Names by number of fifths, from seven flats to seven sharps.
_MAJORS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINORS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_CLEAR = 0.6  # below this correlation neither key is heard clearly


class Facts(TypedDict):
    """Facts of one piece; `seconds` without repeats, None while no tempo is written from the start."""

    bars: int
    notes: int
    metre: str
    key: str  # as in ABC, such as Dmin; empty where the notes make no key clear
    tempo: float | None  # quarters a minute at the start
    seconds: float | None
    ambitus: tuple[int, int]  # lowest and highest MIDI number


def facts_of(score: Score) -> Facts:
    """The facts of a parsed piece. The score has at least one note."""
    pitches = [note.pitch.midi for bar in score.bars for part in bar.parts for note in part.notes]
    tempo = score.header.tempo or score.bars[0].tempo
    return Facts(
        bars=len(score.bars),
        notes=score.heads,
        metre=_metre(score),
        key=_key(score),
        tempo=None if tempo is None else float(tempo),
        seconds=None if tempo is None else round(float(_seconds(score, tempo)), 1),
        ambitus=(min(pitches), max(pitches)),
    )


def _key(score: Score) -> str:
    """The written key where it names its mode; else the major or minor of its signature that fits the notes.

    Files often give a signature only, and converters then write the major key.
    """
    written = key_of(score.header.key, None)
    if written.text not in _MAJORS and written.text != "none":
        return written.text
    sounding = [0.0] * 12
    for bar in score.bars:
        for part in bar.parts:
            for note in part.notes:
                sounding[note.pitch.midi % 12] += float(note.length)
    tonic = written.fifths * 7 % 12
    major, minor = _fit(sounding, _MAJOR, tonic), _fit(sounding, _MINOR, (tonic + 9) % 12)
    if max(major, minor) < _CLEAR:
        return ""
    place = written.fifths + 7
    return _MAJORS[place] if major >= minor else f"{_MINORS[place]}min"


def _fit(sounding: list[float], profile: tuple[float, ...], tonic: int) -> float:
    """Pearson's correlation of sounding time a pitch class with a key's profile."""
    turned = [sounding[(tonic + step) % 12] for step in range(12)]
    mean, middle = sum(turned) / 12, sum(profile) / 12
    spread = sqrt(sum((x - mean) ** 2 for x in turned) * sum((y - middle) ** 2 for y in profile))
    together = sum((x - mean) * (y - middle) for x, y in zip(turned, profile, strict=True))
    return together / spread if spread else 0.0


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
