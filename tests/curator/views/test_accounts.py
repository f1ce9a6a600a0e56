"""Sign-in by link."""

from datetime import timedelta

import pytest
from django.test import Client

from curator.domain import accounts
from curator.models.accounts import SignInLink

pytestmark = pytest.mark.django_db


def link(user, **options) -> str:
    return f"/sign-in/{accounts.create_sign_in_link(user=user, **options)}/"


def test_get_shows_a_button_and_uses_nothing_up(client, owner):
    url = link(owner)
    assert client.get(url).status_code == 200
    assert SignInLink.objects.get().used_at is None
    assert "_auth_user_id" not in client.session


def test_post_signs_in_once(client, owner):
    url = link(owner)
    response = client.post(url)
    assert (response.status_code, client.session["_auth_user_id"]) == (302, str(owner.pk))
    assert Client().post(url).status_code == 410


def test_an_expired_link_is_refused(client, owner):
    assert client.post(link(owner, lifetime=timedelta(seconds=-1))).status_code == 410


def test_an_unknown_link_is_refused(client):
    assert client.post("/sign-in/nonsense/").status_code == 410


def test_post_needs_the_csrf_token(owner):
    assert Client(enforce_csrf_checks=True).post(link(owner)).status_code == 403


def test_the_token_is_kept_as_a_hash_only(owner):
    token = accounts.create_sign_in_link(user=owner)
    assert token not in str(SignInLink.objects.values().get())


def test_sign_out_ends_the_session(owner_client):
    assert owner_client.get("/sign-out/").status_code == 405
    assert owner_client.post("/sign-out/").status_code == 302
    assert "_auth_user_id" not in owner_client.session


def test_a_foreign_host_is_refused(client):
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_the_strict_policy_is_on_every_page(client):
    policy = client.get("/sign-in/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
