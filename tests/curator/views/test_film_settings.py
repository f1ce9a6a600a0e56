"""A new film, and what is said of one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from curator.models.film import Film
from tests.curator.film.storyboards import EXAMPLE
from tests.factories import make_film, make_take

pytestmark = pytest.mark.django_db


def test_a_film_begins_with_a_title(owner_client):
    answer = owner_client.post("/films/new/", {"title": "Das Licht", "fps": "29.97", "language": "en"})
    film = Film.objects.get()
    assert answer["Location"] == "/films/das-licht/import/"
    assert (film.title, film.fps_numerator, film.fps_denominator, film.language) == ("Das Licht", 30000, 1001, "en")


def test_a_film_begins_with_a_file(owner_client):
    file = SimpleUploadedFile("board.md", EXAMPLE.encode())
    answer = owner_client.post("/films/new/", {"fps": "24", "language": "de", "file": file}, follow=True)
    assert "The footer says 2 shots, found 3." in answer.content.decode()
    assert Film.objects.get().slug == "die-kleine-laterne"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Write a title, or choose a file that names one."),
        ({"title": "A", "fps": "12"}, "not one of the available choices"),
        ({"file": SimpleUploadedFile("a.md", b"nothing")}, "This is neither"),
    ],
)
def test_what_is_no_film_is_told(owner_client, told, words):
    answer = owner_client.post("/films/new/", {"fps": "24", "language": "de"} | told)
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert not Film.objects.exists()


def test_settings_are_kept(owner_client):
    film = make_film(fps_numerator=30000, fps_denominator=1001, drop_frame=True, runtime_low=60, runtime_high=90)
    address = f"/films/{film.slug}/settings/"
    page = owner_client.get(address).content.decode()
    assert 'value="1:00–1:30"' in page
    assert '<option value="29.97" selected>' in page
    told = {
        "title": "Laterne", "logline": "A light.", "language": "", "fps": "25", "start": "10:00:00:00",
        "runtime": "8-10 minutes",
    }  # fmt: skip
    assert owner_client.post(address, told)["Location"] == address
    film.refresh_from_db()
    assert (film.title, film.logline, film.language, film.fps, film.drop_frame, film.start_frame) == (
        "Laterne", "A light.", "", 25, False, 900_000
    )  # fmt: skip
    assert (film.runtime_low, film.runtime_high, film.edited) == (480, 600, ["runtime"])


def test_an_unusual_rate_and_language_stay_as_they_are(owner_client):
    film = make_film(fps_numerator=12, language="tr")
    page = owner_client.get(f"/films/{film.slug}/settings/").content.decode()
    assert '<option value="12" selected>' in page
    assert '<option value="tr" selected>' in page


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"runtime": "long"}, "Write a runtime such as"),
        ({"drop_frame": "on"}, "only at 29.97"),
        ({"start": "25:00:00:00"}, "does not exist"),
        ({"title": ""}, "This field is required"),
        ({"fps": "25"}, "its frame rate stays"),
    ],
)
def test_what_cannot_be_is_told(owner_client, told, words):
    film = make_take().cue.film
    plain = {"title": "A", "language": "de", "fps": "24", "start": "00:00:00:00"}
    answer = owner_client.post(f"/films/{film.slug}/settings/", plain | told)
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    film.refresh_from_db()
    assert film.title != "A"


def test_the_menu_leads_to_the_films_pages(owner_client):
    film = make_film()
    page = owner_client.get(f"/films/{film.slug}/").content.decode()
    for name in ("shots", "import", "settings"):
        assert f'href="/films/{film.slug}/{name}/"' in page
    assert 'href="/films/new/"' in page


def test_without_a_film_the_first_page_begins_one(owner_client):
    assert 'href="/films/new/"' in owner_client.get("/").content.decode()
