"""From one take to the next: the same seed again, more like it, the same brief by another checkpoint."""

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Take
from generation.domain.prompts import default_stage, default_style, stages_of, styles_of
from generation.domain.requests import request_takes
from generation.domain.starts import Start, StartMode, start_again
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CueRequest

MORE = 4
"""So many takes are asked for that are like one."""
OPENING = 4
"""So many bars of a take begin those that are to be like it, at most a quarter of the cue."""


def candidate_of(take: Take) -> Candidate | None:
    """The candidate that a take was written as; None for one that was put up or edited by hand."""
    rows = Candidate.objects.select_related("request__cue__film", "request__checkpoint")
    return rows.filter(take=take).first() or rows.filter(version=take.version_id, request__cue=take.cue_id).first()


def ask_again(*, candidate: Candidate, created_by: User | None = None) -> CueRequest:
    """Ask for one more take like a failed one, with a new seed."""
    return _ask(candidate, created_by, count=1)


def same_seed(*, candidate: Candidate, created_by: User | None = None) -> CueRequest:
    """Ask for a candidate once more with its seed, by the cue's plan of today.

    With an unchanged plan it is the same music, and no new take.
    """
    return _ask(candidate, created_by, seeds=(candidate.seed,))


def changes_nothing(request: CueRequest) -> bool:
    """Whether a request writes nothing but what was written before: the same seed by the same brief and settings."""
    before = Candidate.objects.select_related("request").filter(public_id=request.brief.get("like", "")).first()
    seeds = list(request.candidates.values_list("seed", flat=True))
    if before is None or seeds != [before.seed]:
        return False
    one, two = request, before.request
    told = [{**row.brief, "like": "", "cue_version": 0} for row in (one, two)]
    settings = [(row.checkpoint_id, row.sampling, row.constraints) for row in (one, two)]
    return told[0] == told[1] and settings[0] == settings[1]


def more_like(*, take: Take, created_by: User | None = None) -> CueRequest:
    """Ask for takes that begin as this one does, by its checkpoint and settings, with new seeds."""
    bars = max(1, min(OPENING, take.cue.bars // 4))
    start = Start(take.version, StartMode.FIRST, bars)
    candidate = candidate_of(take)
    if candidate is None:
        return request_takes(cue=take.cue, count=MORE, theme=start, created_by=created_by)
    return _ask(candidate, created_by, count=MORE, theme=start)


def other_checkpoint(*, candidate: Candidate, checkpoint: Checkpoint, created_by: User | None = None) -> CueRequest:
    """Ask for the takes of a candidate's request once more by another checkpoint, with its own settings.

    The brief and the seeds are the same; a style that it does not know gives way to the one it has for the cue.
    """
    request = candidate.request
    if checkpoint.pk == request.checkpoint_id:
        raise DomainError(_("This take is by %(checkpoint)s already.") % {"checkpoint": checkpoint.name})
    style, stage = _words_for(request.cue, checkpoint, request.brief)
    return request_takes(
        cue=request.cue,
        checkpoint=checkpoint,
        style=style,
        stage=stage,
        seeds=list(request.candidates.values_list("seed", flat=True)),
        constraints=request.constraints,
        theme=start_again(request.brief),
        like=candidate,
        created_by=created_by,
    )


def _ask(
    candidate: Candidate,
    created_by: User | None,
    *,
    count: int = 1,
    seeds: tuple[int, ...] = (),
    theme: Start | None = None,
) -> CueRequest:
    request = candidate.request
    return request_takes(
        cue=request.cue,
        count=count,
        checkpoint=request.checkpoint,
        style=str(request.brief.get("style", "")),
        stage=str(request.brief.get("stage", "")),
        sampling=request.sampling,
        seeds=seeds,
        constraints=request.constraints,
        theme=theme or start_again(request.brief),
        preset=str(request.brief.get("preset", "")),
        like=candidate,
        created_by=created_by,
    )


def _words_for(cue: Cue, checkpoint: Checkpoint, brief: dict[str, object]) -> tuple[str, str]:
    """Style and stage of an earlier brief where the checkpoint knows them, else its own for the cue."""
    style, stage = str(brief.get("style", "")), str(brief.get("stage", ""))
    known = [one.value for one in styles_of(checkpoint)]
    if style and known and style not in known:
        style = default_style(cue, checkpoint)
    if stage and stage not in stages_of(checkpoint):
        stage = default_stage(cue, checkpoint)
    return style, stage
