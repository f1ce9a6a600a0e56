from hypothesis import given
from hypothesis import strategies as st

from curator.film.course import Moment
from curator.film.spans import MusicSpan
from curator.film.trait_rows import TRAIT_ROOM, draw_line, draw_traits


def moment(start: float, level: float | None, end: float | None = None) -> Moment:
    return Moment(start, start + 1 if end is None else end, level or 0.0, level or 0.0, level, level)


def heights(path: str) -> list[float]:
    return [float(part.split()[1]) for part in path.replace("L", "M").split("M")[1:]]


def test_there_are_no_rows_without_music():
    assert draw_traits((), seconds=10, top=0, room=960) == ()
    assert draw_traits((MusicSpan((), chosen=True),), seconds=10, top=0, room=960) == ()


def test_approved_and_leading_music_are_lines_of_their_own():
    heard, leading = (moment(0, 0.2), moment(1, 0.8)), (moment(5, 0.5), moment(6, 0.5))
    music = (MusicSpan(heard, True), MusicSpan(leading, False))
    density, _loudness, _register, mode = draw_traits(music, seconds=10, top=100, room=960)
    assert (density.key, density.y, density.middle, mode.middle) == ("density", 100, False, True)
    assert (density.chosen.count("L"), density.leading.count("L")) == (1, 1)
    assert density.chosen.startswith("M50.00")


def test_a_row_is_filled_by_what_the_film_does():
    music = (
        MusicSpan(tuple(moment(place, level) for place, level in enumerate((0.5, 0.5, 0.9, 0.9, 0.1, 0.1))), True),
    )
    drawn = heights(draw_traits(music, seconds=6, top=0, room=960)[0].chosen)
    assert (min(drawn) < 5, max(drawn) > TRAIT_ROOM - 5) == (True, True)


def test_small_unrest_is_drawn_small():
    music = (MusicSpan(tuple(moment(place, 0.5 + 0.01 * (place % 2)) for place in range(6)), True),)
    drawn = heights(draw_traits(music, seconds=6, top=0, room=960)[0].chosen)
    assert max(drawn) - min(drawn) < 2


def test_a_line_breaks_where_nothing_sounds():
    at, levels = [0.5, 1.5, 2.5, 3.5, 4.5], [0.1, 0.2, None, 0.3, 0.4]
    assert draw_line(at, levels, seconds=10, room=960, y=lambda level: level).count("M") == 2


def test_points_nearer_than_a_few_pixels_become_one():
    at = [place / 100 for place in range(1000)]
    drawn = draw_line(at, [0.5] * 1000, seconds=10, room=300, y=lambda level: 10 * level)
    assert drawn.count("L") < 120
    assert set(heights(drawn)) == {5.0}


@given(st.lists(st.tuples(st.floats(0, 1) | st.none()), max_size=30))
def test_every_line_stays_in_its_row(levels):
    music = (MusicSpan(tuple(moment(place, level) for place, (level,) in enumerate(levels)), True),)
    for row in draw_traits(music, seconds=40, top=0, room=960):
        assert all(0 <= height <= TRAIT_ROOM for height in heights(row.chosen))
