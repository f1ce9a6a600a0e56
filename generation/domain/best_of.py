"""Best of N: of a request's takes the encoder keeps some in the running and discards the rest, as it was asked to."""

from collections.abc import Mapping

import numpy as np

from curator.domain.takes import set_take_state
from curator.models.film import Cue
from curator.models.ranking import Take, TakeState
from generation.clamp.scores import Floats, best_of
from generation.clamp.space import PIPELINE
from generation.models.encoders import Encoder, TakeScore
from generation.models.requests import CandidateState, CueRequest

_OPEN = (CandidateState.WAITING, CandidateState.WRITING)


def keep_best(*, cue: Cue, encoder: Encoder, vectors: Mapping[int, Floats]) -> None:
    """Do what the cue's requests ask for, once each, when all their takes are written and scored.

    vectors: of takes by key. A take that somebody kept, discarded or judged is left as it is. What was kept stays
    written down in the request.
    """
    for request in CueRequest.objects.filter(cue=cue).exclude(best_of={}).order_by("pk"):
        asked = request.best_of
        if "kept" in asked or request.candidates.filter(state__in=_OPEN).exists():
            continue
        free = Take.objects.filter(
            pk__in=request.candidates.filter(take__isnull=False).values("take"),
            state=TakeState.UP,
            judged_left__isnull=True,
            judged_right__isnull=True,
        )
        rows = list(TakeScore.objects.filter(encoder=encoder, take__in=free).select_related("take").order_by("take"))
        rows = [row for row in rows if row.take_id in vectors]
        kept = _kept(rows, asked, vectors)
        for row in rows:
            if row.take_id not in kept:
                row.take.cue = cue
                set_take_state(take=row.take, state=TakeState.DISCARDED)
        numbers = sorted(row.take.number for row in rows if row.take_id in kept)
        request.best_of = {**asked, "kept": numbers, "encoder": encoder.sha256, "pipeline": PIPELINE}
        request.save(update_fields=["best_of"])


def _kept(rows: list[TakeScore], asked: Mapping[str, float], vectors: Mapping[int, Floats]) -> set[int]:
    if not rows:
        return set()
    values = []
    for name, weight in (("nearest", asked["style"]), ("fit", asked["fit"])):
        numbers = [getattr(row, name) for row in rows]
        if all(number is not None for number in numbers):
            values.append((float(weight), np.array(numbers, dtype=np.float32)))
    places = best_of(
        values,
        np.stack([vectors[row.take_id] for row in rows]),
        keep=int(asked["keep"]),
        variety=float(asked["variety"]),
    )
    return {rows[place].take_id for place in places}
