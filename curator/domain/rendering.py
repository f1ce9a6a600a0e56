"""From a piece version to what is seen and heard: renderings are asked for, made once, kept for ever.

A rendering is one target ("engraving" or "sound") of one version at one tempo map by one renderer. Its files are named
by their content; a new renderer makes new rows, so that old judgements keep the sound they were made on.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from curator.domain.errors import DomainError
from curator.domain.media import read_media, store_media
from curator.domain.shelving import shelve_pieces
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, PieceVersion, Rendering, RenderingFile, RenderingState
from curator.rendering.errors import RenderingError
from curator.rendering.version import RENDERER

ENGRAVING, SOUND = "engraving", "sound"
RENDER_JOB, SOUND_JOB, MP3_JOB = "curator.render", "curator.perform", "curator.sound"

TempoMap = Sequence[Sequence[float]]
"""[[bar, quarters a minute], ...] as a cue has it; empty: the written tempi."""

# What curator.rendering and curator.notation can say of a score; here so that the catalogues hold them.
SENTENCES = (
    gettext_noop("The score has no bars."),
    gettext_noop("The score has no such bars."),
    gettext_noop("The score has no notes."),
    gettext_noop("The score is not well-formed XML."),
    gettext_noop("The score is not partwise MusicXML."),
    gettext_noop("Engraving took more than 60 seconds: the score is too long or too dense."),
    gettext_noop("The engraver stopped on this score: something in it is more than it can draw."),
    gettext_noop("The engraver cannot read this score."),
    gettext_noop("The engraving is not a drawing that can be shown."),
    gettext_noop("No note of this score sounds."),
    gettext_noop("The music is longer than 15 minutes; so much is not sounded."),
    gettext_noop("The recordings of the piano are missing; `npm ci` brings them."),
    gettext_noop("The sound of this score is silence."),
    gettext_noop("The MIDI file of this score cannot be read."),
    gettext_noop("The work was stopped before the score was drawn."),
)


@dataclass(frozen=True)
class Renderings:
    """What is seen and what is heard of one version at one tempo map."""

    engraving: Rendering
    sound: Rendering

    @property
    def pending(self) -> bool:
        """Whether any of the two is still to be made."""
        return RenderingState.PENDING in (self.engraving.state, self.sound.state)


def rendering_key(*, version: PieceVersion, tempo_map: TempoMap, target: str) -> str:
    """SHA-256 over version and its texts, tempo map, renderer and target."""
    texts = hashlib.sha256(f"{version.abc}\0{version.musicxml}".encode()).hexdigest()
    parts = [version.public_id, texts, [[bar, float(tempo)] for bar, tempo in tempo_map], RENDERER, target]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def rendering_row(*, version: PieceVersion, tempo_map: TempoMap, target: str) -> Rendering:
    """The rendering of `version` by today's renderer, pending where it is new."""
    row, _new = Rendering.objects.get_or_create(
        key=rendering_key(version=version, tempo_map=tempo_map, target=target),
        defaults={
            "version": version,
            "target": target,
            "tempo_map": [list(entry) for entry in tempo_map],
            "renderer": RENDERER,
        },
    )
    return row


def request_rendering(
    *,
    version: PieceVersion,
    tempo_map: TempoMap = (),
    again: bool = False,
    created_by: User | None = None,
    priority: int = 0,
) -> Renderings:
    """The renderings of `version`; what is not made yet is sent to a worker. With `again`, failed ones too."""
    found = _rows(version, tempo_map)
    if again:
        ids = [found.engraving.pk, found.sound.pk]
        Rendering.objects.filter(pk__in=ids, state=RenderingState.FAILED).update(state=RenderingState.PENDING, error="")
        found = _rows(version, tempo_map)
    if found.pending:
        engraved = found.engraving.state == RenderingState.READY
        drawing = f"render:{found.engraving.key}"
        if engraved and Job.objects.open().filter(key=drawing).exists():
            return found  # that job is at the sound
        enqueue(
            kind=SOUND_JOB if engraved else RENDER_JOB,
            queue="cpu",
            arguments={"engraving_id": found.engraving.pk, "sound_id": found.sound.pk},
            key=f"sound:{found.engraving.key}" if engraved else drawing,
            created_by=created_by,
            priority=priority,
        )
    return found


def make_rendering(*, version: PieceVersion, tempo_map: TempoMap = (), run: Run | None = None) -> Renderings:
    """Engrave and sound `version` in this process, unless that was done before.

    What cannot be made is kept as FAILED with its sentence; nothing is raised for that. With `run`, progress is
    told and results are written only while the lease is held.
    """
    found = _rows(version, tempo_map)
    _engrave(found.engraving, run)
    _sound(found, run)
    return _rows(version, tempo_map)


def fulfil(*, engraving_id: int, sound_id: int, run: Run) -> None:
    """Make the two renderings of a job. Raises DomainError with the sentence of what failed.

    Sounding takes many times longer than engraving: when other work waits, the sound of what was just engraved gets
    a job of its own behind it, so that twenty new pieces are all seen before the first is heard.
    """
    engraving = Rendering.objects.select_related("version").filter(pk=engraving_id).first()
    if engraving is None or not Rendering.objects.filter(pk=sound_id).exists():
        return  # the piece was deleted meanwhile
    if engraving.state == RenderingState.PENDING:
        _engrave(engraving, run)
        engraving.refresh_from_db()
        if engraving.state == RenderingState.READY and _others_wait():
            enqueue(
                kind=SOUND_JOB,
                queue="cpu",
                arguments={"engraving_id": engraving_id, "sound_id": sound_id},
                key=f"sound:{engraving.key}",
                created_by=run.job.created_by,
                priority=run.job.priority,
            )
            return
    found = make_rendering(version=engraving.version, tempo_map=engraving.tempo_map, run=run)
    for row in (found.engraving, found.sound):
        if row.state == RenderingState.FAILED:
            raise DomainError(row.error)


def _others_wait() -> bool:
    """Whether something waits for a worker that is not a sound."""
    return Job.objects.filter(queue="cpu", state=JobState.QUEUED).exclude(kind=SOUND_JOB).exists()


def rendering_ended(row: Job) -> None:
    """A render job ended without being done: what still waits for it has failed too."""
    ids = [row.arguments["engraving_id"], row.arguments["sound_id"]]
    Rendering.objects.filter(pk__in=ids, state=RenderingState.PENDING).update(
        state=RenderingState.FAILED,
        error=row.error or "The work was stopped before the score was drawn.",
        finished_at=timezone.now(),
    )


def request_mp3(*, sound: Rendering, quieter: int = 0) -> Job | None:
    """Have the MP3 of a sound made, for players without Ogg; None where it is there already.

    `quieter`: turned down by so many half decibels, to match the other side of a pair.
    """
    if sound.state != RenderingState.READY:
        raise DomainError(sound.error or "The work was stopped before the score was drawn.")
    if sound.files.filter(role="mp3", number=1 + quieter).exists():
        return None
    arguments = {"sound_id": sound.pk} | ({"quieter": quieter} if quieter else {})
    key = f"mp3:{sound.key}" + (f":{quieter}" if quieter else "")
    return enqueue(kind=MP3_JOB, queue="cpu", arguments=arguments, key=key, priority=10)


def add_mp3(*, sound_id: int, quieter: int = 0, run: Run | None = None) -> MediaFile | None:
    """Make the MP3 of a sound from its Opus file, once. None when the sound is gone or was never made.

    `quieter` as in request_mp3; the file's number is one more.
    """
    # PyAV is heavy and only workers need it.
    from curator.rendering.encode import opus_to_mp3

    rows = RenderingFile.objects.filter(rendering=sound_id).select_related("media")
    files = {(file.role, file.number): file.media for file in rows}
    opus, wanted = files.get(("opus", 1)), ("mp3", 1 + quieter)
    if opus is None or wanted in files:
        return files.get(wanted)
    media = store_media(data=opus_to_mp3(read_media(opus), gain_db=-quieter / 2), suffix=".mp3")
    with _results(run):
        RenderingFile.objects.get_or_create(
            rendering_id=sound_id, role="mp3", number=1 + quieter, defaults={"media": media}
        )
    return media


def _rows(version: PieceVersion, tempo_map: TempoMap) -> Renderings:
    return Renderings(
        rendering_row(version=version, tempo_map=tempo_map, target=ENGRAVING),
        rendering_row(version=version, tempo_map=tempo_map, target=SOUND),
    )


def _engrave(row: Rendering, run: Run | None) -> None:
    if row.state != RenderingState.PENDING:
        return
    # Heavy, and only for workers and commands.
    from curator.notation.convert import abc_to_musicxml
    from curator.notation.errors import NotationError
    from curator.rendering.engrave import TempoMark, engrave, timemap_document
    from curator.rendering.sampler import read_notes

    _tell(run, 0)
    marks = [TempoMark(int(bar), float(tempo)) for bar, tempo in row.tempo_map]
    try:
        musicxml = row.version.musicxml or abc_to_musicxml(row.version.abc).text
        drawn = engrave(musicxml.encode(), tempo=marks)
    except (RenderingError, NotationError) as error:
        _fail(row, str(error), run)
        return
    timemap = json.dumps(timemap_document(drawn), separators=(",", ":")).encode()
    svgs = (("page", drawn.pages), ("narrow", drawn.narrow_pages), ("incipit", (drawn.incipit,)))
    files = [
        (role, number, store_media(data=svg.encode(), suffix=".svg"))
        for role, pages in svgs
        for number, svg in enumerate(pages, start=1)
    ]
    files.append(("timemap", 1, store_media(data=timemap, suffix=".json")))
    files.append(("midi", 1, store_media(data=drawn.midi, suffix=".mid")))
    played = read_notes(drawn.midi)
    pitches = [note.pitch for note in played]
    facts = {
        "pages": len(drawn.pages),
        "bars": drawn.bars,
        "notes": len(played),  # as played: repeats count again, a tied note counts once
        "ambitus": [min(pitches), max(pitches)] if pitches else [],
    }
    _keep(row, files, seconds=drawn.seconds, facts=facts, run=run)


def _sound(found: Renderings, run: Run | None) -> None:
    row = found.sound
    if row.state != RenderingState.PENDING:
        return
    # numpy, scipy and PyAV are heavy and only workers need them.
    from curator.rendering.encode import encode_opus
    from curator.rendering.loudness import TARGET_LUFS, to_loudness
    from curator.rendering.sampler import render

    engraving = Rendering.objects.get(pk=found.engraving.pk)
    midi = engraving.files.filter(role="midi").select_related("media").first()
    if midi is None:
        _fail(row, engraving.error, run)
        return
    try:
        _tell(run, 1)
        pcm = render(read_media(midi.media), settings.PIANO_SAMPLES)
        _tell(run, 2)
        loud = to_loudness(pcm, TARGET_LUFS)
    except RenderingError as error:
        _fail(row, str(error), run)
        return
    _tell(run, 3)
    opus = store_media(data=encode_opus(loud.pcm), suffix=".opus")
    facts = {
        "target_lufs": TARGET_LUFS,
        "lufs": round(loud.lufs, 2),
        "gain_db": round(loud.gain_db, 2),
        "peak_db": round(loud.peak_db, 2),
    }
    _keep(row, [("opus", 1, opus)], seconds=loud.pcm.seconds, facts=facts, run=run)


def _tell(run: Run | None, step: int) -> None:
    if run is not None:
        run.progress(step, 4)


@contextmanager
def _results(run: Run | None) -> Iterator[None]:
    with run.commit() if run is not None else transaction.atomic():
        yield


def _keep(
    row: Rendering,
    files: Sequence[tuple[str, int, MediaFile]],
    *,
    seconds: float,
    facts: dict[str, Any],
    run: Run | None,
) -> None:
    with _results(run):
        # Whoever finished first has written the same files.
        if _end(row, state=RenderingState.READY, seconds=seconds, facts=facts):
            RenderingFile.objects.bulk_create(
                RenderingFile(rendering=row, role=role, number=number, media=media) for role, number, media in files
            )
            if row.target == ENGRAVING:
                shelve_pieces(pieces=[row.version.piece_id])  # now its length is known


def _fail(row: Rendering, sentence: str, run: Run | None) -> None:
    with _results(run):
        _end(row, state=RenderingState.FAILED, error=sentence)


def _end(row: Rendering, **changes: Any) -> int:
    waiting = Rendering.objects.filter(pk=row.pk, state=RenderingState.PENDING)
    return waiting.update(finished_at=timezone.now(), **changes)
