"""What the delivery page shows: every cue with its checks, what the package would hold, what went out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from curator.domain.delivery import Prepared, Problem, package_files, package_name, prepare_film
from curator.models.delivery import DeliveredCue, Delivery
from curator.models.film import Cue, Film

COLUMNS = ("length", "bars", "notes", "tempo", "schema", "names")


@dataclass(frozen=True)
class Line:
    """One cue: ready when `prepared` is there. `checks` follow COLUMNS: True, False, or None for not looked at.

    `since` is when this approval was first handed over; `withdrawn` the last hand-over of music that is no longer
    the cue's.
    """

    cue: Cue
    prepared: Prepared | None = None
    trouble: str = ""
    checks: tuple[bool | None, ...] = ()
    since: datetime | None = None
    withdrawn: DeliveredCue | None = None


@dataclass(frozen=True)
class PackageFile:
    """A file of the package: folder ("" at the top), name, bytes."""

    folder: str
    name: str
    size: int


@dataclass(frozen=True)
class FilmDelivery:
    """The whole page."""

    lines: tuple[Line, ...]
    name: str = ""
    files: tuple[PackageFile, ...] = ()
    history: tuple[Delivery, ...] = field(default_factory=tuple)

    @property
    def ready(self) -> int:
        """How many cues can go."""
        return sum(line.prepared is not None for line in self.lines)

    @property
    def size(self) -> int:
        """Bytes of the files in the package, before packing."""
        return sum(file.size for file in self.files)

    @property
    def last(self) -> Delivery | None:
        """The last package that went out."""
        return next((row for row in self.history if row.filename.endswith(".zip")), None)


def read_film_delivery(*, film: Film, cues: Sequence[Cue]) -> FilmDelivery:
    """The page of a film for these cues, in a number of queries that does not depend on how many there are."""
    prepared, problems = prepare_film(film=film)
    history = tuple(film.deliveries.prefetch_related("cues__cue").select_related("media"))
    good = {each.cue.pk: each for each in prepared}
    bad = {each.cue.pk: each for each in problems}
    sent: dict[int, list[tuple[DeliveredCue, datetime]]] = {}
    for delivery in reversed(history):
        for row in delivery.cues.all():
            sent.setdefault(row.cue_id, []).append((row, delivery.created_at))
    return FilmDelivery(
        lines=tuple(_line(cue, good.get(cue.pk), bad.get(cue.pk), sent.get(cue.pk, [])) for cue in cues),
        name=package_name(film, prepared) if prepared else "",
        files=tuple(_file(path, size) for path, size in package_files(film=film, prepared=prepared)),
        history=history,
    )


def _line(
    cue: Cue, prepared: Prepared | None, problem: Problem | None, sent: Sequence[tuple[DeliveredCue, datetime]]
) -> Line:
    if problem is not None:
        checks = tuple(False if column == problem.about else None for column in COLUMNS)
        return Line(cue, trouble=problem.sentence, checks=checks, withdrawn=sent[-1][0] if sent else None)
    if prepared is None:
        return Line(cue, withdrawn=sent[-1][0] if sent else None)
    own = [when for row, when in sent if row.approval_id == prepared.approval.pk]
    old = [row for row, _when in sent if row.approval_id != prepared.approval.pk]
    return Line(
        cue,
        prepared=prepared,
        trouble=_misfit(prepared),
        checks=(not prepared.misfit, *(True for _column in COLUMNS[1:])),
        since=own[0] if own else None,
        withdrawn=old[-1] if old and not own else None,
    )


def _misfit(prepared: Prepared) -> str:
    if not prepared.misfit:
        return ""
    values = {"music": f"{float(prepared.exported.seconds):.1f}", "cue": f"{prepared.cue.seconds:.1f}"}
    return _("The music runs %(music)s seconds, the cue %(cue)s.") % values


def _file(path: str, size: int) -> PackageFile:
    folder, _slash, name = path.rpartition("/")
    return PackageFile(folder, name, size)
