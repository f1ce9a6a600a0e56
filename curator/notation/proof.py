"""Reads a text that is being written bar by bar, and says of every bar what is wrong with it."""

from dataclasses import dataclass
from fractions import Fraction

from curator.notation.abc import BarReader, parse
from curator.notation.errors import NotationError, Sentence


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong in a bar (from 1); bar 0 is the header. `fatal`: it cannot be a piece so."""

    bar: int
    sentence: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """How many bars there are, and every trouble in their order."""

    bars: int
    troubles: tuple[Trouble, ...]


def proofread(text: str) -> Proof:
    """Every bar of a text by itself: one that cannot be read does not hide the next. Takes a few milliseconds."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    first = next((place for place, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), len(lines))
    body = lines[first:]
    try:
        # A header is only read with a bar: this one names every voice that could be meant.
        header = parse("\n".join([*lines[:first], *(_silent(lines[:first]))])).header
    except NotationError as error:
        return Proof(len(body), (Trouble(0, error.sentence, fatal=True),))
    declared = {voice.number for voice in header.voices}
    reader = BarReader(header)
    troubles = []
    for number, line in enumerate(body, start=1):
        try:
            bar = reader.bar(line)
        except NotationError as error:
            troubles.append(Trouble(number, error.sentence, fatal=True))
            continue
        lengths = {part.voice: part.length for part in bar.parts}
        strange, missing = sorted(lengths.keys() - declared), sorted(declared - lengths.keys())
        if strange:
            sentence = Sentence("Voice %(voice)d is not declared in the header.", voice=strange[0])
            troubles.append(Trouble(number, sentence, fatal=True))
        elif missing:
            troubles.append(Trouble(number, Sentence("Voice %(voice)d is missing.", voice=missing[0]), fatal=True))
        elif len(set(lengths.values())) > 1:
            short = min(lengths, key=lambda voice: lengths[voice])
            sentence = Sentence(
                "Voice %(voice)d is %(length)s long, another voice %(other)s.",
                voice=short,
                length=_length(lengths[short]),
                other=_length(max(lengths.values())),
            )
            troubles.append(Trouble(number, sentence, fatal=True))
        elif bar.metre is not None and bar.length != bar.metre and not (number == 1 and bar.length < bar.metre):
            sentence = Sentence(
                "It is %(length)s long, but the metre is %(metre)s.",
                length=_length(bar.length),
                metre=bar.metre_text,
            )
            troubles.append(Trouble(number, sentence, fatal=False))
    return Proof(len(body), tuple(troubles))


def _silent(header: list[str]) -> list[str]:
    numbers = [line[2:].split()[0] for line in header if line.startswith("V:") and line[2:].split()]
    return ["".join(f"[V:{number}]z|" for number in numbers)] if numbers else []


def _length(length: Fraction) -> str:
    return f"{length.numerator}/{length.denominator}"
