"""What every browser test does with a page: listen to its complaints, sign in by link."""

from playwright.sync_api import Page, expect

from tests.e2e.installation import Installation


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
