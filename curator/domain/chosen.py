"""The music of each cue of a film as it stands: the approved take, else the one that leads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from curator.models.film import Cue
from curator.models.ranking import Approval, Standing, Take, TakeState


@dataclass(frozen=True)
class Chosen:
    """A take that stands for its cue; `approved`, or only leading in the newest standing."""

    take: Take
    approved: bool


def chosen_takes(*, cues: Iterable[Cue], standings: Mapping[int, Standing]) -> dict[int, Chosen]:
    """The chosen take of each cue by the cue's key, in two queries; none for cues without approval and standing.

    `standings`: the newest one of each cue over all listeners, by the cue's key. The texts of the versions are not
    loaded.
    """
    by_key = {cue.pk: cue for cue in cues}
    leaders = [
        max(standing.strengths, key=lambda row: float(row["p_best"]))["take"]
        for key, standing in standings.items()
        if key in by_key and standing.votes and standing.strengths
    ]
    approved = dict(
        Approval.objects.filter(cue__in=by_key, revoked_at__isnull=True).values_list("take", "cue")  # one a cue
    )
    takes = (
        Take.objects.filter(Q(public_id__in=leaders) | Q(pk__in=approved))
        .select_related("version__piece")
        .defer("version__abc", "version__musicxml")
    )
    chosen: dict[int, Chosen] = {}
    for take in takes:
        take.cue = by_key[take.cue_id]
        if take.pk in approved:
            chosen[take.cue_id] = Chosen(take, True)
        elif take.state != TakeState.DISCARDED:
            chosen.setdefault(take.cue_id, Chosen(take, False))
    return chosen
