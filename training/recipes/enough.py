"""Whether there are judgements enough to learn a preference from."""

from collections.abc import Mapping
from dataclasses import dataclass

from curator.notation.errors import Sentence

LEAST_VOTES = 60
LEAST_CUES = 3
GOOD_VOTES = 160
"""Below 60 votes the fitted orders of a few cues are little better than chance and give hardly a sure pair; from 160 on
every round tried moved the model towards the listener (measured on the demo checkpoint)."""


@dataclass(frozen=True)
class Enough:
    """What a preference set rests on: votes in all, and cues that have any."""

    votes: int
    cues: int

    @property
    def missing_votes(self) -> int:
        return max(0, LEAST_VOTES - self.votes)

    @property
    def missing_cues(self) -> int:
        return max(0, LEAST_CUES - self.cues)

    @property
    def refused(self) -> bool:
        """No round may start."""
        return bool(self.missing_votes or self.missing_cues)

    @property
    def few(self) -> bool:
        """A round may start, but should not be expected to change much."""
        return not self.refused and self.votes < GOOD_VOTES

    @property
    def sentence(self) -> Sentence:
        """What is missing, in words; empty when nothing is."""
        values = {"votes": self.missing_votes, "cues": self.missing_cues}
        if self.missing_votes and self.missing_cues:
            return Sentence("%(votes)d more votes and %(cues)d more cues with votes are needed.", **values)
        if self.missing_votes:
            return Sentence("%(votes)d more votes are needed.", **values)
        if self.missing_cues:
            return Sentence("%(cues)d more cues with votes are needed.", **values)
        if self.few:
            return Sentence(
                "%(votes)d votes are few: below %(good)d a round may change little, or learn chance.",
                votes=self.votes,
                good=GOOD_VOTES,
            )
        return Sentence("")


SENTENCES = (
    "%(votes)d more votes and %(cues)d more cues with votes are needed.",
    "%(votes)d more votes are needed.",
    "%(cues)d more cues with votes are needed.",
    "%(votes)d votes are few: below %(good)d a round may change little, or learn chance.",
)
"""All that `Enough.sentence` can say, for the catalogues."""


def enough(votes: Mapping[str, int]) -> Enough:
    """What the votes of each cue come to. Ties and "both bad" count as votes; skipped pairs do not belong in here."""
    return Enough(votes=sum(votes.values()), cues=sum(count > 0 for count in votes.values()))
