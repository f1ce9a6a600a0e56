"""Spotting: which stretches of a film get music. Cues come, are split and merged, get numbers and go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.briefs import Brief, brief_of_stage
from curator.domain.errors import DomainError
from curator.domain.plans import ShotSpan, change_plan, find_shots, shot_spans
from curator.film.numbers import CueNumber, next_number, part_after, read_number
from curator.film.spread import spread
from curator.film.tempo import bars_for
from curator.models.film import IN_PLAN, ArcStage, Cue, Film, HitPoint, Shot
from curator.models.jobs import Job

KEYS = {"minor": "Amin"}
"""The key that a new cue starts with, by the mode that its stage asks for; C for any other."""


@dataclass(frozen=True)
class StageShots:
    """The shots of one stage, told by whoever knows it."""

    stage: ArcStage
    first: Shot
    last: Shot


@dataclass(frozen=True)
class _Stretch:
    title: str
    stage: ArcStage | None
    begin: int
    end: int


@transaction.atomic
def default_plan(*, film: Film, stages: Sequence[StageShots] | None = None) -> list[Cue]:
    """One cue for each stage of the film's arc; returns the new cues in order, none where the film has a cue already.

    Call it when shots and stages of an import are in the database; an owner's plan is never touched. `stages` says
    which shots belong to which; shots of no stage stay without music. Where it is None, a stage runs from its
    `start_frame` to the next one's; stages without one are spread over the shots, in nearly equal lengths and rather
    between scenes than inside one. Stages that were not placed get their `start_frame`. A film without stages gets one
    cue a scene. Numbers are 1m1, 1m2, ...; metre, tempo, key and bars are a first guess from the stage's brief, to be
    fitted (curator.domain.fitting). Set-aside cues do not count.
    """
    Film.objects.select_for_update().get(pk=film.pk)
    spans = shot_spans(film=film)
    if not spans or spans[-1].end == 0 or film.cues.filter(IN_PLAN).exists():
        return []
    stretches = _told(stages, spans) if stages is not None else _guessed(film, spans)
    cues = []
    for stretch in stretches:
        if stretch.stage is not None and stretch.stage.start_frame is None:
            stretch.stage.start_frame = stretch.begin
            stretch.stage.save(update_fields=["start_frame"])
        cues.append(
            add_cue(film=film, in_frame=stretch.begin, out_frame=stretch.end, title=stretch.title, stage=stretch.stage)
        )
    return cues


@transaction.atomic
def add_cue(
    *, film: Film, in_frame: int, out_frame: int, title: str = "", stage: ArcStage | None = None, number: str = ""
) -> Cue:
    """A new cue with a first guess of tempo, metre and bars from its stage's brief; raises DomainError.

    Without a number it is the next one of the first reel. Without a stage it gets the one that its in lies in, where
    stages are placed.
    """
    Film.objects.select_for_update().get(pk=film.pk)
    if in_frame < 0 or out_frame <= in_frame:
        raise DomainError(_("A cue ends after it begins, and it begins with the film or later."))
    named = _free_number(film, number) if number else _next_free(film)
    stage = stage or _stage_at(film, in_frame)
    brief = brief_of_stage(stage=stage)
    cue = Cue.objects.create(
        film=film,
        number=str(named),
        title=title.strip()[:120],
        stage=stage,
        in_frame=in_frame,
        out_frame=out_frame,
        question=_("Which one is more truly %(stage)s?") % {"stage": stage.name} if stage else "",
        **guess(brief, Fraction(out_frame - in_frame) / film.fps),
    )
    find_shots(cue)
    put_in_order(film=film)
    return cue


def guess(brief: Brief, seconds: Fraction) -> dict[str, object]:
    """Metre, tempo, key and bars to start with: the middle of the brief's tempi, the nearest whole number of bars."""
    metre = brief.bar
    tempo = Fraction(round(brief.tempo * float(metre.pulse) * 100), 100)
    return {
        "metre": str(metre),
        "tempo_map": [[1, int(tempo) if tempo == int(tempo) else float(tempo)]],
        "key": KEYS.get(brief.mode, "C"),
        "bars": bars_for(seconds, tempo=tempo, metre=metre),
    }


@transaction.atomic
def split_cue(*, cue: Cue, frame: int) -> Cue:
    """End a cue at a frame and begin a new one there; returns the new one. Raises DomainError outside the cue.

    Takes and themes stay with the first part. Hits go with the part that they lie in; both keep metre, tempo and key,
    their bars are what is nearest, and want to be fitted. The new one is the next part (1m2 becomes 1m2 and 1m2a).
    """
    if not cue.in_frame < frame < cue.out_frame:
        raise DomainError(_("Split a cue at a frame between its in and its out."))
    film = cue.film
    number = read_number(cue.number)
    taken = _numbers(film)
    new_number = part_after(number, taken) if number else next_number(taken)
    old = Cue.objects.select_for_update().get(pk=cue.pk)
    metre, tempo = old.metre, old.tempo
    new = Cue.objects.create(
        film=film,
        number=str(new_number),
        title=old.title,
        stage=_stage_at(film, frame) or old.stage,
        in_frame=frame,
        out_frame=old.out_frame,
        tail=old.tail,
        tail_frame=old.tail_frame,
        brief=old.brief,
        question=old.question,
        texture=old.texture,
        notes=old.notes,
        tempo_map=[[1, old.tempo_map[-1][1] if old.tempo_map else tempo]],
        metre=metre,
        key=old.key,
        bars=1,
    )
    old.hits.filter(frame__gte=frame).update(cue=new)
    change_plan(
        cue=cue,
        out_frame=frame,
        tail="",
        tail_frame=None,
        tempo_map=[[1, old.tempo_map[0][1] if old.tempo_map else tempo]],
        bars=_bars(cue, frame - cue.in_frame),
    )
    change_plan(cue=new, bars=_bars(new, new.out_frame - frame))
    find_shots(new)
    put_in_order(film=film)
    return new


@transaction.atomic
def merge_cues(*, first: Cue, second: Cue) -> Cue:
    """Make one cue of two: the earlier one, up to where the later one ends. Raises DomainError for two films.

    Hits and notes of the later one come along. It is deleted where nothing was written for it, else set aside.
    """
    if first.film_id != second.film_id or first.pk == second.pk:
        raise DomainError(_("Two cues of one film can become one."))
    if second.in_frame < first.in_frame:
        first, second = second, first
    for hit in second.hits.all():
        if not first.hits.filter(frame=hit.frame).exists():
            HitPoint.objects.create(cue=first, frame=hit.frame, label=hit.label, hard=hit.hard, weight=hit.weight)
    out = max(first.out_frame, second.out_frame)
    tail = second if second.out_frame == out else first
    notes = "\n".join(text for text in (first.notes.strip(), second.notes.strip()) if text)
    Cue.objects.filter(pk=first.pk).update(notes=notes)
    first.notes = notes
    told = {"tail": tail.tail, "tail_frame": tail.tail_frame}
    change_plan(cue=first, out_frame=out, bars=_bars(first, out - first.in_frame), **told)
    remove_cue(cue=second)
    return first


@transaction.atomic
def remove_cue(*, cue: Cue) -> bool:
    """Take a cue out of the plan: True when it is deleted, False when it is set aside because of its takes.

    A cue that is set aside keeps everything; its number is free again and its own gets a mark (1m2 becomes 1m2-1).
    """
    row = Cue.objects.select_for_update().select_related("film").get(pk=cue.pk)
    film = row.film
    if not (row.takes.exists() or row.judgements.exists() or Job.objects.filter(arguments__cue=row.pk).exists()):
        row.delete()
        put_in_order(film=film)
        return True
    taken = set(_numbers(film))
    mark = next(count for count in range(1, 1000) if f"{row.number}-{count}" not in taken)
    row.number, row.set_aside_at = f"{row.number}-{mark}", timezone.now()
    row.save(update_fields=["number", "set_aside_at"])
    cue.number, cue.set_aside_at = row.number, row.set_aside_at
    put_in_order(film=film)
    return False


@transaction.atomic
def bring_back(*, cue: Cue) -> Cue:
    """Put a cue that was set aside back into the plan, under its old number where that is free."""
    row = Cue.objects.select_for_update().select_related("film").get(pk=cue.pk)
    if row.set_aside_at is None:
        return cue
    number = read_number(row.number.partition("-")[0])
    free = number is not None and str(number) not in _numbers(row.film)
    row.number = str(number if free else _next_free(row.film, reel=number.reel if number else 1))
    row.set_aside_at = None
    row.save(update_fields=["number", "set_aside_at"])
    cue.number, cue.set_aside_at = row.number, None
    put_in_order(film=row.film)
    return cue


@transaction.atomic
def renumber_cue(*, cue: Cue, number: str) -> Cue:
    """Give a cue another number, such as 2m3 or 1m2a. Raises DomainError for one that is none or is taken."""
    named = _free_number(cue.film, number, own=cue)
    Cue.objects.filter(pk=cue.pk).update(number=str(named))
    cue.number = str(named)
    put_in_order(film=cue.film)
    return cue


def describe_cue(
    *, cue: Cue, title: str, stage: ArcStage | None, brief: str = "", question: str = "", notes: str = ""
) -> Cue:
    """Write what is said of a cue: title, stage, what the music is for, the listeners' question, notes."""
    cue.title, cue.stage = title.strip()[:120], stage
    cue.brief, cue.question, cue.notes = brief.strip(), question.strip()[:200], notes.strip()
    cue.save(update_fields=["title", "stage", "brief", "question", "notes"])
    return cue


@transaction.atomic
def renumber_film(*, film: Film) -> None:
    """Number the cues of the plan anew as they follow each other in the film: within each reel 1, 2, 3, ..."""
    rows = list(film.cues.filter(IN_PLAN).select_for_update().order_by("in_frame", "pk"))
    reels = sorted((number.reel if (number := read_number(row.number)) else 1) for row in rows)
    counts: dict[int, int] = {}
    wanted = []
    for reel in reels:
        counts[reel] = counts.get(reel, 0) + 1
        wanted.append(str(CueNumber(reel, counts[reel])))
    for row in rows:  # numbers are unique at every moment
        Cue.objects.filter(pk=row.pk).update(number=f"~{row.pk}")
    for row, name in zip(rows, wanted, strict=True):
        Cue.objects.filter(pk=row.pk).update(number=name)
    put_in_order(film=film)


def put_in_order(*, film: Film) -> None:
    """Write `position` of a film's cues: by reel, number and part; what has no such number comes last."""
    rows = list(film.cues.filter(practice=False))
    last = CueNumber(10**6, 0)
    rows.sort(key=lambda row: (row.set_aside_at is not None, read_number(row.number) or last, row.in_frame, row.pk))
    moved = []
    for place, row in enumerate(rows, start=1):
        if row.position != place:
            row.position = place
            moved.append(row)
    Cue.objects.bulk_update(moved, ["position"])


def _told(stages: Sequence[StageShots], spans: Sequence[ShotSpan]) -> Iterable[_Stretch]:
    at = {span.shot.pk: span for span in spans}
    for told in stages:
        yield _Stretch(told.stage.name, told.stage, at[told.first.pk].start, at[told.last.pk].end)


def _guessed(film: Film, spans: Sequence[ShotSpan]) -> Iterable[_Stretch]:
    stages, end = list(film.stages.all()), spans[-1].end
    if not stages:
        return _scenes(spans)
    starts = [stage.start_frame for stage in stages]
    placed = [start for start in starts if start is not None]
    if len(placed) < len(stages) or placed != sorted(set(placed)) or placed[-1] >= end:
        placed = _spread_starts(spans, len(stages))
    return [
        _Stretch(stage.name, stage, begin, stop)
        for stage, begin, stop in zip(stages, placed, [*placed[1:], end], strict=True)
    ]


def _spread_starts(spans: Sequence[ShotSpan], count: int) -> list[int]:
    end = spans[-1].end
    if count > len(spans):  # more stages than shots: even parts of the film
        return [end * number // count for number in range(count)]
    lengths, scenes = [span.end - span.start for span in spans], [span.shot.scene_id for span in spans]
    return [spans[first].start for first, _last in spread(lengths, scenes, count)]


def _scenes(spans: Sequence[ShotSpan]) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    scene = None
    for span in spans:
        if stretches and span.shot.scene_id == scene:
            stretches[-1] = _Stretch(stretches[-1].title, None, stretches[-1].begin, span.end)
        else:
            stretches.append(_Stretch(span.shot.scene.slug_line, None, span.start, span.end))
        scene = span.shot.scene_id
    return [stretch for stretch in stretches if stretch.end > stretch.begin]


def _stage_at(film: Film, frame: int) -> ArcStage | None:
    return film.stages.filter(start_frame__lte=frame).order_by("-start_frame").first()


def _bars(cue: Cue, frames: int) -> int:
    metre = Brief(metre=cue.metre).bar
    return bars_for(Fraction(frames) / cue.film.fps, tempo=Fraction(str(cue.tempo)), metre=metre)


def _numbers(film: Film) -> list[str]:
    return list(film.cues.values_list("number", flat=True))


def _next_free(film: Film, *, reel: int = 1) -> CueNumber:
    return next_number(_numbers(film), reel=reel)


def _free_number(film: Film, text: str, own: Cue | None = None) -> CueNumber:
    named = read_number(text)
    if named is None:
        raise DomainError(_("A cue number is written like 1m1 or 2m3a: reel, m, number, and a letter for a part."))
    others = film.cues.exclude(pk=own.pk) if own else film.cues
    if others.filter(number=str(named)).exists():
        raise DomainError(_("%(number)s is taken by another cue.") % {"number": named})
    return named
