"""Takes: pieces put up for a cue, kept or discarded."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from curator.domain.courses import keep_course
from curator.domain.cues import refresh_cue_state
from curator.domain.measures import request_measure
from curator.domain.shelving import fold, shelve_pieces
from curator.domain.sketches import sketch_version
from curator.models.film import Cue
from curator.models.library import Origin, Piece, PieceVersion
from curator.models.ranking import Take, TakeState


def put_up_take(
    *, cue: Cue, version: PieceVersion, number: int = 0, cohort: str = "", cue_version: int | None = None
) -> Take:
    """Put a version up for a cue; the take that is there when it was put up before.

    `number` is the take's number when it is free, else it gets the next one. `cue_version`: the version of the cue's
    plan that it was written for, by default the present one.
    """
    with transaction.atomic():
        now = Cue.objects.select_for_update().get(pk=cue.pk)
        present = Take.objects.filter(cue=cue, version=version).first()
        if present is not None:
            return present
        if not number or Take.objects.filter(cue=cue, number=number).exists():
            number = next_take_number(cue=cue)
        take = Take.objects.create(
            cue=cue, version=version, number=number, cohort=cohort[:80], cue_version=cue_version or now.version
        )
        request_measure(take=take)
        keep_course(version=version)  # the arc draws what it does over time
        refresh_cue_state(cue=cue)
    return take


def put_up_pieces(*, cue: Cue, pieces: Iterable[str], cohort: str = "") -> list[Take]:
    """Put the newest versions of these pieces up, by their public ids; those that are up already stay what they are."""
    newest: dict[int, PieceVersion] = {}
    rows = PieceVersion.objects.filter(piece__public_id__in=list(pieces), piece__archived_at__isnull=True)
    for version in rows.order_by("piece_id", "number"):
        newest[version.piece_id] = version
    return [put_up_take(cue=cue, version=version, cohort=cohort) for version in newest.values()]


def pieces_to_put_up(*, cue: Cue, words: str = "", chosen: Iterable[str] = (), most: int = 30) -> list[Piece]:
    """Pieces whose names have all these words, the newest first, without those that are takes of the cue.

    Those that are chosen, by their public ids, come before them whatever they are called.
    """
    rows = Piece.objects.filter(archived_at__isnull=True).exclude(versions__takes__cue=cue)
    first = list(rows.filter(public_id__in=list(chosen)).order_by("title", "pk"))
    rows = rows.exclude(pk__in=[piece.pk for piece in first])
    for word in fold(words).split():
        rows = rows.filter(words__contains=word)
    return [*first, *rows.order_by("-created_at", "-pk")[:most]]


def next_take_number(*, cue: Cue) -> int:
    """One more than the highest number among the takes of a cue."""
    return int(Take.objects.filter(cue=cue).aggregate(highest=Max("number"))["highest"] or 0) + 1


def set_take_state(*, take: Take, state: TakeState) -> None:
    """Keep or discard a take, or put it back in the running. A discarded take is not put into pairs."""
    with transaction.atomic():
        Take.objects.filter(pk=take.pk).update(state=state)
        take.state = state
        refresh_cue_state(cue=take.cue)


def keep_generated_piece(
    *,
    title: str,
    abc: str,
    musicxml: str,
    fingerprint: str,
    making: Mapping[str, Any],
    warnings: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
) -> PieceVersion:
    """A piece that a model wrote, with its first version. `making` says how it was made."""
    with transaction.atomic():
        piece = Piece.objects.create(title=title[:200], origin=Origin.GENERATED, making=dict(making))
        version = PieceVersion.objects.create(
            piece=piece,
            abc=abc,
            musicxml=musicxml,
            sha256=hashlib.sha256(abc.encode()).hexdigest(),
            fingerprint=fingerprint,
            converter="abc2xml",
            warnings=list(warnings),
            facts=dict(facts or {}),
        )
        shelve_pieces(pieces=[piece])
        sketch_version(version=version)  # a model may write down what it has read
        return version
