"""The delivery page in a real browser: the page fits, the strict policy holds, a press of the button saves the file."""

import hashlib
import json
import os
import re
import zipfile

import pytest
from playwright.sync_api import Browser, Page, expect

from curator.delivery.contract import inspect
from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

# Six cues of the demo film: two approved, one approved that cannot be written, one whose approval was withdrawn.
SEED = """
import json
from django.conf import settings
from curator.domain.accounts import ensure_owner
from curator.domain.approvals import approve_cue, revoke_approval
from curator.domain.delivery import deliver_cue
from curator.domain.demo_film import seed_film
from curator.models.film import Cue
from tests.curator.delivery_scene import overfull
from tests.curator.delivery.scores import GOLDEN
from tests.factories import make_take, make_version
seed_film(data=json.loads((settings.ROOT / "data/demo/film.json").read_text(encoding="utf-8")))
owner = ensure_owner()
plain = (GOLDEN / "plain.musicxml").read_text("utf-8")
for place, cue in enumerate(Cue.objects.filter(practice=False).order_by("position")[:4]):
    text = overfull() if place == 2 else plain
    cue.out_frame, cue.tempo_map = cue.in_frame + 173, [[1, 66.5]]
    cue.save()
    take = make_take(cue=cue, version=make_version(abc=f"% {place}", musicxml=text))
    approve_cue(cue=cue, take=take, by=owner)
    if place == 3:
        deliver_cue(cue=cue, by=owner)
        revoke_approval(cue=cue, by=owner)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with approved cues."""
    with Installation.seeded(tmp_path_factory.mktemp("delivery"), SEED) as made:
        yield made


def signed_in(site: Installation, chromium: Browser, **settings) -> tuple[Page, list[str]]:
    page = chromium.new_context(**settings).new_page()
    trouble = watch(page)
    sign_in(page, site)
    page.goto(f"{site.url}/films/demo/delivery/")
    return page, trouble


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_page_fits_every_width_and_the_policy_holds(site, chromium, width):
    page, trouble = signed_in(site, chromium, viewport={"width": width, "height": 900})
    expect(page.locator("h1")).to_have_text("Delivery")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert trouble == []
    if folder := os.environ.get("CUEWRIGHT_PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_timeout(300)
            page.screenshot(path=f"{folder}/delivery-{width}-{scheme}.png", full_page=True)
    page.context.close()


def test_a_press_saves_the_score_and_the_light_gets_its_tick(site, chromium, tmp_path):
    page, trouble = signed_in(site, chromium)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download 1m1").press("Enter")
    saved = waiting.value
    assert saved.suggested_filename.startswith("1m1_")
    saved.save_as(tmp_path / saved.suggested_filename)
    data = (tmp_path / saved.suggested_filename).read_bytes()
    assert [check for check in inspect(data, stem=saved.suggested_filename[:-9]) if not check.ok] == []
    expect(page.locator("tr.delivered td.no")).to_have_text("1m1")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download package").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert "manifest.json" in archive.namelist()
    expect(page.locator(".notes, .msg").filter(has_text="1m3: Bar 1 holds").first).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=f"Download {saved.suggested_filename} again").click()
    assert waiting.value.path().read_bytes() == data
    assert trouble == []
    page.context.close()


def test_what_is_approved_in_the_browser_is_in_the_package_as_the_page_says(site, chromium):
    page, trouble = signed_in(site, chromium)
    expect(page.locator(".lede.dark")).to_contain_text("1m4 The last match")
    page.goto(f"{site.url}/films/demo/standings/1m4/")
    page.get_by_role("button", name="Approve take 1").first.click()
    page.goto(f"{site.url}/films/demo/delivery/")
    expect(page.locator(".lede.dark")).not_to_contain_text("1m4")
    row = page.get_by_role("row").filter(has_text="1m4")
    expect(row.locator(".ok")).to_have_count(7)
    page.get_by_label("1m2 into the package").uncheck()
    shown = {
        text.strip() for text in page.locator(".tree .d2 span:nth-child(2)").all_inner_texts() if "1m2" not in text
    }
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download package").press("Enter")
    assert waiting.value.suggested_filename.startswith("die-kleine-laterne_1m1-1m4_")
    with zipfile.ZipFile(waiting.value.path()) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        held = {name.partition("/")[2] for name in archive.namelist() if "/" in name}
        sizes = {file["name"]: file["bytes"] for cue in manifest["cues"] for file in cue["files"]}
        assert {name: len(archive.read(name)) for name in archive.namelist() if "/" in name} == sizes
    assert held == shown
    assert [cue["number"] for cue in manifest["cues"]] == ["1m1", "1m4"]
    told = manifest["cues"][1]
    assert (told["title"], told["stage"], told["lineage"]["take"]) == ("The last match", "Transformation", 1)
    expect(row.locator(".len")).to_have_text(f"0:0{told['times']['music_seconds']:.1f}")
    expect(page.locator(".sent")).to_contain_text(waiting.value.suggested_filename)
    assert trouble == []
    page.context.close()


def test_the_book_prints_title_cues_and_sheet_on_pages_of_their_own(site, chromium):
    page, trouble = signed_in(site, chromium)
    page.get_by_role("link", name="The film as a book, to print").click()
    expect(page.locator(".booktitle")).to_be_visible()
    cues = page.locator(".bookcue").count()
    assert cues >= 2
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert len(pages) == cues + 2
    page.get_by_role("link", name="Back to delivery").click()
    expect(page.locator("h1")).to_have_text("Delivery")
    assert trouble == []
    page.context.close()


def test_a_token_made_in_the_browser_fetches_what_the_page_offers(site, chromium):
    page, trouble = signed_in(site, chromium)
    page.get_by_role("link", name="Tokens for scripts").click()
    page.get_by_label("Name").fill("Digital Director")
    page.get_by_label("fetch their files").check()
    page.get_by_role("button", name="Make a token").click()
    text = page.get_by_role("textbox", name="Token", exact=True).input_value()
    page.reload()
    assert text not in page.content()
    context = chromium.new_context()
    asking = {"Authorization": f"Bearer {text}"}
    [film] = context.request.get(f"{site.url}/api/films", headers=asking).json()
    listed = context.request.get(site.url + film["cues_url"], headers=asking).json()
    file = listed["cues"][0]["files"][0]
    data = context.request.get(site.url + file["url"], headers=asking).body()
    assert hashlib.sha256(data).hexdigest() == file["sha256"]
    assert context.cookies() == []
    context.close()
    page.get_by_role("button", name="Revoke Digital Director").click()
    expect(page.locator(".tokenlist")).to_contain_text("revoked")
    assert trouble == []
    page.context.close()
