"""From a storyboard to music in a real browser: import, a border, the tempo, the desk; what is written fits."""

from fractions import Fraction

import pytest
from playwright.sync_api import Page, expect

from curator.film.tempo import tempo_map_of
from curator.notation.abc import parse
from tests.curator.film.storyboards import EXAMPLE
from tests.e2e.browsing import enter, watch

pytestmark = pytest.mark.e2e

TAKES = 2
FPS = Fraction(24)
HIT = Fraction(29, 4)
"""Seconds: half of the cue."""


def new_film(page: Page, url: str, title: str, name: str, text: str) -> None:
    """A film with what a file of the film team holds, looked at and saved."""
    page.goto(f"{url}/films/new/")
    page.get_by_label("Title").fill(title)
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/markdown", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Begin the film").click()
    page.get_by_role("button", name="Save into the film").click()


def test_from_a_storyboard_to_music_that_meets_the_plan(installation, chromium):
    link = installation.serve()
    context = chromium.new_context(locale="en", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    trouble = watch(page)
    enter(page, link)

    new_film(page, installation.url, "Laternenfest", "laterne.md", EXAMPLE)
    expect(page.get_by_text("3 cues were marked")).to_be_visible()
    page.goto(f"{installation.url}/films/laternenfest/plan/")
    expect(page.locator("tbody tr")).to_have_count(3)

    page.get_by_role("link", name="Waiting").click()
    out = page.get_by_role("form", name="Out")
    out.get_by_label("Out").fill("00:00:14:12")
    page.keyboard.press("Enter")
    expect(page.get_by_text("00:00:00:00 to 00:00:14:12")).to_be_visible()
    expect(page.get_by_text("Fit the tempo: choose one below.")).to_be_visible()

    page.get_by_label("At", exact=True).fill("00:00:07:06")
    page.get_by_label("What happens").fill("The lantern glows")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the hit at 00:00:07:06")).to_be_visible()

    page.wait_for_load_state()  # the new page is there before its keys are
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="The plan now")).to_be_attached()
    expect(page.locator(".now")).to_contain_text("The music ends with the picture")
    [(bars, metre, tempo, key, begin, end)] = installation.rows(
        "select bars, metre, json_extract(tempo_map, '$[0][1]'), key, in_frame, out_frame from curator_cue"
        " where number = '1m1' and film_id = (select id from curator_film where slug = 'laternenfest')"
    )
    assert (begin, end) == (0, 348)
    plan = page.locator(".head .nums")
    expect(plan).to_contain_text(f"{bars} bars of {metre}")
    expect(plan).to_contain_text(f"{tempo:g}")
    off = tempo_map_of([[1, tempo]], metre).length(bars) - Fraction(end - begin) / FPS
    assert abs(off * FPS) <= 1
    hit = tempo_map_of([[1, tempo]], metre).nearest_bar(HIT)
    assert abs(tempo_map_of([[1, tempo]], metre).seconds_of(hit) - HIT) * FPS <= 1

    page.wait_for_load_state()
    page.keyboard.press("d")
    page.wait_for_url("**/desk/**")
    expect(page.locator(".head .nums")).to_contain_text(f"{bars} bars of {metre}")
    page.get_by_role("spinbutton", name="Takes").fill(str(TAKES))
    page.keyboard.press("Enter")
    expect(page.locator("li.take")).to_have_count(TAKES)
    installation.wait("select count(*) from generation_candidate where state = 'written'", TAKES)
    for (text,) in installation.rows("select abc from generation_candidate where state = 'written'"):
        score = parse(text)
        assert len(score.bars) == bars
        assert score.header.metre_text == metre
        assert f"\nQ:1/4={tempo:g}\n" in text
        assert f"\nK:{key}\n" in text
        quarters = sum(bar.length for bar in score.bars) * 4
        assert abs(quarters * 60 / Fraction(str(tempo)) - Fraction(end - begin) / FPS) * FPS <= 1
    assert trouble == []
    context.close()
