from datetime import timedelta

import pytest
from django.utils import timezone

from curator.domain.rendering import request_rendering
from curator.domain.workers import workers_facts
from curator.models.jobs import Job, Worker
from tests.factories import make_cue, make_version

pytestmark = pytest.mark.django_db


def make_worker(name: str, *, silent: float = 0, queues: tuple[str, ...] = ("cpu",), **fields) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name=name,
        process_id=1,
        queues=list(queues),
        heartbeat_at=now - timedelta(seconds=silent),
        **{"machine": name, "started_at": now, **fields},
    )


def test_a_worker_is_alive_while_its_heartbeat_is_young():
    make_worker("a")
    make_worker("b", silent=600)
    make_worker("c", stopped_at=timezone.now())
    make_worker("long gone", silent=200_000)
    facts = workers_facts()
    assert {item.worker.name: item.alive for item in facts.workers} == {"a": True, "b": False, "c": False}
    assert facts.alive == 1


def test_a_worker_that_was_started_anew_stands_there_once_with_the_work_before():
    now = timezone.now()
    ago = [now - timedelta(minutes=minutes) for minutes in (50, 40, 30, 20)]
    first = make_worker("vm-1", machine="vm", started_at=ago[0], stopped_at=ago[1], silent=2400)
    killed = make_worker("vm-2", machine="vm", started_at=ago[1], silent=1800)
    newest = make_worker("vm-3", machine="vm", started_at=ago[3])
    beside = make_worker("vm-4", machine="vm", started_at=ago[3] - timedelta(minutes=1))
    gpu = make_worker("vm-5", machine="vm", queues=("gpu",), started_at=ago[0], stopped_at=ago[1], silent=2400)
    for worker, start, end in ((first, ago[0], ago[1]), (killed, ago[1], ago[2]), (newest, ago[3], now)):
        Job.objects.create(kind="t.x", queue="cpu", state="done", worker=worker, started_at=start, finished_at=end)
    facts = {item.worker.pk: len(item.strokes) for item in workers_facts().workers}
    assert facts == {newest.pk: 3, beside.pk: 0, gpu.pk: 0}


def test_the_last_hour_is_drawn_in_shares():
    now = timezone.now()
    worker = make_worker("a")
    Job.objects.create(
        kind="t.render",
        queue="cpu",
        state="done",
        worker=worker,
        started_at=now - timedelta(minutes=90),
        finished_at=now - timedelta(minutes=30),
    )
    Job.objects.create(
        kind="t.render",
        queue="cpu",
        state="running",
        lease="x",
        lease_expires_at=now,
        worker=worker,
        started_at=now - timedelta(minutes=15),
        heartbeat_at=now,
    )
    [facts] = workers_facts(now=now).workers
    assert [(round(s.start, 3), round(s.end, 3), s.now) for s in facts.strokes] == [(0, 0.5, False), (0.75, 1, True)]
    assert facts.job is not None


def test_a_queue_that_nobody_serves_is_named():
    make_worker("a", queues=("cpu",))
    make_worker("b", queues=("gpu",), silent=600)
    for queue in ("cpu", "gpu", "training"):
        Job.objects.create(kind="t.render", queue=queue)
    facts = workers_facts()
    assert facts.without_worker == ["gpu", "training"]
    assert (facts.running, facts.waiting) == (0, 3)


def test_a_job_says_for_which_cue_it_is():
    cue = make_cue(title="Nebel")
    Job.objects.create(kind="t.write", queue="gpu", arguments={"cue": cue.pk}, priority=1)
    Job.objects.create(kind="t.render", queue="cpu")
    assert [item.subject for item in workers_facts().jobs] == ["1m1 Nebel", ""]


def test_a_job_says_for_which_piece_or_file_it_is():
    version = make_version()
    made = request_rendering(version=version)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    Job.objects.create(kind="library.import", queue="cpu", arguments={"name": "a.mxl"})
    Job.objects.create(kind="library.import", queue="cpu", state="failed", finished_at=timezone.now())
    facts = workers_facts()
    assert [item.subject for item in facts.jobs] == [version.piece.title, "a.mxl"]
    assert made.pending
    assert facts.failed == []


def test_queries_do_not_grow(django_assert_num_queries):
    for round_ in range(2):
        worker = make_worker(f"w{round_}")
        for _ in range(2):
            Job.objects.create(
                kind="t.render",
                queue="cpu",
                state="failed",
                worker=worker,
                started_at=timezone.now(),
                finished_at=timezone.now(),
            )
        with django_assert_num_queries(5):
            workers_facts()
