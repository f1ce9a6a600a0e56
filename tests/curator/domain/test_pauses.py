import pytest

from curator import jobs
from curator.domain.pauses import go_on, is_paused, pause_queue
from curator.models.jobs import Job, JobState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    """Ids that went to the broker."""
    ids: list[int] = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda _kind, args, queue: ids.extend(args))
    return ids


def test_nothing_of_a_paused_queue_is_begun_until_it_goes_on(sent):
    first = jobs.enqueue(kind="test.none", queue="gpu")
    other = jobs.enqueue(kind="test.none", queue="cpu")
    pause_queue(queue="gpu")
    pause_queue(queue="gpu")
    assert (is_paused("gpu"), is_paused("cpu")) == (True, False)
    assert jobs.claim(first.pk) is None
    assert jobs.claim(other.pk) is not None
    second = jobs.enqueue(kind="test.none", queue="gpu", priority=3)
    sent.clear()
    Job.objects.update(dispatched_at=None, created_at="2026-01-01T00:00:00Z")
    jobs.sweep()
    assert sent == []
    assert go_on(queue="gpu") == 2
    assert sent == [second.pk, first.pk]
    assert jobs.claim(first.pk) is not None


def test_a_waiting_job_of_a_paused_queue_can_be_cancelled(sent):
    row = jobs.enqueue(kind="test.none", queue="gpu")
    pause_queue(queue="gpu")
    jobs.cancel(row)
    row.refresh_from_db()
    assert row.state == JobState.CANCELLED
