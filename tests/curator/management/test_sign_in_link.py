"""The command that prints a link into the house."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from curator.domain.accounts import consume_sign_in_link
from curator.models.accounts import SignInLink, User

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("sign_in_link", *arguments, stdout=out)
    return out.getvalue()


def user_of(url: str) -> User | None:
    return consume_sign_in_link(token=url.strip().rstrip("/").rpartition("/")[2])


def test_the_link_is_the_owners_and_works_once(settings):
    settings.PORT = 8123
    url = run()
    assert url.startswith("http://localhost:8123/sign-in/")
    user = user_of(url)
    assert user is not None
    assert user.is_owner
    assert user_of(url) is None


def test_a_listeners_link_with_json():
    told = json.loads(run("--rater", " Mia ", "--json"))
    assert set(told) == {"user", "url"}
    user = user_of(told["url"])
    assert user == User.objects.get(username="Mia")
    assert (told["user"], user.is_owner) == ("Mia", False)


@pytest.mark.parametrize("name", ["", "  ", "x" * 151, "two\nlines"])
def test_without_a_name_there_is_no_link(owner, name):
    with pytest.raises(CommandError, match="A listener needs a name of at most 150 characters"):
        run("--rater", name)
    assert not SignInLink.objects.exists()


def test_an_owners_name_gives_no_listeners_link(owner):
    with pytest.raises(CommandError, match="is an owner, no listener"):
        run("--rater", owner.username)
    assert not SignInLink.objects.exists()
