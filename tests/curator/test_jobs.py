"""Jobs: claim, lease, heartbeat, progress, cancel, sweep."""

from datetime import timedelta

import pytest
from celery import Celery
from django.db import OperationalError
from django.utils import timezone

from curator import jobs
from curator.domain.errors import DomainError
from curator.models.jobs import Job, JobQuerySet, JobState, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(monkeypatch):
    """Registers a handler under the name "test.kind" for one test; returns how to set it."""

    def register(handler, on_end=None):
        monkeypatch.setitem(jobs.KINDS, "test.kind", jobs.Kind(handler, on_end))

    register(lambda run, **arguments: None)
    return register


def make_job(**fields):
    return Job.objects.create(**{"kind": "test.kind", "queue": "cpu"} | fields)


def running(**fields):
    past = timezone.now() - timedelta(seconds=1)
    return make_job(state=JobState.RUNNING, lease="someone", lease_expires_at=past, attempt=1, **fields)


def test_execute_runs_the_handler_and_keeps_its_result(kind):
    kind(lambda run, *, number: {"twice": 2 * number})
    row = make_job(arguments={"number": 21})
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.result, row.attempt, row.lease) == (JobState.DONE, {"twice": 42}, 1, "")


def test_execute_leaves_a_job_alone_that_someone_else_holds(kind):
    row = make_job(
        state=JobState.RUNNING, lease="other", lease_expires_at=timezone.now() + timedelta(minutes=1), attempt=1
    )
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.lease, row.attempt) == (JobState.RUNNING, "other", 1)


def test_claim_is_given_once():
    row = make_job()
    assert jobs.claim(row.pk) is not None
    assert jobs.claim(row.pk) is None


def test_expected_trouble_fails_the_job_with_its_sentence(kind):
    ended = []

    def handler(run):
        raise DomainError("The score has no notes.")

    kind(handler, on_end=lambda row: ended.append(row.state))
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error, ended) == (JobState.FAILED, "The score has no notes.", [JobState.FAILED])


def test_a_bug_fails_the_job_without_showing_its_text(kind, caplog):
    def handler(run):
        raise RuntimeError("secret detail")

    kind(handler)
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert row.state == JobState.FAILED
    assert "secret detail" not in row.error
    assert row.public_id in row.error
    assert "secret detail" in caplog.text


def test_a_full_disk_puts_the_job_back_without_losing_an_attempt(kind):
    def handler(run):
        raise OSError(28, "No space left on device")

    kind(handler)
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempt, row.lease) == (JobState.QUEUED, 0, "")
    assert "disk" in row.error


def test_progress_is_written_and_seen(kind):
    seen = []

    def handler(run):
        run.progress(3, 8, "bar 3")
        seen.append(Job.objects.values_list("progress_done", "progress_total", "progress_note").get(pk=run.job.pk))

    kind(handler)
    jobs.execute(make_job().pk)
    assert seen == [(3, 8, "bar 3")]


def test_cancel_of_a_waiting_job_ends_it_at_once(kind):
    row = make_job()
    jobs.cancel(row)
    row.refresh_from_db()
    assert (row.state, row.cancel_requested) == (JobState.CANCELLED, True)
    assert jobs.claim(row.pk) is None


def test_cancel_of_a_running_job_ends_it_at_its_next_step(kind):
    steps = []

    def handler(run):
        for step in range(3):
            steps.append(step)
            if step == 1:
                jobs.cancel(run.job)
            run.progress(3, 3)

    kind(handler)
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, steps) == (JobState.CANCELLED, [0, 1])


def test_a_worker_that_goes_down_puts_its_job_back(kind, monkeypatch):
    def handler(run):
        jobs.stopping.set()
        run.check()

    kind(handler)
    row = make_job()
    Job.objects.update(created_at=timezone.now() - timedelta(seconds=5), dispatched_at=timezone.now())
    try:
        jobs.execute(row.pk)
    finally:
        jobs.stopping.clear()
    row.refresh_from_db()
    assert (row.state, row.attempt) == (JobState.QUEUED, 0)
    sent = []
    monkeypatch.setattr(jobs, "dispatch", lambda row: sent.append(row.pk))
    jobs.sweep()
    assert sent == [row.pk]  # at once: another worker, or the next start, goes on with it


def test_commit_refuses_results_of_a_lost_lease(kind):
    written = []

    def handler(run):
        Job.objects.filter(pk=run.job.pk).update(lease="thief")
        with run.commit():
            written.append("too late")

    kind(handler)
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (written, row.state, row.lease) == ([], JobState.RUNNING, "thief")


def test_sweep_brings_back_a_job_whose_worker_died(kind, monkeypatch):
    sent = []
    monkeypatch.setattr(jobs, "dispatch", lambda row: sent.append(row.pk))
    row = running()
    jobs.sweep()
    row.refresh_from_db()
    assert (row.state, row.lease, row.attempt) == (JobState.QUEUED, "", 1)
    Job.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(seconds=5))
    jobs.sweep()
    assert sent == [row.pk]


def test_sweep_gives_up_after_the_last_attempt(kind):
    ended = []
    kind(lambda run: None, on_end=lambda row: ended.append(row.pk))
    row = running(max_attempts=1)
    jobs.sweep()
    row.refresh_from_db()
    assert (row.state, ended) == (JobState.FAILED, [row.pk])
    assert "1 times" in row.error


def test_sweep_ends_a_lost_job_that_was_to_be_cancelled(kind):
    row = running(cancel_requested=True)
    jobs.sweep()
    row.refresh_from_db()
    assert row.state == JobState.CANCELLED


@pytest.mark.parametrize(("busy", "sent_again"), [(False, True), (True, False)])
def test_sweep_sends_a_stale_message_again_only_when_a_worker_is_idle(kind, monkeypatch, busy, sent_again):
    sent = []
    monkeypatch.setattr(jobs, "dispatch", lambda row: sent.append(row.pk))
    now = timezone.now()
    worker = Worker.objects.create(
        name="w", machine="m", process_id=1, queues=["cpu"], started_at=now, heartbeat_at=now
    )
    if busy:
        make_job(
            state=JobState.RUNNING, lease="x", lease_expires_at=now + timedelta(minutes=1), worker=worker, attempt=1
        )
    row = make_job(dispatched_at=now - timedelta(minutes=5))
    jobs.sweep()
    assert (row.pk in sent) is sent_again


@pytest.mark.django_db(transaction=True)
def test_enqueue_sends_after_the_commit_and_gives_back_an_open_job_of_the_same_key(monkeypatch):
    sent = []
    monkeypatch.setattr(jobs, "dispatch", lambda row: sent.append(row.pk))
    first = jobs.enqueue(kind="test.kind", queue="cpu", key="render-1")
    second = jobs.enqueue(kind="test.kind", queue="cpu", key="render-1")
    assert (first.pk, sent) == (second.pk, [first.pk])
    Job.objects.filter(pk=first.pk).update(state=JobState.DONE)
    assert jobs.enqueue(kind="test.kind", queue="cpu", key="render-1").pk != first.pk


def test_work_through_runs_the_most_urgent_first(kind):
    order = []
    kind(lambda run, *, name: order.append(name))
    make_job(arguments={"name": "late"})
    make_job(arguments={"name": "urgent"}, priority=5)
    assert (jobs.work_through(queue="cpu"), order) == (2, ["urgent", "late"])


def test_wait_for_does_the_work_here_when_no_worker_is_up(kind):
    kind(lambda run: {"here": True})
    row = jobs.wait_for(make_job())
    assert (row.state, row.result) == (JobState.DONE, {"here": True})


def test_what_follows_an_end_and_the_end_itself_are_one_stroke(kind):
    def on_end(row):
        raise OperationalError("database is locked")

    kind(lambda run: None, on_end=on_end)
    row = make_job()
    with pytest.raises(OperationalError):
        jobs.cancel(row)
    row.refresh_from_db()
    assert (row.state, row.cancel_requested) == (JobState.QUEUED, True)
    kind(lambda run: None)
    jobs.sweep()
    row.refresh_from_db()
    assert row.state == JobState.CANCELLED


def test_a_bug_in_what_follows_ends_the_job_and_not_the_sweeper(kind, caplog):
    ended = []

    def on_end(row):
        ended.append(row.pk)
        raise KeyError("bug")

    kind(lambda run: None, on_end=on_end)
    rows = [running(max_attempts=1), running(max_attempts=1)]
    assert jobs.sweep() == 2
    assert ended == [row.pk for row in rows]
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.FAILED}
    assert "what follows from its end failed" in caplog.text


def test_a_job_of_an_unknown_kind_fails_in_a_sentence():
    row = make_job(kind="from.tomorrow")
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (
        JobState.FAILED,
        "This version of Cuewright does not know work of the kind from.tomorrow.",
    )


@pytest.mark.parametrize(("attempts_left", "state"), [(1, JobState.QUEUED), (0, JobState.FAILED)])
def test_a_database_that_does_not_answer_costs_an_attempt(kind, attempts_left, state):
    def handler(run):
        raise OperationalError("database is locked")

    kind(handler)
    row = make_job(max_attempts=1 + attempts_left)
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempt, row.lease) == (state, 1, "")


def test_a_job_that_goes_back_although_it_was_to_be_cancelled_is_cancelled(kind):
    def handler(run):
        jobs.cancel(run.job)
        raise OSError(28, "No space left on device")

    kind(handler)
    row = make_job()
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert row.state == JobState.CANCELLED


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "filesystem://localhost//"])
def test_a_broker_that_does_not_answer_costs_time_only(broker, monkeypatch, tmp_path, caplog):
    gone = {"data_folder_in": str(tmp_path / "gone"), "data_folder_out": str(tmp_path / "gone")}
    app = Celery(broker=broker, set_as_current=False)
    app.conf.update(
        broker_transport_options=gone if broker.startswith("filesystem") else {},
        task_publish_retry_policy={"max_retries": 0},
    )
    monkeypatch.setattr(jobs, "current_app", app)
    rows = [make_job(), make_job()]
    Job.objects.update(created_at=timezone.now() - timedelta(seconds=5))
    assert jobs.dispatch(rows[0]) is False
    Job.objects.update(dispatched_at=None)
    assert jobs.sweep() == 0
    assert caplog.text.count("the sweeper will try again") == 2


def test_a_key_that_comes_free_between_two_statements_gives_a_new_job(monkeypatch):
    first = make_job(key="render-1")
    look = JobQuerySet.open

    def ended_meanwhile(rows):
        Job.objects.filter(pk=first.pk).update(state=JobState.DONE)
        return look(rows)

    monkeypatch.setattr(JobQuerySet, "open", ended_meanwhile)
    assert jobs.enqueue(kind="test.kind", queue="cpu", key="render-1").pk != first.pk


def test_work_through_tries_each_job_once(kind):
    def handler(run):
        raise OSError(28, "No space left on device")

    kind(handler)
    make_job()
    make_job(cancel_requested=True)
    assert jobs.work_through(queue="cpu") == 2


def test_wait_for_takes_over_from_a_worker_that_died(kind):
    kind(lambda run: {"here": True})
    row = jobs.wait_for(running())
    assert (row.state, row.result, row.attempt) == (JobState.DONE, {"here": True}, 2)
