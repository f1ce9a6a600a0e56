"""What the arc page shows of a film: its stages in time, each cue with its facts, and the one next step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Count, Max, Q

from curator.domain.plans import is_fitted
from curator.film.timecode import Clock
from curator.models.film import IN_PLAN, ArcStage, Cue, CueState, Film, Shot
from curator.models.jobs import Job
from curator.models.ranking import Standing, TakeState
from curator.models.themes import Theme


class StepKind(StrEnum):
    """What a film waits for."""

    FIT = "fit"
    LISTEN = "listen"
    APPROVE = "approve"
    ASK = "ask"
    WAIT = "wait"
    DELIVER = "deliver"
    DONE = "done"
    MARK = "mark"


STEPS = {
    CueState.TO_RANK: StepKind.LISTEN,
    CueState.DECIDED: StepKind.APPROVE,
    CueState.SPOTTED: StepKind.ASK,
    CueState.GENERATING: StepKind.WAIT,
    CueState.APPROVED: StepKind.DELIVER,
    CueState.DELIVERED: StepKind.DONE,
}
"""The step that a cue's state asks for, the most urgent first."""

LIT = (CueState.APPROVED, CueState.DELIVERED)


@dataclass(frozen=True)
class NextStep:
    """The one thing to do next, and the cue it is about (None: the film as a whole)."""

    kind: StepKind
    cue: "CueFacts | None"


@dataclass(frozen=True)
class CueFacts:
    """A cue and what is known of it. Seconds count from the film's first picture; `sure` is P(best) of the leader."""

    cue: Cue
    start: float
    end: float
    timecode: str
    takes: int
    sure: float | None
    sure_enough: bool
    written: tuple[float, float] | None

    @property
    def seconds(self) -> float:
        """Length of the cue."""
        return self.end - self.start

    @property
    def fitted(self) -> bool:
        """Whether its planned bars end with the picture."""
        return is_fitted(self.cue)

    @property
    def step(self) -> StepKind:
        """What this cue waits for; before takes are asked for, its tempo is to be fitted."""
        step = STEPS[CueState(self.cue.state)]
        return StepKind.FIT if step == StepKind.ASK and not self.fitted else step


@dataclass(frozen=True)
class StageTime:
    """A stage with its place in the film, seconds."""

    stage: ArcStage
    start: float
    end: float


@dataclass(frozen=True)
class ShotTime:
    """A shot with its place in the film, seconds."""

    shot: Shot
    start: float
    end: float


@dataclass(frozen=True)
class FilmFacts:
    """Everything the arc page says about a film."""

    film: Film
    seconds: float
    scenes: int
    stages: list[StageTime]
    shots: list[ShotTime]
    cues: list[CueFacts]
    themes: list[Theme] = field(default_factory=list)

    @property
    def lit(self) -> int:
        """How many cues are approved or delivered."""
        return sum(facts.cue.state in LIT for facts in self.cues)

    @property
    def scored(self) -> float:
        """Seconds of the film that lie under a cue; where two overlap they count once."""
        covered, reached = 0.0, 0.0
        for facts in sorted(self.cues, key=lambda facts: facts.start):
            covered += max(0.0, facts.end - max(facts.start, reached))
            reached = max(reached, facts.end)
        return covered

    @property
    def next_step(self) -> NextStep:
        """The most urgent step of the first cue that asks for it."""
        if not self.cues:
            return NextStep(StepKind.MARK, None)
        for state, kind in STEPS.items():
            facts = next((facts for facts in self.cues if facts.cue.state == state), None)
            if facts:
                return NextStep(facts.step, None if kind in (StepKind.DELIVER, StepKind.DONE) else facts)
        raise AssertionError("a cue without a known state")  # held off by cue_state_known


def film_facts(*, film: Film) -> FilmFacts:
    """The facts of `film`, in a number of queries that does not depend on how much is in it."""
    fps = film.fps
    shots = list(film.shots.all())
    frames = film.length_frames or sum(shot.length_frames for shot in shots)
    cues = list(
        film.cues.filter(IN_PLAN)
        .select_related("stage")
        .prefetch_related("hits")
        .annotate(takes_up=Count("takes", filter=~Q(takes__state=TakeState.DISCARDED)))
    )
    frames = max([frames, *(cue.out_frame for cue in cues)], default=0) or 1
    newest = Standing.objects.filter(cue__film=film, rater__isnull=True).values("cue").annotate(newest=Max("pk"))
    standings = {row.cue_id: row for row in Standing.objects.filter(pk__in=newest.values("newest"))}
    jobs = {
        row.arguments["cue"]: (row.progress_done, row.progress_total)
        for row in Job.objects.open().filter(arguments__cue__in=[cue.pk for cue in cues])
    }
    clock = Clock(fps, film.drop_frame, film.start_frame)
    facts = []
    for cue in cues:
        cue.film = film
        standing = standings.get(cue.pk)
        facts.append(
            CueFacts(
                cue=cue,
                start=float(cue.in_frame / fps),
                end=float(cue.out_frame / fps),
                timecode=clock.label(cue.in_frame),
                takes=cue.takes_up,
                sure=max((row["p_best"] for row in standing.strengths), default=None) if standing else None,
                sure_enough=bool(standing and standing.sure_enough),
                written=jobs.get(cue.pk),
            )
        )
    return FilmFacts(
        film=film,
        seconds=float(frames / fps),
        scenes=film.scenes.count(),
        stages=_stage_times(list(film.stages.all()), cues, frames, float(fps)),
        shots=_shot_times(shots, float(fps)),
        cues=facts,
        themes=list(film.themes.prefetch_related("uses__cue")),
    )


def _shot_times(shots: list[Shot], fps: float) -> list[ShotTime]:
    times, frame = [], 0
    for shot in shots:
        times.append(ShotTime(shot, frame / fps, (frame + shot.length_frames) / fps))
        frame += shot.length_frames
    return times


def _stage_times(stages: Sequence[ArcStage], cues: Sequence[Cue], frames: int, fps: float) -> list[StageTime]:
    """Each stage begins where it was placed, else with its first cue, else evenly between its neighbours."""
    if not stages:
        return []
    starts: list[float | None] = []
    for stage in stages:
        own = [cue.in_frame for cue in cues if cue.stage_id == stage.pk]
        starts.append(stage.start_frame if stage.start_frame is not None else min(own, default=None))
    starts[0] = 0
    placed: list[float] = []
    for i, start in enumerate(starts):
        if start is None:
            after = next((j for j in range(i, len(starts)) if starts[j] is not None), len(starts))
            limit = starts[after] if after < len(starts) else frames
            assert limit is not None  # noqa: S101 (narrows the type: `after` points at a number)
            start = placed[-1] + (limit - placed[-1]) / (after - i + 1)
        placed.append(min(max(float(start), placed[-1] if placed else 0.0), float(frames)))
    ends = [*placed[1:], float(frames)]
    return [
        StageTime(stage, start / fps, end / fps)
        for stage, start, end in zip(stages, placed, ends, strict=True)
        if end > start
    ]
