"""The factories themselves make valid rows."""

import pytest

from tests.factories import make_take


@pytest.mark.django_db
def test_make_take_makes_the_whole_chain():
    take = make_take()
    assert (take.number, take.cue.number, take.cue.film.shots.count()) == (1, "1m1", 2)
    assert take.cue.seconds == 48.0
