"""Fixtures shared by all tests. The data folder of a test run is a throw-away one."""

import os
import tempfile
from pathlib import Path

import pytest

# Before Django reads its settings: tests never touch the data of an installation.
os.environ["CUEWRIGHT_DATA"] = tempfile.mkdtemp(prefix="cuewright-test-")
os.environ.setdefault("CUEWRIGHT_SECRET_KEY", "only-for-tests")
for name in ("DATABASE_URL", "BROKER_URL"):
    if f"CUEWRIGHT_TEST_{name}" in os.environ:
        os.environ[name] = os.environ[f"CUEWRIGHT_TEST_{name}"]
    else:
        os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _media_folder(settings, tmp_path: Path) -> None:
    """Each test has an empty storage, and static files need no collecting."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WEIGHTS = tmp_path / "weights"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def owner(db):
    """A signed-up owner."""
    from tests.factories import make_user

    return make_user(role="owner")


@pytest.fixture
def rater(db):
    """A signed-up listener."""
    from tests.factories import make_user

    return make_user(role="rater")


@pytest.fixture
def owner_client(client, owner):
    """A browser in which the owner is signed in."""
    client.force_login(owner)
    return client


@pytest.fixture
def rater_client(rater):
    """A browser in which a listener is signed in."""
    from django.test import Client

    browser = Client()
    browser.force_login(rater)
    return browser
