import platform
from datetime import timedelta

import pytest
from django.utils import timezone

from curator import jobs
from curator.crew import idle_workers, live_workers, ready_workers
from curator.domain import turns
from curator.domain.turns import free_gpu, gpu_is_wanted, gpu_turn, take_gpu_again
from curator.jobs import Freed
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


HERE = platform.node()


def worker_on(machine: str, *queues: str) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name=f"{machine}-{'-'.join(queues)}", machine=machine, process_id=1, queues=list(queues),
        started_at=now, heartbeat_at=now,
    )  # fmt: skip


def test_a_job_at_work_gives_a_freed_gpu_back_at_its_next_step(owner):
    run = running("one")

    def work() -> None:
        with gpu_turn(run, waiting=nobody):
            run.progress(1, 3)
            free_gpu(machine=HERE, by=owner)
            assert gpu_is_wanted()  # so that the model goes
            run.progress(3, 3)

    with pytest.raises(Freed):
        work()
    turn = Turn.objects.get()
    assert (turn.holder, turn.freed_by) == (None, owner)
    with pytest.raises(Freed), gpu_turn(run, waiting=nobody):
        pass
    take_gpu_again(machine=HERE)
    with gpu_turn(run, waiting=nobody):
        run.progress(3, 3)


def test_who_waits_for_the_gpu_gives_up_when_it_is_freed():
    one, other = running("one"), running("other")

    def waiting() -> None:
        free_gpu(machine=HERE)
        other.progress(0, 0)

    with gpu_turn(one, waiting=nobody), pytest.raises(Freed), gpu_turn(other, waiting=waiting):
        pass


def test_a_freed_machine_without_a_gpu_rests_too(monkeypatch):
    monkeypatch.setattr(turns, "has_gpu", lambda: False)
    free_gpu(machine=HERE)
    with pytest.raises(Freed), gpu_turn(running_on_training(), waiting=nobody):
        pass


def running_on_training() -> jobs.Run:
    run = jobs.claim(jobs.enqueue(kind="one", queue="training").pk)
    assert run is not None
    return run


def test_a_freed_machine_claims_only_what_needs_no_gpu():
    free_gpu(machine=HERE)
    assert jobs.claim(jobs.enqueue(kind="one", queue="gpu").pk) is None
    assert jobs.claim(jobs.enqueue(kind="one", queue="cpu").pk) is not None
    take_gpu_again(machine=HERE)
    assert jobs.claim(jobs.enqueue(kind="two", queue="gpu").pk) is not None


def test_who_works_for_a_queue_is_told_without_freed_machines():
    here, there = worker_on(HERE, "gpu", "training"), worker_on("there", "gpu")
    free_gpu(machine=HERE)
    assert live_workers("gpu") == [there, here] or live_workers("gpu") == [here, there]
    assert ready_workers("gpu") == idle_workers("gpu") == [there]
    assert ready_workers("training") == [here]


@pytest.mark.parametrize("other", [True, False])
def test_what_a_freed_machine_gives_back_goes_to_who_has_another_gpu(monkeypatch, other):
    worker_on(HERE, "gpu")
    if other:
        worker_on("there", "gpu")
    sent = []

    def handler(run: jobs.Run) -> None:
        with gpu_turn(run, waiting=nobody):
            free_gpu(machine=HERE)
            run.progress(1, 1)

    monkeypatch.setitem(jobs.KINDS, "test.gives", jobs.Kind(handler, None))
    row = jobs.enqueue(kind="test.gives", queue="gpu")
    monkeypatch.setattr(jobs, "dispatch", lambda row: sent.append(row.pk))
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempt, sent) == (JobState.QUEUED, 0, [row.pk] if other else [])
    jobs.execute(row.pk)  # its message came here once more
    assert len(sent) == 2 * other


def test_taking_the_gpu_again_sends_what_waited(monkeypatch):
    free_gpu(machine=HERE)
    rows = [jobs.enqueue(kind="one", queue=queue) for queue in ("gpu", "training", "cpu")]
    assert take_gpu_again(machine=HERE) == 2
    assert all(Job.objects.get(pk=row.pk).dispatched_at for row in rows[:2])
