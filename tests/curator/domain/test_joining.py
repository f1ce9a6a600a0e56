"""What another machine is told, and whether this one can work for an installation."""

import socket

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from curator.domain import joining
from curator.domain.errors import DomainError
from curator.domain.joining import check_joined, own_address, worker_settings

DATABASE = "postgresql://cuewright:p%40ss@localhost:5432/cuewright"


@pytest.fixture
def on_servers(monkeypatch, settings):
    """An installation on PostgreSQL and Redis of its own machine, with files in a folder that others see."""
    monkeypatch.setattr(connection, "vendor", "postgresql")
    for name in ("CUEWRIGHT_S3_BUCKET", *joining.S3_KEYS, *joining.PASSED_ON):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv("CUEWRIGHT_SECRET_KEY", "the key of the sessions")
    monkeypatch.setenv("RUNPOD_API_KEY", "rpa_secret")
    settings.BROKER_URL = "redis://:word@127.0.0.1:6379/3"
    settings.STORAGE_IS_SHARED, settings.MEDIA_ROOT = True, "/mnt/media"


def test_a_file_names_the_places_as_the_other_machine_sees_them(on_servers):
    told = worker_settings(host="10.0.0.7", media=r"Z:\media")
    assert told.values == {
        "DATABASE_URL": "postgresql://cuewright:p%40ss@10.0.0.7:5432/cuewright",
        "BROKER_URL": "redis://:word@10.0.0.7:6379/3",
        "CUEWRIGHT_MEDIA": r"Z:\media",
    }
    text = told.text("gpu")
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        *(f"{name}={value}" for name, value in told.values.items()),
        "CUEWRIGHT_QUEUES=gpu",
    ]
    assert "sessions" not in text
    assert "rpa_secret" not in text


def test_what_lies_elsewhere_keeps_its_address(on_servers, monkeypatch, settings):
    monkeypatch.setenv("DATABASE_URL", "postgresql://cuewright@db.example/cuewright")
    settings.BROKER_URL = "rediss://[::1]:6380/0"
    told = worker_settings(host="fd00::7")
    assert told.values["DATABASE_URL"] == "postgresql://cuewright@db.example/cuewright"
    assert told.values["BROKER_URL"] == "rediss://[fd00::7]:6380/0"
    assert told.values["CUEWRIGHT_MEDIA"] == "/mnt/media"


def test_a_bucket_is_named_with_its_keys(on_servers, monkeypatch):
    for name, value in {
        "CUEWRIGHT_S3_BUCKET": "cues", "CUEWRIGHT_S3_ENDPOINT": "http://localhost:9000", "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret", "CUEWRIGHT_LEASE": "20",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    told = worker_settings(host="10.0.0.7")
    assert told.storage == "s3"
    assert list(told.values.items())[2:] == [
        ("CUEWRIGHT_S3_BUCKET", "cues"), ("CUEWRIGHT_S3_ENDPOINT", "http://10.0.0.7:9000"),
        ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("CUEWRIGHT_LEASE", "20"),
    ]  # fmt: skip


def test_an_installation_in_files_says_all_that_keeps_others_out(monkeypatch, settings):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    settings.BROKER_URL, settings.STORAGE_IS_SHARED = "filesystem://localhost//", False
    with pytest.raises(DomainError) as caught:
        worker_settings()
    assert str(caught.value) == (
        "Another machine cannot join yet: the database is a file of this machine (set DATABASE_URL to a PostgreSQL "
        "server); the queue is a folder of this machine (set BROKER_URL to a Redis server); files lie in a folder of "
        "this machine (set CUEWRIGHT_MEDIA to a folder that both see, or CUEWRIGHT_S3_BUCKET)."
    )


@pytest.mark.parametrize("url", ["postgresql:///cuewright", "postgresql://%2Fvar%2Frun%2Fpostgresql/cuewright"])
def test_a_socket_is_no_address(on_servers, monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(DomainError, match="DATABASE_URL leads over a socket of this machine"):
        worker_settings()


def test_this_machine_has_an_address():
    assert own_address()


@pytest.mark.django_db
def test_a_machine_that_reaches_everything_may_work(settings):
    with socket.create_server(("127.0.0.1", 0)) as queue:
        settings.BROKER_URL = f"redis://127.0.0.1:{queue.getsockname()[1]}/0"
        check_joined()
    with pytest.raises(DomainError, match=r"^The queue at 127.0.0.1 does not answer \(BROKER_URL\): "):
        check_joined()
    settings.BROKER_URL = "filesystem://localhost//"
    check_joined()


@pytest.mark.django_db
def test_a_machine_of_another_version_may_not(monkeypatch):
    monkeypatch.setattr(joining, "tables_are_missing", lambda: False)
    later = {("curator", "9999_from_tomorrow"): None}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda _self: later)
    with pytest.raises(DomainError, match="has another version of Cuewright than the database"):
        check_joined()


@pytest.mark.django_db
def test_a_machine_whose_clock_is_wrong_may_not(on_servers, monkeypatch):
    monkeypatch.setattr(joining, "tables_are_missing", lambda: False)
    monkeypatch.setattr(joining, "_seconds_apart", lambda: -95.2)
    with pytest.raises(DomainError, match="This machine's clock is 95 s off"):
        check_joined()
