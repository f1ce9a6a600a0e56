"""What the plan page of a cue shows: its bars under the picture, its hits, and the tempi that would fit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from curator.domain.briefs import Brief, brief_of_cue
from curator.domain.plans import ShotSpan, clock_of, length_of, plan_of, shot_spans, shots_under
from curator.film.fitting import METRES, STEP, Aim, Fit, Fits, fit, judge
from curator.film.misses import Misses, draw_misses
from curator.film.ruler import Hit, Line, Ruler, draw_ruler
from curator.film.tempo import TempoError, metre_of
from curator.models.film import Cue, HitPoint
from curator.models.plan import CueVersion


@dataclass(frozen=True)
class Search:
    """What the fitter is asked: felt beats a minute, metres, and seconds that the music may ring on after the out."""

    low: float
    high: float
    step: float
    metres: tuple[str, ...]
    tail: float = 0.0


@dataclass(frozen=True)
class Option:
    """A plan that could be the cue's. tempi: (bar, quarters a minute). seconds: how long its bars last.

    off: frames that it ends after where the music is to end. tail_frame: the frame of the film by which it ends,
    where that is more than a frame after the cue's out.
    """

    metre: str
    tempi: tuple[tuple[int, float], ...]
    bars: int
    seconds: float
    off: float
    tail_frame: int | None
    misses: Misses
    chosen: bool

    @property
    def told(self) -> str:
        """The tempi as forms take them: "66", or "1:66 9:68.5"."""
        if len(self.tempi) == 1:
            return f"{self.tempi[0][1]:g}"
        return " ".join(f"{bar}:{tempo:g}" for bar, tempo in self.tempi)


@dataclass(frozen=True)
class Spoken:
    """Words spoken under a cue: seconds from its start, the bars they lie in (0: after the music)."""

    shot: str
    start: float
    end: float
    words: str
    first_bar: int
    last_bar: int


@dataclass(frozen=True)
class HitFacts:
    """A hit and its timecode. outside: the cue's borders have left it behind, nothing is fitted to it."""

    hit: HitPoint
    timecode: str
    outside: bool


@dataclass(frozen=True)
class CuePlan:
    """Everything that the page says. now: what the present plan does; None for one that cannot be laid out."""

    cue: Cue
    brief: Brief
    search: Search
    begin: str
    end: str
    tail_end: str
    now: Option | None
    steady: tuple[Option, ...]
    maps: tuple[Option, ...]
    hits: tuple[HitFacts, ...]
    spoken: tuple[Spoken, ...]
    shots: tuple[ShotSpan, ...]
    ruler: Ruler | None
    versions: tuple[CueVersion, ...]
    takes: dict[int, int]

    @property
    def fitted(self) -> bool:
        """Whether the planned bars end with the picture, to the frame."""
        return self.now is not None and abs(self.now.off) <= 1

    @property
    def older_takes(self) -> int:
        """How many takes were written for an earlier version of the plan."""
        return sum(count for version, count in self.takes.items() if version < self.cue.version)


def search_of(brief: Brief) -> Search:
    """What is searched where nobody says anything else: the brief's tempi in its metre, or in the usual ones."""
    metres = (brief.metre,) if brief.metre else tuple(str(metre) for metre in METRES)
    return Search(brief.tempo_low, brief.tempo_high, STEP, metres)


def read_cue_plan(*, cue: Cue, search: Search | None = None) -> CuePlan:
    """The plan of a cue and what else it could be, in a number of queries that does not depend on how much is there."""
    brief = brief_of_cue(cue=cue)
    search = search or search_of(brief)
    spans, clock, every = shot_spans(film=cue.film), clock_of(cue.film), list(cue.hits.all())
    hits = [hit for hit in every if cue.in_frame <= hit.frame <= cue.end_frame]
    found = fits_of(cue=cue, search=search, hits=hits)
    counts = Counter(cue.takes.values_list("cue_version", flat=True))
    lines = [
        (span, Line(_after(cue, max(span.start, cue.in_frame)), _after(cue, min(span.end, cue.end_frame)), words))
        for span in spans
        if (words := " ".join(span.shot.dialogue.split())) and span.start < cue.end_frame and span.end > cue.in_frame
    ]
    return CuePlan(
        cue=cue,
        brief=brief,
        search=search,
        begin=clock.label(cue.in_frame),
        end=clock.label(cue.out_frame),
        tail_end="" if cue.tail_frame is None else clock.label(cue.tail_frame),
        now=_now(cue, hits),
        steady=tuple(_option(cue, plan, hits) for plan in found.steady),
        maps=tuple(_option(cue, plan, hits) for plan in found.maps),
        hits=tuple(HitFacts(hit, clock.label(hit.frame), hit not in hits) for hit in every),
        spoken=tuple(_spoken(cue, span, line) for span, line in lines),
        shots=tuple(shots_under(cue, spans)),
        ruler=_ruler(cue, hits, [line for _span, line in lines]),
        versions=tuple(cue.versions.all()),
        takes=dict(counts),
    )


def fits_of(*, cue: Cue, search: Search, hits: Sequence[HitPoint]) -> Fits:
    """What the fitter finds for a cue. The length runs to its out; the search says how long a tail may be."""
    return fit(
        Fraction(cue.out_frame - cue.in_frame) / cue.film.fps,
        aims_of(cue, hits),
        frame=1 / cue.film.fps,
        low=search.low,
        high=search.high,
        step=search.step,
        metres=[metre_of(metre) for metre in search.metres],
        tail=Fraction(str(search.tail)),
    )


def aims_of(cue: Cue, hits: Sequence[HitPoint]) -> list[Aim]:
    """The hits of a cue as the fitter takes them."""
    return [Aim(Fraction(hit.frame - cue.in_frame) / cue.film.fps, hit.hard, hit.weight) for hit in hits]


def _now(cue: Cue, hits: Sequence[HitPoint]) -> Option | None:
    try:
        return _option(cue, judge(plan_of(cue), cue.bars, length_of(cue), aims_of(cue, hits)), hits, end=cue.end_frame)
    except TempoError:
        return None


def _option(cue: Cue, plan: Fit, hits: Sequence[HitPoint], *, end: int | None = None) -> Option:
    fps = cue.film.fps
    tempi = tuple((section.bar, float(section.tempo)) for section in plan.tempo_map.sections)
    goal = cue.out_frame if end is None else end
    tail_frame = None if plan.end * fps <= 1 else clock_of(cue.film).nearest_frame(Fraction(goal) / fps + plan.end)
    off = plan.end if end is not None or tail_frame is None else plan.end - Fraction(tail_frame - goal) / fps
    same = tempi == tuple((int(bar), float(tempo)) for bar, tempo in cue.tempo_map)
    return Option(
        metre=str(plan.metre),
        tempi=tempi,
        bars=plan.bars,
        seconds=float(plan.tempo_map.length(plan.bars)),
        off=float(off * fps),
        tail_frame=tail_frame,
        misses=draw_misses(plan.landings, [hit.label for hit in hits], fps),
        chosen=same and str(plan.metre) == cue.metre and plan.bars == cue.bars,
    )


def _after(cue: Cue, frame: int) -> float:
    return float((frame - cue.in_frame) / cue.film.fps)


def _spoken(cue: Cue, span: ShotSpan, line: Line) -> Spoken:
    first = last = 0
    try:
        plan = plan_of(cue)
    except TempoError:
        pass
    else:
        first, last = (
            plan.place_at(Fraction(moment).limit_denominator(10**6)).bar for moment in (line.start, line.end)
        )
    return Spoken(
        span.shot.code, line.start, line.end, line.words, first if first <= cue.bars else 0, min(last, cue.bars)
    )


def _ruler(cue: Cue, hits: Sequence[HitPoint], lines: Sequence[Line]) -> Ruler | None:
    marks = [Hit(_after(cue, hit.frame), hit.label, hit.hard) for hit in hits]
    try:
        return draw_ruler(tempo_map=plan_of(cue), bars=cue.bars, seconds=float(length_of(cue)), hits=marks, lines=lines)
    except TempoError:
        return None
