"""Installations and a browser for tests that need real processes."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.installation import Installation

# Pages follow work that takes its time: what is expected comes late on a slow machine, and only what never comes fails.
expect.set_options(timeout=180_000)

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


@pytest.fixture
def installation(tmp_path):
    """An empty installation; its processes end with the test."""
    made = Installation(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, in which sound may start without a click."""
    assert CHROMIUM, "needs Chromium: apt-get install chromium, or CHROMIUM=/path/to/it"
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield started
        started.close()
