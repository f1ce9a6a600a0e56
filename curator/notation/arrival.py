"""A file on its way to a piece: through the gate, into ABC, and counted by two readers before and after."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from curator.notation.convert import musicxml_to_abc
from curator.notation.errors import NotationError, Sentence
from curator.notation.gate import read_bounded
from curator.notation.intake import Intake
from curator.notation.second_reader import SecondReading, read_again
from curator.notation.tally import Difference, Tally, bars_shown, compare
from curator.notation.validity import validity


@dataclass(frozen=True, slots=True)
class Arrival:
    """A score that came through.

    `count` says what each reader found: {"file", "text", "second": {"notes", "bars", "staves"}, "reader": music21
    and its version, "differ": notes that differ between file and text, "bars": where, "second_differ",
    "second_bars": the same between the second reader of the file and the text}; "second" is None where there was none.
    """

    intake: Intake
    text: str  # interleaved ABC
    notes: int  # written notes of `text`
    warnings: tuple[str, ...]  # sentences about the file and about every difference
    count: dict[str, Any]


def receive(name: str, data: bytes, *, tell: Callable[[int, int], None] = lambda _done, _of: None) -> Arrival:
    """Read, convert and count the file `name`. Raises NotationError with the reason why it cannot become a piece.

    `tell(step, steps)` is called on the way and may raise to stop.
    """
    intake = read_bounded(name, data)
    tell(1, 3)
    with ThreadPoolExecutor(1) as other:
        # Both wait for a process of their own, so they go side by side.
        second = other.submit(read_again, intake.original, intake.parts)
        made = musicxml_to_abc(intake.musicxml)
        reading = second.result()
    tell(2, 3)
    verdict = validity(made.text)
    if not (verdict.valid or verdict.importable):
        raise NotationError(verdict.reason)
    if made.difference is None:
        raise AssertionError("the conversion from MusicXML always compares")
    said, counted = _second(reading, made.difference.after)
    count = {
        "file": _shape(made.difference.before),
        "text": _shape(made.difference.after),
        "differ": made.difference.notes,
        "bars": list(made.difference.bars),
        **counted,
    }
    return Arrival(intake, made.text, verdict.notes, (*intake.warnings, *made.warnings, *said), count)


def _second(reading: SecondReading | None, text: Tally) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What the second reader says against the text, as sentences and as facts."""
    if reading is None:
        return (Sentence("The notes of the file could not be counted a second time."),), {"second": None}
    difference = compare(reading.tally, text)
    counted = {
        "second": _shape(reading.tally),
        "reader": reading.reader,
        "second_differ": difference.notes,
        "second_bars": list(difference.bars),
    }
    return _doubts(difference), counted


def _doubts(difference: Difference) -> tuple[str, ...]:
    here, there = difference.before, difference.after
    if len(here.bars) != len(there.bars) or not difference.staves_agree:
        return (
            Sentence(
                "A second reader finds %(bars)d bars and %(staves)d staves in the file, not %(here)d and %(there)d.",
                bars=len(here.bars),
                staves=here.staves,
                here=len(there.bars),
                there=there.staves,
            ),
        )
    if difference.notes:
        return (
            Sentence(
                "A second reader finds %(differ)d of %(notes)d notes otherwise: bars %(bars)s.",
                differ=difference.notes,
                notes=here.notes,
                bars=bars_shown(difference.bars),
            ),
        )
    return ()


def _shape(tally: Tally) -> dict[str, int]:
    return {"notes": tally.notes, "bars": len(tally.bars), "staves": tally.staves}
