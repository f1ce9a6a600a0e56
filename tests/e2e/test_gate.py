"""A finished round in a real browser: measured, matched blind, promoted, offered at the desk, rolled back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = """
from tests.factories import make_user
from tests.training.gates import finished_round
row = finished_round(make_user(role="owner", username="anna"))
print(row.public_id, row.preference_set.film.slug)
"""

# The sounds of what the worker wrote: rendering is tested elsewhere, and takes its time.
SOUNDS = """
from curator.models.matches import Match
from tests.listening import give_opus
for take in Match.objects.get().cue.takes.filter(number__gt=4):
    take.version.renderings.all().delete()
    give_opus(take, seconds=2)
"""
IN_USE = """
select name from generation_checkpoint where promoted_at is not null order by promoted_at desc limit 1
"""
SIDES = """
select old.cohort from curator_pair pair join curator_take old on old.id = pair.left_id
where pair.public_id = ?
"""


@pytest.fixture
def place(installation):
    """A running installation with a worker for the GPU's queue, the address of its round, and that of its film."""
    installation.settings = {"CUEWRIGHT_MIN_LISTEN": "0.1", "CUEWRIGHT_DEBUG": "1", "OMP_NUM_THREADS": "1"}
    number, film = installation.serve_seeded(SEED).split()
    installation.start("work", "--queue", "gpu")
    return installation, f"{installation.url}/training/rounds/{number}/", f"{installation.url}/films/{film}/"


def judge(page: Page, installation: Installation, newer: str) -> None:
    """Answer the pair on the page for the newer one, which only the database knows."""
    pair = page.locator("input[name=pair]").first.get_attribute("value")
    assert newer not in page.content()
    left = installation.rows(SIDES, pair)[0][0] == newer
    page.get_by_role("button", name="A serves it better" if left else "B serves it better").click()


def test_a_result_is_measured_heard_promoted_and_rolled_back(chromium, place):
    installation, address, film = place
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    trouble = watch(page)
    sign_in(page, installation)

    page.goto(address)
    gate = page.locator("#gate")
    expect(gate.get_by_text("nothing is promoted by itself")).to_be_visible()
    expect(page.locator(".btn.primary")).to_have_count(0)
    gate.get_by_label("Texts of each").fill("6")
    gate.get_by_role("button", name="Measure", exact=True).click()
    # the page follows the worker and loads again when it is done
    expect(gate.get_by_role("button", name="Measure again")).to_be_visible()
    expect(gate.locator("li", has_text="Bars that add up")).to_contain_text("points")

    gate.get_by_label("Takes of each").fill("3")
    gate.get_by_role("button", name="Start the match").click()
    expect(gate.locator("#gate-cues")).to_contain_text("0 of 9 pairs")
    installation.wait("select count(*) from generation_candidate where state in ('waiting', 'writing')", 0)
    installation.manage("shell", "-v0", "-c", SOUNDS)
    expect(gate.get_by_role("link", name="Listen")).to_be_visible()
    listen = gate.get_by_role("link", name="Listen").get_attribute("href")
    newer = installation.rows("select newer from curator_match")[0][0]
    wanted = installation.rows("select wanted from curator_match")[0][0]

    plain = chromium.new_context(storage_state=context.storage_state(), java_script_enabled=False).new_page()
    plain.goto(installation.url + listen)
    for _ in range(wanted):
        judge(plain, installation, newer)
    policies = installation.rows("select distinct policy from curator_judgement where policy <> ''")
    assert policies == [("match",)]
    expect(plain.get_by_text("The blind match on this cue is heard.")).to_be_visible()
    plain.get_by_role("link", name="See what it says").click()
    expect(plain).to_have_url(f"{address}#gate")

    page.goto(address)
    expect(gate).to_contain_text(re.compile(r"The new one serves the scenes better\. It won 9 of 9"))
    assert installation.rows(IN_USE) == []  # all is well, and still nothing happened by itself
    worse = gate.get_by_label("In spite of what is worse than allowed")
    if worse.count():
        worse.check()
    gate.get_by_label("Why").fill("warmer endings")
    expect(page.locator(".btn.primary")).to_have_text("Promote Round 1")
    page.locator(".btn.primary").press("Enter")
    expect(gate.get_by_text("Round 1 is in use.", exact=True)).to_be_visible()
    assert installation.rows(IN_USE) == [("Round 1",)]

    page.goto(film + "desk/1m1/")
    expect(page.get_by_label("Checkpoint").locator("option:checked")).to_have_text(re.compile("Round 1"))
    page.goto(installation.url + "/training/checkpoints/")
    expect(page.get_by_role("heading", name="In use: Round 1")).to_be_visible()
    expect(page.locator(".usedcard")).to_contain_text("promoted the result of round 1. warmer endings")

    page.goto(address)
    gate.get_by_role("button", name="Roll back to Small").click()
    expect(gate.get_by_role("button", name="Promote Round 1")).to_be_visible()
    expect(page.locator(".over")).to_contain_text("Rolled back")
    assert installation.rows(IN_USE) == [("Small",)]
    page.goto(film + "desk/1m1/")
    expect(page.get_by_label("Checkpoint").locator("option:checked")).to_have_text(re.compile("Small"))
    assert trouble == []
