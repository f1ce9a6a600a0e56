import re

import pytest
from django.test import Client
from django.urls import reverse

from curator.models.delivery import ApiToken
from tests.curator.delivery_scene import lantern

pytestmark = pytest.mark.django_db

URL = "/tokens/"


def test_a_new_token_is_shown_once_and_opens_the_api(owner_client):
    film = lantern(slug="lantern")
    assert "No token yet" in owner_client.get(URL).content.decode()
    data = {"name": "Digital Director", "scopes": ["list", "fetch"], "film": film.pk, "days": "30"}
    page = owner_client.post(URL, data, follow=True).content.decode()
    [text] = set(re.findall(r"cuewright_[\w-]+", page)) - {"cuewright_session_8000"}
    assert Client().get("/api/films", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    page = owner_client.get(URL).content.decode()
    assert text not in page
    assert "Digital Director" in page
    assert "see which cues are approved, fetch their files" in page
    row = ApiToken.objects.get()
    assert (row.film, row.scopes) == (film, ["list", "fetch"])
    page = owner_client.post(reverse("revoke_token", args=[row.public_id]), follow=True).content.decode()
    assert "Digital Director opens nothing any more." in page
    assert "revoked" in page
    assert Client().get("/api/films", headers={"Authorization": f"Bearer {text}"}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"name": ""}, "This field is required"), ({"scopes": []}, "This field is required"), ({"days": "9"}, "days")],
)
def test_a_bad_form_says_so_and_makes_nothing(owner_client, changes, sentence):
    answer = owner_client.post(URL, {"name": "dd", "scopes": ["list"], "days": "30"} | changes)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_tokens_are_the_owners_alone(rater_client, owner_client):
    assert rater_client.get(URL).status_code == 403
    assert rater_client.post(reverse("revoke_token", args=["nothing"])).status_code == 403
    assert Client().get(URL).status_code == 302
    assert owner_client.get(reverse("revoke_token", args=["nothing"])).status_code == 405
    assert owner_client.post(reverse("revoke_token", args=["nothing"])).status_code == 404
