"""Fixtures shared by all tests."""

from pathlib import Path

import pytest
from django.test import Client

from tests.factories import make_user


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path: Path) -> None:
    """Each test has an empty storage of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WEIGHTS = tmp_path / "weights"
    settings.RUNS = tmp_path / "runs"


@pytest.fixture
def owner(db):
    """An owner."""
    return make_user(role="owner")


@pytest.fixture
def rater(db):
    """A listener."""
    return make_user(role="rater")


@pytest.fixture
def owner_client(owner):
    """A browser in which the owner is signed in."""
    browser = Client()
    browser.force_login(owner)
    return browser


@pytest.fixture
def rater_client(rater):
    """A browser in which a listener is signed in."""
    browser = Client()
    browser.force_login(rater)
    return browser
