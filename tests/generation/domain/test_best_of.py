import numpy as np
import pytest

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.takes import set_take_state
from curator.models.jobs import Job
from curator.models.ranking import TakeState
from generation.clamp.scores import best_of
from generation.domain.requests import request_takes
from tests.generation.encoding import small_encoder
from tests.generation.writing import small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db


def written(tmp_path, **asked):
    encoder = small_encoder(tmp_path)
    cue = waltz_cue()
    request = request_takes(cue=cue, checkpoint=small_checkpoint(), count=5, seed=1, **asked)
    jobs.execute(request.job.pk)
    return encoder, cue, request


def score(cue):
    jobs.execute(Job.objects.get(kind="generation.score", state="queued").pk)
    return {take.number: take.state for take in cue.takes.all()}


def test_the_best_stay_in_the_running_and_the_request_tells_which(tmp_path):
    encoder, cue, request = written(tmp_path, best=2)
    states = score(cue)
    kept = [number for number, state in states.items() if state == TakeState.UP]
    assert (len(states), len(kept)) == (5, 2)
    request.refresh_from_db()
    assert request.best_of == {
        "keep": 2, "style": 1.0, "fit": 1.0, "variety": 1.0, "kept": kept, "encoder": encoder.sha256, "pipeline": "1",
    }  # fmt: skip


def test_what_counts_most_is_chosen_and_kept(tmp_path):
    _encoder, cue, request = written(tmp_path, best=2, mix="variety")
    score(cue)
    request.refresh_from_db()
    weights = {name: request.best_of[name] for name in ("style", "fit", "variety")}
    assert weights == {"style": 0.5, "fit": 0.5, "variety": 2.0}


def test_what_somebody_has_touched_is_left_alone(tmp_path):
    _encoder, cue, _request = written(tmp_path, best=1)
    for take in cue.takes.all():
        set_take_state(take=take, state=TakeState.KEPT)
    assert set(score(cue).values()) == {TakeState.KEPT}


def test_without_the_wish_all_stay(tmp_path):
    _encoder, cue, request = written(tmp_path)
    assert set(score(cue).values()) == {TakeState.UP}
    request.refresh_from_db()
    assert request.best_of == {}


def test_it_needs_an_encoder_and_fewer_than_there_are(tmp_path):
    cue, checkpoint = waltz_cue(), small_checkpoint()
    with pytest.raises(DomainError, match="Without an encoder"):
        request_takes(cue=cue, checkpoint=checkpoint, count=4, best=2)
    small_encoder(tmp_path)
    for best in (0, 4):
        with pytest.raises(DomainError, match="1 to 3 can be kept"):
            request_takes(cue=cue, checkpoint=checkpoint, count=4, best=best)


def test_variety_takes_the_different_one_of_two_equals():
    vectors = np.array([[1, 0, 0], [1, 0.01, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    values = [(1.0, np.array([3.0, 2.9, 2.5, 0.0], dtype=np.float32))]
    assert best_of(values, vectors, keep=2, variety=0.0) == [0, 1]
    assert best_of(values, vectors, keep=2, variety=1.0) == [0, 2]
    assert sorted(best_of(values, vectors, keep=9, variety=1.0)) == [0, 1, 2, 3]
