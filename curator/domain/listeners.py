"""Listeners: whether they agree with themselves and with each other, and the pairs about which they differ."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from curator.domain.standings import Field
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Take
from curator.preference.listeners import (
    Agreement,
    Consistency,
    SideBias,
    agreement,
    consistency,
    side_bias,
)
from curator.preference.votes import Vote

MOST_DISPUTES = 20
"""Of more disputed pairs the most disputed are shown."""


@dataclass(frozen=True)
class Listener:
    """One listener: how many of the answers are from them, whether they repeat themselves, and which side they lean to.

    `side` is None while they have not decided for a side.
    """

    user: User
    answers: int
    consistency: Consistency
    side: SideBias | None


@dataclass(frozen=True)
class Together:
    """Two listeners and how far they agree on the pairs that both heard."""

    one: User
    other: User
    agreement: Agreement


@dataclass(frozen=True)
class Dispute:
    """Two takes of a cue, and who preferred which when they first heard the pair."""

    cue: Cue
    one: Take
    other: Take
    for_one: tuple[User, ...]
    for_other: tuple[User, ...]


@dataclass(frozen=True)
class Listeners:
    """All listeners of some cues. `agreement` is None with fewer than two who heard the same pair."""

    everyone: tuple[Listener, ...]
    together: tuple[Together, ...]
    agreement: Agreement | None
    disputes: tuple[Dispute, ...]
    disputed: int


def read_listeners(*, fields: Sequence[Field]) -> Listeners:
    """The listeners of these cues, those with the most answers first, in one query."""
    users = {str(user.pk): user for user in User.objects.filter(pk__in={int(v.rater) for f in fields for v in f.said})}
    said = Counter(vote.rater for field in fields for vote in field.said if vote.orders)
    names = sorted(users, key=lambda name: (-said[name], int(name)))
    sides = {side.rater: side for side in side_bias([(len(field.everyone), field.said) for field in fields])}
    by_cue: dict[Hashable, Sequence[Vote]] = {field.cue.pk: field.said for field in fields}
    whole = agreement(by_cue)
    disputes = [dispute for field in fields for dispute in _disputes(field, users)]
    disputes.sort(key=lambda one: -min(len(one.for_one), len(one.for_other)))
    return Listeners(
        everyone=tuple(
            Listener(
                user=users[name],
                answers=said[name],
                consistency=consistency([vote for vote in field.said if vote.rater == name] for field in fields),
                side=sides.get(name) if name in sides and sides[name].sided else None,
            )
            for name in names
        ),
        together=tuple(_together(by_cue, users, one, other) for one, other in combinations(names, 2)),
        agreement=whole if whole.pairs else None,
        disputes=tuple(disputes[:MOST_DISPUTES]),
        disputed=len(disputes),
    )


def _together(by_cue: Mapping[Hashable, Sequence[Vote]], users: Mapping[str, User], one: str, other: str) -> Together:
    both: dict[Hashable, Sequence[Vote]] = {
        cue: [vote for vote in votes if vote.rater in (one, other)] for cue, votes in by_cue.items()
    }
    return Together(users[one], users[other], agreement(both))


def _disputes(field: Field, users: Mapping[str, User]) -> list[Dispute]:
    """The pairs that at least two listeners answered the other way round, each by their first answer."""
    first: dict[tuple[int, int], dict[str, int | None]] = {}
    for vote in field.said:
        if vote.orders:
            better = {"left": vote.left, "right": vote.right}.get(vote.answer)
            first.setdefault(vote.pair, {}).setdefault(vote.rater, better)
    found = []
    for (low, high), answers in sorted(first.items()):
        for_low, for_high = (
            tuple(users[name] for name, better in answers.items() if better == clip) for clip in (low, high)
        )
        if for_low and for_high:
            found.append(Dispute(field.cue, field.everyone[low], field.everyone[high], for_low, for_high))
    return found
