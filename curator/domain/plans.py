"""The plan of a cue: where it begins and ends, its tempo, metre and bars. Every change of it goes through here.

A cue may have takes. A plan that takes were written for (or are being written for) is kept as a CueVersion before it
changes, and `Cue.version` counts up; each take names the version it was written for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.film.tempo import TempoError, TempoMap, tempo_map_of
from curator.film.timecode import Clock
from curator.models.film import IN_PLAN, Cue, Film, Shot
from curator.models.jobs import Job
from curator.models.plan import CueVersion
from curator.models.ranking import Take

PLAN = ("in_frame", "out_frame", "tail", "tail_frame", "tempo_map", "metre", "key", "bars")
"""The fields of a cue that are its plan."""

MOST_BARS = 500


class Edge(StrEnum):
    """An end of a cue."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class ShotSpan:
    """A shot and where it lies: from frame `start` up to, not including, `end`."""

    shot: Shot
    start: int
    end: int


def shot_spans(*, film: Film) -> list[ShotSpan]:
    """The shots of a film in order, one query."""
    spans, frame = [], 0
    for shot in film.shots.order_by("position"):
        spans.append(ShotSpan(shot, frame, frame + shot.length_frames))
        frame += shot.length_frames
    return spans


def shot_borders(*, film: Film) -> list[int]:
    """The frames at which shots begin, and the end of the last one; [0] without shots."""
    spans = shot_spans(film=film)
    return sorted({0, *(span.start for span in spans), *(span.end for span in spans)})


def clock_of(film: Film) -> Clock:
    """The timecode of a film."""
    return Clock(film.fps, film.drop_frame, film.start_frame)


def plan_of(cue: Cue) -> TempoMap:
    """The tempo map of a cue's plan. Raises TempoError for one that cannot be."""
    return tempo_map_of(cue.tempo_map, cue.metre)


def length_of(cue: Cue) -> Fraction:
    """Seconds from the cue's in to where its music is to end (its out, or its tail), exact."""
    return Fraction(cue.end_frame - cue.in_frame) / cue.film.fps


def off_by(cue: Cue) -> Fraction | None:
    """Seconds that the planned bars last longer than they should; None for a plan that cannot be laid out."""
    try:
        return plan_of(cue).length(cue.bars) - length_of(cue)
    except TempoError:
        return None


def is_fitted(cue: Cue) -> bool:
    """Whether the planned bars end within one frame of the cue's out (or of its tail)."""
    off = off_by(cue)
    return off is not None and abs(off) * cue.film.fps <= 1


@transaction.atomic
def change_plan(*, cue: Cue, **changes: Any) -> Cue:
    """Write fields of the plan (PLAN) of a cue; keeps the old version where takes need it. Raises DomainError.

    first_shot and last_shot follow in_frame and out_frame. A tail that the new out has passed is dropped.
    """
    row = Cue.objects.select_for_update().select_related("film").get(pk=cue.pk)
    before = snapshot(row)
    for name, value in changes.items():
        if name not in PLAN:
            raise TypeError(f"{name} is no part of a plan")
        setattr(row, name, value)
    if row.tail_frame is not None and row.tail_frame <= row.out_frame:
        row.tail, row.tail_frame = "", None
    _check(row)
    if snapshot(row) == before:
        return _taken_over(cue, row)
    if _is_written_for(row):
        CueVersion.objects.create(cue=row, number=row.version, plan=before)
        row.version += 1
    row.save(update_fields=[*PLAN, "version"])
    find_shots(row)
    return _taken_over(cue, row)


def set_tempo(
    *,
    cue: Cue,
    tempo_map: Sequence[Sequence[float]],
    metre: str,
    bars: int,
    tail: str = "",
    tail_frame: int | None = None,
    key: str | None = None,
) -> Cue:
    """Give a cue its tempi ([[bar, quarters a minute], ...]), metre and bars, and where its music ends.

    tail, tail_frame: the name of what the music rings into after the out, and the frame by which it ends; both or
    neither. Raises DomainError.
    """
    if (tail_frame is None) != (not tail.strip()):
        raise DomainError(_("A tail has a name and a frame after the out by which the music ends."))
    changes: dict[str, Any] = {
        "tempo_map": [[int(bar), _plain(tempo)] for bar, tempo in tempo_map],
        "metre": metre.strip(),
        "bars": bars,
        "tail": tail.strip()[:60],
        "tail_frame": tail_frame,
    }
    if key is not None:
        changes["key"] = key
    if tail_frame is not None and tail_frame <= cue.out_frame:
        raise DomainError(_("The tail ends after the out."))
    return change_plan(cue=cue, **changes)


@transaction.atomic
def move_border(*, cue: Cue, edge: Edge, frame: int, snap: int = 0, together: bool = False) -> Cue:
    """Move the in or the out of a cue to a frame of the film.

    snap: to the border of a shot that is not farther than so many frames (0: stay on the frame). together: the cue
    that ends or begins at the very same frame moves with it. Raises DomainError for a border that would leave no
    music between in and out, or lies before the film.
    """
    frame = snapped(frame, shot_borders(film=cue.film), snap) if snap else frame
    old = cue.in_frame if edge == Edge.IN else cue.out_frame
    if together:
        twins = {"out_frame": old} if edge == Edge.IN else {"in_frame": old}
        other = cue.film.cues.filter(IN_PLAN).filter(**twins).exclude(pk=cue.pk).select_related("film").first()
        if other is not None:
            change_plan(cue=other, **dict.fromkeys(twins, frame))
    return change_plan(cue=cue, **{f"{edge}_frame": frame})


def snapped(frame: int, borders: Sequence[int], reach: int) -> int:
    """The nearest of the borders that is not farther than `reach` frames, else the frame itself."""
    near = min(borders, key=lambda border: abs(border - frame), default=frame)
    return near if abs(near - frame) <= reach else frame


def snapshot(cue: Cue) -> dict[str, Any]:
    """The plan of a cue as it is written down in a CueVersion."""
    return {name: getattr(cue, name) for name in PLAN}


def shots_under(cue: Cue, spans: Sequence[ShotSpan]) -> list[ShotSpan]:
    """The shots that a cue lies on, also in part."""
    return [span for span in spans if span.start < cue.out_frame and span.end > cue.in_frame]


def find_shots(cue: Cue) -> None:
    """Write down the first and the last shot that a cue lies on."""
    under = shots_under(cue, shot_spans(film=cue.film))
    cue.first_shot = under[0].shot if under else None
    cue.last_shot = under[-1].shot if under else None
    cue.save(update_fields=["first_shot", "last_shot"])


def follow_shots(*, film: Film, before: Sequence[ShotSpan]) -> list[Cue]:
    """After shots changed their length, came or went: every cue, hit and stage stays with its shot.

    before: `shot_spans(film=...)` from before the change. A frame keeps its distance to the start of its shot (to the
    end where it lies on it), and goes to the nearest shot that is left where its own is gone. Practice briefs stay.
    Returns the cues whose plan changed. Each cue with takes keeps its old version.
    """
    now = {span.shot.pk: span for span in shot_spans(film=film)}
    end = max((span.end for span in now.values()), default=0)

    def moved(frame: int, *, is_end: bool = False) -> int:
        if is_end:
            span = next((span for span in before if span.start < frame <= span.end), None)
        else:
            span = next((span for span in before if span.start <= frame < span.end), None)
        if span is None:  # before the first shot or after the last one
            return frame if not before or frame < before[0].start else max(0, frame - before[-1].end + end)
        here = now.get(span.shot.pk)
        if here is None:
            left = [now[other.shot.pk] for other in before if other.shot.pk in now and other.start < span.start]
            return left[-1].end if left else 0
        if is_end and frame == span.end:
            return here.end
        return min(here.start + frame - span.start, here.end - (0 if is_end else 1))

    changed = []
    with transaction.atomic():
        for stage in film.stages.exclude(start_frame=None):
            stage.start_frame = moved(stage.start_frame or 0)
            stage.save(update_fields=["start_frame"])
        for cue in film.cues.filter(practice=False).select_related("film"):
            for hit in cue.hits.all():
                hit.frame = moved(hit.frame)
                hit.save(update_fields=["frame"])
            begin, out = moved(cue.in_frame), moved(cue.out_frame, is_end=True)
            told = snapshot(cue)
            tail = None if cue.tail_frame is None else out + cue.tail_frame - cue.out_frame
            change_plan(cue=cue, in_frame=begin, out_frame=max(out, begin + 1), tail_frame=tail)
            if snapshot(cue) != told:
                changed.append(cue)
    return changed


def _plain(tempo: float | Fraction) -> float | int:
    """A tempo as it stands in the row: at most two decimals, whole where it is whole."""
    value = round(float(tempo), 2)
    return int(value) if value == int(value) else value


def _check(row: Cue) -> None:
    if row.in_frame < 0 or row.out_frame <= row.in_frame:
        raise DomainError(_("A cue ends after it begins, and it begins with the film or later."))
    if not 1 <= row.bars <= MOST_BARS:
        raise DomainError(_("A cue has 1 to %(most)d bars.") % {"most": MOST_BARS})
    try:
        plan = plan_of(row)
    except (TempoError, ValueError) as error:
        raise DomainError(_("Metre, tempo and bars do not make a plan.")) from error
    if not all(1 <= section.tempo < 1000 for section in plan.sections):
        raise DomainError(_("A tempo lies between 1 and 999 quarter notes a minute."))
    if any(section.bar > row.bars for section in plan.sections):
        raise DomainError(_("The tempo changes after the last bar."))


def _is_written_for(row: Cue) -> bool:
    """Whether takes were written for the present version of the plan, or are being written."""
    if Take.objects.filter(cue=row, cue_version=row.version).exists():
        return True
    return Job.objects.open().filter(arguments__cue=row.pk).exists()


def _taken_over(cue: Cue, row: Cue) -> Cue:
    """The caller's object, with what is now in the row."""
    for name in (*PLAN, "version", "first_shot_id", "last_shot_id"):
        setattr(cue, name, getattr(row, name))
    return cue
