import io
import re
import zipfile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curator.domain.approvals import revoke_approval
from curator.models.delivery import Delivery
from tests.curator.delivery_scene import lantern, lit_cue, overfull, scored_cue, waltz

pytestmark = pytest.mark.django_db


@pytest.fixture
def film(db):
    return lantern()


def page_of(client: Client, film) -> str:
    answer = client.get(reverse("delivery", args=[film.slug]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_checks_package_and_history(owner_client, owner, film):
    cue = lit_cue(film, owner)
    scored_cue(film, title="Am Pier")
    page = page_of(owner_client, film)
    assert page.count('class="ok"') == 7
    assert "1 of 2 lights can go to Digital Director today." in page
    assert "Ready" in page
    assert "Not decided yet" in page
    assert "1m1_dachboden_v1.musicxml" in page
    assert page.count("btn primary") == 1
    assert len(re.findall(r'data-download><input type="hidden" name="csrfmiddlewaretoken" value="\w+"', page)) == 2
    assert "Nothing was handed over yet." in page
    assert "style=" not in page
    owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    page = page_of(owner_client, film)
    assert "Handed over" in page
    assert "Nothing was handed over yet." not in page


def test_the_page_without_cues_and_without_approvals_is_designed(owner_client, film):
    assert "No cue is marked yet" in page_of(owner_client, film)
    scored_cue(film)
    page = page_of(owner_client, film)
    assert "As soon as a take is approved" in page
    assert "btn primary" not in page


def test_the_page_names_trouble_and_music_that_was_withdrawn(owner_client, owner, film):
    lit_cue(film, owner, musicxml=overfull())
    cue = lit_cue(film, owner)
    owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    revoke_approval(cue=cue, by=owner)
    page = page_of(owner_client, film)
    assert "Bar 1 holds 4 quarter notes in voice 1, but 3/4 has room for 3." in page
    assert page.count('class="no"') == 3  # two cue numbers, one cross
    assert "1m2 was handed over once and has changed since." in page


def test_titles_are_escaped(owner_client, owner):
    film = lantern(title="<script>alert(1)</script>")
    lit_cue(film, owner, title="<b>Bass</b>")
    page = page_of(owner_client, film)
    assert "<script>alert" not in page
    assert "<b>Bass" not in page


def test_the_answer_to_a_cue_is_its_file(owner_client, owner, film):
    cue = lit_cue(film, owner)
    answer = owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.recordare.musicxml+xml")
    assert answer["Content-Disposition"] == 'attachment; filename="1m1_dachboden_v1.musicxml"'
    assert answer.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    again = owner_client.get(reverse("delivered_file", args=[Delivery.objects.get().public_id]))
    assert (again.content, again["Content-Disposition"]) == (answer.content, answer["Content-Disposition"])


def test_the_answer_to_a_film_is_its_package(owner_client, owner, film):
    lit_cue(film, owner)
    lit_cue(film, owner, musicxml=overfull())
    answer = owner_client.post(reverse("deliver_film", args=[film.slug]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert "1m1_dachboden_v1/1m1_dachboden_v1.musicxml" in names
    assert "1m2: Bar 1 holds" in page_of(owner_client, film)


@pytest.mark.parametrize(("kind", "content_type"), [("mid", "audio/midi"), ("abc", "text/vnd.abc"), ("musicxml", None)])
def test_a_cue_has_three_files(owner_client, owner, film, kind, content_type):
    cue = lit_cue(film, owner)
    answer = owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]), {"kind": kind})
    assert answer["Content-Disposition"] == f'attachment; filename="1m1_dachboden_v1.{kind}"'
    assert content_type in (None, answer["Content-Type"])
    refused = owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]), {"kind": "exe"}, follow=True)
    assert "There is no such file." in refused.content.decode()


def test_only_the_ticked_cues_are_packed(owner_client, owner, film):
    lit_cue(film, owner)
    lit_cue(film, owner, title="Heimweg")
    url = reverse("deliver_film", args=[film.slug])
    some = owner_client.post(url, {"chosen": "1", "cue": ["1m2"]})
    names = zipfile.ZipFile(io.BytesIO(some.content)).namelist()
    assert [name for name in names if "/" in name] == [f"1m2_heimweg_v1/1m2_heimweg_v1.{s}" for s in _SUFFIXES]
    assert "_1m2_" in some["Content-Disposition"]
    whole = owner_client.post(url, {"chosen": "1", "cue": ["1m1", "1m2"]})
    assert whole.content == owner_client.post(url).content
    none = owner_client.post(url, {"chosen": "1"}, follow=True)
    assert "Tick at least one cue." in none.content.decode()


_SUFFIXES = ("abc", "mid", "musicxml")


def test_what_the_files_say_is_the_owners_choice(owner_client, owner, film):
    cue = lit_cue(film, owner)
    url = reverse("delivery_settings", args=[film.slug])
    told = {"composer_line": "  Team  Laterne ", "publisher": "Verlag", "note": "=mine", "semicolon": "on", "bom": "on"}
    assert "From now on the files say so." in owner_client.post(url, told, follow=True).content.decode()
    answer = owner_client.post(reverse("deliver_film", args=[film.slug]))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        score = archive.read("1m1_dachboden_v1/1m1_dachboden_v1.musicxml").decode()
        sheet = archive.read("cuesheet.csv")
        page = archive.read("cuesheet.html").decode()
    assert '<creator type="composer">Team Laterne</creator>' in score
    assert "miscellaneous" not in score
    assert sheet.startswith(b"\xef\xbb\xbfFilm;Cue;")
    assert b";Team Laterne;Verlag;" in sheet
    assert sheet.rstrip().endswith(b";'=mine")
    assert "<script" not in page
    assert "Verlag" in page
    assert owner_client.post(url, told | {"note": "x" * 301}, follow=True).status_code == 200
    assert owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number])).status_code == 200


def test_a_cue_that_was_changed_after_delivery_says_so(owner_client, owner, film):
    cue = lit_cue(film, owner)
    owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    assert "has changed since" not in page_of(owner_client, film)
    cue.hits.create(frame=40, label="Door", hard=True)
    page = page_of(owner_client, film)
    assert "Changed since it was handed over" in page
    assert "1m1 was handed over once and has changed since." in page
    owner_client.post(reverse("deliver_film", args=[film.slug]))
    assert "has changed since" not in page_of(owner_client, film)


def test_a_cue_in_another_metre_than_the_clients_grid_is_told(owner_client, owner, film):
    lit_cue(film, owner)
    assert "4/4 grid" not in page_of(owner_client, film)
    lit_cue(film, owner, musicxml=waltz())
    assert "Digital Director sets accents on a 4/4 grid, also in: 1m2 (3/4)" in " ".join(
        page_of(owner_client, film).split()
    )


def test_what_is_dark_along_the_arc_is_named(owner_client, owner, film):
    lit_cue(film, owner)
    scored_cue(film, title="Am Pier")
    assert "Dark so far: 1m2 Am Pier (Forgotten)" in " ".join(page_of(owner_client, film).split())


@pytest.mark.parametrize("name", ["deliver_cue", "deliver_film"])
def test_what_cannot_go_is_a_message_on_the_page(owner_client, film, name):
    cue, _take = scored_cue(film)
    place = [film.slug, cue.number] if name == "deliver_cue" else [film.slug]
    answer = owner_client.post(reverse(name, args=place), follow=True)
    assert answer.redirect_chain == [(reverse("delivery", args=[film.slug]), 302)]
    assert re.search(r"No take of 1m1 is approved yet|No cue is approved", answer.content.decode())


def _places(film, cue, row) -> dict[str, tuple[str, str]]:
    return {
        reverse("delivery", args=[film.slug]): ("get", "post"),
        reverse("deliver_cue", args=[film.slug, cue.number]): ("post", "get"),
        reverse("deliver_film", args=[film.slug]): ("post", "get"),
        reverse("delivered_file", args=[row.public_id]): ("get", "post"),
    }


def test_every_view_is_the_owners_alone_and_takes_one_method(owner_client, rater_client, owner, film):
    cue = lit_cue(film, owner)
    owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    for url, (right, wrong) in _places(film, cue, Delivery.objects.get()).items():
        assert getattr(owner_client, right)(url).status_code == 200, url
        assert getattr(owner_client, wrong)(url).status_code == 405, url
        assert getattr(rater_client, right)(url).status_code == 403, url
        answer = getattr(Client(), right)(url)
        assert (answer.status_code, answer["Location"]) == (302, f"{reverse('sign_in')}?next={url}"), url


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("delivery", ["nowhere"]),
        ("deliver_film", ["nowhere"]),
        ("deliver_cue", ["nowhere", "1m1"]),
        ("delivered_file", ["nothing"]),
    ],
)
def test_what_is_not_there_is_not_found(owner_client, name, place):
    method = owner_client.get if name in ("delivery", "delivered_file") else owner_client.post
    assert method(reverse(name, args=place)).status_code == 404


def test_a_file_that_the_storage_lost_is_not_found(owner_client, owner, film):
    cue = lit_cue(film, owner)
    owner_client.post(reverse("deliver_cue", args=[film.slug, cue.number]))
    row = Delivery.objects.get()
    row.media.sha256 = "0" * 64
    row.media.save()
    assert owner_client.get(reverse("delivered_file", args=[row.public_id])).status_code == 404


def test_the_page_asks_the_database_as_often_for_six_cues_as_for_one(owner_client, owner, django_assert_num_queries):
    film = lantern()
    lit_cue(film, owner)
    page_of(owner_client, film)
    with CaptureQueriesContext(connection) as once:
        page_of(owner_client, film)
    for _ in range(5):
        lit_cue(film, owner)
    with django_assert_num_queries(len(once)):
        page_of(owner_client, film)
