"""Files of the film team: read, kept until they are looked at, saved into a film."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.plans import clock_of
from curator.domain.sentences import say
from curator.domain.shots import settle
from curator.domain.spotting import default_plan
from curator.domain.storyboard_fates import Fate, ImportPlan
from curator.domain.storyboard_plan import plan_import
from curator.film.intake import read_storyboard
from curator.film.storyboard import Kind, Remark, Storyboard, StoryboardError
from curator.models.accounts import User
from curator.models.film import Film, Scene, Shot
from curator.models.storyboard import StoryboardImport
from curator.notation.errors import Sentence

FAR = 10**7
"""Added to numbers and positions while others take their places: they are unique at every moment."""


@dataclass(frozen=True)
class Saved:
    """What was saved: the plan as it was carried out, new cues of a default plan, cues that moved with their shots."""

    plan: ImportPlan
    new_cues: tuple[str, ...]
    moved_cues: tuple[str, ...]


def read_file(*, film: Film, data: bytes) -> Storyboard:
    """A file, read at the film's frame rate. Raises DomainError, one sentence, for what no reader knows."""
    try:
        return read_storyboard(data, clock_of(film))
    except StoryboardError as error:
        raise DomainError(say(error.sentence)) from error


@transaction.atomic
def keep_file(*, film: Film, name: str, data: bytes, by: User | None = None) -> StoryboardImport:
    """Keep a file until it is saved or another comes for the same film. Raises DomainError for what cannot be read."""
    if film.practice:
        raise DomainError(_("Practice briefs have no storyboard."))
    board = read_file(film=film, data=data)
    film.imports.filter(saved_at=None).delete()
    return StoryboardImport.objects.create(
        film=film,
        name=_clean(name)[:200] or "storyboard",
        kind=board.kind,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        created_by=by,
    )


@transaction.atomic
def save_import(*, row: StoryboardImport, remove_gone: bool = False) -> Saved:
    """Save a kept file into its film, as plan_import tells of it; cues, hits and stages follow their shots.

    A film with stages and no cue gets the default plan of one cue a stage. Raises DomainError and changes nothing for a
    file that was saved already.
    """
    row = StoryboardImport.objects.select_for_update().get(pk=row.pk)
    if row.saved_at is not None:
        raise DomainError(_("This file was saved already."))
    film = Film.objects.select_for_update().get(pk=row.film_id)
    plan = plan_import(film=film, board=read_file(film=film, data=bytes(row.data)), remove_gone=remove_gone)
    _write_scenes(plan)
    _write_shots(plan)
    _remove(plan)
    _write_stages(plan)
    _write_film(plan)
    moved = settle(film=film, before=plan.before)
    made = default_plan(film=film) if film.stages.exists() else []
    saved = Saved(plan, tuple(cue.number for cue in made), tuple(cue.number for cue in moved))
    row.report, row.saved_at = report_of(saved), timezone.now()
    row.save(update_fields=["report", "saved_at"])
    return saved


def _write_scenes(plan: ImportPlan) -> None:
    known = [told.scene for told in plan.scenes if told.scene.pk]
    Scene.objects.filter(pk__in=[scene.pk for scene in known]).update(number=F("number") + FAR)
    for scene in known:
        scene.save(update_fields=["number", "slug_line", "fields"])
    for told in plan.scenes:
        if told.fate == Fate.NEW:
            told.scene.save()


def _write_shots(plan: ImportPlan) -> None:
    for shot in plan.staying:
        shot.scene = shot.scene  # its scene may have got its key only now
    plan.film.shots.update(position=F("position") + FAR)
    Shot.objects.bulk_create([told.shot for told in plan.shots if told.fate == Fate.NEW])
    old = [
        shot for told, shot in ((told, told.shot) for told in plan.shots) if told.fate not in (Fate.NEW, Fate.REMOVED)
    ]
    names = ["scene", "position", "length_frames", "estimated", "description", "dialogue", "fields"]
    Shot.objects.bulk_update(old, names, batch_size=200)


def _remove(plan: ImportPlan) -> None:
    """Shots that go, and scenes that the file does not name and that have no shot left then."""
    gone = [told.shot.pk for told in plan.shots if told.fate == Fate.REMOVED]
    if not gone:
        return
    Shot.objects.filter(pk__in=gone).delete()
    empty = [told.scene.pk for told in plan.scenes if told.fate == Fate.GONE]
    Scene.objects.filter(pk__in=empty, shots=None).delete()


def _write_stages(plan: ImportPlan) -> None:
    if not plan.stages:
        return
    plan.film.stages.update(position=F("position") + 10_000)  # a small integer
    for told in plan.stages:
        if told.fate == Fate.REMOVED:
            told.stage.delete()
        elif told.stage.pk:
            told.stage.save(update_fields=["position"])
        else:
            told.stage.save()


def _write_film(plan: ImportPlan) -> None:
    film, board = plan.film, plan.board
    film.fields = {**film.fields, str(board.kind): dict(board.fields)}
    if board.markers:
        film.fields["markers"] = [
            {"frame": marker.frame, "colour": marker.colour, "label": marker.label} for marker in board.markers
        ]
    film.save(update_fields=["fields", "runtime_low", "runtime_high"])


def counts_of(board: Storyboard) -> dict[str, Any]:
    """What a file holds, in numbers; `runtime_seconds` is [low, high], or null where it tells none."""
    return {
        "kind": str(board.kind),
        "scenes": 0 if board.kind == Kind.EDIT_LIST else len(board.scenes),
        "shots": len(board.shots),
        "stages": len(board.stages),
        "audio": board.audio,
        "dialogues": board.dialogues,
        "transitions": board.transitions,
        "markers": len(board.markers),
        "runtime_seconds": list(board.runtime) if board.runtime else None,
    }


def report_of(saved: Saved) -> dict[str, Any]:
    """What is written down of a saved import: numbers, and sentences as (line, pattern, values)."""
    plan = saved.plan
    fates = Counter(str(told.fate) for told in plan.shots)
    return {
        **counts_of(plan.board),
        "fates": {str(fate): fates[fate] for fate in Fate if fates[fate]},
        "kept_edits": sum(bool(told.kept) for told in plan.shots),
        "new_cues": list(saved.new_cues),
        "moved_cues": list(saved.moved_cues),
        "remarks": [[remark.line, *_plain(remark.sentence)] for remark in plan.remarks],
    }


def remarks_of(row: StoryboardImport) -> list[Remark]:
    """What was told of a file that was saved."""
    return [Remark(line, Sentence(pattern, **values)) for line, pattern, values in row.report.get("remarks", [])]


def _plain(sentence: Sentence) -> tuple[str, dict[str, Any]]:
    values = {name: str(value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()}
    return sentence.pattern, values


def _clean(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()
