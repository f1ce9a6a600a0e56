import io
import os
import time
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from PIL import Image

from curator.domain.housekeeping import Tidied, tidy
from curator.domain.library import PARCEL_JOB, retry_import, upload_score
from curator.domain.media import read_media, store_media
from curator.domain.pictures import set_picture
from curator.domain.rendering import make_rendering, request_rendering
from curator.domain.stills import remove_still, set_still
from curator.models.delivery import Delivery
from curator.models.jobs import Job
from curator.models.library import MediaFile, Rendering, RenderingFile
from tests.curator.domain.test_rendering import short_version
from tests.factories import make_cue, make_film, make_take, make_version
from training.models.sets import TrainingSet

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=30)
FAST = [[1, 140]]
NOTHING = Tidied(0, 0, 0)


def age(**which) -> None:
    """Let files and renderings be of last month."""
    then = timezone.now() - LONG_AGO
    MediaFile.objects.filter(**which).update(stored_at=then)
    Rendering.objects.exclude(finished_at=None).update(finished_at=then)


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


def make_ready(version, tempo_map=(), renderer=None) -> list[Rendering]:
    """Both renderings of a version as if they were made, each with a file of its own."""
    found = request_rendering(version=version, tempo_map=tempo_map)
    for number, row in enumerate((found.engraving, found.sound)):
        row.state, row.finished_at = "ready", timezone.now() - LONG_AGO
        row.renderer = renderer or row.renderer
        row.save()
        media = store_media(data=f"{row.key}{renderer}".encode(), suffix=(".svg", ".opus")[number])
        RenderingFile.objects.create(rendering=row, role=("page", "opus")[number], media=media)
    Job.objects.all().delete()
    return [found.engraving, found.sound]


def left() -> set[int]:
    return set(Rendering.objects.values_list("pk", flat=True))


def test_a_file_that_nothing_refers_to_goes_with_its_row():
    kept = store_media(data=b"young", suffix=".svg")
    gone = store_media(data=b"old", suffix=".svg")
    age(pk=gone.pk)
    assert tidy() == Tidied(0, 1, 3)
    assert list(MediaFile.objects.all()) == [kept]
    assert not default_storage.exists(gone.name)
    assert read_media(kept) == b"young"
    assert tidy() == NOTHING


def test_everything_that_something_refers_to_stays(django_assert_max_num_queries):
    film = make_film()
    version = make_version(original_sha256=store_media(data=b"as it came", suffix=".upload").sha256)
    made = make_rendering(version=short_version())
    set_still(shot=film.shots.first(), data=png())
    set_picture(film=film, file=io.BytesIO(b"\0\0\0\x18ftypmp42" + b"\0" * 40))
    upload_score(name="a.abc", data=version.abc.encode())
    Delivery.objects.create(
        film=film, filename="f.zip", sha256="0" * 64, size=1, media=store_media(data=b"zip", suffix=".zip")
    )
    TrainingSet.objects.create(name="s", sha256="1" * 64, archive=store_media(data=b"files", suffix=".zip"))
    age()
    before = MediaFile.objects.count()
    with django_assert_max_num_queries(20):
        assert tidy() == NOTHING
    assert MediaFile.objects.count() == before > 11
    assert {row.pk for row in (made.engraving, made.sound)} <= left()


def test_a_still_that_was_taken_away_goes():
    film = make_film()
    still = set_still(shot=film.shots.first(), data=png())
    remove_still(still=still)
    age()
    assert tidy().files == 2


def test_files_of_a_piece_that_is_gone_go():
    version = short_version()
    make_rendering(version=version)
    files = MediaFile.objects.count()
    age()
    version.piece.delete()
    assert tidy().files == files
    assert [name for _folder, _folders, names in os.walk(default_storage.location) for name in names] == []


def test_what_is_stored_again_is_young_again_and_whole():
    row = store_media(data=b"content", suffix=".svg")
    age()
    default_storage.delete(row.name)  # lost
    assert store_media(data=b"content", suffix=".svg") == row
    assert read_media(row) == b"content"
    assert tidy() == NOTHING


def test_somebody_refers_to_it_while_it_is_looked_at(monkeypatch):
    """Between the list of orphans and the removal of one of them."""
    row = store_media(data=b"content", suffix=".svg")
    age()
    locked = MediaFile.objects.select_for_update

    def meanwhile(*arguments, **more):
        store_media(data=b"content", suffix=".svg")
        return locked(*arguments, **more)

    monkeypatch.setattr(MediaFile.objects, "select_for_update", meanwhile)
    assert tidy() == NOTHING
    assert read_media(row) == b"content"


def test_uploads_stay_while_they_are_read_and_after_a_refusal_then_go():
    media = store_media(data=b"PK", suffix=".upload")
    job = Job.objects.create(kind=PARCEL_JOB, queue="cpu", arguments={"media": media.pk, "name": "a.zip"})
    age()
    assert tidy() == NOTHING
    Job.objects.update(state="failed")
    assert tidy() == NOTHING
    job.refresh_from_db()
    again = retry_import(job=job)
    assert tidy() == NOTHING
    Job.objects.filter(pk=again.pk).update(state="done", result={"left": 1})  # can be tried again
    assert tidy() == NOTHING
    Job.objects.filter(pk=again.pk).update(result={"left": 0})
    assert tidy().files == 1


def test_left_overs_in_the_storage_go_and_foreign_files_stay():
    kept = store_media(data=b"kept", suffix=".svg")
    folder = default_storage.path(kept.name)[: -len(kept.name) + 2]
    strays = [
        f"{kept.sha256}.svg.0a1b2c3d.part",  # a write that was killed
        f"{kept.sha256}_AbCdEf1.svg",  # what Django's own storage makes where a name is taken
        f"{kept.sha256}.json",  # the same bytes under another suffix
        f"{kept.sha256[:-1]}f.opus",  # written, and then the process was killed before its row
    ]
    foreign = ["notes.txt", f"{'e' * 64}.xyz"]
    for name in strays + foreign:
        with open(f"{folder}/{name}", "wb") as file:
            file.write(b"12345")
    assert tidy() == NOTHING  # they may be at work
    for name in strays + foreign:
        os.utime(f"{folder}/{name}", (time.time() - 1e6,) * 2)
    assert tidy(strays=False) == NOTHING
    assert tidy().files == 4  # the unknown file has become an orphan
    assert tidy() == NOTHING
    assert sorted(os.listdir(folder)) == sorted([f"{kept.sha256}.svg", f"{'e' * 64}.xyz", "notes.txt"])


def test_a_file_that_lost_its_row_is_found_again_by_who_refers_to_it():
    film = make_film()
    still = set_still(shot=film.shots.first(), data=png())
    MediaFile.objects.all().delete()
    for _folder, _folders, names in os.walk(default_storage.location):
        for name in names:
            os.utime(default_storage.path(f"{name[:2]}/{name}"), (time.time() - 1e6,) * 2)
    assert tidy() == NOTHING
    assert set(MediaFile.objects.values_list("sha256", flat=True)) == {still.large, still.tile}


def test_a_rendering_at_a_tempo_that_no_cue_has_any_more_goes_once_its_place_is_taken():
    cue = make_cue(tempo_map=[[1, 60]])
    version = make_take(cue=cue).version
    written, old = make_ready(version), make_ready(version, [[1, 60]])
    assert tidy() == NOTHING
    cue.tempo_map = FAST
    cue.save()
    assert tidy() == NOTHING  # the new one is not there yet
    new = make_ready(version, FAST)
    Rendering.objects.filter(pk=new[1].pk).update(finished_at=timezone.now())
    assert tidy() == NOTHING  # and then not for long
    age()
    assert tidy() == Tidied(2, 2, 2 * len(old[0].key + "None"))
    assert left() == {row.pk for row in [*written, *new]}
    assert not {row.pk for row in old} & left()


def test_renderings_of_an_older_renderer_go_once_they_were_made_anew():
    version = short_version()
    old = make_ready(version, renderer="verovio-1 piano-1")
    for row in old:  # its key was another one
        row.key = row.key[::-1]
        row.save()
    assert tidy() == NOTHING
    new = make_ready(version)
    age()
    assert tidy().renderings == 2
    assert left() == {row.pk for row in new}


def test_what_was_judged_stays_and_its_pages_with_it(owner):
    cue = make_cue(tempo_map=[[1, 60]])
    takes = [make_take(cue=cue) for _number in range(2)]
    heard = [make_ready(take.version, [[1, 60]]) for take in takes]
    cue.pairs.create(
        rater=owner, left=takes[0], right=takes[1], left_rendering=heard[0][1], right_rendering=heard[1][1],
        side_seed="s", policy="p", probability=1,
    )  # fmt: skip
    cue.tempo_map = FAST
    cue.save()
    new = [make_ready(take.version, FAST) for take in takes]
    age()
    assert tidy() == NOTHING
    cue.pairs.all().delete()
    assert tidy().renderings == 4
    assert left() == {row.pk for rows in new for row in rows}


def test_what_a_job_is_at_stays():
    cue = make_cue(tempo_map=[[1, 60]])
    version = make_take(cue=cue).version
    old = make_ready(version, [[1, 60]])
    cue.tempo_map = FAST
    cue.save()
    make_ready(version, FAST)
    age()
    Job.objects.create(kind="curator.sound", queue="cpu", arguments={"sound_id": old[1].pk})
    assert tidy() == NOTHING
    Job.objects.update(state="done")
    assert tidy().renderings == 2


def test_many_orphans_go_a_few_at_a_time():
    for number in range(5):
        store_media(data=b"%d" % number, suffix=".svg")
    age()
    assert [tidy(most=2).files for _turn in range(4)] == [2, 2, 1, 0]


def test_a_file_that_cannot_be_removed_keeps_its_row(monkeypatch, caplog):
    row = store_media(data=b"open in a player", suffix=".opus")
    age()

    def refuse(name):
        raise PermissionError(13, "in use", name)

    monkeypatch.setattr(default_storage, "delete", refuse)
    assert tidy() == NOTHING
    assert MediaFile.objects.get() == row
    assert "is not removed, tried again later" in caplog.text


def test_half_a_file_is_never_under_its_name(monkeypatch):
    """A disk that is full in the middle of a file."""
    names = []

    def full(source, target):
        names.append((os.path.basename(source), os.listdir(os.path.dirname(target))))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("curator.storage.os.replace", full)
    with pytest.raises(OSError, match="No space left"), transaction.atomic():
        store_media(data=b"content", suffix=".svg")
    assert [part for part, _there in names] == names[0][1]
    assert MediaFile.objects.count() == 0
    monkeypatch.undo()
    row = store_media(data=b"content", suffix=".svg")
    assert os.listdir(os.path.dirname(default_storage.path(row.name))) == [os.path.basename(row.name)]
