"""What goes on the front page of a delivered score, and the one error of this package."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

Tempo = Fraction | Decimal | int | float


class DeliveryError(Exception):
    """A score that cannot be handed over. `str(error)` is one sentence that says what to mend.

    `sentence` with its `values` allow a translation; `about` is the line of the contract that it concerns: bars,
    notes, tempo, dynamics, schema or names.
    """

    def __init__(self, sentence: str, *, about: str = "bars", **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.about = about
        self.values = values


@dataclass(frozen=True)
class Sheet:
    """Facts of one cue that stand in the file beside its music.

    `tempo_map` holds (bar, quarter notes per minute); the first entry is bar 1, bars are those of the delivered
    file (repeats written out), values are written with at most two decimals. `dynamic` is what a staff
    starts with when the score says nothing. Cue, film, version, checkpoint, seed and the `facts` (name, value) stand
    as miscellaneous fields, unless `miscellaneous` is switched off.
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
    facts: tuple[tuple[str, str], ...] = ()
    miscellaneous: bool = True


def tempo_text(value: Tempo) -> str:
    """Quarter notes per minute as it stands in the file: at most two decimals, no needless zeros ("66.5", "72").

    Raises DeliveryError unless 1 <= value < 1000.
    """
    exact = Fraction(str(value)) if isinstance(value, float | Decimal) else Fraction(value)
    hundredths = round(exact * 100)
    if not 100 <= hundredths < 100_000:
        raise DeliveryError(
            "%(tempo)s quarter notes a minute is no tempo; it must lie between 1 and 999.",
            about="tempo",
            tempo=f"{float(exact):g}",
        )
    text = f"{hundredths // 100}.{hundredths % 100:02d}"
    return text.rstrip("0").rstrip(".")


def tempo_changes(sheet: Sheet, bars: int) -> dict[int, str]:
    """Bar number to tempo text, in order; changes after the last of `bars` bars fall away.

    Raises DeliveryError for a map that does not begin in bar 1 or goes backward.
    """
    if not sheet.tempo_map or sheet.tempo_map[0][0] != 1:
        raise DeliveryError("The tempo map does not begin in bar 1.", about="tempo")
    changes: dict[int, str] = {}
    last = 0
    for bar, value in sheet.tempo_map:
        if bar <= last:
            raise DeliveryError(
                "The tempo map names bar %(bar)d after bar %(last)d.", about="tempo", bar=bar, last=last
            )
        text = tempo_text(value)
        if bar <= bars:
            changes[bar] = text
        last = bar
    return changes
