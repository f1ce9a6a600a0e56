"""Standings and the wall in a real browser: heard, approved and taken back, by keyboard, on a phone, without script."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in, watch

pytestmark = pytest.mark.e2e

# Two cues of three takes that sound for two seconds; the first is decided, two listeners differ about the second.
SEED = """
import numpy as np
from curator.domain.media import store_media
from curator.models.library import RenderingFile
from curator.rendering.encode import encode_opus
from curator.rendering.sampler import Pcm
from tests.factories import make_film, make_user
from tests.listening import cue_with_takes, give_sound, judge
film = make_film(title="Die kleine Laterne")
decided, open_ = cue_with_takes(3, film=film), cue_with_takes(3, film=film)
seconds = np.arange(96000) / 48000
for take in [*decided.takes.all(), *open_.takes.all()]:
    tone = 0.1 * np.sin(2 * np.pi * 220 * take.number * seconds)
    opus = encode_opus(Pcm(np.stack([tone, tone], axis=1).astype(np.float32), 48000))
    RenderingFile.objects.create(rendering=give_sound(take), role="opus", media=store_media(data=opus, suffix=".opus"))
anna, jana = make_user(role="owner", username="anna"), make_user(role="rater", username="jana")
judge(decided, anna, 24)
judge(open_, anna, 3)
from curator.models.ranking import Judgement
said = Judgement.objects.filter(cue=open_, rater=anna).first()
Judgement.objects.create(cue=open_, rater=jana, pair="dispute", left=said.right, right=said.left, answer=said.answer)
print(f"/films/{film.slug}/")
"""


@pytest.fixture
def place(installation):
    """A running installation, and the address of its film."""
    installation.settings = {"CUEWRIGHT_DEBUG": "1"}
    return installation, installation.url + installation.serve_seeded(SEED)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_owner_hears_approves_and_takes_back_by_keyboard(chromium, place):
    installation, film = place
    page = chromium.new_page()
    trouble = watch(page)
    sign_in(page, installation)
    page.goto(film + "standings/1m1/")
    expect(page.get_by_role("img", name="Who met whom")).to_be_visible()
    page.get_by_role("button", name="Play Take 1").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-player] audio")).to_have_js_property("paused", False)
    page.get_by_role("link", name="Wall").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The music so far")).to_be_visible()
    expect(page.locator(".btn.primary")).to_have_text("Approve take 1")
    first = page.locator(".panel", has_text="1m1")
    first.locator("summary", has_text="Say why").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(first.locator("[name=why]")).to_be_focused()
    page.keyboard.type("It waits.")
    page.keyboard.press("Enter")
    expect(first.locator(".quote")).to_have_text("It waits.")
    expect(first).to_contain_text("approved")
    page.wait_for_load_state()  # the page is the new one as soon as its words are there, its keys are not yet
    first.locator("summary", has_text="Take the approval back").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(first.locator("[name=why]")).to_be_focused()
    page.keyboard.type("Too sweet.")
    page.keyboard.press("Enter")
    expect(first.locator("summary", has_text="1 earlier approval")).to_be_visible()
    [(why, revoked_why)] = installation.rows("select why, revoked_why from curator_approval")
    assert (why, revoked_why) == ("It waits.", "Too sweet.")
    assert trouble == []


def test_the_film_says_where_listeners_differ(chromium, place):
    installation, film = place
    page = chromium.new_page()
    trouble = watch(page)
    sign_in(page, installation)
    page.goto(film + "standings/")
    expect(page.get_by_role("rowgroup").filter(has_text="1m1")).to_contain_text("sure enough")
    expect(page.get_by_role("heading", name="Where listeners differ")).to_be_visible()
    dispute = page.locator(".disputes li").first
    dispute.get_by_role("button").first.click()
    expect(page.locator("[data-player] audio")).to_have_js_property("paused", False)
    assert trouble == []


@pytest.mark.parametrize("address", ["standings/", "standings/1m1/", "wall/"])
def test_a_phone_has_room_and_no_script_is_needed(chromium, place, address):
    installation, film = place
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="de-DE", color_scheme="dark"
    )
    page = context.new_page()
    trouble = watch(page)
    sign_in(page, installation)
    page.goto(film + address)
    assert fits(page)
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert fits(page)
    assert trouble == []
    state = context.storage_state()
    plain = chromium.new_context(storage_state=state, java_script_enabled=False).new_page()
    plain.goto(film + "wall/")
    plain.get_by_role("button", name="Approve take 1").first.click()
    expect(plain.locator(".panel").first).to_contain_text("approved")
