import json
import re

import pytest
from django.urls import reverse

from curator.models.ranking import Judgement
from tests.factories import make_film
from tests.training.judged import judged_cue, listened, say, tossed
from training.models.sets import PreferenceSet

pytestmark = pytest.mark.django_db

URL = "/training/preferences/"


@pytest.fixture
def film(owner):
    """Three judged cues, 105 votes."""
    made = make_film(slug="laterne", title="Die kleine Laterne")
    for seed in range(3):
        judged_cue(6, listened(6, 35, seed=seed), rater=owner, film=made)
    return made


def page_of(client, query: str = "") -> str:
    response = client.get(URL + query)
    assert response.status_code == 200
    return str(response.content.decode())


def freeze(client, **data):
    return client.post(reverse("freeze_preferences"), {"film": "laterne"} | data)


def checked(page: str) -> list[str]:
    return re.findall(r'name="held" value="([^"]+)" checked', page)


def test_preferences_show_what_there_is_and_what_is_missing(owner_client, film):
    page = page_of(owner_client)
    held = min(film.cues.values_list("public_id", flat=True))
    assert checked(page) == [held]
    assert "couples that were heard" in page
    assert re.search(r"About \d+ more votes would do good. *</b> There are \d+ pairs; below 100", page)
    assert "Expected to be the right way round" in page
    assert "Length and preference go together" in page
    assert "Nothing was frozen yet." in page
    assert "style=" not in page


def test_the_page_tells_a_taste_from_coins(owner_client, film, owner):
    page = page_of(owner_client)
    assert re.search(r"Taste against coins</span><b>(\d+|&gt; 1000) : 1</b>", page)
    assert "could as well be coins" not in page
    made = make_film(slug="coins")
    for seed in range(3):
        judged_cue(6, tossed(6, 40, seed=seed), rater=owner, film=made)
    page = page_of(owner_client, "?film=coins")
    assert "These answers could as well be coins." in page
    assert re.search(r'Taste against coins</span><b class="warn">1 : \d+</b>', page)


def test_preferences_follow_the_owners_choice(owner_client, film):
    last = film.cues.last().public_id
    page = page_of(owner_client, f"?film=laterne&source=posterior&threshold=0.9&own=1&held={last}")
    assert checked(page) == [last]
    assert "couples whose order is sure" in page
    assert re.search(r"<b>\d+</b> couples are not sure enough", page)
    assert checked(page_of(owner_client, "?film=laterne&own=1")) == []


def test_freeze_keeps_what_was_shown(owner_client, film):
    last = film.cues.last().public_id
    page = page_of(owner_client, f"?film=laterne&source=posterior&own=1&held={last}")
    form = page[page.index("/training/preferences/freeze/") :]
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))
    response = owner_client.post(reverse("freeze_preferences"), sent)
    frozen = PreferenceSet.objects.get()
    assert response["Location"] == reverse("preference_set", args=[frozen.public_id])
    assert frozen.manifest["source"] == "posterior"
    assert [cue["cue"] for cue in frozen.manifest["cues"] if cue["held_out"]] == [last]
    assert f"Freeze {frozen.manifest['pairs']} pairs" in page
    assert "laterne 1" in page_of(owner_client)


def test_a_frozen_set_says_all_and_hands_its_files_out(owner_client, film):
    freeze(owner_client)
    frozen = PreferenceSet.objects.get()
    page = owner_client.get(reverse("preference_set", args=[frozen.public_id])).content.decode()
    assert frozen.sha256 in page
    assert page.count("held out") >= 1
    assert "taken back" not in page
    answer = owner_client.get(reverse("preference_file", args=[frozen.public_id, "train.jsonl"]))
    assert answer["Content-Disposition"] == 'attachment; filename="laterne-1-train.jsonl"'
    assert len(answer.content.splitlines()) == frozen.manifest["pairs"]
    manifest = owner_client.get(reverse("preference_file", args=[frozen.public_id, "manifest.json"]))
    assert json.loads(manifest.content) == frozen.manifest
    assert owner_client.get(reverse("preference_file", args=[frozen.public_id, "secrets.txt"])).status_code == 404


def test_a_frozen_set_tells_of_judgements_taken_back(owner_client, owner, film):
    freeze(owner_client, own="1")
    frozen = PreferenceSet.objects.get()
    row = Judgement.objects.get(public_id=frozen.pairs.first().judgements[0])
    again = say(row.cue, row.left, row.right, "skip", owner)
    Judgement.objects.filter(pk=again.pk).update(supersedes=row)
    page = owner_client.get(reverse("preference_set", args=[frozen.public_id])).content.decode()
    assert "1 of its judgements was taken back since." in page


def test_the_same_twice_is_one_set(owner_client, film):
    assert freeze(owner_client)["Location"] == freeze(owner_client)["Location"]
    assert PreferenceSet.objects.count() == 1


def test_preferences_without_judgements_are_designed(owner_client):
    assert "No judgements yet" in page_of(owner_client)
    make_film(slug="leer")
    assert "No judgements yet" in page_of(owner_client, "?film=leer")
    response = owner_client.post(reverse("freeze_preferences"), {"film": "leer"}, follow=True)
    assert "there is nothing to learn" in response.content.decode()


def test_preferences_of_all_films(owner_client, owner, film):
    judged_cue(3, [(1, 2, "left")] * 3, rater=owner, film=make_film(slug="anders", title="Anders"))
    page = page_of(owner_client, "?film=all")
    assert "Anders, 1m1" in page
    assert "Die kleine Laterne, 1m1" in page


@pytest.mark.parametrize("query", ["?film=nothing", "?source=tea", "?threshold=2", "?own=1&held=nothing"])
def test_a_choice_that_does_not_exist_is_said(owner_client, film, query):
    response = owner_client.get(URL + query)
    assert response.status_code == 400
    assert "This choice does not exist." in response.content.decode()


def test_a_bad_choice_freezes_nothing(owner_client, film):
    response = owner_client.post(reverse("freeze_preferences"), {"film": "nothing"}, follow=True)
    assert "one of the choices is not there" in response.content.decode()
    assert PreferenceSet.objects.count() == 0


def test_preferences_methods(owner_client):
    assert owner_client.post(URL).status_code == 405
    assert owner_client.get(reverse("freeze_preferences")).status_code == 405
    assert owner_client.get(reverse("preference_set", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_preferences_queries_do_not_grow(owner_client, owner, django_assert_max_num_queries, count):
    film = make_film()
    for _ in range(count):
        judged_cue(3, [(1, 2, "left"), (2, 3, "left")], rater=owner, film=film)
    owner_client.get(URL)
    with django_assert_max_num_queries(13):
        owner_client.get(URL)


@pytest.mark.parametrize(
    ("cues", "votes", "words"),
    [
        (1, 3, "A round needs 57 more votes and 2 more cues with votes."),
        (3, 10, "A round needs 30 more votes."),
        (2, 40, "A round needs 1 more cue with votes."),
    ],
)
def test_preferences_say_what_a_round_needs(owner_client, owner, cues, votes, words):
    film = make_film(slug="klein")
    for _ in range(cues):
        judged_cue(3, [(1, 2, "left")] * votes, rater=owner, film=film)
    assert words in page_of(owner_client, "?film=klein")
