"""One version, or some of its bars, in a single system: the endless score and the bars of a theme.

Drawn when somebody first asks for it.
"""

import re
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.media import store_media
from curator.domain.rendering import TempoMap, rendering_row
from curator.domain.sheets import text_of
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.jobs import Job
from curator.models.library import PieceVersion, Rendering, RenderingFile, RenderingState
from curator.rendering.errors import RenderingError
from curator.rendering.version import RENDERER

STRIP, STRIP_JOB = "strip", "curator.strip"
_SOME = re.compile(r"bars (\d+)-(\d+)")

Bars = tuple[int, int] | None
"""First and last written bar, from 1; None: all."""


def request_strip(
    *,
    version: PieceVersion,
    tempo_map: TempoMap = (),
    bars: Bars = None,
    again: bool = False,
    created_by: User | None = None,
) -> Rendering:
    """The endless score of `version`; what is not drawn yet is sent to a worker. With `again`, a failed one too.

    Its notes have the ids of the pages at the same tempo map: the time map of these serves both.
    """
    row = rendering_row(version=version, tempo_map=tempo_map, target=_target(bars))
    if again:
        failed = Rendering.objects.filter(pk=row.pk, state=RenderingState.FAILED)
        if failed.update(state=RenderingState.PENDING, error=""):
            row.refresh_from_db()
    if row.state == RenderingState.PENDING:
        enqueue(
            kind=STRIP_JOB,
            queue="cpu",
            arguments={"strip_id": row.pk},
            key=f"strip:{row.key}",
            created_by=created_by,
            priority=8,  # somebody looks at the empty page
        )
    return row


def draw_strip(*, strip_id: int, run: Run | None = None) -> None:
    """Draw a requested strip, once. Raises DomainError with the sentence of what failed, which is kept too."""
    # Heavy, and only for workers and commands.
    from curator.notation.convert import abc_to_musicxml
    from curator.notation.errors import NotationError
    from curator.rendering.engrave import TempoMark, engrave_strip

    row = Rendering.objects.select_related("version").filter(pk=strip_id, state=RenderingState.PENDING).first()
    if row is None:
        return  # drawn before, or the piece was deleted meanwhile
    marks = [TempoMark(int(bar), float(tempo)) for bar, tempo in row.tempo_map]
    try:
        musicxml = row.version.musicxml or abc_to_musicxml(row.version.abc).text
        svg = engrave_strip(musicxml.encode(), tempo=marks, bars=_bars(row.target))
    except (RenderingError, NotationError) as error:
        _end(row, RenderingState.FAILED, error=str(error))
        raise DomainError(str(error)) from error
    media = store_media(data=svg.encode(), suffix=".svg")
    with run.commit() if run is not None else transaction.atomic():
        if _end(row, RenderingState.READY):
            RenderingFile.objects.create(rendering=row, role="strip", media=media)


def strip_ended(row: Job) -> None:
    """A job ended without being done: the strip that still waits for it has failed too."""
    waiting = Rendering.objects.filter(pk=row.arguments["strip_id"], state=RenderingState.PENDING)
    waiting.update(
        state=RenderingState.FAILED,
        error=row.error or "The work was stopped before the score was drawn.",
        finished_at=timezone.now(),
    )


def read_strip(strip: Rendering) -> str:
    """The cleaned SVG of a drawn strip; "" where it is not drawn or the storage has lost it."""
    file = next((file for file in strip.files.all() if file.role == "strip"), None)
    try:
        return text_of(file.media.name) if file else ""
    except FileNotFoundError:
        return ""


def read_excerpts(*, wanted: Iterable[tuple[PieceVersion, Bars]]) -> Mapping[tuple[int, Bars], Rendering]:
    """What was asked for of these bars at the written tempi, by the version's key and the bars, in three queries."""
    wanted = list(wanted)
    targets = {_target(bars) for _version, bars in wanted}
    rows = Rendering.objects.filter(version__in=[version for version, _bars in wanted], target__in=targets)
    found = {}
    for row in rows.filter(renderer=RENDERER).order_by("pk").prefetch_related("files__media"):
        if not row.tempo_map:
            found[row.version_id, _bars(row.target)] = row
    return found


def _target(bars: Bars) -> str:
    return f"bars {bars[0]}-{bars[1]}" if bars else STRIP


def _bars(target: str) -> Bars:
    some = _SOME.fullmatch(target)
    return (int(some[1]), int(some[2])) if some else None


def _end(row: Rendering, state: RenderingState, *, error: str = "") -> int:
    waiting = Rendering.objects.filter(pk=row.pk, state=RenderingState.PENDING)
    return waiting.update(state=state, error=error, finished_at=timezone.now())
