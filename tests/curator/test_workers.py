"""A worker process and its row."""

from datetime import timedelta

import pytest
from django.utils import timezone

from curator import jobs, workers
from curator.crew import live_workers
from curator.models.jobs import Job, JobState, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _this_worker(monkeypatch):
    """The test process is a worker of the queue cpu whose heart has not begun to beat."""
    monkeypatch.setattr(jobs, "current_worker", None)
    monkeypatch.setattr(workers, "_queues", ["cpu"])
    workers.write_row()


def test_a_beat_keeps_the_row_young():
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    workers.beat()
    assert [worker.queues for worker in live_workers("cpu")] == [["cpu"]]


def test_a_row_that_is_gone_is_written_again():
    Worker.objects.all().delete()
    workers.beat()
    assert jobs.current_worker == Worker.objects.get()
    row = Job.objects.create(kind="test.kind", queue="cpu")
    assert jobs.claim(row.pk) is not None
    row.refresh_from_db()
    assert (row.state, row.worker) == (JobState.RUNNING, jobs.current_worker)
