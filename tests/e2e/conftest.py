"""Installations for tests that need real processes."""

import pytest

from tests.e2e.installation import Installation


@pytest.fixture
def installation(tmp_path):
    """An empty installation; its processes end with the test."""
    made = Installation(tmp_path)
    yield made
    made.stop()
