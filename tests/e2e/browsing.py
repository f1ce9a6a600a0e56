"""What every browser test does with a page: listen to its complaints, sign in by link."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import PATIENCE, Installation

# Of the player: where it stands, and whether it is silent.
SECONDS = "document.querySelector('[data-player-audio]').currentTime"
PAUSED = "document.querySelector('[data-player-audio]').paused"


def watch(page: Page) -> list[str]:
    """The list that collects what the page complains about."""
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    return trouble


def sign_in(page: Page, installation: Installation, *arguments: str) -> None:
    """Open a new link of `sign_in_link` with these arguments and press its button."""
    enter(page, installation.manage("sign_in_link", *arguments).strip())


def enter(page: Page, link: str) -> None:
    """Open a sign-in link and press its button."""
    page.goto(link)
    page.locator("main button").click()
    expect(page.locator("h1")).to_be_visible()


def straight_to_the_music(page: Page) -> None:
    """Leave the first listening, which comes before anybody's first pair."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Before you listen")
    page.get_by_role("button", name="Straight to the music").click()
    expect(page.locator("[data-listen]")).to_be_visible()


def hear_both(page: Page) -> None:
    """Hear both sides of a pair, by keyboard, for as long as is asked."""
    expect(page.locator("[data-listen][data-ready]")).to_be_visible()
    for key, side in (("1", "left"), ("2", "right")):
        page.keyboard.press(key)
        expect(page.locator(f".sounding[data-side={side}]")).to_be_visible()
        expect(page.locator(f"[data-side={side}] .meter.full")).to_have_count(1)
    expect(page.locator("[data-answers] [aria-disabled]")).to_have_count(0)


def until(page: Page, condition: str) -> None:
    """Wait until `condition` holds. wait_for_function would need unsafe-eval in the page's policy."""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"never true: {condition}"
        page.wait_for_timeout(50)


@contextmanager
def owners_page(
    chromium: Browser, site: Installation, path: str = "/", *, height: int = 900, forgiven: str = ""
) -> Iterator[Page]:
    """The owner's page, which complains of nothing until it is closed, but for what holds the words `forgiven`."""
    context = chromium.new_context(viewport={"width": 1280, "height": height}, color_scheme="light")
    page = context.new_page()
    trouble = watch(page)
    sign_in(page, site)
    page.goto(site.url + path)
    yield page
    assert [said for said in trouble if not forgiven or forgiven not in said] == []
    context.close()
