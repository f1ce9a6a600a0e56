"""The list of scenes and shots, and a shot by itself."""

import pytest

from curator.domain.shots import read_length
from curator.film.timecode import RATES, frame_rate
from curator.models.film import Film, Scene, Shot
from curator.templatetags.film import seconds_of, timecode
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db


def test_shots_stand_with_their_timecode_and_length(owner_client):
    film = make_film(start_frame=86400)
    page = owner_client.get(f"/films/{film.slug}/shots/").content.decode()
    assert "01:00:30:00" in page
    assert 'value="30.00"' in page
    assert "INT. DACHBODEN - TAG" in page


def test_lengths_are_typed_in_the_list(owner_client):
    cue = make_cue()
    shot = cue.film.shots.first()
    address = f"/films/{cue.film.slug}/shots/"
    answer = owner_client.post(address, {f"length-{shot.pk}": "10,5"}, follow=True)
    shot.refresh_from_db()
    assert (shot.length_frames, shot.edited) == (252, ["length"])
    assert [str(message) for message in answer.context["messages"]] == [
        "The lengths are kept; no import changes them.",
        "Cues that moved with their shots: 1m1.",
    ]
    answer = owner_client.post(address, {f"length-{shot.pk}": "soon"})
    assert (answer.status_code, "“soon” is no length" in answer.content.decode()) == (400, True)
    assert 'value="soon"' in answer.content.decode()


def test_a_long_film_shows_one_scene_at_a_time(owner_client):
    film = make_film()
    scene = Scene.objects.create(film=film, number=2, slug_line="EXT. HAFEN - NACHT")
    Shot.objects.bulk_create(
        Shot(film=film, scene=scene, code=f"S02-{n:03}", position=n + 2, length_frames=24) for n in range(1, 450)
    )
    page = owner_client.get(f"/films/{film.slug}/shots/").content.decode()
    assert ("S01-001" in page, "S02-001" in page, "?scene=2" in page) == (True, False, True)
    shot = film.shots.get(code="S02-449")
    answer = owner_client.post(f"/films/{film.slug}/shots/?scene=2", {f"length-{shot.pk}": "2"})
    assert answer["Location"] == f"/films/{film.slug}/shots/?scene=2"
    shot.refresh_from_db()
    assert shot.length_frames == 48


def test_a_film_without_shots_leads_to_the_import(owner_client):
    film = Film.objects.create(slug="leer", title="Leer")
    assert "/films/leer/import/" in owner_client.get("/films/leer/shots/").content.decode()
    assert owner_client.post("/films/leer/spread/")["Location"] == f"/films/{film.slug}/shots/"


def test_the_runtime_is_spread_by_a_button(owner_client):
    film = make_film(runtime_low=30, runtime_high=30)
    film.shots.update(estimated=True)
    page = owner_client.get(f"/films/{film.slug}/shots/").content.decode()
    assert f'action="/films/{film.slug}/spread/"' in page
    owner_client.post(f"/films/{film.slug}/spread/")
    film.refresh_from_db()
    assert film.length_frames == 720
    assert f'action="/films/{film.slug}/spread/"' not in owner_client.get(f"/films/{film.slug}/shots/").content.decode()


def test_a_shot_is_edited(owner_client):
    film = make_film()
    address = f"/films/{film.slug}/shots/S01-001/"
    assert "S01-002" in owner_client.get(address).content.decode()
    told = {"description": "Rain\r\nfalls", "dialogue": "Ja.", "length": "30.00"}
    assert owner_client.post(address, told)["Location"] == address
    shot = film.shots.first()
    assert (shot.description, shot.dialogue, shot.length_frames, shot.edited) == (
        "Rain\nfalls", "Ja.", 720, ["description", "dialogue"]
    )  # fmt: skip
    assert "no import changes it" in owner_client.get(address).content.decode()
    answer = owner_client.post(address, told | {"length": "0"})
    assert (answer.status_code, "at least one frame" in answer.content.decode()) == (400, True)
    assert owner_client.get(f"/films/{film.slug}/shots/S09-009/").status_code == 404


@pytest.mark.parametrize("rate", RATES)
def test_a_length_that_is_shown_means_the_same_frames_when_it_is_typed(rate):
    fps = frame_rate(rate)
    film = Film(fps_numerator=fps.numerator, fps_denominator=fps.denominator)
    for frames in (*range(1, 200), 1001, 123_457):
        assert read_length(text=seconds_of(film, frames), film=film) == frames


def test_timecode_ends_with_the_day():
    assert (timecode(Film(), 24), timecode(Film(), 10**7)) == ("00:00:01:00", "–")


def test_queries_do_not_grow_with_the_shots(owner_client, django_assert_num_queries):
    for count in (1, 30):
        film = make_film()
        scene = film.scenes.get()
        Shot.objects.bulk_create(
            Shot(film=film, scene=scene, code=f"S01-1{n:03}", position=n + 2, length_frames=24) for n in range(1, count)
        )
        with django_assert_num_queries(11):
            owner_client.get(f"/films/{film.slug}/shots/")
