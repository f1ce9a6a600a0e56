import pytest

from curator.domain.errors import DomainError
from curator.domain.shots import edit_shot, read_length, set_lengths, spread_runtime
from curator.models.film import HitPoint, Shot
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db


def test_typing_one_length_keeps_the_others_and_moves_what_follows():
    film = make_film()
    first, second = make_cue(film=film, out_frame=720), make_cue(film=film, in_frame=720, out_frame=1440)
    HitPoint.objects.create(cue=second, frame=800)
    moved = set_lengths(film=film, lengths={"S01-001": 480, "S09-009": 5})
    film.refresh_from_db()
    assert [(shot.length_frames, shot.estimated, shot.edited) for shot in film.shots.all()] == [
        (480, False, ["length"]),
        (720, False, []),
    ]
    assert (film.length_frames, [cue.number for cue in moved]) == (1200, ["1m1", "1m2"])
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.out_frame, second.in_frame, second.out_frame, second.hits.get().frame) == (480, 480, 1200, 560)
    assert set_lengths(film=film, lengths={"S01-001": 480}) == []


def test_the_runtime_is_spread_over_what_is_estimated():
    film = make_film(runtime_low=50, runtime_high=70)
    Shot.objects.filter(code="S01-002").update(estimated=True, length_frames=1)
    spread_runtime(film=film)
    film.refresh_from_db()
    assert [shot.length_frames for shot in film.shots.all()] == [720, 720]
    assert film.length_frames == 60 * 24


def test_an_edit_is_the_owners_from_then_on():
    film = make_film(runtime_low=60, runtime_high=60)
    shot = film.shots.last()
    edit_shot(shot=shot, description="Rain", dialogue="", frames=720, estimated=False)
    shot.refresh_from_db()
    assert (shot.description, shot.edited) == ("Rain", ["description"])
    edit_shot(shot=shot, description="Rain", dialogue="", frames=700, estimated=True)  # a new length is no estimate
    shot.refresh_from_db()
    assert (shot.length_frames, shot.estimated, shot.edited) == (700, False, ["description", "length"])
    edit_shot(shot=shot, description="Rain", dialogue="", frames=700, estimated=True)  # given back
    shot.refresh_from_db()
    assert (shot.length_frames, shot.estimated, shot.edited) == (720, True, ["description"])
    edit_shot(shot=shot, description="Rain", dialogue="", frames=720, estimated=False)  # right as it is
    shot.refresh_from_db()
    assert (shot.length_frames, shot.estimated, shot.edited) == (720, False, ["description", "length"])


@pytest.mark.parametrize(("text", "frames"), [("4,5", 108), ("0:04.5", 108), ("00:00:04:12", 108), ("108 f", 108)])
def test_lengths_are_typed_in_any_notation(text, frames):
    assert read_length(text=text, film=make_film()) == frames


@pytest.mark.parametrize("text", ["", "0", "long", "00:00:00:24", "-1"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(DomainError):
        read_length(text=text, film=make_film())


def test_a_film_longer_than_any_is_refused_and_nothing_changes():
    film = make_film()
    with pytest.raises(DomainError, match="longer than any film"):
        set_lengths(film=film, lengths={"S01-001": 10**8})
    assert film.shots.first().length_frames == 720
