"""The look in a real browser: every width, day and night, both languages, the strict policy on, the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

WIDTHS = (320, 390, 768, 1060, 1280, 1920)
PAGES = (
    "/films/demo/",
    "/films/demo/desk/1m1/",
    "/films/demo/standings/1m2/",
    "/films/demo/delivery/",
    "/library/",
    "/library/twins/",
    "/library/rights/",
    "/library/rights/confirm/training/",
    "/training/rounds/",
    "/training/machines/",
    "/workers/",
    "/components/",
    "/listen/first/",
    "/listen/first/1/",
    "/listen/answers/",
    "/listeners/",
    "/practice/",
    "/films/demo/picture/",
    "/films/demo/themes/",
    "/films/demo/ear/1m1/",
    "/training/taste/",
    "/training/preferences/",
    "/sign-in/",
)

SEED = """
import json
from datetime import timedelta
from django.conf import settings
from django.utils import timezone
from curator.domain.demo_film import seed_film
from curator.domain.turns import free_gpu
from curator.models.film import Cue
from curator.models.jobs import Worker
seed_film(data=json.loads((settings.ROOT / "data/demo/film.json").read_text(encoding="utf-8")))
Cue.objects.filter(number="1m1").update(state="approved")
Cue.objects.filter(number="1m2").update(state="to_rank")
now = timezone.now()
for machine, minutes in (("Werkstatt-mit-einem-langen-Namen.local", -600), ("Studio", -600), ("Laptop", 14)):
    Worker.objects.create(
        name=machine, machine=machine, process_id=1, queues=["gpu"], started_at=now - timedelta(hours=1),
        heartbeat_at=now - timedelta(minutes=minutes), system="Windows, 16 cores", gpu="RTX 4090",
        gpu_memory_mb=24564, gpu_used_mb=5120, memory_mb=1830, checkpoint="NotaGen-X", checkpoint_sha256="a" * 64,
        bars_per_second=1.84,
    )
free_gpu(machine="Studio")
"""

# Controls smaller than 24 px, but for links within a sentence (WCAG 2.2, 2.5.8).
SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter(element => element.checkVisibility({visibilityProperty: true}))
  .filter(element => !element.closest("svg, p, .msg, .skip, label"))
  .map(element => [element.textContent.trim() || element.getAttribute("aria-label"), element.getBoundingClientRect()])
  .filter(([name, box]) => box.width > 1 && (box.width < 24 || box.height < 24) && box.bottom > 0)
  .map(([name, box]) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with the demo film."""
    with Installation.seeded(tmp_path_factory.mktemp("look"), SEED) as made:
        yield made


@pytest.fixture(scope="module")
def state(site, chromium):
    """Cookies of the signed-in owner."""
    context = chromium.new_context()
    sign_in(context.new_page(), site)
    yield context.storage_state()
    context.close()


def open_page(chromium, state, **settings) -> tuple[Page, list[str]]:
    page = chromium.new_context(storage_state=state, **settings).new_page()
    return page, watch(page)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_every_window(chromium, site, state, path, language):
    page, trouble = open_page(chromium, state, color_scheme="dark" if language == "de" else "light")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
    page.goto(site.url + path)
    assert page.locator("html").get_attribute("lang") == language
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(SMALL) == [], width
    assert trouble == []
    page.context.close()


def test_the_look_is_chosen_and_remembered(chromium, site, state):
    page, trouble = open_page(chromium, state, color_scheme="light", viewport={"width": 1280, "height": 800})
    page.goto(site.url + "/films/demo/")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(246, 241, 230)"
    page.get_by_label("Menu: appearance").click()
    page.get_by_role("button", name="Night").click()
    assert page.evaluate(paper) == "rgb(23, 19, 16)"
    page.reload()
    assert page.evaluate(paper) == "rgb(23, 19, 16)"
    page.get_by_label("Menu: appearance").click()
    page.get_by_role("button", name="System").click()
    assert page.evaluate(paper) == "rgb(246, 241, 230)"
    assert trouble == []
    page.context.close()


def test_the_keyboard_goes_everywhere(chromium, site, state):
    page, trouble = open_page(chromium, state, viewport={"width": 1280, "height": 800})
    page.goto(site.url + "/films/demo/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("?")
    dialog = page.locator("#keys-dialog")
    expect(dialog).to_contain_text("Listen to 1m2")
    page.get_by_label("Single keys work on this device").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.keyboard.press("?")
    expect(dialog).not_to_be_visible()
    page.evaluate("localStorage.clear()")
    page.keyboard.press("l")
    page.wait_for_url("**/listen/**")
    assert trouble == []
    page.context.close()


def test_pages_work_without_script(chromium, site, state):
    page, _trouble = open_page(chromium, state, java_script_enabled=False)
    page.goto(site.url + "/films/demo/")
    expect(page.locator("h1")).to_have_text("Die kleine Laterne")
    page.get_by_label("Menu: appearance").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.context.close()
