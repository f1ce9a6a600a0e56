import re

import pytest
from django.urls import reverse

from tests.curator.domain.test_film_standings import say, two_rounds
from tests.factories import make_film
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def page_of(client, film) -> str:
    return str(client.get(reverse("film_standings", args=[film.slug])).content.decode())


def test_film_standings_show_stages_cohorts_listeners_and_disputes(owner_client, owner, rater):
    film = make_film()
    cue = two_rounds(owner, film=film)
    say(cue, rater, 3, 1, "right")
    page = page_of(owner_client, film)
    assert "Forgotten" in page
    assert page.count("new against old") == 2  # of the stage and of the film
    assert re.search(r"Take [34]</td>", page)
    assert "You" in page
    assert rater.username in page
    assert "Krippendorff's alpha over 1 pair " in page.replace("&#x27;", "'")
    assert "Where listeners differ" in page
    assert "1 pair" in page
    assert "style=" not in page


def test_film_standings_say_how_far_it_is(owner_client, owner):
    sure, open_ = cue_with_takes(4), None
    film = sure.film
    open_ = cue_with_takes(4, film=film)
    judge(sure, owner, 30)
    judge(open_, owner, 2)
    page = page_of(owner_client, film)
    assert page.count("sure enough") == 1
    assert re.search(r"about \d+", page)
    assert page.count('class="iv lead"') == 1


def test_film_standings_warn_of_a_leaning_listener(owner_client, owner):
    cue = cue_with_takes(8)
    for left in range(1, 9):
        for right in range(1, 9):
            if left != right:
                say(cue, owner, left, right)
    assert "Leans to one side" in page_of(owner_client, cue.film)


def test_film_standings_before_anything_was_heard(owner_client):
    film = make_film()
    assert "No cue is marked yet" in page_of(owner_client, film)
    cue_with_takes(0, film=film)
    cue_with_takes(2, film=film)
    page = page_of(owner_client, film)
    assert "There are no takes yet." in page
    assert "No pair has been decided yet." in page
    assert "listeners-h" not in page


def test_film_standings_methods(owner_client, rater_client):
    film = make_film()
    address = reverse("film_standings", args=[film.slug])
    assert owner_client.post(address).status_code == 405
    assert rater_client.get(address).status_code == 403
    assert owner_client.get(reverse("film_standings", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_film_standings_queries_do_not_grow(owner_client, owner, rater, django_assert_max_num_queries, count):
    film = make_film()
    for _ in range(count):
        say(two_rounds(owner, film=film), rater, 3, 1, "right")
    owner_client.get(reverse("film_standings", args=[film.slug]))
    with django_assert_max_num_queries(14):
        owner_client.get(reverse("film_standings", args=[film.slug]))
