"""A full disk loses nothing: work waits with a sentence and is done when there is room; readers meet whole files."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import reverse

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.media import read_media
from curator.domain.rendering import request_rendering
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, RenderingState
from curator.storage import disk_is_full
from tests.curator.domain.test_rendering import short_version
from tests.factories import ABC
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.django_db

WAITS = "The disk is full. The work goes on when there is space again."


@pytest.fixture
def media(tmp_path, settings):
    """A storage that is soon full."""
    with small_disk(tmp_path / "small") as disk:
        settings.MEDIA_ROOT = disk / "media"
        yield disk


def test_a_rendering_waits_for_room_and_is_made_then(media):
    filler = fill(media)
    version = short_version()
    found = request_rendering(version=version)
    row = Job.objects.get()
    for _turn in range(row.max_attempts + 2):
        jobs.execute(row.pk)
        row.refresh_from_db()
        assert (row.state, row.attempt, row.error) == (JobState.QUEUED, 0, WAITS)
    assert MediaFile.objects.count() == 0
    assert {one.state for one in (found.engraving, found.sound)} == {RenderingState.PENDING}
    filler.unlink()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (JobState.DONE, "")
    for kept in MediaFile.objects.all():
        assert len(read_media(kept)) == kept.size
    assert list(media.rglob("*.part")) == []


def test_an_upload_that_has_no_room_is_refused_with_a_sentence(media, owner_client):
    filler = fill(media)
    upload = SimpleUploadedFile("song.abc", ABC.encode())
    answer = owner_client.post(reverse("add_scores"), {"scores": upload}, headers={"HX-Request": "true"})
    told = answer.content.decode()
    assert answer.status_code == 507
    assert "The disk is full" in told
    assert "Make room, then send it again." in told
    assert Job.objects.count() == 0
    filler.unlink()
    upload.seek(0)
    owner_client.post(reverse("add_scores"), {"scores": upload})
    assert Job.objects.count() == 1


def test_what_a_full_disk_is_the_cause_of(tmp_path):
    assert disk_is_full(OSError(28, "No space left on device"))
    assert not disk_is_full(OSError(13, "Permission denied"))
    refusal = DomainError("The weights cannot be kept.")
    refusal.__cause__ = OSError(28, "No space left on device")
    assert disk_is_full(refusal)
    assert not disk_is_full(DomainError("The weights cannot be kept."))
    full = OperationalError("disk full")
    full.__cause__ = psycopg.errors.DiskFull("could not extend file")
    assert disk_is_full(full)
    with small_disk(tmp_path / "small") as disk, closing(sqlite3.connect(disk / "db")) as database:
        database.execute("create table t (x)")
        database.commit()
        fill(disk)
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute("insert into t values (zeroblob(1000000))")
        full = OperationalError("database or disk is full")
        full.__cause__ = caught.value
        assert disk_is_full(full)


def test_a_job_whose_database_is_full_waits_too(monkeypatch):
    def full(run):
        raise OperationalError("disk full") from psycopg.errors.DiskFull("could not extend file")

    monkeypatch.setitem(jobs.KINDS, "test.kind", jobs.Kind(full, None))
    row = Job.objects.create(kind="test.kind", queue="cpu", max_attempts=1)
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempt, row.error) == (JobState.QUEUED, 0, WAITS)
