from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.arc import BLOCKS_TOP, CURVE_TOP, draw
from curator.film.course import Moment
from curator.film.spans import CueSpan, MusicSpan, ShotSpan, StageSpan, ThemeSpan

STAGES = [StageSpan("Forgotten", 1, 0, 60, [0.1, 0.2]), StageSpan("Peace", 6, 60, 100, [0.2, 0.8])]


def cue(key: str, start: float, end: float, title: str = "Nebel") -> CueSpan:
    return CueSpan(key, title, ["3/4 · 60 · 24 bars", "24 bars"], start, end, [(start + 1, True, "Hand")])


def test_places_are_percent_of_the_film():
    arc = draw(seconds=100, stages=STAGES, cues=[cue("1m1", 10, 40)], shots=[ShotSpan("S01-001", 0, 25, True)])
    assert [(stage.x, stage.width, stage.first) for stage in arc.stages] == [(0, 60, True), (60, 40, False)]
    assert [(drawn.x, drawn.width, drawn.light_x) for drawn in arc.cues] == [(10, 30, 25)]
    assert [(tile.code, tile.x, tile.width) for tile in arc.tiles.tiles] == [("S01-001", "0.000%", "25.000%")]
    assert (arc.tiles.spoken, [colour for colour, _land in arc.tiles.lands]) == (((0, 25),), [1])
    assert [hit.x for hit in arc.cues[0].hits] == [11]


def test_the_areas_of_two_stages_share_their_border():
    arc = draw(seconds=100, stages=STAGES, cues=[], shots=[])
    left, right = (stage.area for stage in arc.stages)
    assert left.startswith("M0.00 ")
    assert left.endswith("L600.00 208L0.00 208z")
    assert right.startswith("M600.00 ")
    assert arc.line.count("C") == 2


def test_the_light_lies_on_the_curve():
    high = draw(seconds=100, stages=[StageSpan("Salvation", 5, 0, 100, [1, 1])], cues=[cue("1m1", 0, 9)], shots=[])
    low = draw(seconds=100, stages=[StageSpan("Forgotten", 1, 0, 100, [0, 0])], cues=[cue("1m1", 0, 9)], shots=[])
    assert high.cues[0].light_y == CURVE_TOP + 14
    assert low.cues[0].light_y == CURVE_TOP + 201


def test_cues_that_overlap_lie_in_lanes():
    arc = draw(seconds=100, stages=[], cues=[cue("1m1", 0, 40), cue("1m2", 30, 50), cue("1m3", 45, 60)], shots=[])
    lanes = [drawn.y for drawn in arc.cues]
    assert lanes[0] == lanes[2] == BLOCKS_TOP
    assert lanes[1] > lanes[0] + arc.cues[0].height
    assert arc.strip_y > lanes[1] + arc.cues[0].height


def test_titles_are_wrapped_and_never_cut():
    wide, narrow, tiny = draw(
        seconds=100,
        stages=[],
        cues=[
            cue("1m1", 0, 40, "Die Hand im Staub"),
            cue("1m2", 40, 51, "Die Hand im Staub"),
            cue("1m3", 51, 53, "Nebel"),
        ],
        shots=[],
    ).cues
    assert [line for _y, line in wide.lines] == ["Die Hand im Staub"]
    assert [line for _y, line in narrow.lines] == ["Die Hand", "im Staub"]
    assert tiny.lines == ()
    assert (wide.plan, narrow.plan, tiny.plan) == ("3/4 · 60 · 24 bars", "24 bars", "")
    assert (narrow.shows_light, tiny.shows_light, tiny.shows_number) == (True, False, False)


@given(st.floats(1, 20000))
def test_the_ruler_has_few_labels_inside_the_film(seconds):
    ticks = draw(seconds=seconds, stages=[], cues=[], shots=[]).ticks
    labelled = [tick for tick in ticks if tick.seconds is not None]
    assert 1 <= len(labelled) <= 11
    assert all(0 <= tick.x <= 100 for tick in ticks)


def test_rows_of_the_narrow_arc_join_at_their_borders():
    arc = draw(seconds=100, stages=STAGES, cues=[cue("1m1", 0, 30), cue("1m2", 50, 90)], shots=[])
    for upper, lower in pairwise(arc.rows):
        assert upper.line.rsplit("L", 1)[1].split()[0] == lower.line[1:].split()[0]
    assert [row.key for row in arc.rows] == ["1m1", "1m2"]


def test_without_cues_the_rows_are_the_stages():
    arc = draw(seconds=100, stages=STAGES, cues=[], shots=[])
    assert [(row.key, row.colour) for row in arc.rows] == [("Forgotten", 1), ("Peace", 6)]


def test_a_film_without_anything_is_drawn():
    arc = draw(seconds=1, stages=[], cues=[], shots=[])
    assert (arc.line, arc.stages, arc.cues, arc.tiles.tiles, arc.rows, arc.traits) == ("", (), (), (), (), ())
    assert arc.height == pytest.approx(arc.ruler_y + 40)


def test_a_larger_arc_has_room_for_more():
    cues, shots = [cue("1m1", 0, 5, "Nebel")], [ShotSpan("S01-001", 0, 3, False)]
    small, large = (draw(seconds=100, stages=STAGES, cues=cues, shots=shots, zoom=zoom) for zoom in (1, 8))
    assert (small.cues[0].lines, small.tiles.tiles[0].code, len(small.ticks)) == ((), "", 20)
    assert ([line for _y, line in large.cues[0].lines], large.tiles.tiles[0].code) == (["Nebel"], "S01-001")
    assert large.cues[0].tight
    assert len(large.ticks) > 3 * len(small.ticks)
    assert (small.cues[0].x, small.cues[0].width) == (large.cues[0].x, large.cues[0].width)


def test_what_fits_on_a_printed_page_is_not_tight():
    assert not draw(seconds=100, stages=STAGES, cues=[cue("1m1", 0, 60)], shots=[], zoom=4).cues[0].tight


def test_what_the_music_does_lies_beside_the_intended_curve_and_below():
    moments = tuple(Moment(start, start + 5, 0.5, 0.5, 0.5, 0.7) for start in range(10, 40, 5))
    arc = draw(seconds=100, stages=STAGES, cues=[cue("1m1", 10, 40)], shots=[], music=[MusicSpan(moments, chosen=True)])
    assert arc.doing.startswith("M125.00 ")
    assert arc.doing.count("L") == 5
    assert arc.leading == ""
    assert [row.key for row in arc.traits] == ["density", "loudness", "register", "mode"]
    assert arc.height > arc.traits[-1].y + 32
    bare = draw(seconds=100, stages=STAGES, cues=[cue("1m1", 10, 40)], shots=[])
    assert arc.height > bare.height == bare.ruler_y + 40


def test_themes_that_are_heard_have_a_line_between_blocks_and_strip():
    themes = [ThemeSpan("1", "Lantern", [(20, "statement"), (80, "variation")]), ThemeSpan("2", "Home", [])]
    arc = draw(seconds=100, stages=STAGES, cues=[cue("1m1", 10, 40)], shots=[], themes=themes)
    [line] = arc.themes
    assert (line.start, line.end, [mark.how for mark in line.marks]) == (20, 80, ["statement", "variation"])
    assert arc.cues[0].y + arc.cues[0].height < line.y < arc.dialogue_y
