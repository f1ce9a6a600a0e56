import pytest

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.rendering import RENDER_JOB
from curator.models.film import CueState
from curator.models.jobs import Job, JobState
from curator.models.library import PieceVersion
from curator.models.ranking import Take
from curator.notation.validity import validity
from generation.domain import loading, sharing
from generation.domain.again import ask_again
from generation.domain.requests import cancel_candidate, cancel_request, candidate_seed, request_takes
from generation.models.requests import Candidate, CandidateState, CueRequest
from tests.generation.writing import small_checkpoint, waltz_cue, written_request

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def test_a_request_promises_its_takes_and_sends_one_job(owner):
    cue = waltz_cue()
    request = request_takes(cue=cue, count=3, checkpoint=small_checkpoint(), seed=7, created_by=owner)
    rows = list(request.candidates.values_list("index", "number", "seed", "state", "bars_asked"))
    assert rows == [(i, i + 1, candidate_seed(7, i), "waiting", 4) for i in range(3)]
    assert request.brief == {
        "prompt": ["%Minimal", "%Etude, Waltz", "%Keyboard", "%Peace"],
        "style": "", "words": "Dust, waiting.", "metre": "3/4", "key": "G", "tempo": 60.0, "bars": 4, "cue_version": 1,
    }  # fmt: skip
    assert request.sampling == {"top_k": 9, "top_p": 0.9, "temperature": 0.8}
    assert (request.job.kind, request.job.queue, request.job.created_by) == ("generation.write", "gpu", owner)
    cue.refresh_from_db()
    assert cue.state == CueState.GENERATING
    second = request_takes(cue=cue, count=2)
    assert list(second.candidates.values_list("number", flat=True)) == [4, 5]


@pytest.mark.parametrize(
    ("fields", "options", "reason"),
    [
        ({}, {"count": 0}, "Ask for 1 to 64 takes"),
        ({}, {"count": 65}, "Ask for 1 to 64 takes"),
        ({}, {"seed": -1}, "A seed is a whole number"),
        ({}, {"sampling": {"temperature": 0}}, "the temperature between"),
        ({}, {"sampling": {"top_p": 1.5}}, "top-p between"),
        ({}, {"style": "Tango"}, "does not know the style Tango"),
        ({"key": "H"}, {}, "cannot be written down: A key"),
        ({"metre": "waltz"}, {}, "cannot be written down: A metre"),
    ],
)
def test_what_cannot_be_written_is_refused(fields, options, reason):
    checkpoint = small_checkpoint()
    with pytest.raises(DomainError, match=reason):
        request_takes(cue=waltz_cue(**fields), checkpoint=checkpoint, **options)
    assert not Job.objects.exists()


def test_a_written_request_has_a_valid_take_for_each_candidate():
    request = written_request(count=3)
    request.job.refresh_from_db()
    assert (request.job.state, request.job.result) == (JobState.DONE, {"written": 3, "failed": 0})
    rows = list(request.candidates.select_related("take__version__piece", "version"))
    assert [(row.state, row.reason, row.bars_written) for row in rows] == [("written", "", 4)] * 3
    for row in rows:
        assert row.take.number == row.number
        assert row.take.version == row.version
        assert row.version.abc == row.abc
        assert validity(row.abc, musicxml=row.version.musicxml.encode()).valid
        assert row.version.piece.making["candidate"] == row.public_id
        assert row.version.facts["bars"] == 4
    assert len({row.abc for row in rows}) == 3
    assert Job.objects.filter(kind=RENDER_JOB).count() == 3
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.TO_RANK


def test_a_second_run_writes_only_what_is_missing_and_the_same():
    request = written_request(count=3)
    before = list(request.candidates.values_list("public_id", "ids_sha256", "abc"))
    lost = request.candidates.get(index=1)
    version = lost.version
    Candidate.objects.filter(pk=lost.pk).update(state=CandidateState.WRITING, version=None, take=None, abc="")
    Candidate.objects.update(job=request.job)
    Take.objects.filter(version=version).delete()
    PieceVersion.objects.filter(pk=version.pk).delete()
    Job.objects.filter(pk=request.job.pk).update(state=JobState.QUEUED)
    jobs.execute(request.job.pk)
    assert list(request.candidates.values_list("public_id", "ids_sha256", "abc")) == before
    assert sorted(Take.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_the_same_seed_for_the_same_cue_puts_nothing_up_twice():
    request = written_request(count=2, seed=5)
    again = request_takes(cue=request.cue, checkpoint=request.checkpoint, count=2, seed=5)
    jobs.execute(again.job.pk)
    assert list(again.candidates.values_list("state", "take")) == [("written", None)] * 2
    assert Take.objects.count() == 2


def test_a_candidate_that_cannot_be_written_keeps_its_reason_and_text():
    request = request_takes(cue=waltz_cue(metre="7/16"), checkpoint=small_checkpoint(), count=1, seed=1)
    jobs.execute(request.job.pk)
    row = request.candidates.get()
    assert (row.state, row.reason, row.bars_written) == ("failed", "Bar 1 would not add up.", 0)
    assert row.raw.startswith("%Minimal\n")
    assert row.verdict["valid"] is False
    assert not Take.objects.exists()
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.SPOTTED
    again = ask_again(candidate=row)
    assert (again.count, again.sampling, again.candidates.get().number) == (1, request.sampling, 2)
    assert again.candidates.get().seed != row.seed


def test_a_cancelled_request_ends_what_is_not_written():
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=2)
    cancel_request(request=request)
    assert list(request.candidates.values_list("state", flat=True)) == ["cancelled"] * 2
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.SPOTTED
    request.refresh_from_db()
    with pytest.raises(DomainError, match="not being written any more"):
        cancel_request(request=request)


def test_of_two_takes_one_is_taken_back_and_the_other_written():
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=2, seed=5)
    cancel_candidate(candidate=request.candidates.first())
    jobs.execute(request.job.pk)
    assert [row.state in ("written", "failed") for row in request.candidates.all()] == [False, True]
    assert request.candidates.first().state == "cancelled"
    request.job.refresh_from_db()
    assert request.job.state == JobState.DONE


def test_with_the_last_waiting_take_its_request_ends(django_capture_on_commit_callbacks):
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=2)
    request.cue.refresh_from_db()
    assert request.cue.state == CueState.GENERATING
    with django_capture_on_commit_callbacks(execute=True):
        for row in request.candidates.all():
            cancel_candidate(candidate=row)
    request.job.refresh_from_db()
    request.cue.refresh_from_db()
    assert (request.job.is_open, request.cue.state) == (False, CueState.SPOTTED)


def test_a_request_cancelled_at_work_stops_within_its_bars(monkeypatch):
    request = request_takes(cue=waltz_cue(bars=64), checkpoint=small_checkpoint(), count=2)
    original = jobs.Run.progress

    def cancelled_meanwhile(run: jobs.Run, *arguments: float) -> None:
        jobs.cancel(run.job)
        monkeypatch.setattr(run, "_written_at", 0.0)
        original(run, *arguments)

    monkeypatch.setattr(jobs.Run, "progress", cancelled_meanwhile)
    jobs.execute(request.job.pk)
    request.job.refresh_from_db()
    assert request.job.state == JobState.CANCELLED
    assert set(request.candidates.values_list("state", flat=True)) == {"cancelled"}


def test_weights_that_are_gone_fail_the_request_with_a_sentence(settings):
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=1)
    loading.drop()
    for file in settings.WEIGHTS.iterdir():
        file.unlink()
    jobs.execute(request.job.pk)
    request.job.refresh_from_db()
    sentence = "The weights of Small cannot be read: There is no such file."
    assert (request.job.state, request.job.error) == (JobState.FAILED, sentence)
    assert list(request.candidates.values_list("state", "reason")) == [("failed", sentence)]


def test_the_model_is_held_and_dropped_after_idle_minutes(settings):
    checkpoint = small_checkpoint()
    with loading.engine_of(checkpoint) as first:
        pass
    with loading.engine_of(checkpoint) as second:
        assert second is first
    assert loading._timer is not None
    assert loading._timer.interval == pytest.approx(settings.MODEL_IDLE_SECONDS, abs=1)
    loading.drop()
    with loading.engine_of(checkpoint) as third:
        assert third is not first


def test_a_deleted_cue_ends_its_job_quietly():
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=1)
    job = request.job
    CueRequest.objects.all().delete()
    jobs.execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_queue_that_is_paused_meanwhile_leaves_the_rest_in_its_place(monkeypatch):
    request = request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), count=2)
    monkeypatch.setattr(sharing, "is_paused", lambda _queue: True)  # noticed only when the writing has begun
    jobs.execute(request.job.pk)
    request.job.refresh_from_db()
    assert (request.job.state, request.job.attempt) == (JobState.QUEUED, 0)
    assert set(request.candidates.values_list("state", flat=True)) == {"waiting"}
    monkeypatch.undo()
    jobs.execute(request.job.pk)
    assert set(request.candidates.values_list("state", flat=True)) == {"written"}
    assert all(row.began_at < row.finished_at for row in request.candidates.all())
