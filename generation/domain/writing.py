"""What a worker does with a request: writes its candidates, checks them, puts them up as takes."""

import logging
import time
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curator import jobs
from curator.domain.rendering import request_rendering
from curator.domain.takes import keep_generated_piece, put_up_take
from curator.domain.turns import gpu_turn
from curator.jobs import Interrupted, Run
from curator.models.jobs import Worker
from curator.models.library import PieceVersion
from curator.notation.abc import parse
from curator.notation.errors import NotationError
from curator.notation.facts import facts_of
from curator.notation.validity import Verdict, validity
from generation.domain.checkpoints import ancestors_of, cohort_of
from generation.domain.loading import engine_of
from generation.domain.sharing import Claims
from generation.models.requests import Candidate, CandidateState, CueRequest

if TYPE_CHECKING:
    from generation.notagen.piece import Brief, Written

log = logging.getLogger(__name__)

TOLD_SECONDS = 0.5
"""How often the bars of candidates at work are written down."""
SPEED_SECONDS = 5.0
"""How often a worker tells how fast it is."""


def write_request(*, request_id: int, run: Run) -> dict[str, Any]:
    """Write candidates of a request until none is left to take; what the job keeps as its result.

    Other workers may write the same request beside this one. Each candidate is committed as soon as it is finished,
    only while the lease is held. A second run writes the missing ones only, and since they depend on nothing but
    their seeds, the very same ones.
    """
    # torch is heavy and only workers and commands load it.
    from generation.notagen.sampling import Sampling

    request = CueRequest.objects.select_related("cue__film", "checkpoint").filter(pk=request_id).first()
    if request is None:
        return {}  # the cue was deleted meanwhile
    claims = Claims(run, request)
    telling = _Telling(run, request, claims)
    try:
        with gpu_turn(run, waiting=telling.wait), engine_of(request.checkpoint) as engine:
            pieces = engine.write(
                brief_of(request),
                seeds=claims.seeds(),
                sampling=Sampling(**request.sampling),
                on_bar=telling.bar,
                should_stop=telling.stop,
            )
            rows = engine.decoder.rows
            for written in pieces:
                _finish(claims.taken[written.index], request, written, run, rows=rows, beside=min(rows, claims.share))
                telling.finished()
        run.check()
        if claims.left():
            raise Interrupted(run.job.public_id)  # the queue was paused: the rest waits in its place
    except Interrupted:
        claims.put_back()
        raise
    telling.speed()
    states = list(request.candidates.values_list("state", flat=True))
    return {"written": states.count(CandidateState.WRITTEN), "failed": states.count(CandidateState.FAILED)}


def brief_of(request: CueRequest) -> "Brief":
    """What the engine is told for a request."""
    from generation.notagen.constraints import Constraints
    from generation.notagen.header import PIANO
    from generation.notagen.piece import Brief  # loads torch

    told = request.brief
    return Brief(
        prompt=tuple(told["prompt"]),
        metre=told["metre"],
        key=told["key"],
        tempo=float(told["tempo"]),
        bars=int(told["bars"]),
        theme=tuple(told.get("theme", ())),
        kept=tuple(told.get("kept", ())),
        kept_voice=int(told.get("kept_voice", 0)),
        staves=tuple(told.get("staves", PIANO)),
        constraints=Constraints(**request.constraints),
    )


class _Telling:
    """Writes down how far the candidates are, not more often than somebody can read it."""

    def __init__(self, run: Run, request: CueRequest, claims: Claims) -> None:
        self._run = run
        self._claims = claims
        self._total = request.count
        self._bars: dict[int, int] = {}
        self._told = self._speed_told = 0.0
        self._began: float | None = None
        self._bars_made = 0

    def bar(self, index: int, bars: int) -> None:
        """`bars` of the candidate at `index` hold now; none of them: it is begun."""
        self._bars[index] = bars
        if bars:
            self._bars_made += 1
        else:
            self._began = self._began or time.monotonic()
        if time.monotonic() - self._told >= TOLD_SECONDS:
            self._tell()

    def stop(self) -> bool:
        """Whether to end. Looks for a cancel about twice a second, however long a bar takes; raises as run.check."""
        self._run.progress(self._done, self._total)
        return self._run.should_stop

    def speed(self) -> None:
        """Write down how many bars a second this worker made."""
        self._speed_told = time.monotonic()
        if self._began is not None and self._bars_made and jobs.current_worker is not None:
            made = self._bars_made / max(time.monotonic() - self._began, 0.001)
            Worker.objects.filter(pk=jobs.current_worker.pk).update(bars_per_second=round(made, 2))

    def wait(self) -> None:
        """The GPU is not free yet."""
        self._run.progress(self._done, self._total, _("Waits for the GPU"))

    def finished(self) -> None:
        """One more candidate is finished."""
        self._claims.open -= 1
        self._tell()

    @property
    def _done(self) -> int:
        return self._total - self._claims.open

    def _tell(self) -> None:
        self._told = time.monotonic()
        if self._told - self._speed_told >= SPEED_SECONDS:
            self.speed()
        bars, self._bars = self._bars, {}
        with transaction.atomic():
            for index, count in bars.items():
                row = Candidate.objects.filter(pk=self._claims.taken[index].pk, job=self._run.job)
                row.filter(state=CandidateState.WRITING).update(bars_written=count)
        self._run.progress(self._done, self._total)


def _finish(candidate: Candidate, request: CueRequest, written: "Written", run: Run, *, rows: int, beside: int) -> None:
    """Check one piece, then write it down in one transaction: candidate, piece, take and the order to render it."""
    verdict, musicxml, warnings = _judge(written)
    with run.commit():
        row = Candidate.objects.select_for_update().get(pk=candidate.pk)
        if row.state != CandidateState.WRITING or row.job_id != run.job.pk:
            return  # cancelled, or another worker has it
        _fill(row, request, written, verdict)
        row.settings = {**request.sampling, "rows": rows, "beside": beside}
        if verdict.valid:
            version = _version(row, request, written, musicxml, warnings)
            take = put_up_take(
                cue=request.cue,
                version=version,
                number=row.number,
                cohort=cohort_of(request.checkpoint),
                cue_version=request.brief.get("cue_version"),
            )
            row.version, row.number, row.state = version, take.number, CandidateState.WRITTEN
            row.take = None if Candidate.objects.filter(take=take).exists() else take
            request_rendering(version=version, tempo_map=request.cue.tempo_map, created_by=request.created_by)
        else:
            row.state = CandidateState.FAILED
        row.save()
    log.info("candidate %s %s: %s", row.public_id, row.state, row.reason)


def _judge(written: "Written") -> tuple[Verdict, str, tuple[str, ...]]:
    """The verdict on a piece, its MusicXML and what the converter said."""
    if written.reason:
        return Verdict(False, written.reason, written.bars), "", ()
    # The converter is for workers and commands only.
    from curator.notation.convert import abc_to_musicxml

    try:
        made = abc_to_musicxml(written.abc)
    except NotationError as error:
        return Verdict(False, str(error), written.bars), "", ()
    return validity(written.abc, musicxml=made.text.encode()), made.text, made.warnings


def _fill(row: Candidate, request: CueRequest, written: "Written", verdict: Verdict) -> None:
    from generation.notagen.engine import ENGINE_VERSION

    row.raw, row.abc, row.ids_sha256 = written.raw, written.abc, written.ids_sha256
    row.forced = [list(span) for span in written.forced]
    row.checkpoint_sha256, row.engine_version = request.checkpoint.sha256, ENGINE_VERSION
    row.bars_written = written.bars
    row.lines_tried, row.lines_rolled_back = written.lines_tried, written.lines_rolled_back
    row.seconds, row.reason = written.seconds, verdict.reason[:300]
    row.verdict = {"valid": verdict.valid, "reason": verdict.reason, "bars": verdict.bars, "notes": verdict.notes}
    row.finished_at = timezone.now()


def _version(
    row: Candidate, request: CueRequest, written: "Written", musicxml: str, warnings: tuple[str, ...]
) -> PieceVersion:
    """The piece of a candidate; the one that is up already where the same seed wrote the same music before."""
    from curator.notation.fingerprint import fingerprint

    cue = request.cue
    before = PieceVersion.objects.filter(takes__cue=cue, abc=written.abc).first()
    if before is not None:
        return before
    score = parse(written.abc)
    density = [sum(not note.held for part in bar.parts for note in part.notes) for bar in score.bars]
    title = _("%(cue)s, take %(number)d") % {"cue": f"{cue.number} {cue.title}".strip(), "number": row.number}
    return keep_generated_piece(
        title=title,
        abc=written.abc,
        musicxml=musicxml,
        fingerprint=fingerprint(musicxml.encode()),
        warnings=warnings,
        facts={**facts_of(score), "density": density},
        making={
            "candidate": row.public_id,
            "request": request.public_id,
            "checkpoint": request.checkpoint.sha256,
            "checkpoint_name": request.checkpoint.name,
            "ancestors": ancestors_of(request.checkpoint),
            "seed": row.seed,
            "sampling": row.settings,
            "prompt": request.brief["prompt"],
            "constraints": request.constraints,
            "start": request.brief.get("start", {}),
            "engine": row.engine_version,
            "forced": row.forced,
            "rolled_back": row.rolled_back_share,
        },
    )
