"""From one take to the next, by one click; mended and edited takes."""

import pytest
from django.urls import reverse

from curator.domain.cohorts import BY_HAND
from curator.models.ranking import Take
from generation.domain import loading
from generation.domain.requests import request_takes
from generation.models.requests import Candidate, CandidateState, CueRequest
from tests.factories import ABC, make_cue, make_take
from tests.generation.writing import small_checkpoint, waltz_cue, written_request

pytestmark = pytest.mark.django_db

HEADER = """%%score { 1 | 2 }
L:1/8
Q:1/4=60
M:3/4
K:G
V:1 treble
V:2 bass
"""
RAW = f"""%Classical
%Etude, Waltz
{HEADER}[r:0/3][V:1]g2 f2 e2|[V:2]G,6|
[r:1/2][V:1]d6|
[r:2/1][V:1]g2 f2|[V:2]G,6|
"""


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def address(name, cue, *more):
    return reverse(name, args=[cue.film.slug, cue.number, *more])


def failed(cue):
    """A candidate that stumbled over its third bar."""
    request = request_takes(cue=cue, checkpoint=small_checkpoint(), count=1)
    body = "[V:1]g2 f2 e2|[V:2]G,6|\n[V:1]d6|[V:2]x6|\n"
    request.candidates.update(
        state=CandidateState.FAILED,
        raw=RAW,
        abc=HEADER + body,
        bars_written=2,
        reason="Bar 3 would not add up.",
        engine_version="2",
        finished_at="2026-01-01T00:00:00Z",
    )
    return request.candidates.get()


def test_more_like_it_and_again_with_its_seed_are_one_click(owner_client, owner):
    take = written_request(count=1, seed=4, bars=8).cue.takes.get()
    again = address("take_again", take.cue, take.number)
    page = owner_client.get(address("desk", take.cue)).content.decode()
    first = Candidate.objects.get()
    assert f"Again with its seed, {first.seed}" in page
    assert owner_client.post(again, {"how": "more"}).url == address("desk", take.cue)
    more = CueRequest.objects.first()
    assert (more.count, more.created_by, more.brief["like"]) == (4, owner, first.public_id)
    assert more.brief["start"] == {"version": take.version.public_id, "mode": "first", "bars": 2, "first": 1}
    page = owner_client.get(owner_client.post(again, {"how": "seed"}).url).content.decode()
    assert "it is the same music, and no new take." in page
    same = CueRequest.objects.first()
    assert list(same.candidates.values_list("seed", flat=True)) == [first.seed]
    assert "start" not in same.brief
    assert (same.brief["prompt"], same.sampling) == (first.request.brief["prompt"], first.request.sampling)
    take.cue.film.cues.update(tempo_map=[[1, 72]])
    page = owner_client.get(owner_client.post(again, {"how": "seed"}).url).content.decode()
    assert "it is the same music" not in page


def test_the_same_brief_goes_to_another_checkpoint_with_the_same_seeds(owner_client):
    request = written_request(count=2, seed=4)
    take = request.cue.takes.get(number=1)
    other = small_checkpoint()
    type(other).objects.filter(pk=other.pk).update(name="Older")
    other.pk, other.public_id, other.name, other.sha256 = None, "other1234567", "Newer", "0" * 64
    other.sampling = {"temperature": 0.4}
    other.save()
    assert "The same brief by Newer" in owner_client.get(address("desk", take.cue)).content.decode()
    again = address("take_again", take.cue, take.number)
    owner_client.post(again, {"how": "by", "checkpoint": other.public_id})
    asked = CueRequest.objects.first()
    assert asked.checkpoint == other
    assert asked.sampling["temperature"] == 0.4
    assert [row.seed for row in asked.candidates.all()] == [row.seed for row in request.candidates.all()]
    assert owner_client.post(again, {"how": "by", "checkpoint": "nobody"}).status_code == 404


def test_what_nobody_wrote_has_no_seed_but_can_be_gone_on_from(owner_client):
    small_checkpoint()
    cue = make_cue(bars=8, texture="Waltz")
    make_take(cue=cue, number=1)
    again = address("take_again", cue, 1)
    page = owner_client.get(owner_client.post(again, {"how": "seed"}).url).content.decode()
    assert "No checkpoint wrote this take" in page
    assert "Again with its seed" not in page
    owner_client.post(again, {"how": "more"})
    assert CueRequest.objects.get().brief["start"]["bars"] == 2


def test_a_failed_candidate_is_mended_by_hand_and_keeps_its_own_text(owner_client):
    cue = waltz_cue(bars=3)
    row = failed(cue)
    url = address("mend_take", cue, row.public_id)
    assert url in owner_client.get(address("desk", cue)).content.decode()
    page = owner_client.get(url).content.decode()
    assert "Bar 3 would not add up." in page
    assert "[V:1]g2 f2|[V:2]G,6|" in page
    assert "%Classical" not in page
    broken = owner_client.post(url, {"abc": HEADER + "[V:1]g2|[V:2]G,6|", "do": "save"})
    assert broken.status_code == 400
    assert "Voice 1 is 1/4 long, another voice 3/4." in broken.content.decode()
    whole = row.abc + "[V:1]g2 f2 g2|[V:2]G,6|\n"
    assert owner_client.post(url, {"abc": whole, "do": "save"}).url == address("desk", cue)
    take = cue.takes.get()
    assert (take.number, take.cohort, take.version.abc) == (row.number, BY_HAND, whole)
    assert take.version.piece.making["candidate"] == row.public_id
    row.refresh_from_db()
    assert (row.state, row.raw, row.take) == (CandidateState.FAILED, RAW, None)
    page = owner_client.get(address("desk", cue)).content.decode()
    assert "would not add up" not in page
    assert "would not add up" in owner_client.get(address("desk", cue) + "?show=failed").content.decode()


def test_an_edit_is_put_up_beside_the_take(owner_client):
    cue = make_cue(bars=2)
    take = make_take(cue=cue, number=1)
    url = address("edit_take", cue, 1)
    assert "e2 d2 c2" in owner_client.get(url).content.decode()
    checked = owner_client.post(url, {"abc": ABC.replace("d4 c2", "d4 e2"), "do": "check"}).content.decode()
    assert "This can be kept." in checked
    assert "<svg" in checked.split('id="draft-picture"')[1].split("textarea")[0]
    assert owner_client.post(url, {"abc": ABC, "do": "save"}).status_code == 400
    owner_client.post(url, {"abc": ABC.replace("d4 c2", "d4 e2"), "do": "save"})
    edited = cue.takes.get(number=2)
    assert (edited.version.parent, edited.version.piece, edited.cohort) == (take.version, take.version.piece, BY_HAND)
    assert Take.objects.get(number=1).version.abc == ABC


def test_these_pages_are_the_owners_alone(client, rater_client, owner_client):
    cue = make_cue()
    make_take(cue=cue, number=1)
    for url, method in (
        (address("take_again", cue, 1), "post"),
        (address("edit_take", cue, 1), "get"),
        (address("mend_take", cue, "x"), "get"),
        (reverse("pause_writing"), "post"),
        (reverse("ask_film", args=[cue.film.slug]), "get"),
        (reverse("forget_preset", args=["x"]), "post"),
    ):
        assert getattr(client, method)(url).status_code == 302
        assert getattr(rater_client, method)(url).status_code == 403
    assert owner_client.get(address("take_again", cue, 1)).status_code == 405
    assert owner_client.get(address("edit_take", cue, 9)).status_code == 404
    assert owner_client.get(address("mend_take", cue, "x")).status_code == 404
