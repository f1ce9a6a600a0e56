"""A round in a real browser from votes to files: started, watched, stopped, gone on with, handed out, deleted."""

import hashlib
import json
import os
import re
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in, watch
from tests.e2e.installation import Installation

pytestmark = pytest.mark.e2e

SEED = """
from tests.factories import make_user
from tests.training.rounds import judged_film
print(judged_film(make_user(role="owner", username="anna")).slug)
"""

# A model as small as that of the tests is through its five usual steps before anybody can look.
MANY_STEPS = """
from training.models.rounds import Round
row = Round.objects.get()
Round.objects.update(settings=row.settings | {"epochs": 20, "batches": 1, "patches": 1, "rate": 1e-5})
"""


@pytest.fixture
def place(installation):
    """A running web server without workers, and the slug of a film that was judged."""
    installation.settings = {"CUEWRIGHT_DEBUG": "1", "OMP_NUM_THREADS": "1"}
    yield installation, installation.serve_seeded(SEED)
    for beat in installation.data.glob("runs/*/heartbeat.json"):  # held still for good where the test has failed
        said = json.loads(beat.read_text())
        if said["state"] == "training":
            os.kill(said["pid"], signal.SIGKILL)  # noqa: TID251 (a test that runs on POSIX only)


def trainer(installation: Installation) -> int:
    """The process that trains, held still after a few steps, so that the page can be looked at."""
    installation.until(
        lambda: any(file.read_text().count("\n") > 3 for file in installation.data.glob("runs/*/metrics.jsonl"))
    )
    (beat,) = installation.data.glob("runs/*/heartbeat.json")
    pid = int(json.loads(beat.read_text())["pid"])
    os.kill(pid, signal.SIGSTOP)  # noqa: TID251 (as above)
    return pid


def file_of(page: Page, name: str) -> bytes:
    """What a link on the page downloads."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).click()
    return waiting.value.path().read_bytes()


def test_a_round_from_votes_to_files(chromium, place):
    installation, film = place
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    trouble = watch(page)
    sign_in(page, installation)

    page.goto(f"{installation.url}/training/preferences/?film={film}")
    page.get_by_role("button", name=re.compile("Freeze")).click()
    page.get_by_role("link", name="New round").click()
    expect(page.get_by_label("Learn from")).to_have_value(re.compile("dpo:"))
    expect(page.locator("#prospect")).to_contain_text("Fine-tune on rankings")
    page.get_by_role("button", name="Start the round").click()
    expect(page.locator("#round-live")).to_contain_text("It begins as soon as the training worker is free.")

    installation.manage("shell", "-v0", "-c", MANY_STEPS)
    installation.start("work", "--queue", "training")
    pid = trainer(installation)
    live = page.locator("#round-live")
    expect(live.locator(".strip")).to_contain_text(re.compile(r"step [1-9]\d* of \d+"))
    expect(live.locator("figure", has_text="Loss").locator("path.ink-l")).to_have_attribute("d", re.compile("M.*L"))
    expect(live.locator("circle.em-f").first).to_be_visible()  # where it is now
    expect(live.get_by_role("group", name="Log")).to_contain_text("training starts")
    live.get_by_role("button", name="Save and stop").click()
    expect(live).to_contain_text("It saves what it has and stops.")
    os.kill(pid, signal.SIGCONT)  # noqa: TID251 (as above)
    expect(live.get_by_role("button", name="Go on")).to_be_visible()
    expect(live.get_by_role("group", name="Log")).to_contain_text("stopped")
    stopped_at = installation.rows("select max(step) from training_roundmetric")[0][0]
    assert 0 < stopped_at < int(installation.rows("select progress_total from curator_job order by id desc")[0][0])

    live.get_by_role("button", name="Go on").click()
    gate = page.locator("#gate")
    expect(gate).to_be_visible()  # the page loads again when the round has ended
    expect(page.locator(".over")).to_contain_text("Finished")
    expect(gate.locator("li", has_text="Right on held-out pairs")).to_contain_text("%")
    expect(gate).to_contain_text("It can be promoted once it was measured and heard in the match.")
    expect(gate.get_by_role("button", name=re.compile("Promote"))).to_have_count(0)
    steps = [step for (step,) in installation.rows("select step from training_roundmetric order by line")]
    assert steps == sorted(steps)
    assert max(steps) > stopped_at

    page.goto(f"{installation.url}/training/checkpoints/")
    tree = page.locator("#lineage > .lineage > li")
    expect(tree.locator("> article")).to_contain_text("in use")
    expect(tree.locator("ul article")).to_contain_text("Round 1")
    tree.locator("> article").get_by_role("link", name="Small").click()
    expect(page.locator("aside")).to_contain_text("It cannot be deleted. It is the one in use.")
    page.get_by_role("link", name="Round 1").click()
    expect(page.locator("aside").get_by_role("link", name="Small")).to_be_visible()  # made from it
    expect(page.locator("dl", has_text="Distance from the parent (KL)")).to_be_visible()
    sha256 = installation.rows("select sha256 from generation_checkpoint where name = 'Round 1'")[0][0]
    assert hashlib.sha256(file_of(page, ".safetensors")).hexdigest() == sha256
    page.get_by_role("button", name="Prepare NotaGen's .pth").click()
    expect(page.get_by_text("The .pth is being written.")).to_be_visible()
    installation.start("work", "--queue", "cpu")
    expect(page.get_by_role("link", name=".pth", exact=True)).to_be_visible()  # the page asks by itself
    assert file_of(page, ".pth").startswith(b"PK")

    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete Round 1").click()
    expect(page.get_by_text("Round 1 is deleted.")).to_be_visible()
    expect(page.locator("#lineage")).not_to_contain_text("Round 1")
    assert list((installation.data / "weights").glob(f"{sha256}*")) == []
    assert trouble == []
