"""The encoder's ear and a film maker's taste in a real browser, by keyboard: demo encoder, demo model's takes."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PAUSED, sign_in, straight_to_the_music, until, watch
from tests.e2e.installation import Installation
from tests.e2e.test_look import SMALL, WIDTHS

pytestmark = pytest.mark.e2e

EAR = "/films/demo/ear/1m1/"
DESK = "/films/demo/desk/1m1/"

# The house's style, a take that is a piece of it under another title, and sounds: rendering is tested elsewhere.
SEED = """
from django.core.management import call_command
call_command("seed_demo")
for number, count in (("1m1", 20), ("1m2", 6), ("1m3", 6), ("1m4", 6)):
    call_command("generate_cues", film="demo", cue=number, count=count, seed=7, wait=True)

from curator.models.film import Cue
from curator.models.library import Origin, Piece
from curator.models.ranking import Take
from generation.etudes.composer import compose
from tests.factories import make_take, make_version
from tests.listening import give_opus
for seed in range(3):
    piece = Piece.objects.create(title=f"Pièce {seed}", composer="Satie, Erik", origin=Origin.CORPUS)
    version = make_version(piece=piece, abc=compose(2_000_000 + seed).abc)
copy = Piece.objects.create(title="Mine", origin=Origin.GENERATED)
make_take(cue=Cue.objects.get(number="1m1"), version=make_version(piece=copy, abc="T:Mine\\n" + version.abc))
for take in Take.objects.filter(cue__number="1m1").select_related("cue", "version"):
    take.version.renderings.all().delete()
    give_opus(take, seconds=2)
"""

# A listener who wants few notes judges takes of three cues.
JUDGE = """
import numpy as np
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Judgement
owner, random = User.objects.get(role="owner"), np.random.default_rng({seed})
def notes(take):
    return np.log2(take.version.facts["notes"] / take.version.facts["bars"])
for number in range({count}):
    cue = Cue.objects.get(number=("1m2", "1m3", "1m4")[number % 3])
    left, right = random.permutation(list(cue.takes.select_related("version")))[:2]
    answer = "left" if notes(left) < notes(right) else "right"
    Judgement.objects.create(cue=cue, rater=owner, pair=f"{seed}-{{number}}", left=left, right=right, answer=answer)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Any:
    """An installation with the demo model's takes on four cues and a worker for the GPU's queue; nothing judged yet."""
    made = Installation(
        tmp_path_factory.mktemp("ear"),
        settings={"CUEWRIGHT_MIN_LISTEN": "0.1", "CUEWRIGHT_DEBUG": "1", "OMP_NUM_THREADS": "1"},
    )
    made.serve_seeded(SEED)
    yield made
    made.stop()


@pytest.fixture
def page(chromium, site) -> Any:
    """The owner's page, which complains about nothing until it is closed."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    made = context.new_page()
    trouble = watch(made)
    sign_in(made, site)
    yield made
    assert trouble == []
    context.close()


def press(page: Page, target: Any, key: str = "Enter") -> None:
    """Reach a control by keyboard and press a key on it."""
    target.focus()
    expect(target).to_be_focused()
    page.keyboard.press(key)


def fits_every_window(page: Page, path: str) -> None:
    """No page is wider than its window, and everything can be hit, in both languages and looks."""
    for language, scheme in (("en", "light"), ("de", "dark")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.context.add_cookies([{"name": "django_language", "value": language, "url": path}])
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            assert page.evaluate(SMALL) == [], width
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": path}])


def placed(page: Page) -> list[str]:
    """The takes of the table from top to bottom."""
    return page.locator(".etable tbody th a").all_inner_texts()


def test_takes_are_placed_heard_and_held_against_another_style(site, page):
    page.goto(site.url + EAR)
    expect(page.locator("main [role=status]")).to_contain_text("A worker reads the takes.")
    site.start("work", "--queue", "gpu")
    # the page loads again by itself
    expect(page.locator(".etable tbody tr")).to_have_count(21)
    expect(page.locator(".etable tbody tr").first).to_contain_text("1.")
    copied = page.locator(".etable tbody tr", has_text="near copy")
    expect(copied).to_have_count(1)
    expect(copied).to_contain_text("Pièce 2")
    expect(page.locator(".etable circle.ink-f")).to_have_count(42)
    by_style = placed(page)
    press(page, page.get_by_role("link", name="near the brief"))
    expect(page.get_by_role("link", name="near the brief")).to_have_attribute("aria-current", "true")
    assert sorted(placed(page)) == sorted(by_style) != placed(page)
    first = page.locator(".etable .playbtn").first
    press(page, first)
    until(page, f"!{PAUSED}")
    fits_every_window(page, site.url + EAR)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site.url + EAR)
    aside = page.get_by_role("complementary")
    expect(aside).to_contain_text("3 pieces: Satie, Erik")
    expect(aside).to_contain_text("The house's choice")
    press(page, aside.locator("summary"))
    composers = page.get_by_label("Composers")
    press(page, composers, "Home")
    assert composers.evaluate("field => [...field.selectedOptions].map(one => one.value)") == [
        "Cuewright (composed by rule)"
    ]
    press(page, aside.get_by_role("button", name="Set"))
    expect(aside).to_contain_text("6 pieces: Cuewright (composed by rule)")
    press(page, page.get_by_role("button", name="Place 21 takes"))
    expect(page.get_by_role("button", name="Place 21 takes")).to_have_count(0)
    expect(page.locator("main [role=status]")).to_have_count(0)
    assert placed(page) != by_style


def test_nothing_is_told_while_takes_are_compared(site, page):
    page.goto(site.url + DESK)
    expect(page.locator("li.take a", has_text="near the style").first).to_be_visible()
    page.goto(f"{site.url}/films/demo/listen/1m1/")
    straight_to_the_music(page)
    text = page.content()
    for word in ("encoder", "near the style", "near copy", "/ear/", "prior"):
        assert word not in text
    page.goto(site.url + EAR)
    expect(page.locator("main")).to_contain_text("You are listening blind.")
    expect(page.locator(".etable")).to_have_count(0)
    expect(page.get_by_role("button", name="Place")).to_have_count(0)
    page.goto(site.url + DESK)
    expect(page.locator("li.take").first).to_be_visible()
    expect(page.locator("li.take a", has_text="near the style")).to_have_count(0)


def test_the_best_of_a_request_are_kept_and_the_rest_put_aside(site, page):
    page.goto(f"{site.url}/films/demo/desk/1m5/")
    press(page, page.locator("summary", has_text="Keep only the best by the encoder's ear"))
    page.get_by_role("spinbutton", name="Takes").fill("5")
    page.get_by_label("Keep the best").fill("2")
    press(page, page.get_by_label("What counts most"), "v")
    expect(page.get_by_label("What counts most")).to_have_value("variety")
    press(page, page.locator("#ask-button"))
    expect(page.get_by_text("5 takes are asked for.")).to_be_visible()
    site.wait("select count(*) from generation_cuerequest where best_of like '%kept%'", 1)
    page.reload()
    expect(page.locator("li.take")).to_have_count(2)
    press(page, page.get_by_role("link", name="Discarded 3"))
    expect(page.locator("li.take .tag", has_text="discarded")).to_have_count(3)


def test_automatic_pairs_are_added_to_those_of_people_and_frozen(site, page):
    site.manage("shell", "-v0", "-c", JUDGE.format(seed=1, count=24))
    page.goto(f"{site.url}/training/preferences/?film=demo")
    press(page, page.get_by_label("Add pairs by the encoder's ear"), "Space")
    for box in page.locator("input[name=held]:checked").all():
        press(page, box, "Space")
    press(page, page.get_by_role("button", name="Show"))
    expect(page.locator("main")).to_contain_text("4 pairs by the encoder")
    fits_every_window(page, page.url)
    page.goto(page.url)
    press(page, page.get_by_role("button", name="Freeze"))
    facts = page.locator(".pfacts")
    expect(facts.locator("dt", has_text="Added by the encoder's ear")).to_be_visible()
    weights = site.rows("select weight, count(*) from training_preferencepair where source = 'clamp' group by weight")
    assert weights == [(0.0625, 4)]


def test_a_taste_from_nothing_to_learned_by_itself_to_switched_off(site, page):
    page.goto(site.url + "/training/taste/")
    known = site.rows("select count(*) from curator_judgement")[0][0]
    expect(page.get_by_role("heading", name="Too few judgements yet")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"{30 - known} more, and it can be learned.")
    fits_every_window(page, site.url + "/training/taste/")

    site.manage("shell", "-v0", "-c", JUDGE.format(seed=2, count=60))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site.url + "/training/taste/")
    press(page, page.get_by_role("button", name=f"Learn from {known + 60} judgements"))
    proof = page.locator(".proof")
    expect(proof).to_contain_text(f"of your {known + 60} answers in cues that it had not seen")
    expect(proof).to_contain_text("The whole interval lies above chance: new takes start where it puts them.")
    expect(page.get_by_role("heading", name="Takes it puts first and last")).to_be_visible()
    assert site.rows("select count(*) > 0 from curator_take where prior_mean <> 0") == [(1,)]
    fits_every_window(page, site.url + "/training/taste/")

    # ten answers later the sweeper has it learned anew
    site.manage("shell", "-v0", "-c", JUDGE.format(seed=3, count=10))
    page.goto(site.url + "/training/taste/")
    expect(page.locator("main")).to_contain_text("10 judgements are newer")
    site.manage("shell", "-v0", "-c", "from training.tasks import learn_tastes; learn_tastes()")
    page.reload()
    expect(proof).to_contain_text(f"of your {known + 70} answers")

    press(page, page.get_by_label("New takes start where it puts them"), "Space")
    press(page, page.get_by_role("button", name="Keep", exact=True))
    expect(proof).to_contain_text("It does not help, because it is switched off.")
    assert site.rows("select count(*) from curator_take where prior_mean <> 0") == [(0,)]


def test_without_an_encoder_the_pages_say_how_to_get_one(installation, chromium):
    installation.settings = {"CUEWRIGHT_DEBUG": "1"}
    installation.serve_seeded("from tests.factories import make_cue; print(make_cue(number='1m1').film.slug)")
    page = chromium.new_context().new_page()
    sign_in(page, installation)
    slug = installation.rows("select slug from curator_film")[0][0]
    for path in (f"/films/{slug}/ear/1m1/", "/training/taste/"):
        page.goto(installation.url + path)
        expect(page.locator("main")).to_contain_text("No encoder is here yet")
        expect(page.locator("main")).to_contain_text("manage.py seed_demo brings a small one")
        fits_every_window(page, installation.url + path)
    page.context.close()
