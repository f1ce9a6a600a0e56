"""The cue desk in a real browser: ask, watch, close and come back, cancel, fail, try again, mend, more like it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import enter, watch

pytestmark = pytest.mark.e2e

MANY = 64
"""So many takes that the work is still going on when the page has been looked at, on however fast a machine."""

DESK = "/films/demo/desk/1m1/"
AT_WORK = "select count(*) > 0 from generation_candidate where state = 'writing' and bars_written > 0"
LEFT = "select count(*) from generation_candidate where state in ('waiting', 'writing')"
FAILED = "select count(*) from generation_candidate where state = 'failed'"


def ask(page, takes, **more):
    """Fill the form of the desk and send it."""
    page.get_by_role("spinbutton", name="Takes").fill(str(takes))
    if more and not page.locator("#ask [name=density]").is_visible():
        page.get_by_text("What every bar must keep").click()
    for name, value in more.items():
        page.locator(f"#ask [name={name}]").fill(str(value))
    page.locator("#ask-button").click()
    expect(page.get_by_text(re.compile(f"^{takes} takes? (is|are) asked for"))).to_be_visible()


def state_of_work(installation):
    """What has been written so far: takes, and bars of all candidates."""
    return installation.rows(
        "select count(*) filter (where state = 'written'), sum(bars_written) from generation_candidate"
    )[0]


def test_the_desk_from_request_to_more_like_it(installation, chromium):
    link = installation.serve()
    context = chromium.new_context(locale="en", viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    trouble = watch(page)
    enter(page, link)

    # ask, and have takes that sound
    page.goto(installation.url + DESK)
    expect(page.locator("#expected")).to_contain_text("How long it takes is known after the first takes")
    ask(page, 2)
    expect(page.locator("li.take .playbtn")).to_have_count(2)
    expect(page.locator("li.take .fitfacts").first).to_contain_text("bars, all add up")
    expect(page.locator("#work")).to_contain_text("2 takes are ready.")

    # see bars being written, close the page and come back
    page.reload()
    expect(page.locator("#expected")).to_contain_text("It takes about")
    ask(page, MANY)
    installation.wait(AT_WORK, 1)
    expect(page.locator("#work")).to_contain_text("bars a second")
    expect(page.locator("li.take.writing .prog").first).to_contain_text("s left")
    page.reload()
    expect(page.locator("li.take.writing .prog").first).to_contain_text("bar ")

    # pause: what is at work is finished, the rest keeps its place
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on writing")).to_be_visible()
    expect(page.locator("#work")).to_contain_text("The writing is paused. The takes keep their place.")
    assert 0 < installation.rows(LEFT)[0][0] < MANY

    # more like one, by its key
    page.locator("li.take.take a.sheet").first.focus()
    page.keyboard.press("m")
    expect(page.get_by_text("4 takes are asked for.")).to_be_visible()
    asked = installation.rows("select count, brief from generation_cuerequest order by id desc limit 1")[0]
    assert (asked[0], '"mode": "first"' in str(asked[1])) == (4, True)

    # go on, and cancel: nothing of it is written later
    page.get_by_role("button", name="Go on writing").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Cancel the rest").click()
    installation.wait(LEFT, 0)
    left = state_of_work(installation)
    page.wait_for_timeout(3000)
    assert state_of_work(installation) == left
    expect(page.locator("li.take.writing, li.take.waiting")).to_have_count(0)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)

    # what cannot be kept fails, keeps its reason, is tried again and mended by hand
    ask(page, 1, density=0.2)
    failed = page.locator("li.take.failed")
    expect(failed).to_contain_text("would not stay as sparse as asked")
    failed.get_by_role("button", name="Try again").click()
    installation.wait(FAILED, 2)
    page.goto(installation.url + DESK + "?show=failed")
    page.get_by_role("link", name="Mend by hand").first.click()
    text = installation.rows("select abc from curator_pieceversion where abc <> '' order by id desc limit 1")[0][0]
    field = page.get_by_label("Text of the score")
    field.fill(text.rsplit("[V:1]", 1)[0] + "[V:1]c|[V:2]c2|\n")
    expect(page.locator("#draft")).to_contain_text("This would not be a piece.")
    page.locator("#draft [data-goto]").first.click()
    expect(page.locator("[data-bar]")).to_contain_text("bar 16")
    field.fill(text.replace("%%score", "%%score", 1).rstrip() + "\n")
    expect(page.locator("#draft")).to_contain_text("This can be kept.")
    expect(page.locator("#draft-picture svg.engraving")).to_be_visible()
    mended = text.replace("z6|", "z4 z2|", 1) if "z6|" in text else text.replace("|]", "|", 1)
    field.fill(mended)
    expect(page.locator("#draft")).to_contain_text("This can be kept.")
    page.get_by_role("button", name="Put it up as a take").click()
    expect(page.locator("body")).to_contain_text("It is put up as take")
    assert installation.rows("select cohort from curator_take order by id desc limit 1") == [("by hand",)]
    assert trouble == []
    context.close()
