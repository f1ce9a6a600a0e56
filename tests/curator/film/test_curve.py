from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.curve import knots_of, through

levels = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=12)


def test_curve_meets_every_knot():
    curve = through([(0, 0.1), (10, 0.8), (20, 0.3)])
    assert curve is not None
    assert [curve.at(second) for second in (0, 10, 20)] == pytest.approx([0.1, 0.8, 0.3])


def test_curve_stays_before_its_first_and_after_its_last_knot():
    curve = through([(10, 0.2), (20, 0.6)])
    assert curve is not None
    assert (curve.at(0), curve.at(99)) == (0.2, 0.6)


@given(levels)
def test_curve_never_leaves_the_range_of_two_neighbours(values):
    curve = through([(float(i), value) for i, value in enumerate(values)])
    assert curve is not None
    for i, (left, right) in enumerate(pairwise(values)):
        low, high = min(left, right), max(left, right)
        for part in range(11):
            assert low - 1e-9 <= curve.at(i + part / 10) <= high + 1e-9


def test_no_knots_give_no_curve():
    assert through([]) is None


def test_levels_are_kept_within_the_drawing():
    curve = through([(0, -3.0), (1, 7.0)])
    assert curve is not None
    assert curve.levels == (0.0, 1.0)


def test_two_stages_meet_in_the_middle_of_what_they_say():
    assert knots_of([(0, 10, [0.2, 0.4]), (10, 20, [0.6, 0.8])]) == [(0, 0.2), (10, 0.5), (20, 0.8)]


def test_a_single_value_lies_in_the_middle_of_its_stage():
    assert knots_of([(0, 10, [0.7]), (10, 10, [0.1]), (10, 20, [])]) == [(5, 0.7)]
