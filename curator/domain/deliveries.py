"""What the delivery page shows: every cue with its checks, what the package would hold, what went out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from curator.delivery.manifest import Copy, CueEntry
from curator.domain.delivery import package_name
from curator.domain.packing import package_files, read_entries
from curator.domain.preparing import Prepared, Problem, prepare_film, settings_of
from curator.models.delivery import DeliveredCue, Delivery, DeliverySettings
from curator.models.film import Cue, Film

COLUMNS = ("length", "bars", "notes", "tempo", "dynamics", "schema", "names")


@dataclass(frozen=True)
class Line:
    """One cue: ready when `prepared` is there. `checks` follow COLUMNS: True, False, or None for not looked at.

    `since` is when the cue was handed over as it is now; `changed` the last hand-over of this approved take in
    another state (plan, title or hits changed since); `withdrawn` that of music that is no longer the cue's; `copy`
    what is known of its likeness to a piece by people.
    """

    cue: Cue
    prepared: Prepared | None = None
    trouble: str = ""
    checks: tuple[bool | None, ...] = ()
    since: datetime | None = None
    changed: DeliveredCue | None = None
    withdrawn: DeliveredCue | None = None
    copy: Copy | None = None


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
    settings: DeliverySettings
    name: str = ""
    files: tuple[PackageFile, ...] = ()
    history: tuple[Delivery, ...] = field(default_factory=tuple)

    @property
    def ready(self) -> int:
        """How many cues can go."""
        return sum(line.prepared is not None for line in self.lines)

    @property
    def missing(self) -> tuple[Line, ...]:
        """The cues that cannot go, in the order of the arc."""
        return tuple(line for line in self.lines if line.prepared is None)

    @property
    def other_metres(self) -> tuple[Line, ...]:
        """The cues that can go and are not in 4/4 throughout, on whose grid the client sets its accents."""
        return tuple(line for line in self.lines if line.prepared and line.prepared.exported.metres != ("4/4",))

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
    entries = read_entries(film=film, prepared=prepared)
    good = {each.cue.pk: (each, entry) for each, entry in zip(prepared, entries, strict=True)}
    bad = {each.cue.pk: each for each in problems}
    sent: dict[int, list[tuple[DeliveredCue, datetime]]] = {}
    for delivery in reversed(history):
        for row in delivery.cues.all():
            sent.setdefault(row.cue_id, []).append((row, delivery.created_at))
    return FilmDelivery(
        lines=tuple(_line(cue, good.get(cue.pk), bad.get(cue.pk), sent.get(cue.pk, [])) for cue in cues),
        settings=settings_of(film),
        name=package_name(film, prepared) if prepared else "",
        files=tuple(
            _file(file.name, len(file.data)) for file in package_files(film=film, prepared=prepared, entries=entries)
        ),
        history=history,
    )


def _line(
    cue: Cue,
    ready: tuple[Prepared, CueEntry] | None,
    problem: Problem | None,
    sent: Sequence[tuple[DeliveredCue, datetime]],
) -> Line:
    if problem is not None:
        checks = tuple(False if column == problem.about else None for column in COLUMNS)
        return Line(cue, trouble=problem.sentence, checks=checks, withdrawn=sent[-1][0] if sent else None)
    if ready is None:
        return Line(cue, withdrawn=sent[-1][0] if sent else None)
    prepared, entry = ready
    own = [(row, when) for row, when in sent if row.approval_id == prepared.approval.pk]
    same = [when for row, when in own if row.state_sha256 in ("", prepared.state_sha256)]
    old = [row for row, _when in sent if row.approval_id != prepared.approval.pk]
    return Line(
        cue,
        prepared=prepared,
        trouble=_misfit(prepared),
        checks=(prepared.fits, *(True for _column in COLUMNS[1:])),
        since=same[0] if same else None,
        changed=own[-1][0] if own and not same else None,
        withdrawn=old[-1] if old and not own else None,
        copy=entry.copy_check,
    )


def _misfit(prepared: Prepared) -> str:
    if prepared.fits:
        return ""
    values = {"by": f"{abs(float(prepared.late)):.2f}", "tempo": ""}
    sections = prepared.exported.tempo.sections
    if len({section.tempo for section in sections}) > 1:
        late, early = (
            _("The music ends %(by)s seconds after the cue."),
            _("The music ends %(by)s seconds before the cue."),
        )
    else:
        length = prepared.exported.ends - prepared.late
        values["tempo"] = f"{float(sections[0].tempo * prepared.exported.ends / length):.2f}"
        late, early = (
            _("The music ends %(by)s seconds after the cue; at a tempo of %(tempo)s it would end with it."),
            _("The music ends %(by)s seconds before the cue; at a tempo of %(tempo)s it would end with it."),
        )
    return (late if prepared.late > 0 else early) % values


def _file(path: str, size: int) -> PackageFile:
    folder, _slash, name = path.rpartition("/")
    return PackageFile(folder, name, size)
