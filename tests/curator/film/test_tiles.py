from curator.film.curve import through
from curator.film.spans import ShotSpan, StageSpan
from curator.film.tiles import draw_tiles

STAGES = [StageSpan("Forgotten", 1, 0, 50, [0.0]), StageSpan("Peace", 6, 50, 100, [1.0])]


def shot(code: str, start: float, end: float, *, spoken: bool = False, still: str = "") -> ShotSpan:
    return ShotSpan(code, start, end, spoken, label=f"{code}, told", still=still)


def test_each_stage_has_one_path_for_the_land_of_all_its_shots():
    shots = [shot("1", 0, 20), shot("2", 20, 50), shot("3", 50, 100)]
    curve = through([(0.0, 0.0), (50.0, 0.5), (100.0, 1.0)])
    tiles = draw_tiles(shots, STAGES, curve, seconds=100, room=960)
    assert [(colour, land.count("M")) for colour, land in tiles.lands] == [(1, 2), (6, 1)]
    assert tiles.cuts == "M200.00 0V58M500.00 0V58M1000.00 0V58"
    low, high = (float(land.split("H")[0].split()[1]) for _colour, land in tiles.lands)
    assert high < low


def test_dialogue_of_neighbours_is_one_bar():
    shots = [
        shot("1", 0, 20, spoken=True),
        shot("2", 20, 50, spoken=True),
        shot("3", 50, 70),
        shot("4", 70, 80, spoken=True),
    ]
    assert draw_tiles(shots, STAGES, None, seconds=100, room=960).spoken == ((0, 50), (70, 10))


def test_codes_and_stills_stand_where_there_is_room():
    shots = [shot("S01-001", 0, 90, still="a"), shot("S01-002", 90, 92, still="b"), shot("S01-003", 92, 100)]
    wide, narrow, middling = draw_tiles(shots, STAGES, None, seconds=100, room=960).tiles
    assert (wide.code, wide.label, wide.still) == ("S01-001", "S01-001, told", "a")
    assert (narrow.code, narrow.label, narrow.still) == ("", "S01-002, told", "")
    assert (middling.code, middling.still) == ("S01-003", "")


def test_nothing_is_said_of_what_cannot_be_pointed_at():
    shots = [shot("S01-001", 0, 0.2), shot("S01-002", 0.2, 100)]
    assert [tile.label for tile in draw_tiles(shots, STAGES, None, seconds=100, room=960).tiles] == ["S01-002, told"]


def test_cuts_of_very_many_shots_are_hairs():
    many = [shot(str(place), place, place + 1) for place in range(100)]
    assert draw_tiles(many, STAGES, None, seconds=100, room=960).fine
    assert not draw_tiles(many, STAGES, None, seconds=100, room=9600).fine
    assert not draw_tiles([], [], None, seconds=1, room=960).fine
