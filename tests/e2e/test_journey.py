"""The main job in a real browser: sign in, film, cue, takes, six judgements by keyboard, approval, download."""

import io
import zipfile

import pytest
from playwright.sync_api import Page, expect

from curator.notation.musicxml import note_count, read_xml, validate
from tests.e2e.browsing import enter, hear_both, straight_to_the_music, watch

pytestmark = pytest.mark.e2e

TAKES = 4


def judge_by_keyboard(page: Page, answer: str) -> None:
    """Hear both sides, answer with an arrow key, and wait for the next pair."""
    hear_both(page)
    pair = page.locator("input[name=pair]").get_attribute("value")
    page.keyboard.press(answer)
    expect(page.locator(f"input[name=pair]:not([value='{pair}'])")).to_be_attached()


def test_from_scene_to_approved_cue(installation, chromium):
    installation.settings = {"CUEWRIGHT_MIN_LISTEN": "0.3"}
    link = installation.serve()
    context = chromium.new_context(accept_downloads=True, locale="en")
    page = context.new_page()
    trouble = watch(page)

    enter(page, link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Die kleine Laterne")
    expect(page.locator("svg.arc, .arc svg").first).to_be_visible()

    page.goto(f"{installation.url}/films/demo/desk/1m1/")
    page.get_by_role("spinbutton", name="Takes").fill(str(TAKES))
    page.keyboard.press("Enter")
    expect(page.locator("li.take")).to_have_count(TAKES)
    page.close()  # closing the browser changes nothing
    installation.wait("select count(*) from generation_candidate where state = 'written'", TAKES)

    page = context.new_page()
    trouble += watch(page)
    page.goto(f"{installation.url}/films/demo/desk/1m1/")
    play = page.locator("li.take").get_by_role("button", name="Play")
    expect(play).to_have_count(TAKES)
    staff_line = page.locator("li.take .engraving g.staff > path").first
    stroke = staff_line.evaluate("line => [getComputedStyle(line).stroke, line.getBoundingClientRect().width]")
    assert stroke[0] not in ("none", "rgba(0, 0, 0, 0)")
    assert stroke[1] > 20

    page.keyboard.press("l")
    straight_to_the_music(page)
    for answer in ("ArrowLeft", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        judge_by_keyboard(page, answer)
    said = [row[0] for row in installation.rows("select answer from curator_judgement order by id")]
    assert said == ["left", "right", "tie", "left", "bad", "right"]

    page.goto(f"{installation.url}/films/demo/standings/1m1/")
    expect(page.locator("tbody tr")).to_have_count(TAKES)
    page.get_by_role("button", name="Approve take").first.click()
    expect(page.get_by_role("link", name="To the delivery")).to_be_visible()

    page.get_by_role("link", name="To the delivery").click()
    with page.expect_download(timeout=60_000) as single:
        page.get_by_role("button", name="Download 1m1").click()
    data = single.value.path().read_bytes()
    assert single.value.suggested_filename.startswith("1m1_")
    assert single.value.suggested_filename.endswith(".musicxml")
    assert validate(data) == ()
    assert note_count(data) > 16
    first_bar = read_xml(data).find("part/measure")
    assert first_bar is not None
    assert first_bar.get("number") == "1"
    assert first_bar.findtext("direction/direction-type/metronome/per-minute") == "54"
    assert [sound.get("tempo") for sound in first_bar.iterfind("direction/sound")] == ["54"]

    with page.expect_download(timeout=60_000) as package:
        page.get_by_role("button", name="Download package").click()
    with zipfile.ZipFile(io.BytesIO(package.value.path().read_bytes())) as archive:
        assert any(name.endswith(".musicxml") for name in archive.namelist())
    assert trouble == []
    context.close()
