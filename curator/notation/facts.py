"""What a library says of a piece at a glance, read from its text."""

from fractions import Fraction
from typing import TypedDict

from curator.notation.abc import Score


class Facts(TypedDict):
    """Facts of one piece; `seconds` without repeats, None while no tempo is written from the start."""

    bars: int
    notes: int
    metre: str
    key: str
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
        key=score.header.key,
        tempo=None if tempo is None else float(tempo),
        seconds=None if tempo is None else round(float(_seconds(score, tempo)), 1),
        ambitus=(min(pitches), max(pitches)),
    )


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
