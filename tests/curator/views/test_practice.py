"""Practice briefs: made, hidden from the films, written for, heard."""

from typing import Any

import pytest
from django.urls import reverse

from curator.domain.errors import DomainError
from curator.domain.practice import add_brief, practice_film, read_briefs, remove_brief
from curator.forms import KEYS
from curator.models.film import Cue, Film
from generation.notagen.header import header
from tests.factories import make_film, make_take
from tests.listening import give_sound, judge

pytestmark = pytest.mark.django_db

PLAN: dict[str, Any] = {"metre": "3/4", "key": "C", "tempo": 60.0, "bars": 8}


def brief(words: str = "Dust, waiting.", stage: str = "Peace", **more: Any) -> Cue:
    return add_brief(**{"stage": stage, "words": words, "style": "", **PLAN} | more)


def test_a_brief_is_a_cue_of_the_film_that_is_none():
    first, second = brief(style="Romantic / Satie, Erik / Keyboard"), brief(stage="Chosen")
    assert Film.objects.get(practice=True) == first.film == second.film
    assert not Film.objects.real().exists()
    assert (first.number, second.number) == ("p1", "p2")
    assert (first.practice, first.state, first.texture) == (True, "spotted", "Romantic / Satie, Erik / Keyboard")
    assert first.seconds == 24.0
    assert first.stage is not None
    assert (first.stage.name, first.stage.colour) == ("Peace", 6)
    assert first.question == "Which one is more truly Peace?"


def test_the_practice_film_leaves_a_real_film_its_address():
    make_film(slug="practice")
    assert practice_film().slug == "practice-briefs"
    assert practice_film() == practice_film()


@pytest.mark.parametrize("wrong", [{"stage": "Joy"}, {"metre": "3"}, {"bars": 0}, {"tempo": 0.0}])
def test_a_brief_that_is_no_music_is_refused(wrong):
    with pytest.raises(DomainError):
        brief(**wrong)
    assert Cue.objects.count() == 0


def test_a_brief_goes_only_while_nothing_was_written_for_it():
    empty, full = brief(), brief()
    make_take(cue=full)
    remove_brief(cue=empty)
    with pytest.raises(DomainError):
        remove_brief(cue=full)
    assert list(Cue.objects.all()) == [full]


def test_briefs_tell_how_sure_they_are(owner, django_assert_num_queries):
    heard, _silent = brief(), brief()
    for _ in range(3):
        give_sound(make_take(cue=heard))
    judge(heard, owner, 4)
    with django_assert_num_queries(1):
        first, second = read_briefs()
    assert (first.takes, first.votes) == (3, 4)
    assert first.sure is not None
    assert 1 / 3 < first.sure <= 1
    assert (second.takes, second.votes, second.sure, second.sure_enough) == (0, 0, None, False)


def test_the_page_makes_a_brief_and_leads_to_its_desk(owner_client):
    assert "No brief yet" in owner_client.get(reverse("practice")).content.decode()
    made = owner_client.post(reverse("practice"), {"stage": "Salvation", "words": "Rain stops.", "style": "", **PLAN})
    assert made["Location"] == reverse("desk", args=["practice", "p1"])
    assert owner_client.get(made["Location"]).status_code == 200
    page = owner_client.get(reverse("practice")).content.decode()
    assert "Rain stops." in page
    assert reverse("forget_brief", args=["p1"]) in page
    owner_client.post(reverse("forget_brief", args=["p1"]))
    assert Cue.objects.count() == 0


def test_the_page_refuses_a_brief_in_place(owner_client):
    response = owner_client.post(reverse("practice"), {"stage": "Salvation", "words": "", **PLAN})
    assert response.status_code == 400
    assert owner_client.post(reverse("forget_brief", args=["p9"])).status_code == 404


def test_briefs_are_no_film_but_are_heard(owner_client, rater_client, owner):
    film = make_film()
    cue = brief()
    for _ in range(2):
        give_sound(make_take(cue=cue))
    Cue.objects.filter(pk=cue.pk).update(state="to_rank")
    home = owner_client.get("/")
    assert home["Location"] == reverse("film", args=[film.slug])
    page = owner_client.get(home["Location"]).content.decode()
    assert reverse("practice") in page
    assert "wants your ears" not in page
    assert owner_client.get(reverse("film", args=[cue.film.slug]))["Location"] == reverse("practice")
    listening = reverse("listen", args=[cue.film.slug, cue.number])
    assert rater_client.get(reverse("sitting"))["Location"] == listening
    heard = owner_client.get(listening).content.decode()
    assert "Which one is more truly Peace?" in heard
    assert ">Briefs</a>" in heard
    assert reverse("delivery", args=[cue.film.slug]) not in heard
    judge(cue, owner, 2)
    assert (
        reverse("standings", args=[cue.film.slug, cue.number]) in owner_client.get(reverse("practice")).content.decode()
    )


def test_practice_queries_do_not_grow(owner_client, django_assert_max_num_queries):
    for count in (1, 4):
        for _ in range(count):
            make_take(cue=brief())
        with django_assert_max_num_queries(14):
            owner_client.get(reverse("practice"))


def test_every_key_of_the_form_can_be_written():
    for key in KEYS:
        assert f"K:{key}\n" in header(metre="3/4", key=key, tempo=60)
