"""Sign-in by link."""

import io
import logging
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from curator.domain import accounts
from curator.environment import ROOT
from curator.models.accounts import SignInLink

pytestmark = pytest.mark.django_db


def link(user, **options) -> str:
    return f"/sign-in/{accounts.create_sign_in_link(user=user, **options)}/"


def test_get_shows_a_button_and_uses_nothing_up(client, owner):
    url = link(owner)
    assert client.get(url).status_code == 200
    assert SignInLink.objects.get().used_at is None
    assert "_auth_user_id" not in client.session


def test_the_door_says_a_command_that_runs_here(client, monkeypatch):
    page = client.get("/sign-in/").content.decode()
    python = re.search(r"<code>(\S+) manage.py sign_in_link</code>", page)[1]
    assert Path(sys.executable).samefile(ROOT / python) or python == Path(sys.executable).name
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert "<code>python3 manage.py sign_in_link</code>" in client.get("/sign-in/").content.decode()


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


@pytest.fixture
def written():
    """What the log of this process says."""
    text = io.StringIO()
    handlers = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    before = [handler.setStream(text) for handler in handlers]
    yield text
    for handler, stream in zip(handlers, before, strict=True):
        handler.setStream(stream)


def test_a_link_that_still_works_is_not_in_the_log(owner, written):
    url = link(owner)
    assert Client(enforce_csrf_checks=True).post(url).status_code == 403
    logging.getLogger("curator.test").error("Internal Server Error: %s", url)
    assert "Forbidden (CSRF cookie not set.): /sign-in/***/" in written.getvalue()
    assert "Internal Server Error: /sign-in/***/" in written.getvalue()
    assert url not in written.getvalue()


def test_head_uses_nothing_up(client, owner):
    assert client.head(link(owner)).status_code == 200
    assert SignInLink.objects.get().used_at is None


def test_a_session_from_before_does_not_go_on(client, owner, rater):
    client.post(link(rater))
    before = client.session.session_key
    client.post(link(owner))
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert client.session.session_key != before


def test_nobody_is_sent_elsewhere(client, owner):
    url = link(owner)
    assert client.post(f"{url}?next=https://evil.example/", {"next": "https://evil.example/"})["Location"] == "/"
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = client.post("/language/", {"language": "de", "next": elsewhere})
        assert answer["Location"] == "/"


def test_cookies_are_of_this_installation_alone_and_out_of_reach_of_scripts(client, owner, settings):
    url = link(owner)
    client.get(url)
    client.post(url)
    assert sorted(client.cookies) == [f"cuewright_csrf_{settings.PORT}", f"cuewright_session_{settings.PORT}"]
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in client.cookies.values())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/nothing/", 404), ("get", "/sign-in/", 200), ("put", "/sign-in/", 405), ("post", "/sign-in/x/", 410)],
)
def test_every_answer_has_the_policy(client, method, path, status):
    answer = getattr(client, method)(path)
    assert answer.status_code in (status, 302)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
