"""The owner's page of listeners, and the door as a listener meets it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from curator.models.accounts import SignInLink, User
from tests.factories import make_user
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def invite(owner_client, name: str = "Mia") -> str:
    """The address of a new invitation, as the page shows it."""
    page = owner_client.post(reverse("raters"), {"name": name}, follow=True).content.decode()
    [address] = re.findall(r'value="http://testserver(/sign-in/[^"]+)"', page)
    return str(address)


def test_a_link_is_shown_once_and_lets_one_device_in(owner_client):
    address = invite(owner_client)
    assert address not in owner_client.get(reverse("raters")).content.decode()
    phone = Client()
    door = phone.get(address).content.decode()
    assert "Good to have you here, Mia" in door
    assert "What is kept" in door
    assert SignInLink.objects.get().used_at is None
    assert phone.post(address).status_code == 302
    assert phone.get("/").status_code == 200
    assert Client().post(address).status_code == 410
    assert "What is kept" not in Client().get(address).content.decode()


def test_a_link_that_was_taken_back_is_no_good(owner_client):
    address = invite(owner_client)
    user = User.objects.get(username="Mia")
    assert "invited until" in owner_client.get(reverse("raters")).content.decode()
    owner_client.post(reverse("revoke_invitation", args=[user.public_id]))
    assert "not invited" in owner_client.get(reverse("raters")).content.decode()
    assert Client().post(address).status_code == 410


def test_invitations_that_cannot_be_are_refused_in_place(owner_client, owner):
    for name, sentence in (("", "required"), (owner.username, "needs no invitation")):
        response = owner_client.post(reverse("raters"), {"name": name})
        assert response.status_code == 400
        assert sentence in response.content.decode()


def test_the_door_is_closed_and_opened(owner_client, rater, rater_client):
    owner_client.post(reverse("close_door", args=[rater.public_id]))
    assert rater_client.get("/").status_code == 302
    assert "Open the door" in owner_client.get(reverse("raters")).content.decode()
    owner_client.post(reverse("open_door", args=[rater.public_id]))
    assert "Close the door" in owner_client.get(reverse("raters")).content.decode()


def test_somebody_is_made_nobody_after_a_question(owner_client, rater):
    judge(cue_with_takes(2), rater, 2)
    question = reverse("anonymise_rater", args=[rater.public_id])
    name = rater.username
    assert f"Make {name} nobody?" in owner_client.get(question).content.decode()
    page = owner_client.post(question, follow=True).content.decode()
    assert "nobody knows any more" in page
    assert f">{name}<" not in page
    assert "made nobody" in page
    assert "2 answers" in page
    # what is done is done
    rater.refresh_from_db()
    late = owner_client.post(reverse("open_door", args=[rater.public_id]), follow=True)
    assert "Nobody knows any more who this was." in late.content.decode()


def test_owners_are_not_in_the_list(owner_client, owner):
    assert "Nobody else yet" in owner_client.get(reverse("raters")).content.decode()
    for name in ("anonymise_rater", "revoke_invitation", "close_door", "open_door"):
        assert owner_client.post(reverse(name, args=[owner.public_id])).status_code == 404


def test_raters_methods(owner_client, rater):
    assert owner_client.get(reverse("close_door", args=[rater.public_id])).status_code == 405
    assert owner_client.delete(reverse("raters")).status_code == 405


def test_raters_queries_do_not_grow(owner_client, django_assert_max_num_queries):
    cue = cue_with_takes(2)
    for count in (1, 4):
        for _ in range(count):
            judge(cue, make_user(role="rater"), 1)
        with django_assert_max_num_queries(10):
            owner_client.get(reverse("raters"))
