"""Handing approved cues over: the file of a cue, the package of a film, what went out before.

A file is made anew from the approved version and the cue's plan each time; the same state gives the same bytes. What is
handed over is kept with its hash as a Delivery, and the cue's light gets its tick.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from curator.delivery.musicxml import Exported, export_with_account
from curator.delivery.names import slug as ascii_slug
from curator.delivery.names import stem
from curator.delivery.package import Fact, PackedCue, contents, pack
from curator.delivery.sheet import DeliveryError, Sheet
from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.media import store_media
from curator.domain.rights import unconfirmed
from curator.film.timecode import Clock
from curator.models.accounts import User
from curator.models.delivery import DeliveredCue, Delivery
from curator.models.film import Cue, Film
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
    """One approved cue as it would be handed over now."""

    cue: Cue
    approval: Approval
    stem: str
    sheet: Sheet
    exported: Exported

    @property
    def filename(self) -> str:
        """Name of the score file."""
        return f"{self.stem}.musicxml"

    @property
    def sha256(self) -> str:
        """Of the score file."""
        return hashlib.sha256(self.exported.musicxml).hexdigest()

    @property
    def misfit(self) -> float:
        """Seconds by which the music is longer (or shorter, below 0) than the cue; 0 within one bar."""
        bar = self.exported.seconds / self.exported.bars
        over = float(self.exported.seconds) - self.cue.seconds
        return over if abs(over) > bar else 0.0


@dataclass(frozen=True)
class Problem:
    """Why an approved cue is not in the package."""

    cue: Cue
    sentence: str
    about: str


@dataclass(frozen=True)
class Handed:
    """What was handed over, and its bytes."""

    delivery: Delivery
    data: bytes
    cues: tuple[Prepared, ...]
    problems: tuple[Problem, ...] = ()


def prepare_film(*, film: Film) -> tuple[tuple[Prepared, ...], tuple[Problem, ...]]:
    """Every approved cue of a film in the film's order: those that can be handed over, and those that cannot."""
    good: list[Prepared] = []
    bad: list[Problem] = []
    approvals = _approvals(film)
    held = _held_back([approval for approval, _ordinal in approvals])
    for approval, ordinal in approvals:
        try:
            good.append(_prepare(approval, ordinal, held))
        except NotDeliverable as error:
            bad.append(Problem(approval.cue, str(error), error.about))
    return tuple(good), tuple(bad)


def deliver_cue(*, cue: Cue, by: User | None, channel: str = "page") -> Handed:
    """Hand over the score of one approved cue. Raises DomainError when none is approved or it cannot be written."""
    found = next((pair for pair in _approvals(cue.film) if pair[0].cue_id == cue.pk), None)
    if found is None:
        raise DomainError(_("No take of %(cue)s is approved yet.") % {"cue": cue.number})
    prepared = _prepare(*found, _held_back([found[0]]))
    return _hand_over(
        cue.film, prepared.filename, prepared.exported.musicxml, (prepared,), (), {}, by=by, channel=channel
    )


def deliver_film(*, film: Film, by: User | None, channel: str = "page") -> Handed:
    """Hand over all approved cues of a film as one package; cues that cannot be written are named in `problems`.

    Raises DomainError when no cue is left to pack.
    """
    prepared, problems = prepare_film(film=film)
    if not prepared:
        raise DomainError(problems[0].sentence if problems else _("No cue is approved, so there is nothing to pack."))
    facts, cues = _film_facts(film), [_packed(each) for each in prepared]
    manifest = {"film": facts, "cues": [dict(cue.facts) for cue in cues]}
    return _hand_over(
        film, package_name(film, prepared), pack(facts, cues), prepared, problems, manifest, by=by, channel=channel
    )


def package_name(film: Film, prepared: tuple[Prepared, ...]) -> str:
    """Name of the package: the film and the day of its latest approval, so that equal packages have equal names."""
    return f"{ascii_slug(film.title)}_{max(each.sheet.encoded for each in prepared).isoformat()}.zip"


def package_files(*, film: Film, prepared: tuple[Prepared, ...]) -> list[tuple[str, int]]:
    """(path, bytes) of every file that the package would hold; empty without cues."""
    if not prepared:
        return []
    return [(file.name, len(file.data)) for file in contents(_film_facts(film), [_packed(each) for each in prepared])]


def _approvals(film: Film) -> list[tuple[Approval, int]]:
    """The approvals in force in the order of their cues, each with its count among all of its cue."""
    rows = Approval.objects.filter(cue__film=film, cue__practice=False, cue__set_aside_at=None).select_related(
        "take__version__piece__source"
    )
    cues = {cue.pk: cue for cue in film.cues.select_related("stage")}
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


def _prepare(approval: Approval, ordinal: int, held: set[int]) -> Prepared:
    cue, version = approval.cue, approval.take.version
    if version.piece_id in held:
        sentence = _("%(title)s is in copyright, and nobody has confirmed that it may leave this machine.")
        raise NotDeliverable(sentence % {"title": version.piece.title}, about="rights")
    number = cue.version + ordinal - 1
    sheet = _sheet(approval, number)
    try:
        exported = _export(_musicxml(version), sheet)
    except DeliveryError as error:
        sentence = _(error.sentence)
        raise NotDeliverable(sentence % error.values if error.values else sentence, about=error.about) from error
    return Prepared(cue, approval, stem(cue.number, cue.title, number), sheet, exported)


def _sheet(approval: Approval, number: int) -> Sheet:
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


def _film_facts(film: Film) -> dict[str, Fact]:
    return {
        "title": film.title,
        "slug": film.slug,
        "fps": f"{film.fps_numerator}/{film.fps_denominator}" if film.fps_denominator != 1 else str(film.fps_numerator),
        "drop_frame": film.drop_frame,
        "length_frames": film.length_frames,
    }


def _packed(prepared: Prepared) -> PackedCue:
    cue, exported, film = prepared.cue, prepared.exported, prepared.cue.film
    clock = Clock(film.fps, film.drop_frame, film.start_frame)
    facts: dict[str, Fact] = {
        "number": cue.number,
        "title": cue.title,
        "version": prepared.sheet.version,
        "stage": cue.stage.name if cue.stage else None,
        "composer": prepared.sheet.composer,
        "take": prepared.approval.take.number,
        "checkpoint": prepared.sheet.checkpoint or None,
        "seed": prepared.sheet.seed,
        "text_sha256": prepared.approval.take.version.sha256,
        "in": clock.label(cue.in_frame),
        "out": clock.label(cue.out_frame),
        "cue_seconds": round(cue.seconds, 3),
        "seconds": round(float(exported.seconds), 3),
        "bars": exported.bars,
        "metres": list(exported.metres),
        "tempo_map": [{"bar": bar, "tempo": float(tempo)} for bar, tempo in prepared.sheet.tempo_map],
        "notes": exported.account.delivered,
        "notes_written": exported.account.written,
        "notes_by_repeats": exported.account.repeated,
        "notes_merged": exported.account.merged,
        "notes_shortened": exported.account.shortened,
        "grace_notes": exported.account.graces,
        "bars_padded": exported.account.padded,
    }
    files = {".musicxml": exported.musicxml, ".abc": prepared.approval.take.version.abc.encode()}
    return PackedCue(prepared.stem, files, facts)


def _hand_over(
    film: Film,
    filename: str,
    data: bytes,
    prepared: tuple[Prepared, ...],
    problems: tuple[Problem, ...],
    manifest: Mapping[str, object],
    *,
    by: User | None,
    channel: str,
) -> Handed:
    """Keep the file and write down what went out; the same file again is the same delivery."""
    media = store_media(data=data, suffix=filename[filename.rindex(".") :])
    with transaction.atomic():
        # Approvals are taken and revoked under the lock of their cue.
        list(Cue.objects.select_for_update().filter(pk__in=[each.cue.pk for each in prepared]))
        if Approval.objects.filter(pk__in=[each.approval.pk for each in prepared], revoked_at__isnull=False).exists():
            raise DomainError(_("An approval was withdrawn meanwhile. Look again before you hand this over."))
        delivery = Delivery.objects.filter(film=film, filename=filename, sha256=media.sha256).first()
        if delivery is None:
            delivery = Delivery.objects.create(
                film=film,
                filename=filename,
                sha256=media.sha256,
                size=media.size,
                media=media,
                manifest=dict(manifest),
                by=by,
                channel=channel,
            )
            DeliveredCue.objects.bulk_create(
                DeliveredCue(
                    delivery=delivery,
                    cue=each.cue,
                    take=each.approval.take,
                    approval=each.approval,
                    filename=each.filename,
                    sha256=each.sha256,
                    notes=each.exported.account.delivered,
                )
                for each in prepared
            )
        for each in prepared:
            refresh_cue_state(cue=each.cue)
    return Handed(delivery, data, prepared, problems)
