"""From the film team's file to a film in a real browser: put in, look, save, type a length, put in again."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = "from curator.domain.accounts import ensure_owner; ensure_owner()"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "film"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server without a film."""
    with Installation.seeded(
        tmp_path_factory.mktemp("storyboard"), "from curator.domain.accounts import ensure_owner\nensure_owner()"
    ) as made:
        yield made


def signed_in(site: Installation, chromium: Browser, **settings) -> tuple[Page, list[str]]:
    page = chromium.new_context(**settings).new_page()
    trouble = watch(page)
    sign_in(page, site)
    return page, trouble


def put_in(page: Page, site: Installation, file: Path) -> None:
    page.goto(f"{site.url}/films/die-kleine-laterne/import/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(file.name)


def test_upload_look_save_type_a_length_and_upload_again(site, chromium, tmp_path):
    page, trouble = signed_in(site, chromium, viewport={"width": 1280, "height": 900})
    page.get_by_role("link", name="New film").first.click()
    page.locator("input[type=file]").set_input_files(GOLDEN / "laterne.md")
    page.get_by_role("button", name="Begin the film").press("Enter")

    expect(page.get_by_text("The footer says 2 shots, found 3.")).to_be_visible()
    expect(page.locator(".fate.new")).to_have_count(3)
    assert site.rows("SELECT count(*) FROM curator_shot") == [(0,)]
    page.get_by_role("button", name="Save into the film").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Scenes and shots")
    expect(page.get_by_label("Length of S01-001")).to_have_value("19.62")

    page.get_by_label("Length of S01-001").fill("12.5")
    page.get_by_label("Length of S01-001").press("Enter")
    expect(page.get_by_label("Length of S01-001")).to_have_value("12.50")
    expect(page.get_by_label("Length of S01-002")).to_have_value("23.96")
    page.get_by_role("link", name="S01-002", exact=True).click()
    page.get_by_label("What is to be seen").fill("My own lantern")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("What you typed here is yours")).to_be_visible()

    changed = tmp_path / "again.md"
    text = (GOLDEN / "laterne.md").read_text("utf-8")
    changed.write_text(text.replace("A cracked lantern", "A whole lantern").replace("Stillness", "Noise"), "utf-8")
    put_in(page, site, changed)
    expect(page.locator(".fate.changed")).to_have_count(2)
    expect(page.get_by_text("Yours stays: My own lantern")).to_be_visible()
    page.get_by_role("button", name="Save into the film").click()
    expect(page.get_by_label("Length of S01-001")).to_have_value("12.50")
    expect(page.get_by_text("My own lantern")).to_be_visible()

    page.goto(f"{site.url}/films/die-kleine-laterne/")
    expect(page.locator("h1")).to_have_text("DIE KLEINE LATERNE")
    expect(page.locator("table .no").filter(has_text="1m3")).to_be_visible()
    assert trouble == []
    page.context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_pages_fit_every_width_in_both_languages(site, chromium, width):
    page, trouble = signed_in(site, chromium, viewport={"width": width, "height": 900}, locale="de-DE")
    site.manage("import_storyboard", str(GOLDEN / "laterne.md"), "--film", "breit")
    for name in ("", "shots/", "shots/S02-001/", "import/", "settings/"):
        page.goto(f"{site.url}/films/breit/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.goto(f"{site.url}/films/breit/import/")
    page.locator("input[type=file]").set_input_files(GOLDEN / "laterne.edl")
    page.locator("main .btn.primary").click()
    expect(page.get_by_text("In den Film speichern")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("CUEWRIGHT_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=f"{folder}/storyboard-{width}-{scheme}.png", full_page=True)
    page.locator("form button.quiet").click()
    page.goto(f"{site.url}/films/new/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert trouble == []
    page.context.close()


def test_a_file_is_dropped_on_the_page(site, chromium):
    site.manage("import_storyboard", str(GOLDEN / "laterne.md"), "--film", "wurf")
    page, trouble = signed_in(site, chromium)
    page.goto(f"{site.url}/films/wurf/import/")
    text = (GOLDEN / "laterne_script.md").read_text("utf-8")
    transfer = page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'script.md')); return data; }", text
    )
    page.dispatch_event("[data-drop-zone]", "drop", {"dataTransfer": transfer})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("2 speeches of the script stand in no shot")).to_be_visible()
    assert trouble == []
    page.context.close()
