"""What a listener said about one blind pair."""

from dataclasses import dataclass
from typing import Literal

Answer = Literal["left", "right", "tie", "bad", "skip"]

ORDERED: frozenset[Answer] = frozenset({"left", "right", "tie"})
"""Answers that say something about order; "bad" (neither) and "skip" do not enter the fit."""


@dataclass(frozen=True)
class Vote:
    """One answer. `left` and `right` are the indices (0 … N-1) of the clips that lay on these sides.

    `rater` is any lasting name of the listener; "" where there is one only.
    """

    left: int
    right: int
    answer: Answer
    rater: str = ""

    @property
    def pair(self) -> tuple[int, int]:
        """The two clips without their sides, smaller index first."""
        return (self.left, self.right) if self.left < self.right else (self.right, self.left)

    @property
    def orders(self) -> bool:
        """Whether the answer says something about the order of the two clips."""
        return self.answer in ORDERED
