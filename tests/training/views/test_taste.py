import pytest
from django.urls import reverse

from curator import jobs
from curator.models.jobs import Job
from curator.models.ranking import Pair, Take
from tests.training.domain.test_taste import encoder, film_of_takes, judge
from training.domain.taste import setting_of
from training.models.taste import TasteModel

pytestmark = pytest.mark.django_db


def page_of(client):
    return client.get(reverse("taste")).content.decode()


def test_before_anything_it_says_what_is_missing(owner_client):
    assert "No encoder is here yet" in page_of(owner_client)
    encoder()
    assert "30 more, and it can be learned" in page_of(owner_client)
    owner_client.post(reverse("taste_learn"))
    assert not Job.objects.exists()


def test_it_is_learned_and_shown_with_its_proof_and_what_goes_with_it(owner, owner_client):
    cues = film_of_takes()
    judge(cues[:-1], owner, 90)
    assert "Learn from 90 judgements" in page_of(owner_client)
    owner_client.post(reverse("taste_learn"))
    assert "A worker is learning" in page_of(owner_client)
    assert owner_client.get(reverse("taste"), headers={"HX-Request": "true"}).status_code == 204
    jobs.execute(Job.objects.get(kind="training.taste").pk)
    page = page_of(owner_client)
    assert "of your 90 answers in cues that it had not seen" in page
    assert "new takes start where it puts them" in page
    assert "more notes" in page
    assert "Takes it puts first and last" in page


def test_takes_of_a_cue_that_is_being_judged_are_not_named(owner, owner_client):
    cues = film_of_takes()
    judge(cues[:-1], owner, 90)
    owner_client.post(reverse("taste_learn"))
    jobs.execute(Job.objects.get(kind="training.taste").pk)
    model = TasteModel.objects.get()
    for take in Take.objects.filter(public_id__in=[*model.told["liked"], *model.told["disliked"]]):
        others = take.cue.takes.exclude(pk=take.pk)
        if not Pair.objects.filter(cue=take.cue).exists():
            Pair.objects.create(cue=take.cue, rater=owner, left=take, right=others[0], side_seed="s", policy="eig",
                                probability=1)  # fmt: skip
    assert "Takes it puts first and last" not in page_of(owner_client)


def test_the_switch_is_kept(owner, owner_client):
    encoder()
    owner_client.post(reverse("taste_switch"), {"facts": "on"})
    setting = setting_of(owner)
    setting.refresh_from_db()
    assert (setting.helps, setting.with_facts, setting.by_itself) == (False, True, False)


def test_only_the_owner_sees_it(rater_client, client):
    for browser, status in ((rater_client, 403), (client, 302)):
        assert browser.get(reverse("taste")).status_code == status
