from curator.film.spans import ThemeSpan
from curator.film.theme_lines import THEME_HEIGHT, draw_theme_lines


def lines(*heard: tuple[float, str], name: str = "The lantern"):
    return draw_theme_lines([ThemeSpan("1", name, heard)], seconds=100, top=300, room=960)[0]


def test_marks_lie_where_the_theme_is_heard():
    line = lines((10, "statement"), (55, "fragment"))
    assert [(mark.x, mark.how) for mark in line.marks] == [(10, "statement"), (55, "fragment")]
    assert (line.start, line.end, line.y) == (10, 55, 300 + THEME_HEIGHT / 2)


def test_the_name_stands_where_there_is_most_room():
    assert (lines((10, "statement")).before, lines((10, "statement")).name_x) == (False, 10)
    late = lines((60, "statement"), (95, "variation"))
    assert (late.before, late.name_x, late.name) == (True, 60, "The lantern")
    assert lines((1, "statement"), (99, "variation")).name == ""


def test_themes_lie_below_one_another():
    spans = [ThemeSpan(key, key, [(1, "statement")]) for key in "ab"]
    first, second = draw_theme_lines(spans, seconds=100, top=0, room=960)
    assert second.y - first.y == THEME_HEIGHT
