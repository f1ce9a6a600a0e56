"""Lengths that no file gives: estimated from the texts, spread over the runtime in whole frames.

The estimate of a shot is in hundredths of a second: two seconds to see it, a seventh of a second for each word of its
description (about 400 words a minute, read), two fifths for each spoken word (150 words a minute, slow speech) and a
second for each pause the text names.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

BASE = 200
WORD = 14
SPOKEN_WORD = 40
PAUSE = 100

_PAUSE = re.compile(r"\(\s*(?:pause|beat|stille|silence)\b", re.IGNORECASE)


def estimate(description: str, dialogue: str) -> int:
    """Hundredths of a second that a shot with these texts lasts by experience."""
    pauses = len(_PAUSE.findall(dialogue))
    return BASE + WORD * len(description.split()) + SPOKEN_WORD * len(dialogue.split()) + PAUSE * pauses


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers of at least 1 in proportion to `weights` (above 0) that sum to `total` exactly.

    Largest remainders get the odd ones, the earlier first. Where `total` is below the count, each is 1 and the sum
    is the count.
    """
    free = max(0, total - len(weights))  # each has one already
    whole = sum(weights)
    shares = [divmod(free * weight, whole) for weight in weights]
    lengths = [1 + share for share, _rest in shares]
    by_rest = sorted(range(len(weights)), key=lambda index: -shares[index][1])
    for index in by_rest[: free - sum(share for share, _rest in shares)]:
        lengths[index] += 1
    return lengths


def estimated_frames(weights: Sequence[int], fps: Fraction) -> list[int]:
    """The frames of shots by their estimates alone, where no runtime is known."""
    return [max(1, (Fraction(weight, 100) * fps + Fraction(1, 2)).__floor__()) for weight in weights]


def runtime_frames(low: int, high: int, fps: Fraction) -> int:
    """The frame count in the middle of a runtime between `low` and `high` seconds."""
    return max(1, (Fraction(low + high, 2) * fps + Fraction(1, 2)).__floor__())
