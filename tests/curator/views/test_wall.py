import re

import pytest
from django.urls import reverse

from curator.domain.approvals import approval_in_force, approve_cue
from tests.factories import make_film
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def wall_of(film) -> str:
    return reverse("wall", args=[film.slug])


def test_wall_leads_from_the_leader_to_its_approval_and_back(owner_client, owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 30)
    page = owner_client.get(wall_of(cue.film)).content.decode()
    assert re.findall(r'class="btn sm primary"[^>]*>([^<]+)', page) == ["Approve take 1"]
    take = cue.takes.get(number=1)
    answer = owner_client.post(
        reverse("approve_cue", args=[cue.film.slug, cue.number]),
        {"take": take.public_id, "why": "It waits.", "back": "wall"},
    )
    assert answer["Location"] == f"{wall_of(cue.film)}#cue-{cue.public_id}"
    page = owner_client.get(wall_of(cue.film)).content.decode()
    assert "It waits." in page
    assert "1 of 1 light is lit." in page
    assert "Approve take" not in page
    owner_client.post(
        reverse("revoke_approval", args=[cue.film.slug, cue.number]), {"why": "Too sweet.", "back": "wall"}
    )
    assert approval_in_force(cue=cue) is None
    page = owner_client.get(wall_of(cue.film)).content.decode()
    assert "1 earlier approval" in page
    assert "Too sweet." in page


def test_wall_without_cues_or_takes_is_designed(owner_client):
    film = make_film()
    assert "No cue is marked yet" in owner_client.get(wall_of(film)).content.decode()
    cue_with_takes(0, film=film)
    cue_with_takes(2, film=film)
    page = owner_client.get(wall_of(film)).content.decode()
    assert "There are no takes yet." in page
    assert "No pair has been decided yet." in page


def test_wall_says_when_the_judgements_think_otherwise(owner_client, owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 20)
    approve_cue(cue=cue, take=cue.takes.get(number=3), by=owner)
    assert "Take 1 leads in the judgements." in owner_client.get(wall_of(cue.film)).content.decode()


def test_wall_methods(owner_client, rater_client):
    film = make_film()
    assert owner_client.post(wall_of(film)).status_code == 405
    assert rater_client.get(wall_of(film)).status_code == 403
    assert owner_client.get(reverse("wall", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("count", [1, 5])
def test_wall_queries_do_not_grow(owner_client, owner, django_assert_max_num_queries, count):
    film = make_film()
    for _ in range(count):
        judge(cue_with_takes(2, film=film), owner, 2)
    owner_client.get(wall_of(film))
    with django_assert_max_num_queries(13):
        owner_client.get(wall_of(film))
