"""Rounds that have a result already, for tests of what comes after training."""

from pathlib import Path
from typing import Any

import torch
from django.conf import settings

from curator import jobs
from curator.domain.ranking import record_judgement
from curator.models.accounts import User
from generation.domain.checkpoints import cohort_of, register_result, weights_path
from generation.models.checkpoints import Checkpoint, CheckpointKind
from generation.notagen.checkpoint import file_sha256, load_checkpoint, write_weights
from tests.factories import make_take
from tests.generation.writing import small_checkpoint
from tests.listening import give_sound, hand
from tests.training.rounds import preference_set
from training.domain.matching import match_of, places_of, proposed, start_match
from training.domain.measuring import request_measurement
from training.models.gate import Measurement
from training.models.rounds import Round, RoundState

MEASURED = {"eval_accuracy": 0.75, "eval_pairs": 6.0, "eval_chosen": 1.5}


def moved_weights(base: Checkpoint, *, by: float = 0.002) -> Checkpoint:
    """Weights a little away from those of `base`, in the registry as the result of a round."""
    model = load_checkpoint(weights_path(base)).model
    torch.manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=by)
    part = Path(settings.WEIGHTS) / "moved.part"
    write_weights(part, model, torch.float32)
    sha256 = file_sha256(part)
    part.replace(Path(settings.WEIGHTS) / f"{sha256}.safetensors")
    return register_result(
        sha256=sha256,
        name="Round 1",
        kind=CheckpointKind.DPO,
        parent=base,
        header=base.header,
        vocabulary=base.vocabulary,
        meta={},
        made_by="",
    )


def finished_round(owner: User, *, by: float = 0.002, cues: int = 3, **measured: Any) -> Round:
    """A DPO round that has come to its end: the small model and one a little away from it."""
    base = small_checkpoint()
    data = preference_set(owner, cues=cues, held_out=1)
    result = moved_weights(base, by=by)
    row = Round.objects.create(
        number=1,
        recipe="dpo",
        preference_set=data,
        base=base,
        result=result,
        state=RoundState.MEASURED,
        metrics={"state": "finished", "measured": MEASURED | measured},
    )
    Checkpoint.objects.filter(pk=result.pk).update(made_by=row.public_id)
    return row


def measured(row: Round, *, texts: int = 8) -> Measurement:
    """The measurement of a round, done."""
    begun = request_measurement(row=row, texts=texts)
    assert begun.job is not None
    jobs.execute(begun.job.pk)
    return Measurement.objects.select_related("job").get(pk=begun.pk)


def heard(row: Round, owner: User, *, wins: str = "new", answers: int = 99) -> None:
    """A match of a round with takes that no model wrote, heard up to so many answers. wins: "new" or "old"."""
    places = places_of(row)
    chosen = [place.cue for place in places if place.cue.public_id in proposed(places, row)]
    start_match(row=row, cues=chosen, takes=4, by=owner)
    assert row.result is not None
    better = cohort_of(row.result if wins == "new" else row.base)
    for cue in chosen:
        for checkpoint in (row.base, row.result) * 4:
            give_sound(make_take(cue=cue, cohort=cohort_of(checkpoint)))
    for cue in chosen:
        while answers and (found := match_of(row)) and not next(c for c in found.cues if c.match.cue_id == cue.pk).over:
            pair = hand(cue, owner, audible=True)
            record_judgement(pair=pair, rater=owner, answer="left" if pair.left.cohort == better else "right")
            answers -= 1
