"""What goes on the front page of a delivered score, and the one error of this package."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

Tempo = Fraction | Decimal | int | float


class DeliveryError(Exception):
    """A score that cannot be handed over. `str(error)` is one sentence that says what to mend."""


@dataclass(frozen=True)
class Sheet:
    """Facts of one cue that stand in the file beside its music.

    `tempo_map` holds (bar, quarter notes per minute); the first entry is bar 1, bars are those of the delivered
    file (repeats written out), values are written with at most two decimals. `dynamic` is what a staff
    starts with when the score says nothing. `facts` become further miscellaneous fields, in their order.
    """

    number: str
    title: str
    composer: str
    tempo_map: tuple[tuple[int, Tempo], ...]
    encoded: date
    film: str = ""
    version: int = 1
    checkpoint: str = ""
    seed: int | None = None
    dynamic: str = "mp"
    facts: Mapping[str, str] = field(default_factory=dict)


def tempo_text(value: Tempo) -> str:
    """Quarter notes per minute as it stands in the file: at most two decimals, no needless zeros ("66.5", "72").

    Raises DeliveryError unless 1 <= value < 1000.
    """
    exact = Fraction(str(value)) if isinstance(value, float | Decimal) else Fraction(value)
    hundredths = round(exact * 100)
    if not 100 <= hundredths < 100_000:
        raise DeliveryError(f"{float(exact):g} quarter notes a minute is no tempo; it must lie between 1 and 999.")
    text = f"{hundredths // 100}.{hundredths % 100:02d}"
    return text.rstrip("0").rstrip(".")


def tempo_changes(sheet: Sheet, bars: int) -> dict[int, str]:
    """Bar number to tempo text, in order; raises DeliveryError for a map that the music cannot follow."""
    if not sheet.tempo_map or sheet.tempo_map[0][0] != 1:
        raise DeliveryError("The tempo map does not begin in bar 1.")
    changes: dict[int, str] = {}
    last = 0
    for bar, value in sheet.tempo_map:
        if bar <= last:
            raise DeliveryError(f"The tempo map names bar {bar} after bar {last}.")
        if bar > bars:
            raise DeliveryError(f"The tempo map changes in bar {bar}, but the music has {bars} bars.")
        changes[bar] = tempo_text(value)
        last = bar
    return changes
