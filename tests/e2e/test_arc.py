"""The arc in Chromium: borders moved by mouse and by keys, put back, zoom, themes named, the still that follows."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PAUSED, SECONDS, owners_page, sign_in, until
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = """
import io, json
from django.conf import settings
from PIL import Image
from curator.domain.demo_film import seed_film
from curator.domain.rendering import make_rendering
from curator.domain.stills import set_still
from curator.domain.strips import STRIP_JOB
from curator.domain.takes import put_up_take
from curator.models.film import Cue
from curator.models.ranking import Approval
from curator.notation.convert import abc_to_musicxml
from generation.etudes.composer import compose
from tests.factories import make_user, make_version
film = seed_film(data=json.loads((settings.ROOT / "data/demo/film.json").read_text(encoding="utf-8")))
for shot, colour in zip(film.shots.all()[:3], ((90, 60, 30), (30, 60, 90), (60, 90, 30))):
    file = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(file, "PNG")
    set_still(shot=shot, data=file.getvalue(), name=f"{shot.code}.png")
cue = film.cues.get(number="1m1")
abc = compose(3, key="Dmin", bars=16).stored
version = make_version(abc=abc, musicxml=abc_to_musicxml(abc).text)
take = put_up_take(cue=cue, version=version)
Approval.objects.create(cue=cue, take=take, by=make_user())
make_rendering(version=version, tempo_map=cue.tempo_map)
"""

CUE = "[data-arc] [data-cue='1m3']"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with the demo film, three stills and one approved take."""
    with Installation.seeded(tmp_path_factory.mktemp("arc"), SEED) as made:
        yield made


@pytest.fixture
def page(site, chromium):
    """The owner at the arc; the test ends without a complaint of the page, but for answers with status 400."""
    with owners_page(chromium, site, "/films/demo/", height=1000, forgiven="status of 400") as opened:
        yield opened


def frames(page: Page, edge: str, cue: str = CUE) -> int:
    return int(page.locator(cue).get_attribute(f"data-{edge}") or 0)


def test_a_border_is_dragged_to_a_cut_and_put_back(page):
    before = frames(page, "out")
    page.get_by_role("button", name="Move borders").click()
    grip = page.get_by_role("slider", name="1m3, where it ends")
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x - 5 * step, y)
    expect(page.locator("[data-arc-label]")).to_be_visible()
    assert page.locator(CUE).get_attribute("data-out") == str(before)  # the drawing waits until the border is let go
    page.mouse.up()
    expect(page.locator(".toast")).to_contain_text("The border of 1m3 is at")
    until(page, f"document.querySelector(\"{CUE}\").dataset.out !== '{before}'")
    assert frames(page, "out") < before
    page.keyboard.press("u")
    until(page, f"document.querySelector(\"{CUE}\").dataset.out === '{before}'")
    page.reload()
    assert frames(page, "out") == before


def test_a_border_is_dragged_by_a_finger(site, chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/films/demo/")
    before = frames(page, "out")
    page.get_by_role("button", name="Move borders").tap()
    grip = page.get_by_role("slider", name="1m3, where it ends")
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        told = [{"x": left, "y": top} for left, top in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    touch("touchStart", (x, y))
    for step in range(1, 9):
        touch("touchMove", (x - 5 * step, y + step))
    expect(page.locator("[data-arc-label]")).to_be_visible()
    touch("touchEnd")
    expect(page.locator(".toast")).to_contain_text("The border of 1m3 is at")
    until(page, f"document.querySelector(\"{CUE}\").dataset.out !== '{before}'")
    assert frames(page, "out") < before
    page.get_by_role("button", name="Undo").tap()
    until(page, f"document.querySelector(\"{CUE}\").dataset.out === '{before}'")
    context.close()


def test_a_border_is_moved_by_keys_and_let_be_by_escape(page):
    before = frames(page, "in")
    page.keyboard.press("b")
    grip = page.get_by_role("slider", name="1m3, where it begins")
    grip.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(grip).to_have_attribute("aria-valuenow", str(before + 25))
    page.keyboard.press("Escape")
    expect(grip).to_have_attribute("aria-valuenow", str(before))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, f"document.querySelector(\"{CUE}\").dataset.in === '{before + 1}'")
    expect(page.get_by_role("slider", name="1m3, where it begins")).to_be_focused()
    page.keyboard.press("u")
    until(page, f"document.querySelector(\"{CUE}\").dataset.in === '{before}'")
    assert page.evaluate(PAUSED)  # the arrows moved the border and not the music


def test_a_border_that_cannot_be_there_is_told(page):
    page.get_by_role("button", name="Move borders").click()
    page.route("**/cues/1m3/border/", lambda route: route.fulfill(status=400, json={"error": "No music is left."}))
    grip = page.get_by_role("slider", name="1m3, where it ends")
    grip.focus()
    before = grip.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("No music is left.")
    expect(grip).to_have_attribute("aria-valuenow", before or "")


def test_the_arc_grows_around_its_middle_and_shrinks_again(page):
    page.keyboard.press("+")
    expect(page.locator(".arcwide.z2")).to_be_visible()
    page.keyboard.press("+")
    expect(page.locator(".arcwide.z4")).to_be_visible()
    scroll = "document.querySelector('[data-arc-scroll]')"
    until(page, f"{scroll}.scrollLeft > 0")
    until(page, f"Math.abs(({scroll}.scrollLeft + {scroll}.clientWidth / 2) / {scroll}.scrollWidth - 0.5) < 0.02")
    assert "zoom=4" in page.url
    page.keyboard.press("-")
    expect(page.locator(".arcwide.z2")).to_be_visible()


def test_the_still_and_the_words_follow_the_sound(page):
    page.locator("[data-cue-row='1m1'] button[data-player-src]").click()
    companion = page.locator("[data-companion]")
    expect(companion).to_be_visible()
    expect(companion).to_contain_text("S01-001")
    expect(companion.locator("li:not([hidden]) img")).to_have_count(1)
    until(page, f"{SECONDS} > 0.3")
    expect(page.locator(f"{CUE.replace('1m3', '1m1')}.playing")).to_have_count(1)
    expect(page.locator("[data-arc-head]").first).to_be_visible()
    page.evaluate("document.querySelector('[data-player-audio]').currentTime = 20")  # 22 s of the film: the second shot
    expect(companion).to_contain_text("S01-002")
    page.keyboard.press("Space")
    until(page, PAUSED)
    page.get_by_role("button", name="Close").last.click()
    expect(companion).to_be_hidden()


def test_the_arc_plays_from_where_it_is_clicked(page):
    box = page.locator("[data-strip]").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 30 / 270, box["y"] + 30)  # second 30 of 270; 1m1 begins at 2
    until(page, f"!({PAUSED})")
    until(page, f"27 < {SECONDS} && {SECONDS} < 33")


def test_bars_of_a_take_are_named_a_theme(page, site):
    page.goto(f"{site.url}/films/demo/desk/1m1/1/")
    form = page.locator("[data-name-theme]")
    form.get_by_label("From bar").fill("3")
    form.get_by_label("To bar").fill("6")
    form.get_by_label("Name").fill("The crack in the glass")
    form.get_by_role("button", name="Make it a theme").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Themes")
    card = page.locator(".themecard", has_text="The crack in the glass")
    expect(card).to_contain_text("from 1m1, bars 3–6")
    row = page.locator(".themelist > li", has=card)
    row.get_by_label("Cue").select_option("1m5")
    row.get_by_label("How").select_option("variation")
    row.get_by_role("button", name="It is heard there").click()
    expect(page.locator(".uses", has_text="1m5").last).to_contain_text("varied, from bar 1")
    page.goto(f"{site.url}/films/demo/")
    expect(page.locator(".thl")).to_contain_text("The crack in the glass")


def test_the_arc_prints_on_one_page(page):
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
