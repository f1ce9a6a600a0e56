import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import av
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.media import read_media
from curator.domain.rendering import (
    MP3_JOB,
    RENDER_JOB,
    SOUND_JOB,
    Renderings,
    add_mp3,
    make_rendering,
    rendering_key,
    request_mp3,
    request_rendering,
)
from curator.jobs import execute, sweep
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, PieceVersion, Rendering, RenderingFile, RenderingState
from curator.rendering.version import RENDERER
from tests.factories import make_version

pytestmark = pytest.mark.django_db

SHORT = """%%score { 1 | 2 }
L:1/8
Q:1/4=120
M:3/4
K:C
V:1 treble nm="Piano" snm="Pno."
V:2 bass
[V:1]e2 d2 c2|[V:2]C,2 [E,G,]2 [E,G,]2|
"""


def short_version() -> PieceVersion:
    return make_version(abc=SHORT)


def roles(rendering: Rendering) -> list[tuple[str, int]]:
    return [(file.role, file.number) for file in rendering.files.all()]


def test_make_rendering_draws_and_sounds_a_text():
    made = make_rendering(version=short_version())
    engraving, sound = made.engraving, made.sound
    assert [(row.target, row.state, row.error, row.renderer) for row in (engraving, sound)] == [
        ("engraving", "ready", "", RENDERER),
        ("sound", "ready", "", RENDERER),
    ]
    assert roles(engraving) == [("incipit", 1), ("midi", 1), ("narrow", 1), ("page", 1), ("timemap", 1)]
    assert (engraving.facts, engraving.seconds) == ({"pages": 1, "bars": 1, "notes": 8, "ambitus": [48, 76]}, 1.5)
    assert roles(sound) == [("opus", 1)]
    assert sound.seconds == pytest.approx(4.0, abs=0.1)
    assert sound.facts["lufs"] <= -23.0 <= sound.facts["target_lufs"]
    for file in RenderingFile.objects.select_related("media"):
        assert hashlib.sha256(read_media(file.media)).hexdigest() == file.media.sha256


def test_make_rendering_twice_makes_nothing_new():
    version = short_version()
    first = make_rendering(version=version)
    before = sorted(MediaFile.objects.values_list("sha256", flat=True))
    assert make_rendering(version=version) == first
    assert sorted(MediaFile.objects.values_list("sha256", flat=True)) == before


def test_make_rendering_tempo_map_rules_and_has_rows_of_its_own():
    version = short_version()
    written, slow = make_rendering(version=version), make_rendering(version=version, tempo_map=[[1, 60]])
    assert (written.engraving.seconds, slow.engraving.seconds) == (1.5, 3.0)
    assert slow.sound.tempo_map == [[1, 60]]
    assert Rendering.objects.count() == 4


def test_rendering_key_depends_on_each_part():
    one, other = make_version(), make_version()
    keys = {
        rendering_key(version=version, tempo_map=tempo_map, target=target)
        for version in (one, other)
        for tempo_map in ([], [[1, 60]], [[1, 61]])
        for target in ("engraving", "sound")
    }
    assert len(keys) == 12
    assert rendering_key(version=one, tempo_map=[[1, 60]], target="sound") == rendering_key(
        version=one, tempo_map=((1, 60.0),), target="sound"
    )


def test_make_rendering_failure_keeps_its_sentence():
    version = make_version(musicxml="<score-partwise><part-list/></score-partwise>")
    made = make_rendering(version=version)
    assert [(row.state, row.error) for row in (made.engraving, made.sound)] == [
        ("failed", "The score has no bars.")
    ] * 2
    assert not RenderingFile.objects.exists()


def test_make_rendering_engraved_but_not_sounded(settings, tmp_path: Path):
    settings.PIANO_SAMPLES = tmp_path
    made = make_rendering(version=short_version())
    assert (made.engraving.state, made.sound.state) == ("ready", "failed")
    assert made.sound.error == "The recordings of the piano are missing; `npm ci` brings them."


def test_request_rendering_job_makes_both():
    version = short_version()
    asked = request_rendering(version=version)
    assert asked.pending
    assert request_rendering(version=version) == asked
    job = Job.objects.get(kind=RENDER_JOB)
    execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert not request_rendering(version=version).pending
    assert Job.objects.count() == 1


def test_pieces_that_wait_are_engraved_before_the_first_is_sounded():
    asked = [request_rendering(version=short_version()) for _ in range(2)]
    first, second = Job.objects.order_by("pk")
    execute(first.pk)
    assert [row.state for row in reload(asked[0])] == ["ready", "pending"]
    sound = Job.objects.get(kind=SOUND_JOB)
    assert request_rendering(version=asked[0].engraving.version).pending  # its job is there already
    assert Job.objects.count() == 3
    execute(second.pk)  # nothing but a sound waits now
    assert [row.state for row in reload(asked[1])] == ["ready", "ready"]
    execute(sound.pk)
    assert [row.state for row in reload(asked[0])] == ["ready", "ready"]
    assert not Job.objects.open().exists()


def reload(made: Renderings) -> list[Rendering]:
    return [Rendering.objects.get(pk=row.pk) for row in (made.engraving, made.sound)]


def test_request_rendering_job_of_a_failed_score_fails_with_its_sentence_and_can_be_asked_again():
    version = make_version(musicxml="<score-partwise><part-list/></score-partwise>")
    request_rendering(version=version)
    job = Job.objects.get()
    execute(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The score has no bars.")
    assert not request_rendering(version=version).pending
    assert request_rendering(version=version, again=True).pending
    assert Job.objects.count() == 2


def test_render_job_whose_worker_was_lost_for_good_leaves_no_rendering_pending():
    asked = request_rendering(version=make_version())
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(state=JobState.RUNNING, lease="gone", lease_expires_at=past, attempt=5, max_attempts=5)
    sweep()
    for row in (asked.engraving, asked.sound):
        row.refresh_from_db()
        assert row.state == RenderingState.FAILED
        assert row.error == "The work was started 5 times and its worker was lost each time."


def test_render_job_of_a_deleted_piece_is_done():
    version = short_version()
    request_rendering(version=version)
    version.piece.delete()
    job = Job.objects.get()
    execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_mp3_is_made_on_first_request_and_only_once():
    sound = make_rendering(version=short_version()).sound
    job = request_mp3(sound=sound)
    assert job is not None
    assert (job.kind, job.queue) == (MP3_JOB, "cpu")
    execute(job.pk)
    assert request_mp3(sound=sound) is None
    media = add_mp3(sound_id=sound.pk)
    assert media is not None
    assert media.content_type == "audio/mpeg"
    with av.open(io.BytesIO(read_media(media)), "r") as container:
        assert float(container.duration or 0) / 1e6 == pytest.approx(sound.seconds, abs=0.1)


def test_request_mp3_of_a_failed_sound_says_why():
    made = make_rendering(version=make_version(musicxml="<score-partwise><part-list/></score-partwise>"))
    with pytest.raises(DomainError, match="no bars"):
        request_mp3(sound=made.sound)
    assert add_mp3(sound_id=made.sound.pk) is None


def test_files_of_a_rendering_are_those_of_the_player():
    engraving = make_rendering(version=short_version()).engraving
    files = {file.role: file.media for file in engraving.files.all()}
    timemap = json.loads(read_media(files["timemap"]))
    page = read_media(files["page"]).decode()
    assert all(f'id="{note}"' in page for _seconds, _bar, on, _off in timemap["moments"] for note in on)
    assert {media.name for media in files.values()} == set(_stored()) - {_opus().name}


def _opus() -> MediaFile:
    return RenderingFile.objects.get(role="opus").media


def _stored() -> list[str]:
    folders, _files = default_storage.listdir("")
    return [f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]]
