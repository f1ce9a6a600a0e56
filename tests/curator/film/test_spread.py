import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.spread import spread


def test_stages_take_scenes_where_the_lengths_allow_it():
    # three scenes of 10, 10 and 40 seconds, six stages: two scenes of their own, four stages inside the third
    lengths = [5, 5, 5, 5, *[5] * 8]
    scenes = [1, 1, 2, 2, *[3] * 8]
    assert spread(lengths, scenes, 6) == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11)]


def test_a_border_of_scenes_draws_a_border_of_stages():
    assert spread([10, 10, 10, 10, 10], [1, 1, 1, 2, 2], 2) == [(0, 2), (3, 4)]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 4)), min_size=1, max_size=30), st.data())
def test_every_shot_is_in_one_part(shots, data):
    parts = data.draw(st.integers(1, len(shots)))
    scenes = sorted(scene for _, scene in shots)
    runs = spread([length for length, _ in shots], scenes, parts)
    assert len(runs) == parts
    assert [index for first, last in runs for index in range(first, last + 1)] == list(range(len(shots)))


def test_more_parts_than_shots_are_refused():
    with pytest.raises(ValueError):
        spread([1], [1], 2)
