"""What approved cues would be as files: each take made into the client's score and its companions, or why it cannot.

A file is made anew from the approved version and the cue's plan each time; the same state gives the same bytes.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from curator.delivery.midi import Marker, companion_midi
from curator.delivery.musicxml import Exported, export_with_account
from curator.delivery.names import stem
from curator.delivery.sheet import DeliveryError, Sheet
from curator.domain.errors import DomainError
from curator.domain.plans import clock_of, length_of
from curator.domain.rights import unconfirmed
from curator.film.tempo import Place
from curator.film.timecode import Clock
from curator.models.delivery import DeliverySettings
from curator.models.film import Cue, Film, HitPoint
from curator.models.library import PieceVersion
from curator.models.ranking import Approval
from curator.models.rights import Purpose

COMPOSER = "Cuewright"
"""Who stands as composer where neither the piece nor the film names one."""

# What curator.delivery can say of a score; here so that the catalogues hold them.
SENTENCES = (
    gettext_noop("A voice consists of grace notes only, with no note to belong to."),
    gettext_noop("Bar %(bar)s divides a quarter note into '%(parts)s' parts."),
    gettext_noop("Bar %(bar)s has a length that is no number: '%(length)s'."),
    gettext_noop("Bar %(bar)s has a note without a readable pitch."),
    gettext_noop("Bar %(bar)s has no time signature and its length fits none."),
    gettext_noop("Bar %(bar)s holds %(held)s quarter notes in voice %(voice)s, but %(metre)s has room for %(room)s."),
    gettext_noop("Bar %(bar)s steps back before its own beginning."),
    gettext_noop("%(tempo)s quarter notes a minute is no tempo; it must lie between 1 and 999."),
    gettext_noop("The hands disagree about the metre in bar %(bar)s."),
    gettext_noop("The score has %(parts)d parts with %(staves)d staves; a cue is one piano part with two staves."),
    gettext_noop("The score has no bars."),
    gettext_noop("The score has no notes."),
    gettext_noop("The score is written for a transposing instrument; a cue is for piano."),
    gettext_noop("The tempo map does not begin in bar 1."),
    gettext_noop("The tempo map names bar %(bar)d after bar %(last)d."),
    gettext_noop("The time signature in bar %(bar)s cannot be read."),
    gettext_noop("The two hands have different numbers of bars."),
    gettext_noop("The written file breaks the contract and is not handed out: %(trouble)s"),
    gettext_noop("The written file holds %(found)d notes where %(meant)d were meant; it is not handed out."),
    gettext_noop("Written out without repeats the score has more than %(most)d bars."),
)


class NotDeliverable(DomainError):
    """A cue that cannot be handed over; `about` is the line of the contract it fails: bars, notes, ..., or rights"""

    def __init__(self, sentence: str, *, about: str) -> None:
        super().__init__(sentence)
        self.about = about


@dataclass(frozen=True)
class Prepared:
    """One approved cue as it would be handed over now: files by suffix."""

    cue: Cue
    approval: Approval
    stem: str
    sheet: Sheet
    exported: Exported
    hits: tuple[HitPoint, ...]
    clock: Clock
    wanted: DeliverySettings
    files: dict[str, bytes]

    @property
    def filename(self) -> str:
        """Name of the score file."""
        return f"{self.stem}.musicxml"

    @property
    def sha256(self) -> str:
        """Of the score file."""
        return hashlib.sha256(self.exported.musicxml).hexdigest()

    @property
    def state_sha256(self) -> str:
        """Of all its files."""
        return hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in self.files.values())).hexdigest()

    @property
    def late(self) -> Fraction:
        """Seconds by which the last bar that sounds ends after the cue's out, or its tail; below zero before it."""
        return self.exported.ends - length_of(self.cue)

    @property
    def fits(self) -> bool:
        """Whether the music ends with the cue, to the frame."""
        return abs(self.late) * self.clock.fps <= 1


@dataclass(frozen=True)
class Problem:
    """Why an approved cue cannot be handed over."""

    cue: Cue
    sentence: str
    about: str


def prepare_film(
    *, film: Film, numbers: Collection[str] | None = None
) -> tuple[tuple[Prepared, ...], tuple[Problem, ...]]:
    """Every approved cue of a film in the film's order: those that can be handed over, and those that cannot.

    With `numbers` only these cues. Seven queries, however many cues there are.
    """
    good: list[Prepared] = []
    bad: list[Problem] = []
    approvals = [pair for pair in _approvals(film) if numbers is None or pair[0].cue.number in numbers]
    held = _held_back([approval for approval, _ordinal in approvals])
    wanted = settings_of(film)
    for approval, ordinal in approvals:
        try:
            good.append(_prepare(approval, ordinal, held, wanted))
        except NotDeliverable as error:
            bad.append(Problem(approval.cue, str(error), error.about))
    return tuple(good), tuple(bad)


def settings_of(film: Film) -> DeliverySettings:
    """What the owner wants of this film's deliveries; the defaults where nothing was said."""
    return DeliverySettings.objects.filter(film=film).first() or DeliverySettings(film=film)


def change_settings(
    *, film: Film, composer_line: str, publisher: str, note: str, miscellaneous: bool, semicolon: bool, bom: bool
) -> None:
    """Say anew what stands in this film's files, and how its tables are written."""
    Film.objects.filter(pk=film.pk).update(composer_line=" ".join(composer_line.split()))
    wanted = {"miscellaneous": miscellaneous, "semicolon": semicolon, "bom": bom}
    texts = {"publisher": " ".join(publisher.split()), "note": " ".join(note.split())}
    DeliverySettings.objects.update_or_create(film=film, defaults={**wanted, **texts})


def _approvals(film: Film) -> list[tuple[Approval, int]]:
    """The approvals in force in the order of their cues, each with its count among all of its cue."""
    rows = Approval.objects.filter(cue__film=film, cue__practice=False, cue__set_aside_at=None).select_related(
        "take__version__piece__source", "by"
    )
    cues = {cue.pk: cue for cue in film.cues.select_related("stage").prefetch_related("hits", "theme_uses__theme")}
    counts: dict[int, int] = {}
    result = []
    for row in rows.order_by("pk"):
        counts[row.cue_id] = counts.get(row.cue_id, 0) + 1
        if row.revoked_at is None:
            row.cue = cues[row.cue_id]
            row.cue.film = film
            result.append((row, counts[row.cue_id]))
    return sorted(result, key=lambda pair: (pair[0].cue.position, pair[0].cue.number))


def _held_back(approvals: list[Approval]) -> set[int]:
    """Ids of the pieces in copyright that nobody has confirmed to leave this machine."""
    pieces = {approval.take.version.piece_id: approval.take.version.piece for approval in approvals}
    return {piece.pk for piece in unconfirmed(pieces=pieces.values(), purpose=Purpose.LEAVING)}


def _prepare(approval: Approval, ordinal: int, held: set[int], wanted: DeliverySettings) -> Prepared:
    cue, version = approval.cue, approval.take.version
    if version.piece_id in held:
        sentence = _("%(title)s is in copyright, and nobody has confirmed that it may leave this machine.")
        raise NotDeliverable(sentence % {"title": version.piece.title}, about="rights")
    number = cue.version + ordinal - 1
    sheet = _sheet(approval, number, wanted)
    try:
        exported = _export(_musicxml(version), sheet)
    except DeliveryError as error:
        sentence = _(error.sentence)
        raise NotDeliverable(sentence % error.values if error.values else sentence, about=error.about) from error
    clock = clock_of(cue.film)
    hits = tuple(hit for hit in cue.hits.all() if cue.in_frame <= hit.frame)
    midi = companion_midi(exported, title=f"{cue.number} {cue.title}".strip(), markers=_markers(cue, hits, exported))
    files = {".musicxml": exported.musicxml, ".mid": midi, ".abc": version.abc.encode()}
    return Prepared(cue, approval, stem(cue.number, cue.title, number), sheet, exported, hits, clock, wanted, files)


def _markers(cue: Cue, hits: Sequence[HitPoint], exported: Exported) -> list[Marker]:
    """What stands in the MIDI file: the cue, its sections where the tempo changes, its hits, its out."""
    tempo, fps = exported.tempo, cue.film.fps
    markers = [Marker(Fraction(0), f"{cue.number} {cue.title}".strip())]
    for section in tempo.sections[1:]:
        at = tempo.quarters(Place(section.bar, Fraction(1)))
        markers.append(Marker(at, f"{cue.number} bar {section.bar}, tempo {float(section.tempo):g}"))
    for hit in hits:
        at = tempo.quarters_at((hit.frame - cue.in_frame) / fps)
        markers.append(Marker(at, f"{'HIT' if hit.hard else 'hit'} {hit.label}".strip()))
    markers.append(Marker(tempo.quarters_at((cue.out_frame - cue.in_frame) / fps), f"{cue.number} out"))
    if cue.tail_frame is not None:
        markers.append(Marker(tempo.quarters_at((cue.tail_frame - cue.in_frame) / fps), f"{cue.number} {cue.tail}"))
    return markers


def _sheet(approval: Approval, number: int, wanted: DeliverySettings) -> Sheet:
    cue, piece = approval.cue, approval.take.version.piece
    making = piece.making or {}
    checkpoint = " ".join(str(making[key]) for key in ("checkpoint_name", "checkpoint") if making.get(key))
    facts = [("take", str(approval.take.number)), ("piece", piece.public_id), ("text", approval.take.version.sha256)]
    return Sheet(
        number=cue.number,
        title=cue.title,
        composer=piece.composer or cue.film.composer_line or COMPOSER,
        tempo_map=tuple((int(bar), Fraction(str(tempo))) for bar, tempo in cue.tempo_map) or ((1, Fraction(60)),),
        encoded=timezone.localdate(approval.created_at),
        film=cue.film.title,
        version=number,
        checkpoint=checkpoint,
        seed=making.get("seed"),
        facts=tuple(facts),
        miscellaneous=wanted.miscellaneous,
    )


# Bytes follow from text and sheet alone, and a page asks for all cues of a film at once.
@lru_cache(maxsize=64)
def _export(musicxml: str, sheet: Sheet) -> Exported:
    return export_with_account(musicxml.encode(), sheet)


def _musicxml(version: PieceVersion) -> str:
    return version.musicxml or _converted(version.abc)


@lru_cache(maxsize=64)
def _converted(abc: str) -> str:
    # The converter runs in a subprocess; most versions carry their MusicXML and never come here.
    from curator.notation.convert import abc_to_musicxml
    from curator.notation.errors import NotationError

    try:
        return abc_to_musicxml(abc).text
    except NotationError as error:
        raise DeliveryError(error.sentence.pattern, about="notes", **error.sentence.values) from error
