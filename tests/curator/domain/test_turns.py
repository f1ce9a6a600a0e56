import platform
from datetime import timedelta

import pytest
from django.utils import timezone

from curator import jobs
from curator.domain import turns
from curator.domain.turns import gpu_is_wanted, gpu_turn
from curator.models.jobs import Job, JobState, Turn, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _gpu(monkeypatch):
    monkeypatch.setattr(turns, "has_gpu", lambda: True)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.0)


def running(kind: str) -> jobs.Run:
    row = jobs.enqueue(kind=kind, queue="gpu")
    run = jobs.claim(row.pk)
    assert run is not None
    return run


class Waited(Exception):
    """Nobody was to wait."""


def nobody() -> None:
    raise Waited


def test_two_jobs_take_the_gpu_in_turn():
    one, other = running("one"), running("other")
    with gpu_turn(one, waiting=nobody):
        assert gpu_is_wanted()
        with pytest.raises(Waited), gpu_turn(other, waiting=nobody):
            pass
    with gpu_turn(other, waiting=nobody):
        pass
    assert not gpu_is_wanted()
    assert Turn.objects.get().holder is None


def test_a_job_whose_worker_was_killed_holds_nothing():
    one, other = running("one"), running("other")
    turn = gpu_turn(one, waiting=nobody)
    turn.__enter__()
    Job.objects.filter(pk=one.job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    with gpu_turn(other, waiting=nobody):
        assert Turn.objects.get().holder == other.job


def test_who_wants_it_alone_has_the_next_turn_and_waits_for_idle_models():
    writing, training, later = running("writing"), running("training"), running("later")
    worker = Worker.objects.create(
        name="w", machine=platform.node(), process_id=1, queues=["gpu"], checkpoint_sha256="1" * 64,
        started_at=timezone.now(), heartbeat_at=timezone.now(),
    )  # fmt: skip
    seen = []

    def waiting() -> None:
        seen.append(gpu_is_wanted())
        if len(seen) == 1:
            Job.objects.filter(pk=writing.job.pk).update(state=JobState.DONE)  # the takes are written
            with pytest.raises(Waited), gpu_turn(later, waiting=nobody):
                pass
        else:
            Worker.objects.filter(pk=worker.pk).update(checkpoint_sha256="")  # the idle worker has dropped its model

    turn = gpu_turn(writing, waiting=nobody)
    turn.__enter__()
    with gpu_turn(training, waiting=waiting, alone=True):
        assert Turn.objects.get().holder == training.job
    assert seen == [True, True]


def test_without_a_gpu_nobody_waits(monkeypatch):
    monkeypatch.setattr(turns, "has_gpu", lambda: False)
    with gpu_turn(running("one"), waiting=nobody), gpu_turn(running("other"), waiting=nobody):
        assert not Turn.objects.exists()
    assert not gpu_is_wanted()
