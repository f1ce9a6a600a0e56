import re

import pytest
from django.urls import reverse

from curator.domain.courses import COURSE_JOB
from curator.jobs import execute
from curator.models.film import HitPoint
from curator.models.jobs import Job
from curator.models.ranking import Approval, Take
from curator.notation.convert import abc_to_musicxml
from tests.factories import ABC, make_cue, make_film, make_take, make_user, make_version
from tests.listening import give_opus, give_sound

pytestmark = pytest.mark.django_db


def test_film_page_shows_arc_cues_and_the_next_step(owner_client):
    cue = make_cue(title="Am Pier", state="to_rank")
    HitPoint.objects.create(cue=cue, frame=480, label="Hand", hard=True)
    make_take(cue=cue)
    page = owner_client.get(reverse("film", args=[cue.film.slug])).content.decode()
    assert "Am Pier</span> wants" not in page
    assert re.search(r'<span class="no">1m1</span> Am Pier wants your ears', page)
    assert page.count('class="btn primary"') == 1
    assert '<svg class="arc" data-arc width="100%"' in page
    assert "Forgotten" in page
    assert "style=" not in page


def test_film_page_draws_with_points_in_german(owner_client):
    cue = make_cue()
    owner_client.cookies["django_language"] = "de"
    page = owner_client.get(reverse("film", args=[cue.film.slug])).content.decode()
    assert not re.search(r'(?:x|y|width|height)="\d+,\d', page)
    assert "0:48,0" in page


def test_film_page_draws_the_arc_larger_when_asked(owner_client):
    film = make_cue().film
    address = reverse("film", args=[film.slug])
    plain, large, most = (owner_client.get(address, {"zoom": zoom}).content.decode() for zoom in ("", "4", "16"))
    assert ('class="arcwide z1"' in plain, 'class="arcwide z4"' in large) == (True, True)
    assert ("?zoom=2" in plain, "?zoom=2" in large, "?zoom=8" in large) == (True, True, True)
    assert "?zoom=8" in most
    assert "?zoom=32" not in most
    assert 'class="arcwide z1"' in owner_client.get(address, {"zoom": "3;x"}).content.decode()


def test_film_page_shows_what_the_approved_music_does(owner_client):
    take = make_take(cue=make_cue(), version=make_version(musicxml=abc_to_musicxml(ABC).text))
    Approval.objects.create(cue=take.cue, take=take, by=make_user())
    address = reverse("film", args=[take.cue.film.slug])
    assert 'class="trait"' not in owner_client.get(address).content.decode()
    execute(Job.objects.get(kind=COURSE_JOB).pk)
    page = owner_client.get(address).content.decode()
    assert page.count('<svg class="trait"') == 4
    assert 'class="doing"' in page
    assert "what the approved cues do" in page
    assert "what the leading takes do" not in page
    owner_client.get(address)
    assert Job.objects.filter(kind=COURSE_JOB).count() == 1


def test_film_page_plays_what_stands_for_a_cue(owner_client):
    take = make_take(cue=make_cue())
    give_opus(take)
    Approval.objects.create(cue=take.cue, take=take, by=make_user())
    page = owner_client.get(reverse("film", args=[take.cue.film.slug])).content.decode()
    [row] = re.findall(r'<tr data-cue-row="1m1">.*?</tr>', page, re.DOTALL)
    assert f'data-player-picture="{reverse("cue_picture", args=[take.cue.film.slug, "1m1"])}"' in row


def test_film_without_cues_is_designed(owner_client):
    page = owner_client.get(reverse("film", args=[make_film().slug])).content.decode()
    assert "No cue is marked yet" in page
    assert "Mark the first cue" in page


def test_film_asks_for_sign_in(client):
    response = client.get(reverse("film", args=[make_film().slug]))
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/")


def test_film_is_closed_to_listeners(rater_client):
    assert rater_client.get(reverse("film", args=[make_film().slug])).status_code == 403


def test_film_takes_no_post(owner_client):
    assert owner_client.post(reverse("film", args=[make_film().slug])).status_code == 405


def test_film_that_is_not_there(owner_client):
    assert owner_client.get(reverse("film", args=["nothing"])).status_code == 404


def test_film_page_queries_do_not_grow(owner_client, django_assert_max_num_queries):
    film = make_film()
    make_cue(film=film)
    url = reverse("film", args=[film.slug])
    owner_client.get(url)
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(40) as queries:
            owner_client.get(url)
        counts.append(len(queries))
        make_take(cue=make_cue(film=film))
        make_cue(film=film)
    assert counts[0] == counts[1]


def test_home_leads_the_owner_to_the_film_last_seen(owner_client):
    first, second = make_film(), make_film()
    assert owner_client.get("/")["Location"] == reverse("film", args=[first.slug])
    owner_client.get(reverse("film", args=[second.slug]))
    assert owner_client.get("/")["Location"] == reverse("film", args=[second.slug])


def test_home_without_a_film_says_how_to_get_one(owner_client):
    page = owner_client.get("/")
    assert page.status_code == 200
    assert "seed_demo" in page.content.decode()


def test_home_leads_a_listener_to_what_wants_ears(rater_client):
    film = make_film()
    make_cue(film=film)
    assert "Nothing to hear yet" in rater_client.get("/").content.decode()
    cue = make_cue(film=film, state="to_rank")
    assert "Nothing to hear yet" in rater_client.get("/").content.decode()
    for _ in range(2):
        give_sound(make_take(cue=cue))
    assert rater_client.get("/")["Location"] == reverse("listen", args=[film.slug, "1m2"])
    assert rater_client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == reverse(
        "listen", args=[film.slug, "1m2"]
    )
    Take.objects.all().delete()
    assert rater_client.get("/", headers={"HX-Request": "true"}).status_code == 204


def test_home_asks_for_sign_in_and_takes_no_post(client, owner_client):
    assert owner_client.post("/").status_code == 405
    owner_client.logout()
    assert client.get("/").status_code == 302
