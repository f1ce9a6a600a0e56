"""Renting in a real browser: set up, agreed to, watched, done; RunPod is the stand-in, whose machine really trains."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation
from tests.e2e.test_look import SMALL, WIDTHS
from tests.runpod.provider import KEY, Provider
from tests.runpod.server import serving

pytestmark = pytest.mark.e2e

SEED = """
from tests.factories import make_user
from tests.training.rounds import preference_set
preference_set(make_user(role="owner", username="anna"))
"""


@pytest.fixture
def runpod(installation: Installation, tmp_path) -> Iterator[Provider]:
    """The stand-in, and an installation that knows its address and has its key."""
    with serving() as (provider, address):
        installation.settings = {
            "CUEWRIGHT_DEBUG": "1",
            "OMP_NUM_THREADS": "1",
            "RUNPOD_API_KEY": KEY,
            "CUEWRIGHT_RUNPOD_URL": address,
            "CUEWRIGHT_RENT_FOLDER": str(tmp_path / "storage"),
        }
        yield provider


def opened(chromium, installation: Installation) -> tuple[Page, list[str]]:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    trouble = watch(page)
    sign_in(page, installation)
    return page, trouble


def fits(page: Page) -> None:
    """As tests/e2e/test_look.py holds pages, here with machines on them."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(SMALL) == [], width
    page.set_viewport_size({"width": 1280, "height": 900})


def tab_to(page: Page, name: str) -> None:
    """Go on with Tab until the control of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim().replace(/\\s+/g, ' ')"
        )
        if label.startswith(name):
            return
    raise AssertionError(f"Tab never comes to {name}")


def test_without_a_key_the_pages_show_how_renting_is_set_up(chromium, installation):
    installation.settings = {"CUEWRIGHT_DEBUG": "1"}
    installation.serve_seeded(SEED)
    page, trouble = opened(chromium, installation)
    page.goto(f"{installation.url}/training/rounds/new/")
    page.get_by_label("Train on").select_option(label="A rented machine (RunPod)")
    prospect = page.locator("#prospect")
    expect(prospect).to_contain_text("RUNPOD_API_KEY is not set")
    expect(page.get_by_role("button", name="Rent and start")).to_have_count(0)
    prospect.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("heading", level=2, name="Renting is not set up yet")).to_be_visible()
    expect(page.locator(".way > li")).to_have_count(4)
    expect(page.locator("main")).to_contain_text("this prepaid balance is the last bound on what anything can cost")
    assert trouble == []


def test_a_round_is_rented_watched_and_done_by_the_keyboard_alone(chromium, installation, runpod):
    installation.serve_seeded(SEED)
    page, trouble = opened(chromium, installation)
    page.goto(f"{installation.url}/training/rounds/")
    tab_to(page, "New round")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rounds/new/")
    tab_to(page, "Train on")
    page.keyboard.type("A rented")
    terms = page.locator(".rent")
    expect(terms).to_contain_text("RTX A5000")
    expect(terms).to_contain_text("0.25 € an hour")
    expect(terms).to_contain_text(re.compile(r"\d+\.\d hours after the start"))
    expect(terms).to_contain_text(re.compile(r"Worst case\s*5\.00 €"))
    expect(terms).to_contain_text("only the prepaid balance of your RunPod account ends it")
    tab_to(page, "Rent and start")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is rented before you agree")
    trouble.clear()  # the browser writes down that the answer was 400
    tab_to(page, "I agree to this price")
    page.keyboard.press("Space")
    tab_to(page, "Rent and start")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Round 1")).to_be_visible()
    assert runpod.pods == {}  # the page rents nothing

    installation.start("work", "--queue", "training")
    machine = page.locator(".pods tbody tr")
    expect(machine).to_contain_text("RTX A5000")  # the page follows by itself
    expect(machine).to_contain_text(re.compile(r"cuewright-[0-9a-f]{8}-r1-a1"))
    expect(page.locator("main")).to_contain_text(re.compile(r"0\.0\d of 5\.00 €"))
    other = page.context.new_page()
    other.goto(f"{installation.url}/training/machines/")
    expect(other.locator(".therenow tbody tr")).to_contain_text("RUNNING")
    fits(other)

    expect(page.locator(".head")).to_contain_text("The result is the checkpoint")
    expect(machine).to_contain_text("Gone")
    assert runpod.living == []
    other.reload()
    expect(other.locator(".therenow")).to_contain_text("Nothing runs.")
    expect(other.locator(".pods tbody tr")).to_contain_text("Gone")
    fits(page)
    other.goto(f"{installation.url}/training/rounds/new/?executor=runpod")
    expect(other.locator(".rent")).to_contain_text("Worst case")
    fits(other)
    assert trouble == []
