import pytest

from curator.domain.listening import SeenShot, picture_of
from curator.domain.media import store_media
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db


def test_picture_shows_the_shots_under_the_cue():
    film = make_film(start_frame=24 * 3600)
    film.shots.filter(position=1).update(description="Dust.")
    cue = make_cue(film=film, in_frame=48, out_frame=744)
    picture = picture_of(cue=cue)
    assert picture.shots == (
        SeenShot(code="S01-001", label="01:00:02:00", description="Dust.", start=-2.0, end=28.0),
        SeenShot(code="S01-002", label="01:00:30:00", description="", start=28.0, end=58.0),
    )
    assert (picture.video, picture.start) == (None, 2.0)


def test_picture_leaves_out_what_only_touches_the_cue():
    film = make_film()
    assert [shot.code for shot in picture_of(cue=make_cue(film=film, in_frame=0, out_frame=720)).shots] == ["S01-001"]
    assert [shot.code for shot in picture_of(cue=make_cue(film=film, in_frame=720, out_frame=800)).shots] == ["S01-002"]


def test_picture_is_the_cut_when_the_film_has_one(django_assert_num_queries):
    cut = store_media(data=b"moving", suffix=".mp4")
    cue = make_cue(film=make_film(picture=cut.sha256))
    with django_assert_num_queries(3):
        assert picture_of(cue=cue).video == cut
