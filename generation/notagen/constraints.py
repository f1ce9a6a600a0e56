"""What may be asked of every bar beside adding up. Each is optional; the guard refuses lines that do not keep them."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.notation.abc import Note
from curator.notation.hands import STROKES, grips, takes

LOWEST, HIGHEST = 21, 108
"""A0 and C8, the ends of the piano's keyboard, as MIDI numbers. No line may leave it, whatever is asked."""


@dataclass(frozen=True)
class Constraints:
    """What every line of a piece must keep; None and False ask for nothing.

    lowest, highest: MIDI numbers that no note may leave. density: most struck notes a second in any bar, at the
    tempo of the piece. hands: each staff lies under one hand: five notes within a tenth at any moment, and no
    more strokes than a hand can do. tonic: the lowest note of the last bar is the tonic.
    Raises ValueError for what no piano piece can keep.
    """

    lowest: int | None = None
    highest: int | None = None
    density: float | None = None
    hands: bool = False
    tonic: bool = False

    def __post_init__(self) -> None:
        low = LOWEST if self.lowest is None else self.lowest
        high = HIGHEST if self.highest is None else self.highest
        if not LOWEST <= low <= HIGHEST or not LOWEST <= high <= HIGHEST or high - low < 12:
            raise ValueError("A register is an octave or more between 21 (A0) and 108 (C8).")
        if self.density is not None and not 0.2 <= self.density <= 50:
            raise ValueError("The density lies between 0.2 and 50 notes a second.")

    def playable(self, hand: Sequence[Note], seconds: float) -> bool:
        """Whether one hand can play these notes of a bar (without grace notes) that lasts so long."""
        if not all(takes(grip) for grip in grips(hand)):
            return False
        strokes = len({note.onset for note in hand if not note.held})
        return strokes <= STROKES * seconds


FREE = Constraints()
"""Nothing is asked beside what every line must keep."""
