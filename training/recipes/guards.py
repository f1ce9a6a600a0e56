"""When a preference run has gone too far: looked at after every step and at the end of every epoch.

Held-out accuracy is no guard: a collapsed model scores highest (measured on the demo checkpoint).
"""

import math
from collections import deque
from collections.abc import Mapping

from training.recipes.job import DpoSettings


class Guards:
    """Remembers the last steps and says when one of the limits is passed."""

    def __init__(self, settings: DpoSettings) -> None:
        self._settings = settings
        self._rows: deque[Mapping[str, float]] = deque(maxlen=settings.window)

    def step(self, row: Mapping[str, float]) -> str:
        """A sentence when the mean over the last steps passes a limit, else empty.

        row: loss, chosen, rejected (changes in nats a piece), kl (nats a character) of one step.
        """
        if not math.isfinite(row["loss"]):
            return "The loss is no number any more."
        self._rows.append(row)
        if len(self._rows) < self._settings.window:
            return ""
        count = len(self._rows)
        return self.judge({name: sum(one[name] for one in self._rows) / count for name in ("chosen", "rejected", "kl")})

    def judge(self, found: Mapping[str, float]) -> str:
        """A sentence when these means pass a limit, else empty."""
        limits = self._settings
        if found["chosen"] < limits.chosen_floor:
            return f"Chosen pieces became less likely by {-found['chosen']:.1f} nats."
        if found["rejected"] < limits.rejected_floor:
            return f"Rejected pieces became less likely by {-found['rejected']:.1f} nats."
        if found["kl"] > limits.kl_ceiling:
            return f"The model moved {found['kl']:.3f} nats a character away from its parent."
        return ""
