"""A score in a real browser, the strict policy on: staff lines are seen, notes light up, a click plays from there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PAUSED, SECONDS, owners_page, until
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = """
from pathlib import Path
from curator.domain.rendering import make_rendering
from curator.models.library import Piece
from tests.factories import make_version
for name in ("waltz", "repeat"):
    piece = Piece.objects.create(title=name.title(), origin="corpus")
    text = Path(f"tests/golden/scores/{name}.musicxml").read_text()
    version = make_version(piece=piece, abc=f"% {name}", musicxml=text)
    made = make_rendering(version=version)
    assert made.sound.state == "ready", made.sound.error
"""


# Staff lines: paths right under a staff, with a stroke that is drawn and not the colour of the paper.
LINES = """() => [...document.querySelectorAll(".leaf .wide .staff > path")].filter(line => {
  const style = getComputedStyle(line);
  return line.checkVisibility() && style.stroke !== "none" && parseFloat(style.strokeWidth) > 0
    && style.stroke === getComputedStyle(document.body).color && line.getBoundingClientRect().width > 20;
}).length"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with two scores."""
    with Installation.seeded(tmp_path_factory.mktemp("score"), SEED) as made:
        yield made


@pytest.fixture
def page(site, chromium):
    """The owner at the library."""
    with owners_page(chromium, site, "/library/") as opened:
        yield opened


def test_a_score_is_seen_heard_and_followed(page: Page):
    page.get_by_role("link", name="Waltz", exact=True).click()
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    assert page.evaluate(LINES) == 8 * 2 * 5

    page.keyboard.press("Space")
    expect(page.locator(".leaf .sounding").first).to_be_visible()
    expect(page.locator(".leaf .barglow")).to_have_count(1)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    until(page, f"{SECONDS} > 0.4")
    page.keyboard.press("Space")
    until(page, PAUSED)

    page.get_by_label("Place in the music").fill("0")
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-player-bar]")).to_have_text("bar 2 of 8")
    assert page.evaluate(SECONDS) == pytest.approx(2.5, abs=0.1)

    # The third bar from the end begins with the f: five bars of three quarters at 72 before it.
    page.locator(".leaf .wide .measure").nth(5).locator(".notehead").first.click()
    until(page, f"!{PAUSED} && 12.5 < {SECONDS} && {SECONDS} < 15")
    expect(page.locator("[data-player-bar]")).to_have_text(re.compile("bar [678] of 8"))
    page.keyboard.press("]")
    assert page.evaluate("document.querySelector('[data-player-audio]').playbackRate") == 1.1


def test_a_phone_gets_its_own_pages(page: Page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("link", name="Repeat", exact=True).click()
    expect(page.locator(".leaf .narrow .engraving")).to_be_visible()
    expect(page.locator(".leaf .wide")).not_to_be_visible()
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".leaf .narrow .sounding").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_cards_play_one_sound_at_a_time_and_keep_their_light_when_the_shelf_changes(page: Page):
    waltz, repeat = (page.locator(".scard", has_text=name) for name in ("Waltz", "Repeat"))
    waltz.get_by_role("button").click()
    expect(waltz.locator(".sounding").first).to_be_visible()
    repeat.get_by_role("button").click()
    expect(repeat.locator(".sounding").first).to_be_visible()
    expect(page.locator(".scard.on")).to_have_count(1)
    expect(page.locator("[data-player-title]")).to_have_text("Repeat")
    page.get_by_label("Search the library").fill("rep")
    expect(page.locator(".scard")).to_have_count(1)
    expect(page.locator(".scard.on")).to_have_count(1)
    assert not page.evaluate(PAUSED)
