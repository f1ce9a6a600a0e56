"""The workers page in a real browser: what a worker does, its GPU given to other programs and taken again."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import enter, watch

pytestmark = pytest.mark.e2e

COUNT = 64
"""So many takes that the work is still going on when the page has been looked at, on however fast a machine."""

WRITING = "select count(*) from generation_candidate where state = 'writing'"
LEFT = "select count(*) from generation_candidate where state in ('waiting', 'writing')"
WRITTEN = "select count(*) from generation_candidate where state = 'written'"
ONCE = "select count(distinct take_id), count(*) from generation_candidate where state = 'written'"
BARS = "select count(*) > 0 from generation_candidate where state = 'writing' and bars_written > 0"
RUNNING = "select count(*) from curator_job where state = 'running' and queue = 'gpu'"
LOADED = "select count(*) from curator_worker where checkpoint_sha256 <> '' and stopped_at is null"


def test_the_gpu_is_freed_and_taken_again(installation, chromium):
    link = installation.serve()
    context = chromium.new_context(locale="en", viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    trouble = watch(page)
    enter(page, link)
    page.goto(installation.url + "/workers/")
    card = page.locator("article.wk", has_text="queue gpu")
    expect(card).to_contain_text("resting")
    expect(page.get_by_role("button", name="Free the")).to_have_count(1)  # the other workers need no GPU

    installation.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", str(COUNT))
    installation.wait(BARS, 1)
    expect(card).to_contain_text("Write takes, 1m1")
    expect(card).to_contain_text("Demo")
    expect(card).to_contain_text("GB")

    # by the keyboard: what is at work goes back, the model goes, nothing more is begun
    card.get_by_role("button", name="Free the").focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Free for other programs since")
    for what in (WRITING, RUNNING, LOADED):
        installation.wait(what, 0)
    written = installation.rows(WRITTEN)[0][0]
    assert written < COUNT
    page.wait_for_timeout(4000)
    assert installation.rows(WRITTEN) == [(written,)]
    assert installation.rows(WRITING) == [(0,)]

    # the desk says so too, and there it is taken again
    page.goto(installation.url + "/films/demo/desk/1m1/")
    expect(page.locator("#work")).to_contain_text("The GPU is free for other programs. The takes keep their place.")
    page.get_by_role("button", name="Take the GPU again").click()
    page.wait_for_url("**/desk/1m1/")
    installation.until(lambda: installation.rows(WRITTEN)[0][0] > written)
    page.get_by_role("button", name="Cancel the rest").click()
    installation.wait(LEFT, 0)
    [(takes, candidates)] = installation.rows(ONCE)
    assert takes == candidates
    page.goto(installation.url + "/workers/")
    expect(page.get_by_role("button", name="Free the")).to_have_count(1)
    assert trouble == []
    context.close()
