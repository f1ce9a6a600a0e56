"""Whether a text is a playable piano piece: the one judgement for engine, import and tests."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from curator.notation.abc import Score, parse
from curator.notation.errors import NotationError, Sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `reason` is a sentence, empty when valid.

    `irregular` names the bars (from 1) whose voices agree with each other but not with the metre; a
    generated piece may have none, an imported one may (an author's free bar is not an error of ours).
    """

    valid: bool
    reason: str
    bars: int = 0
    notes: int = 0  # written notes, ties and grace notes included
    irregular: tuple[int, ...] = ()
    importable: bool = False  # valid but for irregular bars


def validity(
    text: str,
    *,
    musicxml: bytes | None = None,
    convert: Callable[[str], bytes] | None = None,
) -> Verdict:
    """Judge a stored text: it parses, bars add up, staves sound, and no note is lost in MusicXML.

    Every declared voice is in every bar and as long as the metre in force; the first bar may be short
    (an upbeat) and then the last one too; each staff sounds somewhere. The notes are compared bar by bar
    with `musicxml`, or, when that is None, with what `convert` makes of the text; without both the
    comparison is left out. Never raises for what the text holds.
    """
    try:
        score = parse(text)
    except NotationError as error:
        return Verdict(False, error.sentence)
    bars, notes = len(score.bars), score.heads
    problem = _misaligned(score)
    if problem:
        return Verdict(False, problem, bars, notes)
    irregular = _irregular(score)
    silent = _silent_staff(score)
    if silent:
        return Verdict(False, silent, bars, notes, irregular)
    if musicxml is None and convert is not None:
        try:
            musicxml = convert(text)
        except NotationError as error:
            return Verdict(False, error.sentence, bars, notes, irregular)
    if musicxml is not None:
        lost = _lost_notes(score, musicxml)
        if lost:
            return Verdict(False, lost, bars, notes, irregular)
    if irregular:
        bar = score.bars[irregular[0] - 1]
        return Verdict(
            False,
            Sentence(
                "Bar %(bar)d is %(length)s long, but the metre is %(metre)s.",
                bar=irregular[0],
                length=_length(bar.length),
                metre=bar.metre_text,
            ),
            bars,
            notes,
            irregular,
            True,
        )
    return Verdict(True, "", bars, notes, (), True)


def _misaligned(score: Score) -> str:
    declared = {voice.number for voice in score.header.voices}
    for number, bar in enumerate(score.bars, start=1):
        missing = declared - {part.voice for part in bar.parts}
        if missing:
            return Sentence("Bar %(bar)d: voice %(voice)d is missing.", bar=number, voice=min(missing))
        lengths = {part.length for part in bar.parts}
        if len(lengths) > 1:
            short = min(bar.parts, key=lambda part: part.length)
            return Sentence(
                "Bar %(bar)d: voice %(voice)d is %(length)s long, another voice %(other)s.",
                bar=number,
                voice=short.voice,
                length=_length(short.length),
                other=_length(max(lengths)),
            )
    return ""


def _irregular(score: Score) -> tuple[int, ...]:
    """Bars off the metre, with upbeat and its complement in the last bar forgiven."""
    last = len(score.bars)
    wrong = []
    upbeat = False
    for number, bar in enumerate(score.bars, start=1):
        if bar.metre is None or bar.length == bar.metre:
            continue
        if number == 1 and bar.length < bar.metre and last > 1:
            upbeat = True
        elif not (number == last and upbeat and bar.length < bar.metre):
            wrong.append(number)
    return tuple(wrong)


def _silent_staff(score: Score) -> str:
    sounding = {part.voice for bar in score.bars for part in bar.parts if part.sounding}
    staves = score.header.staves
    if len(staves) < 2:
        return Sentence("The piece has one staff only; a piano piece has two.")
    for place, staff in enumerate(staves, start=1):
        if not sounding.intersection(staff):
            return Sentence("Staff %(staff)d has no note at all.", staff=place)
    return ""


def _lost_notes(score: Score, musicxml: bytes) -> str:
    # Imported here because lxml is not needed to judge a line while a piece is being written.
    from curator.notation.musicxml import lost_notes

    try:
        return lost_notes(score, musicxml) or ""
    except NotationError as error:
        return error.sentence


def _length(length: Fraction) -> str:
    return f"{length.numerator}/{length.denominator}"
