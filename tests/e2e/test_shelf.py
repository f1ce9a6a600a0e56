"""The library and a score by keyboard alone: narrow and tag, loop and tempo, the endless score, the editor."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PAUSED, SECONDS, owners_page, until
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = """
from pathlib import Path
from curator.domain.library import About, import_score
from curator.domain.rendering import make_rendering
from curator.domain.strips import draw_strip, request_strip
from tests.bench.seed_library import compose_texts
text = Path("tests/golden/scores/waltz.musicxml").read_bytes()
waltz = import_score(name="waltz.musicxml", data=text, about=About(title="Waltz", composer="A. Nonym", tags=("dance",)))
made = make_rendering(version=waltz.version)
assert made.sound.state == "ready", made.sound.error
draw_strip(strip_id=request_strip(version=waltz.version).pk)
for number, text in enumerate(compose_texts(3)):
    about = About(title=f"Etude {number}", composer="Rule", tags=("dust",))
    import_score(name=f"{number}.abc", data=text.abc.encode(), about=about)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with four pieces, one of them engraved and sounded."""
    with Installation.seeded(tmp_path_factory.mktemp("shelf"), SEED) as made:
        yield made


@pytest.fixture
def page(site, chromium):
    """The owner at the library."""
    # the browser tells of the editor's refusal too, which is asked for below
    with owners_page(chromium, site, "/library/", forgiven="400 (Bad Request)") as opened:
        yield opened


def test_pieces_are_narrowed_and_tagged_by_keyboard(page: Page):
    page.get_by_label("Rule").focus()
    page.keyboard.press("Space")
    expect(page.locator(".scard")).to_have_count(3)
    expect(page.get_by_label("Rule")).to_be_focused()  # though the facets were counted anew
    page.keyboard.press("/")
    page.keyboard.type("etude")
    until(page, "location.search.includes('q=etude')")
    page.locator("main").evaluate("main => main.focus()")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    page.keyboard.press("t")
    page.keyboard.type("slow, ")
    suggestions = page.locator("#tag-names option").evaluate_all("options => options.map(option => option.value)")
    assert suggestions == ["slow, dance", "slow, dust"]
    page.keyboard.type("night")
    page.keyboard.press("Enter")
    expect(page.get_by_text("slow, night is on 2 pieces.")).to_be_visible()
    expect(page.locator(".facets label", has_text="night").locator(".c")).to_have_text("2")
    assert "composer=Rule" in page.url


def test_a_view_is_kept_and_the_list_is_one_key_away(page: Page):
    page.goto(page.url + "?tag=dust")
    page.keyboard.press("v")
    expect(page.locator("table.rows tbody tr")).to_have_count(3)
    page.get_by_text("Keep this view").click()
    page.get_by_label("Name of the view").fill("Dusty ones")
    page.keyboard.press("Enter")
    expect(page.locator(".views").get_by_role("link", name="Dusty ones")).to_be_visible()
    page.goto(page.url.split("?")[0])
    page.get_by_role("link", name="Dusty ones").click()
    expect(page.locator("table.rows tbody tr")).to_have_count(3)


def test_bars_are_looped_and_the_tempo_keeps_the_pitch(page: Page):
    page.get_by_role("link", name="Waltz", exact=True).click()
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    page.get_by_label("Loop from bar").fill("3")
    page.get_by_label("Loop to bar").fill("3")
    page.keyboard.press("Tab")
    expect(page.locator(".leaf .loopglow")).to_have_count(1)
    start = page.evaluate(SECONDS)
    assert 4.5 < start < 5.5  # two bars of three quarters at 72
    page.get_by_label("Speed", exact=False).first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    sound = "document.querySelector('[data-player-audio]')"
    assert page.evaluate(f"[{sound}.playbackRate, {sound}.preservesPitch]") == [1.5, True]
    page.locator("main").evaluate("main => main.focus()")
    page.keyboard.press("Space")
    until(page, f"{SECONDS} > {start} + 1.5")
    until(page, f"{SECONDS} < {start} + 0.8")  # around once
    expect(page.locator("[data-player-bar]")).to_have_text("bar 3 of 8")
    page.keyboard.press("Space")
    until(page, PAUSED)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    expect(page.get_by_label("Loop to bar")).to_have_value("4")
    expect(page.locator(".leaf .loopglow")).to_have_count(2)
    page.get_by_role("button", name="Without loop").click()
    expect(page.locator(".leaf .loopglow")).to_have_count(0)


def test_the_endless_score_lights_up_and_follows(page: Page):
    page.get_by_role("link", name="Waltz", exact=True).click()
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    page.keyboard.press("v")
    expect(page.locator(".strip .engraving")).to_be_visible()
    assert page.locator(".strip .system").count() == 1
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    for _ in range(3):
        page.keyboard.press("+")
    expect(page.locator("[data-size-now]")).to_have_text("200\u202f%")
    assert page.url.endswith("view=continuous&size=200")
    page.keyboard.press("Space")
    expect(page.locator(".strip .sounding").first).to_be_visible()
    page.locator(".strip .measure").nth(6).locator(".notehead").first.click()
    until(page, f"!{PAUSED} && {SECONDS} > 15")
    until(page, "document.querySelector('[data-strip]').scrollLeft > 0")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_pages_print_in_ink_whatever_the_light(page: Page):
    page.emulate_media(color_scheme="dark")
    page.get_by_role("link", name="Waltz", exact=True).click()
    expect(page.locator(".leaf .wide .engraving").first).to_be_visible()
    expect(page.get_by_role("button", name="Print or PDF")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    ink = "getComputedStyle(document.querySelector('.leaf .wide .engraving')).color"
    assert page.evaluate(ink) == "rgb(36, 28, 21)"
    for hidden in (".bar", ".side", ".tbar", "[data-player]"):
        expect(page.locator(hidden).first).not_to_be_visible()


def test_nothing_is_wider_than_a_phone(page: Page):
    page.set_viewport_size({"width": 390, "height": 800})
    for address in ("", "?view=list"):
        page.goto(page.url.split("?")[0] + address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("link", name="Waltz", exact=True).click()
    for view in ("", "?view=continuous", "?view=abc", "?size=200"):
        page.goto(page.url.split("?")[0] + view)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_editor_makes_a_new_version(page: Page):
    page.get_by_role("link", name="Waltz", exact=True).click()
    expect(page.locator("[data-player-bar]")).to_have_text("bar 1 of 8")
    page.keyboard.press("e")
    field = page.get_by_label("Text of the score")
    text = field.input_value()
    field.fill(text.replace("[V:1]", "[V:1]z", 1))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Bar 1: voice")
    field.fill(text.replace("Q:1/4=72", "Q:1/4=60"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("This is version 2 now.")).to_be_visible()
    expect(page.locator(".history li")).to_have_count(2)
    page.get_by_role("link", name="Compare").click()
    expect(page.locator("ins")).to_have_text("Q:1/4=60")
