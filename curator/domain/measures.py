"""How takes fit their cue and what they are like: measured once by a worker when they arrive, read by the desk."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from django.db import transaction

from curator.domain.sketches import read_sketch, sketch_version
from curator.domain.traces import longest_shared, trace_missing
from curator.film.landing import Stroke, landings
from curator.film.ruler import Hit
from curator.film.tempo import Place, TempoError, TempoMap, tempo_map_of
from curator.jobs import Run, enqueue
from curator.models.film import Cue
from curator.models.jobs import Job
from curator.models.measures import TakeMeasure
from curator.models.ranking import Take
from curator.models.twins import Sketch
from curator.notation.abc import Score, parse
from curator.notation.errors import NotationError
from curator.notation.facts import density_curve, mode_curve
from curator.notation.hands import reach_of
from curator.notation.likeness import SCHEME as SKETCHED
from curator.notation.likeness import likeness
from curator.notation.validity import validity

MEASURE_JOB = "curator.measure"
SCHEME = "measure-1"
"""Raised when what is measured changes, so that every take is measured again when its desk is opened."""


def plan_of(cue: Cue, hits: Iterable[tuple[int, str, bool]]) -> str:
    """A hash of what a take of the cue is measured against. hits: frame, label, hard."""
    told = [SCHEME, cue.tempo_map, cue.metre, cue.in_frame, cue.out_frame, str(cue.film.fps), sorted(hits)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def request_measure(*, take: Take) -> Job:
    """Have a worker measure a take."""
    return enqueue(kind=MEASURE_JOB, queue="cpu", arguments={"take": take.pk}, key=f"measure:{take.public_id}")


def request_measures(*, cue: Cue, takes: Iterable[Take]) -> None:
    """Have measured what was not, or against another plan of the cue; takes come with their `measure`."""
    plan = plan_of(cue, cue.hits.values_list("frame", "label", "hard"))
    missing = [take for take in takes if measure_of(take) is None or take.measure.plan != plan]
    if missing:
        asked = being_measured(takes=missing)
        for take in missing:
            if take.pk not in asked:
                request_measure(take=take)


def being_measured(*, takes: Iterable[Take]) -> set[int]:
    """The keys of those takes that a worker is about to measure."""
    keys = {f"measure:{take.public_id}": take.pk for take in takes}
    return {keys[key] for key in Job.objects.open().filter(key__in=keys).values_list("key", flat=True)}


def measure_of(take: Take) -> TakeMeasure | None:
    """What is known of a take; None where nothing was measured yet."""
    try:
        return take.measure
    except TakeMeasure.DoesNotExist:
        return None


def measure_take(*, take_id: int, run: Run | None = None) -> dict[str, Any]:
    """Measure a take and write down what was found; what the job keeps as its result. May be done twice."""
    take = Take.objects.select_related("cue__film", "version__piece").filter(pk=take_id).first()
    if take is None:
        return {}
    trace_missing(run=run)
    cue, version = take.cue, take.version
    hits = list(cue.hits.values_list("frame", "label", "hard"))
    shared: dict[str, Any] = {}
    version_id = None
    try:
        score = parse(version.abc)
    except NotationError as error:
        facts: dict[str, Any] = {"valid": False, "reason": str(error)}
    else:
        facts = _facts(score, version.abc, cue, hits)
        shared, version_id = longest_shared(score=score, piece=version.piece_id)
    likes = _siblings(take)
    with run.commit() if run is not None else transaction.atomic():
        closest = max(likes, key=lambda pair: pair[1], default=(None, 0.0))
        TakeMeasure.objects.update_or_create(
            take=take,
            defaults={
                "plan": plan_of(cue, hits),
                "facts": facts,
                "run": shared,
                "run_with_id": version_id,
                "sibling_id": closest[0],
                "sibling_share": closest[1],
            },
        )
        for sibling, share in likes:  # who was there before may be most like the one that came now
            TakeMeasure.objects.filter(take=sibling, sibling_share__lt=share).update(sibling=take, sibling_share=share)
    return {"take": take.public_id}


def _facts(score: Score, abc: str, cue: Cue, hits: Iterable[tuple[int, str, bool]]) -> dict[str, Any]:
    verdict = validity(abc)
    reach = reach_of(score)
    return {
        "valid": verdict.valid,
        "reason": str(verdict.reason),
        "irregular": list(verdict.irregular),
        "bars": len(score.bars),
        "density": density_curve(score),
        "mode": mode_curve(score),
        "widest": list(reach.widest),
        "beyond": list(reach.beyond),
        "landings": _landings(score, cue, hits),
    }


def _landings(score: Score, cue: Cue, hits: Iterable[tuple[int, str, bool]]) -> list[dict[str, Any]]:
    fps = cue.film.fps
    try:
        strokes = _strokes(score, tempo_map_of(cue.tempo_map, cue.metre))
    except (TempoError, ValueError):
        strokes = []
    meant = [Hit((frame - cue.in_frame) / float(fps), label, hard) for frame, label, hard in hits]
    return [asdict(landing) for landing in landings(strokes=strokes, hits=meant, fps=fps)]


def _strokes(score: Score, tempo_map: TempoMap) -> list[Stroke]:
    """Every moment at which something is struck, at the tempo of the cue, which lays down where a bar begins."""
    found = []
    for number, bar in enumerate(score.bars, start=1):
        onsets = {note.onset for part in bar.parts for note in part.notes if not note.held}
        for onset in sorted(onsets):
            quarters = tempo_map.quarters(Place(number, Fraction(1))) + 4 * onset
            found.append(Stroke(float(tempo_map.seconds(quarters)), number, onset == 0))
    return found


def _siblings(take: Take) -> list[tuple[int, float]]:
    """How like the other takes of the cue are, by their keys. Those without a sketch are left out."""
    if not Sketch.objects.filter(version=take.version_id, scheme=SKETCHED).exists():
        sketch_version(version=take.version)
    keys = dict(Take.objects.filter(cue=take.cue_id).values_list("version_id", "pk"))
    read = {row.version_id: read_sketch(row) for row in Sketch.objects.filter(version__in=keys, scheme=SKETCHED)}
    mine = read.pop(take.version_id, None)
    if mine is None:
        return []
    return [(keys[version], round(likeness(mine, other), 3)) for version, other in read.items()]
