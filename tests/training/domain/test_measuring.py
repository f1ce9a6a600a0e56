from datetime import timedelta

import pytest
from django.utils import timezone

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.sketches import sketch_version
from curator.models.jobs import Job, JobState
from curator.notation.bars import unreduce
from curator.notation.convert import abc_to_musicxml
from generation.domain.checkpoints import find_checkpoint, weights_path
from generation.models.checkpoints import Checkpoint
from tests.factories import make_version
from tests.generation.writing import small_checkpoint
from tests.training.gates import finished_round, measured
from training.domain import measuring
from training.domain.measuring import (
    etudes_of,
    minutes_left,
    prompts_of,
    request_measurement,
    stop_measurement,
    texts_for,
)
from training.models.gate import Measurement, Sample
from training.models.rounds import Round

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    """The heartbeat's own connection would not see the test's transaction."""
    settings.JOB_LEASE_SECONDS = 3000


def texts(row: Measurement) -> list[tuple[bool, bool, int, int, str]]:
    """Everything that was written, in order."""
    rows = Sample.objects.filter(measurement=row).order_by("of_result", "guarded", "place")
    return list(rows.values_list("of_result", "guarded", "place", "seed", "text"))


def test_the_pace_of_writing_tells_how_long_the_rest_takes():
    begun = timezone.now() - timedelta(minutes=4)
    job = Job(state=JobState.RUNNING, started_at=begun, progress_done=140, progress_total=300, arguments={"there": 100})
    assert minutes_left(job) == 16
    job.progress_note = "Looks at the texts"
    assert minutes_left(job) is None
    assert minutes_left(Job(state=JobState.QUEUED)) is None


def test_result_and_parent_write_the_same_prompts_and_seeds(owner):
    row = finished_round(owner)
    found = measured(row)
    assert found.job is not None
    assert (found.job.state, found.job.queue) == (JobState.DONE, "gpu")
    assert (found.texts, found.guarded, found.finished_at is not None) == (8, 2, True)
    written = texts(found)
    base, result = ([one for one in written if one[0] is side] for side in (False, True))
    assert len(base) == len(result) == 10
    assert [one[1:4] for one in base] == [one[1:4] for one in result]
    assert [one[4].splitlines()[:4] for one in base if not one[1]] == [
        one[4].splitlines()[:4] for one in result if not one[1]
    ]
    assert len({one[4] for one in written}) > 10
    figures = found.figures
    assert set(figures) == {"base", "result", "against", "guard", "corpus", "engine"}
    assert (figures["base"]["texts"], figures["result"]["texts"]) == (8, 8)
    assert set(figures["against"]) == {"adding", "copies", "distinct", "keys"}
    assert 0 <= figures["guard"]["result"]["low"] <= figures["guard"]["result"]["high"] <= 1
    assert find_checkpoint() == small_checkpoint()  # nothing was promoted


def test_a_measurement_that_was_broken_off_goes_on_to_the_same_texts(owner, monkeypatch):
    row = finished_round(owner)
    whole = texts(measured(row, texts=12))
    Sample.objects.all().delete()
    Measurement.objects.update(figures={}, finished_at=None)
    begun = request_measurement(row=row, texts=12)
    assert begun.job is not None
    flush, flushed = measuring._Work._flush, iter(range(99))

    def killed(work):
        flush(work)
        if next(flushed) == 0:
            raise KeyboardInterrupt  # the worker is gone, nothing is written down any more

    monkeypatch.setattr(measuring._Work, "_flush", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.execute(begun.job.pk)
    monkeypatch.setattr(measuring._Work, "_flush", flush)
    assert 0 < Sample.objects.count() < len(whole)
    Job.objects.filter(pk=begun.job.pk).update(lease_expires_at="2020-01-01T00:00:00Z")
    jobs.execute(begun.job.pk)
    again = Measurement.objects.get()
    assert texts(again) == whole
    assert again.figures


def test_measuring_can_be_stopped_and_taken_up_again(owner):
    row = finished_round(owner)
    begun = request_measurement(row=row, texts=8)
    assert request_measurement(row=row, texts=8) == begun
    stop_measurement(row=row)
    with pytest.raises(DomainError, match="is not being measured"):
        stop_measurement(row=row)
    again = request_measurement(row=row, texts=8)
    assert (again.pk, again.job == begun.job) == (begun.pk, False)
    assert request_measurement(row=row, texts=9).pk == begun.pk  # one at a time
    stop_measurement(row=row)
    assert request_measurement(row=row, texts=9).pk != begun.pk


def test_what_was_measured_stays_when_it_is_measured_again(owner):
    row = finished_round(owner)
    first = measured(row)
    second = measured(row)
    assert first.pk != second.pk
    assert Measurement.objects.get(pk=first.pk).figures == first.figures


def test_a_job_that_comes_twice_does_nothing_more(owner):
    found = measured(finished_round(owner))
    Job.objects.filter(pk=found.job_id).update(state=JobState.QUEUED)
    assert found.job_id is not None
    jobs.execute(found.job_id)
    assert Measurement.objects.get().finished_at == found.finished_at


@pytest.mark.parametrize("count", [-1, 1001])
def test_too_many_texts_are_refused(owner, count):
    with pytest.raises(DomainError, match="1 to 1000 texts"):
        request_measurement(row=finished_round(owner), texts=count)


def test_a_round_without_result_or_weights_is_not_measured(owner):
    row = finished_round(owner)
    assert row.result is not None
    weights_path(row.result).unlink()
    with pytest.raises(DomainError, match="weights of Round 1 are not on this machine"):
        request_measurement(row=row)
    Round.objects.update(result=None)
    with pytest.raises(DomainError, match="no result to measure"):
        request_measurement(row=Round.objects.get())


def test_prompts_are_those_the_checkpoint_knows():
    base = small_checkpoint()
    found = prompts_of(base)
    assert {one["instrumentation"] for one in found} == {"Keyboard"}
    assert len({tuple(one.values()) for one in found}) == len(found)
    many = Checkpoint(
        header="bare-three",
        vocabulary={"combinations": [["Romantic", "Liszt, Franz", "Keyboard"], ["Romantic", "Brahms, J", "Chamber"]]},
    )
    assert prompts_of(many) == [
        {"period": "Romantic", "composer": "Liszt, Franz", "instrumentation": "Keyboard", "stage": ""}
    ]
    assert [one["composer"] for one in prompts_of(Checkpoint(header="bare-three"))] == ["Satie, Erik"]


def test_a_large_model_writes_fewer_texts_and_the_etudes_are_known_by_descent():
    assert texts_for(small_checkpoint()) == 400
    assert texts_for(Checkpoint(sizes={"parameters": 516_000_000})) == 100
    demo = Checkpoint(meta={"training": {"recipe": "training.recipes.demo", "pieces": 12000}})
    assert etudes_of(Checkpoint(parent=Checkpoint(parent=demo))) == 12000
    assert etudes_of(Checkpoint(meta={})) == 0


def test_copies_of_the_library_are_counted(owner):
    row = finished_round(owner)
    first = measured(row)
    assert first.figures["result"]["copies"]["at"] == 0
    text = Sample.objects.filter(measurement=first, of_result=True, guarded=True, done=True).first()
    assert text is not None
    xml = abc_to_musicxml(unreduce(text.text)).text
    sketch_version(version=make_version(abc=text.text, musicxml=xml))
    Sample.objects.filter(of_result=True, guarded=False, place__lt=4).update(text=text.text)
    Measurement.objects.update(figures={}, finished_at=None)
    again = request_measurement(row=row, texts=8)
    assert again.job is not None
    jobs.execute(again.job.pk)
    again.refresh_from_db()
    assert again.figures["corpus"] == first.figures["corpus"] + 1
    assert again.figures["result"]["copies"]["at"] == 0.5
