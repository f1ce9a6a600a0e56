"""What the arc page shows of a film: its stages in time, each cue with its facts, and the one next step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Count, Max, Q

from curator.domain.chosen import Chosen, chosen_takes
from curator.domain.courses import read_courses
from curator.domain.plans import is_fitted, plan_of
from curator.film.course import Moment, lay_under
from curator.film.tempo import TempoError
from curator.film.timecode import Clock
from curator.models.film import IN_PLAN, ArcStage, Cue, CueState, Film
from curator.models.jobs import Job
from curator.models.library import PieceVersion
from curator.models.ranking import Standing, TakeState
from curator.models.stills import Still
from curator.models.themes import CueTheme, Theme


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
    """A cue and what is known of it. Seconds count from the film's first picture; `sure` is P(best) of the leader.

    moments: what the chosen take does over time; none while nobody has computed it.
    """

    cue: Cue
    start: float
    end: float
    timecode: str
    takes: int
    sure: float | None
    sure_enough: bool
    written: tuple[float, float] | None
    chosen: Chosen | None = None
    moments: tuple[Moment, ...] = ()
    course_missing: bool = False

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

    @property
    def length(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class ShotTime:
    """A shot with its place in the film: `frames` long, seconds from `start` to `end`.

    still: the SHA-256 of its small picture, "" without one.
    """

    code: str
    frames: int
    start: float
    end: float
    spoken: bool
    estimated: bool
    still: str = ""


@dataclass(frozen=True)
class ThemeHeard:
    """One time that a theme is heard: in this cue, `how`, at this second of the film."""

    use: CueTheme
    cue: Cue
    second: float


@dataclass(frozen=True)
class ThemeFacts:
    """A theme and where it is heard, in order of time."""

    theme: Theme
    heard: list[ThemeHeard]


@dataclass(frozen=True)
class FilmFacts:
    """Everything the arc page says about a film."""

    film: Film
    seconds: float
    scenes: int
    stages: list[StageTime]
    shots: list[ShotTime]
    cues: list[CueFacts]
    themes: list[ThemeFacts] = field(default_factory=list)

    @property
    def cuts(self) -> list[int]:
        """The frames at which shots begin, and the end of the last one."""
        frames = [0]
        for time in self.shots:
            frames.append(frames[-1] + time.frames)
        return frames

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
    def uncomputed(self) -> list[PieceVersion]:
        """Versions of chosen takes of which nobody knows yet what they do over time."""
        return [facts.chosen.take.version for facts in self.cues if facts.chosen and facts.course_missing]

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
    shots = _shot_times(film)
    frames = film.length_frames or sum(shot.frames for shot in shots)
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
    chosen = chosen_takes(cues=cues, standings=standings)
    courses = read_courses(versions=[one.take.version for one in chosen.values()])
    clock, rate = Clock(fps, film.drop_frame, film.start_frame), float(fps)
    facts = []
    for cue in cues:
        cue.film = film
        standing, take = standings.get(cue.pk), chosen.get(cue.pk)
        start = cue.in_frame / rate
        course = courses.get(take.take.version.sha256) if take else None
        facts.append(
            CueFacts(
                cue=cue,
                start=start,
                end=cue.out_frame / rate,
                timecode=clock.label(cue.in_frame),
                takes=cue.takes_up,
                sure=max((row["p_best"] for row in standing.strengths), default=None) if standing else None,
                sure_enough=bool(standing and standing.sure_enough),
                written=jobs.get(cue.pk),
                chosen=take,
                moments=tuple(lay_under(course or (), cue.tempo_map, start)),
                course_missing=take is not None and course is None,
            )
        )
    return FilmFacts(
        film=film,
        seconds=float(frames / fps),
        scenes=film.scenes.count(),
        stages=_stage_times(list(film.stages.all()), cues, frames, float(fps)),
        shots=shots,
        cues=facts,
        themes=_themes(film, cues),
    )


def _themes(film: Film, cues: Sequence[Cue]) -> list[ThemeFacts]:
    heard: dict[int, list[ThemeHeard]] = {}
    by_key = {cue.pk: cue for cue in cues}
    for use in CueTheme.objects.filter(cue__in=by_key):
        cue = by_key[use.cue_id]
        second = cue.in_frame / float(film.fps) + _seconds_to_bar(cue, use.bar)
        heard.setdefault(use.theme_id, []).append(ThemeHeard(use, cue, second))
    return [
        ThemeFacts(theme, sorted(heard.get(theme.pk, ()), key=lambda one: one.second))
        for theme in film.themes.select_related("version__piece").defer("version__abc", "version__musicxml")
    ]


def _seconds_to_bar(cue: Cue, bar: int) -> float:
    """Seconds from the cue's beginning to a bar of its plan; 0 for a plan that cannot be laid out."""
    try:
        return float(plan_of(cue).length(bar - 1)) if bar > 1 else 0.0
    except (TempoError, ValueError):
        return 0.0


def _shot_times(film: Film) -> list[ShotTime]:
    fps = float(film.fps)
    stills = dict(Still.objects.filter(shot__film=film).values_list("shot", "tile"))
    rows = film.shots.order_by("position").values_list("pk", "code", "length_frames", "dialogue", "estimated")
    times, frame = [], 0
    for key, code, frames, dialogue, estimated in rows:
        end = frame + frames
        spoken = bool(dialogue.strip())
        times.append(ShotTime(code, frames, frame / fps, end / fps, spoken, estimated, stills.get(key, "")))
        frame = end
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
