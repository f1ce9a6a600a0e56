"""Blind listening in a real browser: by keyboard alone, on a phone, and without script."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import hear_both, sign_in, straight_to_the_music, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

# Three takes that differ in pitch, as sounds of ten seconds; one cue.
SEED = """
import numpy as np
from curator.domain.media import store_media
from curator.models.library import RenderingFile
from curator.rendering.encode import encode_opus
from curator.rendering.sampler import Pcm
from tests.listening import cue_with_takes, give_sound
cue = cue_with_takes(3)
seconds = np.arange(480000) / 48000
for take in cue.takes.all():
    tone = 0.1 * np.sin(2 * np.pi * 220 * take.number * seconds)
    opus = encode_opus(Pcm(np.stack([tone, tone], axis=1).astype(np.float32), 48000))
    RenderingFile.objects.create(rendering=give_sound(take), role="opus", media=store_media(data=opus, suffix=".opus"))
print(f"/films/{cue.film.slug}/listen/{cue.number}/")
"""


@pytest.fixture
def place(installation):
    """A running installation with one cue to judge, and the address of its A/B page."""
    installation.settings = {"CUEWRIGHT_MIN_LISTEN": "0.3", "CUEWRIGHT_DEBUG": "1"}
    return installation, installation.url + installation.serve_seeded(SEED)


def press_and_go_on(page: Page, key: str) -> None:
    """Press a key that brings another pair, and wait for it."""
    before = page.locator("input[name=pair]").get_attribute("value")
    page.keyboard.press(key)
    expect(page.locator(f"input[name=pair]:not([value='{before}'])")).to_be_attached()


def answers(installation: Installation) -> list[str]:
    return [row[0] for row in installation.rows("select answer from curator_judgement order by id")]


def test_a_listener_judges_by_keyboard_alone(chromium, place):
    installation, address = place
    page = chromium.new_page()
    trouble = watch(page)
    sign_in(page, installation)
    page.goto(address)
    straight_to_the_music(page)
    expect(page.locator("[data-listen][data-ready]")).to_be_visible()
    page.keyboard.press("ArrowLeft")  # too early: nothing was heard
    expect(page.locator("[data-hint]")).to_have_text(re.compile(r"Hear 1 s more of A"))
    page.keyboard.press("1")
    expect(page.locator(".sounding[data-side=left]")).to_be_visible()
    expect(page.locator("[data-hint]")).to_have_text(re.compile(r"Hear 1 s more of B"))
    page.keyboard.press("b")
    expect(page.locator(".sounding[data-side=right]")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator(".sounding")).to_have_count(0)
    for key, said in (("ArrowLeft", "left"), ("ArrowDown", "tie"), ("ArrowUp", "bad"), ("ArrowRight", "right")):
        hear_both(page)
        press_and_go_on(page, key)
        assert answers(installation)[-1] == said
    press_and_go_on(page, "u")
    press_and_go_on(page, "s")
    assert answers(installation) == ["left", "tie", "bad", "right", "retracted", "skip"]
    [(first, heard_left, heard_right, device, events)] = installation.rows(
        "select first_played, heard_left, heard_right, device_class, events from curator_judgement order by id limit 1"
    )
    assert (first, device) == ("left", "desktop")
    assert heard_left >= 0.3
    assert heard_right >= 0.3
    assert "switch" in events
    assert trouble == []


def test_a_phone_has_room_for_all(chromium, place):
    installation, address = place
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    trouble = watch(page)
    sign_in(page, installation, "--rater", "Mia")
    page.goto(address)
    straight_to_the_music(page)
    expect(page.locator("[data-listen][data-ready]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for side in ("left", "right"):
        page.locator(f"[data-side={side}] .letter").tap()
        expect(page.locator(f"[data-side={side}] .meter.full")).to_have_count(1)
    for name in ("A serves it better", "B serves it better", "Equal", "Neither"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 44
    page.get_by_role("button", name="Neither").tap()
    installation.wait("select count(*) from curator_judgement where answer = 'bad'", 1)
    expect(page.get_by_text("Neither served it.")).to_be_visible()
    assert trouble == []


def test_without_script_the_same_forms_work(chromium, place):
    installation, address = place
    page = chromium.new_context(java_script_enabled=False).new_page()
    sign_in(page, installation)
    page.goto(address)
    straight_to_the_music(page)
    expect(page.locator("audio[controls]")).to_have_count(2)
    page.get_by_role("button", name="Equal").click()
    assert page.url == address
    page.get_by_role("button", name="Undo last").click()
    assert page.url == address
    assert answers(installation) == ["tie", "retracted"]
