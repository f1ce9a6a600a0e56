import pytest

from curator.domain.errors import DomainError
from curator.domain.spotting import (
    StageShots,
    add_cue,
    bring_back,
    default_plan,
    merge_cues,
    remove_cue,
    renumber_cue,
    renumber_film,
    split_cue,
)
from curator.models.film import IN_PLAN, ArcStage, Cue, Film, HitPoint, Scene, Shot
from tests.factories import make_take

pytestmark = pytest.mark.django_db


def make_board(*, stages=("Forgotten", "Chosen", "Peace"), lengths=((240, 240), (480,), (240, 240))) -> Film:
    """A film at 24 frames a second: a scene for each tuple, with shots of these lengths in frames."""
    film = Film.objects.create(slug="laterne", title="Laterne")
    position = 0
    for number, shots in enumerate(lengths, start=1):
        scene = Scene.objects.create(film=film, number=number, slug_line=f"INT. ORT {number} - TAG")
        for place, length in enumerate(shots, start=1):
            position += 1
            code = f"S{number:02}-{place:03}"
            Shot.objects.create(film=film, scene=scene, code=code, position=position, length_frames=length)
    for place, name in enumerate(stages, start=1):
        ArcStage.objects.create(film=film, position=place, name=name, colour=place)
    return film


def told(film: Film) -> list[tuple[object, ...]]:
    """Number, stage, first and last shot, in and out of each cue of the plan."""
    return [
        (
            cue.number,
            cue.stage.name if cue.stage else "",
            cue.first_shot.code if cue.first_shot else "",
            cue.last_shot.code if cue.last_shot else "",
            cue.in_frame,
            cue.out_frame,
        )
        for cue in film.cues.filter(IN_PLAN)
    ]


def test_default_plan_has_one_cue_for_each_stage():
    film = make_board()
    cues = default_plan(film=film)
    assert told(film) == [
        ("1m1", "Forgotten", "S01-001", "S01-002", 0, 480),
        ("1m2", "Chosen", "S02-001", "S02-001", 480, 960),
        ("1m3", "Peace", "S03-001", "S03-002", 960, 1440),
    ]
    assert [(cue.title, cue.metre, cue.tempo_map, cue.key, cue.bars) for cue in cues] == [
        ("Forgotten", "3/4", [[1, 56]], "Amin", 6),
        ("Chosen", "3/4", [[1, 68]], "C", 8),
        ("Peace", "3/4", [[1, 53]], "C", 6),
    ]
    assert list(film.stages.values_list("start_frame", flat=True)) == [0, 480, 960]


def test_default_plan_leaves_a_plan_alone():
    film = make_board()
    add_cue(film=film, in_frame=0, out_frame=100)
    assert default_plan(film=film) == []
    assert film.cues.count() == 1


def test_shots_of_no_stage_stay_without_music():
    film = make_board()
    shots = {shot.code: shot for shot in film.shots.all()}
    forgotten, _chosen, peace = film.stages.all()
    default_plan(
        film=film,
        stages=[
            StageShots(forgotten, shots["S01-002"], shots["S01-002"]),
            StageShots(peace, shots["S03-001"], shots["S03-002"]),
        ],
    )
    assert told(film) == [
        ("1m1", "Forgotten", "S01-002", "S01-002", 240, 480),
        ("1m2", "Peace", "S03-001", "S03-002", 960, 1440),
    ]


def test_placed_stages_say_where_cues_are():
    film = make_board()
    for stage, start in zip(film.stages.all(), (240, 480, 1200), strict=True):
        stage.start_frame = start
        stage.save()
    default_plan(film=film)
    assert [(row[0], row[4], row[5]) for row in told(film)] == [
        ("1m1", 240, 480),
        ("1m2", 480, 1200),
        ("1m3", 1200, 1440),
    ]


def test_more_stages_than_shots_share_the_film_evenly():
    film = make_board(lengths=((240,), (240,)))
    default_plan(film=film)
    assert [(row[4], row[5]) for row in told(film)] == [(0, 160), (160, 320), (320, 480)]


def test_without_stages_every_scene_gets_a_cue():
    film = make_board(stages=())
    default_plan(film=film)
    assert [(row[0], row[2], row[3]) for row in told(film)] == [
        ("1m1", "S01-001", "S01-002"),
        ("1m2", "S02-001", "S02-001"),
        ("1m3", "S03-001", "S03-002"),
    ]


def test_a_film_without_shots_gets_no_plan():
    assert default_plan(film=make_board(lengths=())) == []


def test_split_shares_hits_and_bars():
    film = make_board()
    cue = add_cue(film=film, in_frame=0, out_frame=960)
    HitPoint.objects.create(cue=cue, frame=100)
    HitPoint.objects.create(cue=cue, frame=600)
    new = split_cue(cue=cue, frame=480)
    cue.refresh_from_db()
    assert told(film) == [
        ("1m1", "", "S01-001", "S01-002", 0, 480),
        ("1m1a", "", "S02-001", "S02-001", 480, 960),
    ]
    assert [hit.frame for hit in cue.hits.all()] == [100]
    assert [hit.frame for hit in new.hits.all()] == [600]
    # 4/4 at 70: 20 seconds are 5.8 bars
    assert (cue.bars, new.bars, new.tempo_map, new.metre) == (6, 6, [[1, 70]], "4/4")
    with pytest.raises(DomainError):
        split_cue(cue=cue, frame=480)


def test_merge_keeps_hits_and_notes_and_deletes_what_nobody_wrote_for():
    film = make_board()
    first = add_cue(film=film, in_frame=0, out_frame=480)
    second = add_cue(film=film, in_frame=480, out_frame=960)
    HitPoint.objects.create(cue=second, frame=600, label="door", hard=True, weight=2)
    Cue.objects.filter(pk=second.pk).update(notes="no bass")
    second.refresh_from_db()
    merged = merge_cues(first=second, second=first)
    merged.refresh_from_db()
    assert (merged.pk, merged.in_frame, merged.out_frame, merged.notes) == (first.pk, 0, 960, "no bass")
    assert list(merged.hits.values_list("frame", "label", "hard", "weight")) == [(600, "door", True, 2)]
    assert not Cue.objects.filter(pk=second.pk).exists()
    with pytest.raises(DomainError):
        merge_cues(first=merged, second=merged)


def test_a_cue_with_takes_is_set_aside_and_comes_back():
    film = make_board()
    cue = add_cue(film=film, in_frame=0, out_frame=480)
    make_take(cue=cue)
    assert not remove_cue(cue=cue)
    assert (cue.number, film.cues.filter(IN_PLAN).count()) == ("1m1-1", 0)
    other = add_cue(film=film, in_frame=0, out_frame=480)
    assert other.number == "1m1"
    bring_back(cue=cue)
    assert (cue.number, cue.set_aside_at, cue.takes.count()) == ("1m2", None, 1)
    assert remove_cue(cue=other)
    assert [row[0] for row in told(film)] == ["1m2"]


def test_numbers_are_unique_and_order_the_cues():
    film = make_board()
    first = add_cue(film=film, in_frame=0, out_frame=480)
    second = add_cue(film=film, in_frame=480, out_frame=960)
    renumber_cue(cue=first, number="2M1b")
    assert [row[0] for row in told(film)] == ["1m2", "2m1b"]
    with pytest.raises(DomainError, match="taken"):
        renumber_cue(cue=second, number="2m1b")
    with pytest.raises(DomainError, match="written like"):
        renumber_cue(cue=second, number="one")
    renumber_film(film=film)
    assert [(row[0], row[4]) for row in told(film)] == [("1m1", 0), ("2m1", 480)]


def test_a_new_cue_takes_the_stage_it_begins_in():
    film = make_board()
    film.stages.filter(name="Chosen").update(start_frame=300)
    assert add_cue(film=film, in_frame=310, out_frame=480).stage.name == "Chosen"
    with pytest.raises(DomainError):
        add_cue(film=film, in_frame=480, out_frame=480)
