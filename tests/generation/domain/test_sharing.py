"""Several workers write one request."""

from datetime import timedelta

import pytest
from django.utils import timezone

from curator import jobs
from curator.jobs import LeaseLost, Run
from curator.models.film import CueState
from curator.models.jobs import Job, JobState, Worker
from curator.models.ranking import Take
from generation.domain import loading, sharing, writing
from generation.domain.requests import cancel_request, request_takes, wait_for_request
from generation.domain.sharing import Claims, call_helpers, writing_jobs
from generation.models.requests import CueRequest
from tests.generation.writing import small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


@pytest.fixture
def two_workers():
    """Two living workers that have nothing to do."""
    now = timezone.now()
    return [
        Worker.objects.create(name=name, machine=name, process_id=1, queues=["gpu"], started_at=now, heartbeat_at=now)
        for name in ("one", "two")
    ]


def ask(count: int = 4) -> CueRequest:
    return request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=count, seed=1)


def begin(request: CueRequest, number: int = 0) -> tuple[Run, Claims]:
    run = jobs.claim(sharing.ask_worker(request, number=number).pk)
    assert run is not None
    return run, Claims(run, request)


def take(claims: Claims) -> int | None:
    """The index of the next candidate that is taken."""
    found = next(claims.seeds())
    return None if found is None else claims.taken[-1].index


def states(request: CueRequest) -> list[str]:
    return list(request.candidates.values_list("state", flat=True))


def test_whoever_has_nothing_to_do_is_asked_to_help(two_workers):
    request = ask()
    assert call_helpers() == 1  # one of the two takes the request itself
    assert call_helpers() == 0
    assert writing_jobs(request).count() == 2


def test_nobody_helps_while_other_requests_wait_or_there_is_one_take(two_workers):
    first, second = ask(), ask()
    assert call_helpers() == 0
    jobs.cancel(second.job)
    first.candidates.filter(index__gt=0).delete()
    assert call_helpers() == 0


def test_nobody_helps_with_what_has_failed_or_is_cancelled(two_workers):
    request = ask()
    run, _claims = begin(request)
    Job.objects.filter(pk=run.job.pk).update(worker=two_workers[0], cancel_requested=True)
    assert call_helpers() == 0
    Job.objects.filter(pk=run.job.pk).update(cancel_requested=False)
    failed = sharing.ask_worker(request, number=1)
    Job.objects.filter(pk=failed.pk).update(state=JobState.FAILED)
    assert call_helpers() == 0
    Job.objects.filter(pk=failed.pk).update(state=JobState.DONE)
    assert call_helpers() == 1


def test_those_who_write_a_request_share_its_candidates(two_workers):
    request = ask(5)
    (_, one), (_, other) = begin(request), begin(request, 1)
    assert [take(one) for _ in range(4)] == [0, 1, 2, None]
    assert [take(other) for _ in range(3)] == [3, 4, None]
    assert (one.share, other.share) == (3, 3)


def test_who_is_alone_takes_all(two_workers):
    request = ask(4)
    _, one = begin(request)
    assert [take(one) for _ in range(5)] == [0, 1, 2, 3, None]


def test_a_card_that_is_used_needs_no_second_worker(two_workers):
    Worker.objects.update(machine="one", gpu="RTX 4090")
    ask()
    assert call_helpers() == 0
    Worker.objects.filter(pk=two_workers[1].pk).update(machine="two")
    assert call_helpers() == 1


def test_a_processor_is_not_asked_to_help_cards_and_holds_one(two_workers, monkeypatch):
    Worker.objects.filter(pk=two_workers[0].pk).update(gpu="RTX 4090")
    request = ask(4)
    run, one = begin(request)
    Job.objects.filter(pk=run.job.pk).update(worker=two_workers[0])
    assert call_helpers() == 0
    _, slow = begin(request, 1)
    monkeypatch.setattr(jobs, "current_worker", two_workers[1])
    assert [take(slow), take(slow)] == [0, None]
    monkeypatch.setattr(jobs, "current_worker", Worker.objects.get(pk=two_workers[0].pk))
    assert [take(one) for _ in range(4)] == [1, 2, 3, None]


def test_a_part_whose_worker_is_away_keeps_nothing_from_the_other(two_workers):
    request = ask(4)
    (run, one), (lost, other) = begin(request), begin(request, 1)
    assert [take(one), take(other), take(other)] == [0, 1, 2]
    two_workers[1].delete()
    Job.objects.filter(pk=lost.job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert [take(one) for _ in range(4)] == [1, 2, 3, None]
    jobs.sweep()
    again = jobs.claim(lost.job.pk)
    assert again is not None
    assert take(Claims(again, request)) is None
    with pytest.raises(LeaseLost):
        other.put_back()
    assert set(request.candidates.values_list("job", flat=True)) == {run.job.pk}


def test_a_second_attempt_gives_up_what_the_first_one_held(two_workers):
    request = ask(4)
    (run, one), (_, other) = begin(request), begin(request, 1)
    assert [take(one), take(one)] == [0, 1]
    Job.objects.filter(pk=run.job.pk).update(state=JobState.QUEUED, lease="", lease_expires_at=None)
    assert jobs.claim(run.job.pk) is not None
    Claims(run, request)
    assert [take(other), take(other)] == [0, 1]


def test_of_two_that_finish_one_candidate_the_holder_counts(two_workers, monkeypatch):
    request = ask(1)
    taken = sharing.ask_worker(request, number=1)
    original = writing._judge

    def meanwhile(written):
        request.candidates.update(job=taken)  # this worker was silent for too long and another took it
        return original(written)

    monkeypatch.setattr(writing, "_judge", meanwhile)
    jobs.execute(request.job.pk)
    assert states(request) == ["writing"]
    assert not Take.objects.exists()


def test_the_last_part_ends_the_request(two_workers, django_capture_on_commit_callbacks):
    request = ask(3)
    (run, claims) = begin(request, 1)
    assert take(claims) == 0
    jobs.execute(request.job.pk)
    request.refresh_from_db()
    assert (request.job, states(request)) == (run.job, ["writing", "written", "written"])
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.GENERATING
    claims.put_back()
    Job.objects.filter(pk=run.job.pk).update(state=JobState.QUEUED)
    idle = sharing.ask_worker(request, number=2)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.execute(run.job.pk)
    idle.refresh_from_db()
    assert idle.state == JobState.DONE  # nothing was left for it
    assert states(request) == ["written"] * 3
    request.refresh_from_db()
    assert not request.job.is_open
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.TO_RANK


def test_a_part_that_fails_leaves_its_candidates_to_the_others(two_workers):
    request = ask(2)
    run, claims = begin(request, 1)
    assert take(claims) == 0
    Job.objects.filter(pk=run.job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1), attempt=5)
    jobs.sweep()
    assert states(request) == ["waiting", "waiting"]
    assert request.job.is_open
    Worker.objects.all().delete()
    wait_for_request(request=request)
    assert states(request) == ["written", "written"]


def test_a_cancel_ends_all_parts(two_workers, django_capture_on_commit_callbacks):
    request = ask(3)
    run, claims = begin(request, 1)
    assert take(claims) == 0
    waiting = sharing.ask_worker(request, number=2)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.cancel(waiting)  # as the list of jobs does
    assert states(request) == ["cancelled"] * 3
    run.job.refresh_from_db()
    assert run.job.cancel_requested
    request.refresh_from_db()
    assert (request.job, request.job.state) == (run.job, JobState.RUNNING)
    cancel_request(request=request)  # once more does no harm
    Job.objects.filter(pk=run.job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    jobs.sweep()
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.SPOTTED
    assert states(request) == ["cancelled"] * 3
