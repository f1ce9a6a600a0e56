from curator.views.drawing import Dot, draw_matrix


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
