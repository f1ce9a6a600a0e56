import io
import shutil
from collections import namedtuple

import pytest
from django.db import connection

from curator.domain import disk
from curator.domain.disk import LOW_BYTES, disk_facts, space_is_low
from curator.domain.media import store_media
from curator.domain.pictures import set_picture
from curator.models.delivery import Delivery
from curator.models.library import RenderingFile
from tests.curator.domain.test_housekeeping import make_ready
from tests.factories import make_film, make_version
from training.models.sets import TrainingSet

pytestmark = pytest.mark.django_db

Disk = namedtuple("Disk", "total used free")


def let_free(monkeypatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Disk(10 * LOW_BYTES, 10 * LOW_BYTES - free, free))


def keep_database(monkeypatch, settings, tmp_path) -> None:
    """The tests' database is in memory."""
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", tmp_path / "db.sqlite3")
    (tmp_path / "db.sqlite3").write_bytes(b"x" * 900)
    (tmp_path / "db.sqlite3-wal").write_bytes(b"x" * 90)


def sizes() -> dict[str, int]:
    return {use.kind: use.size for use in disk_facts().uses}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="tells the size of SQLite's files; runs on SQLite")
def test_each_kind_with_what_it_takes(settings, tmp_path, monkeypatch, django_assert_max_num_queries):
    settings.DATA = tmp_path
    keep_database(monkeypatch, settings, tmp_path)
    film = make_film()
    made = make_ready(make_version())
    video = b"\0\0\0\x18ftypmp42" + b"\0" * 40
    set_picture(film=film, file=io.BytesIO(video))
    package = store_media(data=b"package", suffix=".zip")
    Delivery.objects.create(film=film, filename="f.zip", sha256="0" * 64, size=1, media=package)
    RenderingFile.objects.create(rendering=made[0], role="page", number=9, media=package)  # counted once
    TrainingSet.objects.create(name="s", sha256="1" * 64, archive=store_media(data=b"files", suffix=".zip"))
    store_media(data=b"left", suffix=".upload")
    for folder, size in (("weights", 5000), ("runs/r1/states", 300), ("backups", 20), ("logs", 7), ("broker", 2)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_bytes(b"x" * size)
    with django_assert_max_num_queries(3):
        told = sizes()
    assert told == {
        "database": 990,
        "weights": 5000, "runs": 300, "backups": 20, "working": 9, "pictures": len(video), "sets": 5, "left": 4,
        "renderings": 2 * len(made[0].key + "None") + len(b"package"),
    }  # fmt: skip
    facts = disk_facts()
    assert [use.size for use in facts.uses] == sorted((use.size for use in facts.uses), reverse=True)
    assert facts.uses[0].share == 1
    assert facts.ours == sum(use.size for use in facts.uses if use.here)
    assert facts.ours + facts.others + facts.free == facts.total


def test_the_disk_is_low_below_what_the_next_checkpoint_needs(monkeypatch):
    let_free(monkeypatch, LOW_BYTES)
    assert (space_is_low(), disk_facts().low) == (False, False)
    let_free(monkeypatch, LOW_BYTES - 1)
    assert (space_is_low(), disk_facts().low) == (True, True)


def test_a_data_folder_that_is_gone_is_not_said_to_be_full(settings, tmp_path):
    settings.DATA = tmp_path / "gone"
    assert space_is_low() is False
    with pytest.raises(FileNotFoundError):
        disk_facts()


def test_what_lies_in_a_bucket_takes_nothing_of_this_disk(monkeypatch):
    store_media(data=b"left", suffix=".upload")
    monkeypatch.setattr(disk, "FileSystemStorage", type(None))
    assert [(use.kind, use.here) for use in disk_facts().uses if use.kind == "left"] == [("left", False)]
