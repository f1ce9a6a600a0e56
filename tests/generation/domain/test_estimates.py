"""What is told before a request starts."""

import pytest

from curator.domain.pauses import pause_queue
from generation.domain.estimates import (
    Estimate,
    Pace,
    Span,
    estimate,
    paces_of,
    requests_before,
    span_of,
    spread,
    wait_for,
)
from generation.domain.requests import request_takes
from generation.models.requests import Candidate, CandidateState
from tests.generation.writing import small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db


def near(span):
    return pytest.approx((span.low, span.high))


def test_a_span_covers_what_was_measured_and_is_never_surer_than_that():
    same = [Pace(8, 1.0), Pace(8, 1.2), Pace(8, 2.0)]
    assert near(span_of(same, 8, 10)) == (10.0, 20.0)
    assert near(span_of([Pace(8, 1.0)], 8, 10)) == (7.0, 13.0)
    assert near(span_of(same, 16, 10)) == (20.0, 40.0)
    assert span_of([], 8, 10) is None


def test_other_numbers_side_by_side_widen_the_span():
    assert near(span_of([Pace(8, 1.0)], 2, 10)) == (2.5, 10.0)
    assert near(span_of([Pace(1, 1.0)], 4, 10)) == (10.0, 40.0)
    both = [Pace(1, 1.0), Pace(4, 3.0)]
    assert near(span_of(both, 4, 10)) == (21.0, 39.0)


def test_workers_share_requests_and_what_is_left_of_one():
    paces = [Pace(8, 1.0), Pace(4, 0.6)]
    assert near(spread([(paces, 8, 10)], 1)) == (7.0, 13.0)
    assert near(spread([(paces, 8, 10)], 2)) == (4.2, 7.8)
    assert near(spread([(paces, 8, 10)] * 2, 2)) == (7.0, 13.0)
    assert near(spread([(paces, 8, 10)] * 3, 2)) == (10.5, 19.5)
    assert spread([([], 8, 10)], 2) is None


def test_a_pace_knows_how_many_were_written_beside_it():
    checkpoint = small_checkpoint()
    request = request_takes(cue=waltz_cue(bars=4), checkpoint=checkpoint, count=8)
    told = {"checkpoint_sha256": checkpoint.sha256, "bars_written": 4, "seconds": 2.0, "settings": {"beside": 4}}
    request.candidates.update(state=CandidateState.WRITTEN, **told)
    assert paces_of(checkpoint) == [Pace(4, 0.5)] * 8


def test_the_speed_of_a_checkpoint_is_that_of_its_newest_candidates():
    checkpoint = small_checkpoint()
    request = request_takes(cue=waltz_cue(bars=4), checkpoint=checkpoint, count=2)
    assert paces_of(checkpoint) == []
    request.candidates.update(
        state=CandidateState.WRITTEN, checkpoint_sha256=checkpoint.sha256, bars_written=4, seconds=2.0
    )
    assert paces_of(checkpoint) == [Pace(2, 0.5), Pace(2, 0.5)]
    Candidate.objects.filter(index=0).update(bars_written=1)
    assert paces_of(checkpoint) == [Pace(2, 0.5)]
    request.brief["start"] = {"version": "x"}
    request.save()
    assert paces_of(checkpoint) == []


def test_requests_wait_for_those_before_them():
    checkpoint = small_checkpoint()
    cue = waltz_cue(bars=4)
    first, second = (request_takes(cue=cue, checkpoint=checkpoint, count=2) for _ in range(2))
    assert requests_before(first.job) == []
    assert requests_before(second.job) == [first]
    assert wait_for([first], 1) is None
    second.candidates.update(
        state=CandidateState.WRITTEN, checkpoint_sha256=checkpoint.sha256, bars_written=4, seconds=4.0
    )
    assert near(wait_for([first], 1)) == (2.8, 5.2)
    assert near(wait_for([first, first], 2)) == (2.8, 5.2)
    assert near(wait_for([first], 2)) == (2.0, 4.0)  # one take each, at a pace that was measured with two
    told = estimate(checkpoint=checkpoint, pieces=[(2, 8), (2, 8)])
    assert (told.before, told.workers, told.paused) == (2, 0, False)
    assert near(told.work) == (11.2, 20.8)
    pause_queue(queue="gpu")
    assert estimate(checkpoint=checkpoint, pieces=[]) == Estimate(Span(0, 0), 2, told.wait, 0, True)
