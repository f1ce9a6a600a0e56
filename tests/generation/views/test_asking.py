"""Asking for several cues at once, presets, and what it will take."""

import re

import pytest
from django.urls import reverse

from curator.models.themes import CueTheme, Theme
from generation.models.checkpoints import Checkpoint, Preset
from generation.models.requests import CueRequest
from tests.factories import make_film, make_version
from tests.generation.writing import small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db


@pytest.fixture
def film():
    made = make_film()
    for number, bars in (("1m1", 4), ("1m2", 6), ("1m3", 8)):
        waltz_cue(film=made, number=number, bars=bars, key="C")
    return made


def sent(film, browser, **fields):
    data = {
        "checkpoint": small_checkpoint().public_id,
        "cues": ["1m1", "1m3"],
        "count": 3,
        "temperature": 0.8,
        "top_k": 9,
        "top_p": 0.9,
    }
    return browser.post(reverse("ask_film", args=[film.slug]), data | fields)


def test_takes_are_asked_for_the_chosen_cues_each_by_its_own_plan(owner_client, film):
    assert sent(film, owner_client, hands="on", highest="84").url == reverse("ask_film", args=[film.slug])
    rows = list(CueRequest.objects.order_by("pk").select_related("cue"))
    assert [(row.cue.number, row.count, row.brief["bars"]) for row in rows] == [("1m1", 3, 4), ("1m3", 3, 8)]
    assert rows[0].brief["words"] == "Dust, waiting."
    assert rows[0].constraints == {"highest": 84, "hands": True}
    assert rows[0].seed != rows[1].seed


def test_the_page_opens_with_what_has_no_takes_yet_and_says_what_it_takes(owner_client, film):
    small_checkpoint()
    film.cues.filter(number="1m2").update(state="approved")
    page = owner_client.get(reverse("ask_film", args=[film.slug])).content.decode()
    assert re.findall(r'name="cues" [^>]*value="(\w+)" checked', page) == ["1m1", "1m3"]
    assert "Ask for 2 cues" in page
    assert "How long it takes is known after the first takes of this checkpoint." in page
    page = owner_client.get(reverse("ask_film", args=[film.slug]), {"count": 4, "cues": ["1m2"]}).content.decode()
    assert "Ask for 1 cue " in page


def test_nothing_is_asked_for_when_one_cue_cannot_be_written(owner_client, film):
    film.cues.filter(number="1m3").update(key="H")
    answer = sent(film, owner_client)
    assert answer.status_code == 400
    assert "1m3: The cue&#x27;s metre, key or tempo cannot be written down" in answer.content.decode()
    assert not CueRequest.objects.exists()
    assert sent(film, owner_client, cues=[]).status_code == 400
    assert sent(film, owner_client, cues=["9m9"]).status_code == 400


def test_cues_go_on_from_the_theme_that_they_state(owner_client, film):
    version = make_version()
    theme = Theme.objects.create(film=film, name="Lantern", version=version, first_bar=2, last_bar=2)
    CueTheme.objects.create(cue=film.cues.get(number="1m3"), theme=theme)
    sent(film, owner_client, themes="on")
    with_theme = CueRequest.objects.get(cue__number="1m3").brief
    assert with_theme["start"] == {"version": version.public_id, "mode": "first", "bars": 1, "first": 2}
    assert with_theme["theme"] == ["[V:1]d4 c2|[V:2]G,,2 [D,G,]2 [D,G,]2|"]
    assert "start" not in CueRequest.objects.get(cue__number="1m1").brief
    page = owner_client.get(reverse("desk", args=[film.slug, "1m1"])).content.decode()
    assert f'<option value="{version.public_id}@2-2">Lantern</option>' in page


def test_settings_are_kept_for_every_checkpoint(owner_client, film):
    sent(film, owner_client, cues=["1m1"], temperature=0.5, keep_as="Night", keep_for_all="on")
    assert Preset.objects.get().checkpoint is None
    other = Checkpoint.objects.create(name="Other", sha256="f" * 64, kind="imported", header="bare-three", size=1)
    page = owner_client.get(reverse("desk", args=[film.slug, "1m1"]), {"checkpoint": other.public_id}).content.decode()
    assert ">Night</a>" in page


def test_settings_are_kept_under_a_name_taken_up_and_forgotten(owner_client, film):
    sent(film, owner_client, cues=["1m1"], temperature=0.5, top_k=7, keep_as="Night")
    preset = Preset.objects.get()
    assert (preset.name, preset.sampling["temperature"], preset.checkpoint) == ("Night", 0.5, small_checkpoint())
    assert CueRequest.objects.get().brief["preset"] == "Night"
    desk = reverse("desk", args=[film.slug, "1m1"])
    page = owner_client.get(desk, {"preset": preset.public_id}).content.decode()
    assert 'name="temperature" value="0.5"' in page
    assert 'aria-current="true">Night</a>' in page
    page = owner_client.get(desk, {"preset": "notagen-x"}).content.decode()
    assert 'name="temperature" value="1.2"' in page
    owner_client.post(reverse("forget_preset", args=[preset.public_id]))
    assert not Preset.objects.exists()
    assert owner_client.post(reverse("forget_preset", args=["x"])).status_code == 404


def test_a_film_without_cues_or_checkpoint_says_so(owner_client, film):
    assert "No checkpoint is here yet." in owner_client.get(reverse("ask_film", args=[film.slug])).content.decode()
    empty = make_film()
    assert "No cue is marked yet" in owner_client.get(reverse("ask_film", args=[empty.slug])).content.decode()
    assert owner_client.get(reverse("ask_film", args=["nowhere"])).status_code == 404
