"""Asking for takes of a cue: a request, its candidates and the job that writes them."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator import jobs
from curator.domain.briefs import brief_of_cue, constraints_of
from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.takes import next_take_number
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.jobs import OPEN_STATES, Job, JobState
from generation.domain.checkpoints import find_checkpoint
from generation.domain.ear import request_scores
from generation.domain.prompts import prompt_of
from generation.domain.sampling import checked_sampling
from generation.domain.sharing import OPEN_CANDIDATES, ask_worker, call_helpers, writing_jobs
from generation.domain.starts import Start, is_complete, start_brief, start_of_theme
from generation.models.checkpoints import Checkpoint
from generation.models.encoders import Encoder
from generation.models.requests import Candidate, CandidateState, CueRequest
from generation.notagen.constraints import Constraints
from generation.notagen.header import header

MOST_TAKES = 64
SEEDS = 2**32

MIXES = {
    "even": {"style": 1.0, "fit": 1.0, "variety": 1.0},
    "style": {"style": 2.0, "fit": 0.5, "variety": 0.5},
    "brief": {"style": 0.5, "fit": 2.0, "variety": 0.5},
    "variety": {"style": 0.5, "fit": 0.5, "variety": 2.0},
}
"""How much likeness to the style, fit to the brief and difference from what is kept already count in a best of N."""

# What generation.notagen.constraints can say; here so that the catalogues hold it.
SENTENCES = (
    _noop("A register is an octave or more between 21 (A0) and 108 (C8)."),
    _noop("The density lies between 0.2 and 50 notes a second."),
)

STOPPED = _noop("The work was stopped before this take was written.")


def request_takes(
    *,
    cue: Cue,
    count: int = 8,
    checkpoint: Checkpoint | None = None,
    style: str = "",
    stage: str = "",
    sampling: Mapping[str, float] | None = None,
    seed: int | None = None,
    seeds: Sequence[int] = (),
    constraints: Mapping[str, Any] | None = None,
    theme: Start | None = None,
    preset: str = "",
    like: Candidate | None = None,
    best: int | None = None,
    mix: str = "even",
    created_by: User | None = None,
) -> CueRequest:
    """Ask for `count` candidates with tempo, metre, key and length of the cue, and send the work to a worker.

    sampling: top_k, top_p, temperature; what is not given is the checkpoint's own. Without `seed` one is drawn, from
    which each candidate's own is made; `seeds` are those of the candidates themselves, one each, to write them again.
    constraints: what every bar must keep (generation.notagen.constraints); None: what the cue's brief says. theme:
    what the music starts from; one that is cut to the cue's length leaves nothing to write and gives a single
    candidate. preset: the name of the settings, like: the candidate that this is asked for from; both are only kept.
    best: keep so many in the running by the encoder's ear, the rest are discarded (generation.domain.best_of); mix, one
    of MIXES, says what counts most there.
    Raises DomainError for what cannot be written.
    """
    checkpoint = checkpoint or find_checkpoint()
    count = len(seeds) or count
    if best is not None and not 1 <= best < count:
        raise DomainError(_("Of %(count)d takes 1 to %(most)d can be kept.") % {"count": count, "most": count - 1})
    if best is not None and not Encoder.objects.exists():
        raise DomainError(_("Without an encoder nobody can say which takes to keep."))
    if not 1 <= count <= MOST_TAKES:
        raise DomainError(_("Ask for 1 to %(most)d takes.") % {"most": MOST_TAKES})
    if any(not 0 <= one < SEEDS for one in (*seeds, *(() if seed is None else (seed,)))):
        raise DomainError(_("A seed is a whole number from 0 to %(most)d.") % {"most": SEEDS - 1})
    settings = checked_sampling({**checkpoint.sampling, **(sampling or {})})
    kept = checked_constraints(constraints_of(brief_of_cue(cue=cue)) if constraints is None else constraints)
    brief = _brief(cue, checkpoint, style, stage, theme)
    brief |= {"preset": preset} if preset else {}
    brief |= {"like": like.public_id} if like is not None else {}
    if is_complete(brief):
        count = 1
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    own = list(seeds) or [candidate_seed(seed, index) for index in range(count)]
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        first = _first_number(cue)
        request = CueRequest.objects.create(
            cue=cue,
            checkpoint=checkpoint,
            count=count,
            seed=seed,
            sampling=settings,
            brief=brief,
            constraints=kept,
            best_of={} if best is None else {"keep": best, **MIXES[mix]},
            created_by=created_by,
        )
        Candidate.objects.bulk_create(
            Candidate(
                request=request,
                index=index,
                seed=own[index],
                number=first + index,
                bars_asked=cue.bars,
            )
            for index in range(count)
        )
        # Before the job is sent, so that the first worker knows how many share the candidates.
        transaction.on_commit(call_helpers)
        request.job = ask_worker(request)
        request.save(update_fields=["job"])
        refresh_cue_state(cue=cue)
    return request


def request_for_cues(*, cues: Sequence[Cue], themes: bool = False, **asked: Any) -> list[CueRequest]:
    """Ask for takes of several cues, each by its own plan, all or none; `asked` as for `request_takes`.

    themes: a cue that states a theme goes on from it. Raises DomainError that names the cue.
    """
    if not cues:
        raise DomainError(_("Choose at least one cue."))
    made = []
    with transaction.atomic():
        for cue in cues:
            try:
                theme = start_of_theme(cue) if themes else None
                made.append(request_takes(cue=cue, theme=theme, **asked))
            except DomainError as error:
                raise DomainError(f"{cue.number}: {error}") from error
    return made


def cancel_request(*, request: CueRequest) -> None:
    """End a request. What is written stays; the rest is not written any more."""
    if request.job is None or not request.job.is_open:
        raise DomainError(_("These takes are not being written any more."))
    for row in writing_jobs(request).filter(state__in=OPEN_STATES):
        jobs.cancel(row)


def cancel_candidate(*, candidate: Candidate) -> None:
    """Take one take back that waits; the others of its request are written. Raises DomainError once it is begun."""
    with transaction.atomic():
        request = CueRequest.objects.select_for_update().get(pk=candidate.request_id)
        waiting = request.candidates.filter(pk=candidate.pk, state=CandidateState.WAITING)
        if not waiting.update(state=CandidateState.CANCELLED, finished_at=timezone.now()):
            raise DomainError(_("This take does not wait any more."))
        if not request.candidates.filter(state__in=OPEN_CANDIDATES).exists():
            for row in writing_jobs(request).filter(state__in=OPEN_STATES):
                transaction.on_commit(partial(jobs.settle, row))


def wait_for_request(*, request: CueRequest) -> None:
    """Return when a request has ended: written by live workers, or in this process when there is none."""
    request.refresh_from_db()
    while request.job is not None and request.job.is_open:
        jobs.wait_for(request.job)
        request.refresh_from_db()


def end_part(row: Job) -> None:
    """A writing job has ended. The last one ends the request; what nobody has written then never will be."""
    # Locked, so that of two that end at once one is the last.
    request = CueRequest.objects.select_for_update().filter(pk=row.arguments["request"]).first()
    if request is None:
        return  # the cue was deleted meanwhile
    cancelled = row.state == JobState.CANCELLED
    left = request.candidates.filter(state__in=OPEN_CANDIDATES)
    others = list(writing_jobs(request).filter(state__in=OPEN_STATES))
    if cancelled:
        left.update(state=CandidateState.CANCELLED, finished_at=timezone.now())
    if others:
        left.filter(job=row).update(state=CandidateState.WAITING, job=None)
        if request.job_id == row.pk:
            CueRequest.objects.filter(pk=request.pk).update(job=others[0])
        # Not in here: whoever ends one of them at this moment waits for this request.
        ending = jobs.cancel if cancelled else jobs.settle
        if not left.exists():
            for other in others:
                transaction.on_commit(partial(ending, other))
        return
    left.update(state=CandidateState.FAILED, reason=(row.error or STOPPED)[:300], finished_at=timezone.now())
    refresh_cue_state(cue=request.cue)
    if not cancelled:
        request_scores(cue=request.cue, created_by=request.created_by)


def candidate_seed(seed: int, index: int) -> int:
    """The seed of one candidate: far from those of other requests, whose seeds may be neighbours."""
    digest = hashlib.sha256(f"{seed}:{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def checked_constraints(given: Mapping[str, Any]) -> dict[str, Any]:
    """The constraints that ask for something, by name. Raises DomainError for what no piano piece can keep."""
    asked = {name: value for name, value in given.items() if value not in (None, False, "")}
    try:
        Constraints(**asked)
    except (TypeError, ValueError) as error:
        raise DomainError(_(str(error))) from error
    return asked


def _brief(cue: Cue, checkpoint: Checkpoint, style: str, stage: str, theme: Start | None) -> dict[str, Any]:
    prompt = prompt_of(cue=cue, checkpoint=checkpoint, style=style, stage=stage)
    brief = {
        "prompt": list(prompt),
        "style": style,
        "words": cue.brief or brief_of_cue(cue=cue).words,
        "metre": cue.metre,
        "key": cue.key,
        "tempo": cue.tempo,
        "bars": cue.bars,
        "cue_version": cue.version,
    }
    if stage:
        brief["stage"] = stage
    if theme is not None:
        brief |= start_brief(cue=cue, start=theme)
    try:
        header(metre=str(brief["metre"]), key=str(brief["key"]), tempo=cue.tempo)
    except ValueError as error:
        raise DomainError(
            _("The cue's metre, key or tempo cannot be written down: %(reason)s") % {"reason": error}
        ) from error
    return brief


def _first_number(cue: Cue) -> int:
    """The number of the first take of a new request: behind all takes and all that are still to come."""
    promised = Candidate.objects.filter(request__cue=cue).order_by("-number").values_list("number", flat=True).first()
    return max(next_take_number(cue=cue), (promised or 0) + 1)
