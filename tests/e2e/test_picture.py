"""A film's picture in Chromium: a real video plays under a cue, in step with its sound."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PAUSED, SECONDS, owners_page, until
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

# Ten seconds of picture whose grey is the number of its frame, and a take of 1m1, which begins at second 2.
SEED = """
import io, json
import av
import numpy as np
from django.conf import settings
from curator.domain.demo_film import seed_film
from curator.domain.pictures import set_picture
from tests.factories import make_take
from tests.listening import give_opus

file = io.BytesIO()
with av.open(file, "w", format="webm") as output:
    stream = output.add_stream("libvpx", rate=24)
    stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
    for number in range(240):
        picture = np.full((72, 128, 3), number, np.uint8)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    output.mux(stream.encode(None))
file.seek(0)
film = seed_film(data=json.loads((settings.ROOT / "data/demo/film.json").read_text(encoding="utf-8")))
set_picture(film=film, file=file)
give_opus(make_take(cue=film.cues.get(number="1m1")), seconds=8)
"""
CUE_BEGINS = 2.0
NEAR = 0.15
"""Seconds by which picture and sound may differ; a viewer sees no less."""

VIDEO = "document.querySelector('[data-companion] video')"
OFF = f"Math.abs({VIDEO}.currentTime - {SECONDS} - {CUE_BEGINS})"

# The number of the frame that is to be seen, by its grey.
SEEN = """() => {
  const video = document.querySelector("[data-companion] video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [8, 8];
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 8, 8);
  return [pen.getImageData(4, 4, 1, 1).data[0], video.currentTime * 24];
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running web server with the demo film and its picture."""
    with Installation.seeded(tmp_path_factory.mktemp("picture"), SEED) as made:
        yield made


@pytest.fixture
def page(site, chromium):
    """The owner's page, which complains about nothing."""
    with owners_page(chromium, site) as opened:
        yield opened


def seen_as_it_is(page: Page) -> None:
    """The frame that is shown is the one of the video's time."""
    grey, frame = page.evaluate(SEEN)
    assert abs(grey - frame) <= 6


def test_a_video_plays_in_step_with_a_cue(page, site):
    page.goto(f"{site.url}/films/demo/desk/1m1/")
    page.get_by_role("button", name="Play Take 1").click()
    expect(page.locator("[data-companion] video")).to_be_visible()
    until(page, f"{SECONDS} > 0.6 && !{VIDEO}.paused")
    until(page, f"{OFF} < {NEAR}")
    page.keyboard.press("Space")
    until(page, f"{PAUSED} && {VIDEO}.paused && !{VIDEO}.seeking && {OFF} < {NEAR}")
    seen_as_it_is(page)

    # to another place of the music while it rests, and on from there
    page.evaluate("document.querySelector('[data-player-audio]').currentTime = 4")
    until(page, f"!{VIDEO}.seeking && Math.abs({VIDEO}.currentTime - 6) < {NEAR}")
    seen_as_it_is(page)
    page.keyboard.press("Space")
    until(page, f"{SECONDS} > 4.3 && !{VIDEO}.paused")
    until(page, f"{OFF} < {NEAR}")
    expect(page.locator("[data-companion] video")).to_have_js_property("muted", True)


def test_the_picture_is_there_to_be_looked_at(page, site):
    page.goto(f"{site.url}/films/demo/picture/")
    until(page, "Math.abs(document.querySelector('video').duration - 10) < 0.1")
    page.get_by_role("button", name="Hear without picture").click()
    expect(page.locator("video")).to_have_count(0)
    page.goto(f"{site.url}/films/demo/desk/1m1/")
    page.get_by_role("button", name="Play Take 1").click()
    expect(page.locator("[data-companion]")).to_contain_text("S01-001")
    expect(page.locator("[data-companion] video")).to_have_count(0)
