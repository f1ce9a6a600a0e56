"""Sittings in a real browser: the first listening, undo, repeats, neither, reasons, cue to cue, picture, invitation."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import hear_both, sign_in, straight_to_the_music, until, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

# Films with a cue of two, three or four takes, each take a tone of its own; "cut" has twelve seconds of picture.
SEED = """
import io, json
import av
import numpy as np
from curator.domain.pictures import set_picture
from tests.factories import make_film
from tests.listening import cue_with_takes, give_opus

def cue(film, count):
    made = cue_with_takes(count, film=film, state="to_rank")
    for take in made.takes.all():
        give_opus(take, seconds=10, lufs=-23.0)
    return f"/films/{film.slug}/listen/{made.number}/"

def video():
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as output:
        stream = output.add_stream("libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(288):
            picture = np.full((36, 64, 3), number // 2, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    file.seek(0)
    return file

cut = make_film(slug="cut")
set_picture(film=cut, file=video())
print(json.dumps({
    "two": cue(make_film(slug="two"), 2),
    "four": cue(make_film(slug="four"), 4),
    "words": cue(make_film(slug="words"), 3),
    "cut": cue(cut, 2),
}))
"""


PICTURE = "document.querySelector('video')"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Any:
    """A running installation, and the addresses of its cues."""
    made = Installation(
        tmp_path_factory.mktemp("sitting"), settings={"CUEWRIGHT_MIN_LISTEN": "0.3", "CUEWRIGHT_DEBUG": "1"}
    )
    places = json.loads(made.serve_seeded(SEED))
    yield made, {name: made.url + path for name, path in places.items()}
    made.stop()


def listener(chromium: Browser, installation: Installation, *who: str, **settings: Any) -> tuple[Page, list[str]]:
    page = chromium.new_context(**settings).new_page()
    trouble = watch(page)
    sign_in(page, installation, *who)
    return page, trouble


def at(page: Page, address: str) -> None:
    """Open a cue, past the first listening where that comes first."""
    page.goto(address)
    if page.get_by_role("heading", level=1).inner_text() == "Before you listen":
        straight_to_the_music(page)
    ready(page)


def ready(page: Page) -> None:
    expect(page.locator("[data-listen][data-ready]")).to_be_visible()


def pair_of(page: Page) -> str:
    return page.locator("input[name=pair]").get_attribute("value") or ""


def answer(page: Page, key: str) -> None:
    """Press a key that brings another pair, and wait for it."""
    before = pair_of(page)
    page.keyboard.press(key)
    expect(page.locator(f"input[name=pair]:not([value='{before}'])")).to_be_attached()


def said(installation: Installation, name: str) -> list[tuple[str, int, int]]:
    """Answer, left and right take of everything this listener said, in order."""
    return installation.rows(
        "select answer, left_id, right_id from curator_judgement join curator_user on rater_id = curator_user.id "
        "where username = ? order by curator_judgement.id",
        name,
    )


def test_the_first_listening_by_keyboard_alone(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Erst")
    page.goto(places["four"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Before you listen")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("Headphones").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Two pairs to try").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Which one comes to rest at the end?")
    hear_both(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("So it is: B comes home")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Which one is calmer?")
    hear_both(page)
    page.keyboard.press("ArrowDown")
    page.wait_for_url(places["four"])
    hear_both(page)
    answer(page, "ArrowLeft")
    assert said(installation, "Erst")[0][0] == "left"
    assert installation.rows("select heard_on from curator_judgement order by id desc limit 1") == [("headphones",)]
    assert trouble == []
    page.context.close()


def test_undo_brings_the_same_pair_on_the_same_sides(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Undo")
    at(page, places["four"])
    hear_both(page)
    answer(page, "ArrowLeft")
    ready(page)
    answer(page, "u")
    hear_both(page)
    answer(page, "ArrowRight")
    first, taken_back, again = said(installation, "Undo")
    assert [first[0], taken_back[0], again[0]] == ["left", "retracted", "right"]
    assert first[1:] == taken_back[1:] == again[1:]
    # by another way, from one's own answers
    page.goto(f"{installation.url}/listen/answers/")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_text("Change", exact=True).last.click()
    page.get_by_role("button", name="Equal").click()
    expect(page.locator("tbody tr td").first).to_have_text("Equal")
    assert said(installation, "Undo")[-1] == ("tie", *again[1:])
    assert trouble == []
    page.context.close()


def test_a_pair_that_comes_again_has_its_sides_swapped(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Twice")
    at(page, places["two"])
    for _ in range(2):
        hear_both(page)
        answer(page, "ArrowDown")
    first, second = said(installation, "Twice")
    assert first[1:] == (second[2], second[1])
    [(repeats,)] = installation.rows("select count(*) from curator_judgement where repeat_of_id is not null")
    assert repeats >= 1
    assert trouble == []
    page.context.close()


def test_neither_leads_the_owner_to_the_desk(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation)
    at(page, places["four"])
    hear_both(page)
    answer(page, "ArrowUp")
    expect(page.get_by_text("Neither served it.")).to_be_visible()
    page.get_by_role("link", name="Ask for new takes").click()
    page.wait_for_url("**/films/four/desk/1m1/")
    assert trouble == []
    page.context.close()


def test_reasons_are_said_by_keys(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Warum")
    at(page, places["words"])
    hear_both(page)
    answer(page, "ArrowRight")
    expect(page.get_by_text("Your last answer: B serves it better. Why?")).to_be_visible()
    for key in ("3", "6", "3"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="ending")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="too busy")).to_have_attribute("aria-pressed", "false")
    installation.wait("select count(*) from curator_reason", 3)
    facts = installation.rows("select tag, given from curator_reason order by id")
    assert [(tag, bool(given)) for tag, given in facts] == [("busy", True), ("ending", True), ("busy", False)]
    assert trouble == []
    page.context.close()


def test_a_switch_keeps_the_place_and_the_next_pair_is_there_already(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Wechsel")
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/sounds/" in request.url else None)
    at(page, places["four"])
    page.keyboard.press("1")
    expect(page.locator("[data-side=left] .meter.full")).to_have_count(1)
    page.wait_for_timeout(200)  # 0.3 s are full within the last of the steps of 0.05 s in which they are counted
    page.keyboard.press("2")
    expect(page.locator("[data-side=right] .meter.full")).to_have_count(1)
    hear_both(page)
    while len(fetched) < 4:
        page.wait_for_event("requestfinished", lambda request: "/sounds/" in request.url)
    before = list(fetched)
    answer(page, "ArrowLeft")
    ready(page)
    sides = page.locator("[data-side]")
    sources = {installation.url + (sides.nth(index).get_attribute("data-src") or "") for index in range(2)}
    # what sounds now was fetched before the answer was given, and not again
    assert sources <= set(before)
    assert len(fetched) == len(set(fetched))
    [(events,)] = installation.rows("select events from curator_judgement order by id desc limit 1")
    told = json.loads(events) if isinstance(events, str) else events
    [switch] = [event for event in told if event[1] == "switch"][:1]
    assert 0.3 <= switch[3] < 10
    assert trouble == []
    page.context.close()


def test_the_picture_follows_the_sound(chromium, site):
    installation, places = site
    page, trouble = listener(chromium, installation, "--rater", "Bild")
    at(page, places["cut"])
    video = page.locator("video")
    for key, side in (("1", "left"), ("2", "right")):
        page.keyboard.press(key)
        expect(page.locator(f"[data-side={side}] .meter.full")).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.locator(".sounding")).to_have_count(0)
    expect(video).to_have_js_property("paused", True)
    place = page.locator("[data-seek]").get_attribute("aria-valuetext") or ""
    minutes, seconds = place.split(":")
    until(page, f"Math.abs({PICTURE}.currentTime - {60 * int(minutes) + float(seconds)}) < 0.15")
    page.keyboard.press("r")
    until(page, f"{PICTURE}.currentTime < 0.1")
    page.keyboard.press("d")
    expect(video).to_have_js_property("muted", False)
    assert trouble == []
    page.context.close()


def test_an_invited_listener_on_a_phone(chromium, site):
    installation, _places = site
    page, trouble = listener(chromium, installation)
    page.goto(f"{installation.url}/listeners/")
    page.get_by_label("Name").fill("Mia")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.context.close()
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    trouble += watch(phone)
    phone.goto(link)
    expect(phone.locator("h1")).to_have_text("Good to have you here, Mia")
    expect(phone.get_by_text("Nothing leaves this installation.")).to_be_visible()
    phone.get_by_role("button", name="Sign in").tap()
    straight_to_the_music(phone)
    ready(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    for side in ("left", "right"):
        phone.locator(f"[data-side={side}] .letter").tap()
        expect(phone.locator(f"[data-side={side}] .meter.full")).to_have_count(1)
    phone.get_by_role("button", name="Equal").tap()
    expect(phone.get_by_text("Your last answer: Equal. Why?")).to_be_visible()
    phone.get_by_role("button", name="rhythm").tap()
    expect(phone.get_by_role("button", name="rhythm")).to_have_attribute("aria-pressed", "true")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.goto(f"{installation.url}/library/").status == 403
    assert [row[0] for row in said(installation, "Mia")] == ["tie"]
    assert [text for text in trouble if not re.search("403", text)] == []
    context.close()


def test_a_sitting_goes_from_cue_to_cue(chromium, site):
    installation, _places = site
    page, trouble = listener(chromium, installation, "--rater", "Reise")
    page.goto(f"{installation.url}/")
    straight_to_the_music(page)
    seen = []
    for _ in range(6):
        hear_both(page)
        seen.append(page.url)
        answer(page, "ArrowDown")
    assert len(set(seen)) == 2
    assert seen[0] == seen[4] != seen[5]
    assert trouble == []
    page.context.close()
