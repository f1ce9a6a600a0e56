import pytest

from curator.domain.cohorts import Cohort, CohortGap
from curator.preference.cohorts import Comparison
from curator.views.drawing import Dot, draw_gap, draw_matrix


def test_draw_matrix_says_who_won_and_how_often():
    wins = [[0, 3.0, 0.5], [1.0, 0, 0], [0.5, 0, 0]]
    drawn = draw_matrix(wins, [7, 2, 4])
    assert [(one.at, one.number) for one in drawn.headings] == [(15.0, 7), (45.0, 2), (75.0, 4)]
    assert (drawn.size, drawn.met, drawn.pairs, drawn.left_out) == (90.0, 2, 3, 0)
    assert drawn.dots[0] == Dot(x=45.0, y=15.0, radius=10.8, kind="won")
    assert [dot.kind for dot in drawn.dots] == ["won", "even", "lost", "", "even", ""]
    # met once of at most four times: a quarter of the area beyond the smallest
    assert drawn.dots[1].radius == 7.2


def test_draw_matrix_of_many_keeps_the_strongest():
    drawn = draw_matrix([[0.0] * 25 for _ in range(25)], list(range(1, 26)))
    assert (drawn.size, len(drawn.headings), drawn.left_out, drawn.met, drawn.pairs) == (300.0, 20, 5, 0, 300)
    assert draw_matrix([], []).dots == ()


@pytest.mark.django_db
def test_draw_gap_says_how_often_the_newer_is_preferred():
    gap = CohortGap(Cohort("b", "Round 1"), Cohort("a", "Base"), Comparison(mean=0.0, deviation=1.0), 2)
    drawn = draw_gap(gap)
    assert (drawn.label, drawn.at) == ("Round 1 against Base", 50.0)
    assert drawn.low + drawn.high == pytest.approx(100)
    assert drawn.low == pytest.approx(12.3, abs=0.1)  # sigma(-1.96)
    assert "50\u2009% sure it is better" in drawn.value
