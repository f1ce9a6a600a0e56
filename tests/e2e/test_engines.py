"""The same work on PostgreSQL and Redis, with real processes."""

import os
import threading

import psycopg
import pytest
from django.db import connection

from curator import jobs
from curator.models.jobs import Job

pytestmark = pytest.mark.services

SERVER = os.environ.get("CUEWRIGHT_TEST_DATABASE_URL", "postgresql://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("CUEWRIGHT_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
def database():
    """The address of an empty PostgreSQL database that is dropped after the test."""
    name = f"cuewright_{os.getpid()}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"create database {name}")  # a name of our own
        yield f"{SERVER.rsplit('/', 1)[0]}/{name}"
        server.execute(f"drop database {name} with (force)")


def test_takes_are_written_and_rendered_on_postgresql_and_redis(installation, database):
    installation.settings = {"DATABASE_URL": database, "BROKER_URL": REDIS}
    installation.serve()
    installation.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", "2")
    installation.wait("select count(*) from generation_candidate where state = 'written'", 2)
    installation.wait("select count(*) from curator_job where state in ('queued', 'running')", 0)
    assert installation.rows("select distinct state from curator_job") == [("done",)]
    assert installation.rows("select count(*) from curator_rendering where state <> 'ready'") == [(0,)]
    installation.wait("select count(*) from curator_worker where stopped_at is null", 3)


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_wins():
    assert connection.vendor == "postgresql", "run by make services, which names the database"
    row = Job.objects.create(kind="test.kind", queue="cpu")
    start, won = threading.Barrier(8), []

    def claim() -> None:
        start.wait()
        won.append(jobs.claim(row.pk) is not None)
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    row.refresh_from_db()
    assert row.attempt == 1
