"""Around the A/B page: sittings through all cues, the first listening, one's own answers, reasons."""

import pytest
from django.urls import reverse

from curator.domain.sittings import PAIRS_OF_A_CUE
from curator.models.film import Cue
from curator.models.ranking import Answer, Judgement, Pair, Reason
from tests.factories import make_film, make_user
from tests.listening import cue_with_takes, give_sound, hand, judge

pytestmark = pytest.mark.django_db


def ready_cue(film=None, **fields) -> Cue:
    cue = cue_with_takes(3, film=film or make_film(), **{"state": "to_rank"} | fields)
    for take in cue.takes.all():
        give_sound(take)
    return cue


def url(name: str, cue: Cue) -> str:
    return reverse(name, args=[cue.film.slug, cue.number])


def answer(client, cue: Cue, user, said: str = "tie", query: str = ""):
    pair = hand(cue, user, audible=True)
    return client.post(url("judge", cue) + query, {"pair": pair.public_id, "answer": said})


def test_a_sitting_begins_at_the_cue_that_wants_ears_most(owner_client, rater_client):
    cue = ready_cue()
    assert owner_client.get(reverse("sitting"))["Location"] == f"{url('listen', cue)}?sitting=1"
    assert rater_client.get(reverse("sitting"))["Location"] == url("listen", cue)
    asked = {"HX-Request": "true"}
    assert rater_client.get(reverse("sitting"), headers=asked)["HX-Redirect"] == url("listen", cue)


def test_a_sitting_without_a_cue_waits(owner_client):
    assert "Nothing to hear yet" in owner_client.get(reverse("sitting")).content.decode()
    assert owner_client.get(reverse("sitting"), headers={"HX-Request": "true"}).status_code == 204


def test_a_sitting_goes_from_cue_to_cue_and_stays_one(owner_client, owner):
    film = make_film()
    here, other = ready_cue(film), ready_cue(film)
    for _ in range(PAIRS_OF_A_CUE - 1):
        assert answer(owner_client, here, owner, query="?sitting=1")["Location"] == f"{url('listen', here)}?sitting=1"
    last = answer(owner_client, here, owner, query="?sitting=1")
    assert last["Location"] == f"{url('listen', other)}?sitting=1"
    page = owner_client.get(last["Location"]).content.decode()
    # the last answer is taken back where it was given
    assert f'action="{url("undo_judgement", here)}?sitting=1"' in page
    assert f'action="{url("judge", other)}?sitting=1"' in page
    back = owner_client.post(f"{url('undo_judgement', here)}?sitting=1")
    assert back["Location"] == f"{url('listen', here)}?sitting=1"


def test_the_owner_stays_at_a_cue_he_chose(owner_client, owner):
    film = make_film()
    here, _other = ready_cue(film), ready_cue(film)
    for _ in range(PAIRS_OF_A_CUE + 1):
        assert answer(owner_client, here, owner)["Location"] == url("listen", here)
    assert reverse("sitting") in owner_client.get(url("listen", here)).content.decode()


def test_a_listener_goes_on_when_a_cue_is_decided(rater_client, rater):
    cue = ready_cue()
    judge(cue, rater, 24)
    assert answer(rater_client, cue, rater)["Location"] == reverse("sitting")


def test_a_listener_is_led_past_a_cue_without_pairs(rater_client):
    film = make_film()
    silent = cue_with_takes(2, film=film, state="to_rank")
    ready = ready_cue(film)
    assert rater_client.get(url("listen", silent))["Location"] == url("listen", ready)


def test_prepare_gives_the_sounds_that_follow(owner_client, owner, rater_client):
    cue = ready_cue()
    hand(cue, owner, audible=True)
    told = owner_client.post(url("prepare_pair", cue)).json()
    ahead = Pair.objects.get(ahead=True)
    assert told == {"sounds": [reverse("sound", args=[token]) for token in (ahead.left_token, ahead.right_token)]}
    assert owner_client.get(url("prepare_pair", cue)).status_code == 405
    Cue.objects.update(state="decided")
    assert rater_client.post(url("prepare_pair", cue)).status_code == 204


def test_prepare_follows_the_sitting_to_the_next_cue(rater_client, rater):
    film = make_film()
    here, other = ready_cue(film), ready_cue(film)
    judge(here, rater, PAIRS_OF_A_CUE - 1, answer="tie")
    hand(here, rater, audible=True)  # the last one of this cue
    rater_client.post(url("prepare_pair", here))
    assert Pair.objects.get(ahead=True).cue == other


def test_the_first_listening_comes_first(client):
    user = make_user(role="rater", warmed_up_at=None)
    client.force_login(user)
    cue = ready_cue()
    first = client.get(url("listen", cue))
    assert first["Location"] == f"{reverse('warm_up')}?next={url('listen', cue).replace('/', '%2F')}"
    page = client.get(first["Location"]).content.decode()
    assert "What is kept" in page
    assert 'value="headphones"' in page
    assert client.post(reverse("warm_up"), {"way": "trial", "heard_on": "headphones"})["Location"] == reverse(
        "trial_pair", args=[1]
    )
    trial = client.get(reverse("trial_pair", args=[1])).content.decode()
    assert "Which one comes to rest at the end?" in trial
    assert trial.count("data-notes=") == 2
    assert "data-src=" not in trial
    then = client.post(reverse("trial_pair", args=[1]), {"pair": "trial", "answer": "left"}, follow=True)
    assert "It was B" in then.content.decode()
    done = client.post(reverse("trial_pair", args=[2]), {"pair": "trial", "answer": "tie"})
    assert done["Location"] == url("listen", cue)
    user.refresh_from_db()
    assert user.heard_on == "headphones"
    assert client.get(url("listen", cue)).status_code == 200
    assert Judgement.objects.count() == 0


@pytest.mark.parametrize("step", [0, 3])
def test_there_are_two_pairs_to_try(rater_client, step):
    assert rater_client.get(reverse("trial_pair", args=[step])).status_code == 404


def test_the_first_listening_can_be_left_at_once(client):
    user = make_user(role="rater", warmed_up_at=None)
    client.force_login(user)
    client.get(reverse("warm_up"), {"next": "https://elsewhere.example/"})
    assert client.post(reverse("warm_up"), {"way": "music"})["Location"] == reverse("sitting")
    user.refresh_from_db()
    assert user.warmed_up_at is not None
    assert client.post(reverse("trial_pair", args=[1]), {"answer": "skip"})["Location"] == reverse("sitting")


def test_own_answers_are_shown_blind_and_can_be_changed(rater_client, rater, owner_client):
    cue = ready_cue()
    [judgement] = judge(cue, rater, 1)
    page = rater_client.get(reverse("own_answers")).content.decode()
    assert cue.number in page
    assert "serves it better" in page
    assert "take 1" not in page.lower()
    change = reverse("change_answer", args=[judgement.public_id])
    assert rater_client.post(change, {"answer": "bad", "why": "slipped"})["Location"] == reverse("own_answers")
    [held] = Judgement.objects.standing()
    assert (held.answer, held.reason, held.supersedes) == ("bad", "slipped", judgement)
    assert owner_client.post(change, {"answer": "tie"}).status_code == 404
    again = rater_client.post(reverse("change_answer", args=[held.public_id]), {"answer": "again"})
    assert again["Location"] == url("listen", cue)
    assert not Judgement.objects.standing().exists()
    assert Pair.objects.get(closed_at__isnull=True).left_id == judgement.left_id
    late = rater_client.post(change, {"answer": "tie"}, follow=True)
    assert "changed already" in late.content.decode()


def test_own_answers_refuse_an_answer_that_is_none(rater_client, rater):
    [judgement] = judge(ready_cue(), rater, 1)
    rater_client.post(reverse("change_answer", args=[judgement.public_id]), {"answer": "retracted"})
    assert list(Judgement.objects.all()) == [judgement]


def test_own_answers_without_one_are_designed(rater_client):
    assert "No answer yet" in rater_client.get(reverse("own_answers")).content.decode()


def test_own_answers_queries_do_not_grow(rater_client, rater, django_assert_max_num_queries):
    cue = ready_cue()
    for count in (1, 6):
        judge(cue, rater, count)
        for judgement in Judgement.objects.all():
            Reason.objects.create(judgement=judgement, tag="mood")
        with django_assert_max_num_queries(8):
            rater_client.get(reverse("own_answers"))


def test_reasons_are_offered_after_the_answer_and_kept(rater_client, rater):
    cue = ready_cue()
    page = rater_client.get(url("listen", cue)).content.decode()
    assert "too busy" not in page
    answer(rater_client, cue, rater, "left")
    judgement = Judgement.objects.get()
    where = reverse("say_reason", args=[judgement.public_id])
    assert f'action="{where}"' in rater_client.get(url("listen", cue)).content.decode()
    assert rater_client.post(where, {"tag": "busy"})["Location"] == url("listen", cue)
    page = rater_client.get(url("listen", cue)).content.decode()
    assert 'value="-busy" data-key="3" aria-pressed="true"' in page
    quiet = {"Accept": "application/json"}
    assert rater_client.post(where, {"tag": "-busy"}, headers=quiet).status_code == 204
    assert rater_client.post(where, {"tag": "sparkle"}, headers=quiet).status_code == 400
    assert "no reason" in rater_client.post(where, {"tag": "sparkle"}, follow=True).content.decode()
    assert [(row.tag, row.given) for row in Reason.objects.all()] == [("busy", True), ("busy", False)]


def test_reasons_of_others_are_not_found(owner_client, rater):
    [judgement] = judge(ready_cue(), rater, 1)
    assert owner_client.post(reverse("say_reason", args=[judgement.public_id]), {"tag": "busy"}).status_code == 404


def test_a_skipped_pair_asks_for_no_reason(rater_client, rater):
    cue = ready_cue()
    answer(rater_client, cue, rater, Answer.SKIP)
    assert "data-why" not in rater_client.get(url("listen", cue)).content.decode()
