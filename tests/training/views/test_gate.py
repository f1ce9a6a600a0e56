import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from curator.models.film import Cue
from curator.models.jobs import Job, JobState
from curator.models.matches import Match
from generation.domain.checkpoints import find_checkpoint
from generation.models.checkpoints import Checkpoint
from generation.models.requests import CueRequest
from tests.training.domain.test_gate import measure
from tests.training.gates import finished_round, heard
from training.models.gate import Measurement, Promotion
from training.models.rounds import Round, RoundState
from training.models.sets import PreferenceSet, TrainingSet

pytestmark = pytest.mark.django_db

POSTS = ("measure_round", "stop_measuring", "match_round", "end_match", "promote_round", "roll_back_round")


def page_of(client: Client, row: Round) -> str:
    return client.get(reverse("round", args=[row.public_id])).content.decode()


def post(client: Client, name: str, row: Round, **data: object) -> str:
    """What the page says after this was sent."""
    response = client.post(reverse(name, args=[row.public_id]), data, follow=True)
    assert response.redirect_chain[0][0].endswith("#gate")
    return response.content.decode()


def test_the_gate_stands_below_a_round_with_a_result(owner, owner_client):
    row = finished_round(owner)
    page = page_of(owner_client, row)
    assert "nothing is promoted by itself" in page
    assert "not more than one point below Small" in page
    assert "It can be promoted once it was measured and heard in the match." in page
    assert "Promote Round 1" not in page
    assert page.count('class="is-missing"') == 6
    assert 'hx-trigger="every 3s"' not in page
    Round.objects.update(state=RoundState.FAILED, result=None)
    assert "nothing is promoted by itself" not in page_of(owner_client, row)


def test_measuring_is_asked_for_watched_and_stopped(owner, owner_client):
    row = finished_round(owner)
    page = post(owner_client, "measure_round", row, texts="12")
    begun = Measurement.objects.get()
    assert (begun.texts, begun.guarded, begun.created_by) == (12, 4, owner)
    assert "Waits for a worker" in page
    address = reverse("round_gate", args=[row.public_id])
    assert f'hx-get="{address}"' in page
    part = owner_client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="gate-measuring" hx-swap-oob="true">')
    Job.objects.update(
        state=JobState.RUNNING, progress_done=5, progress_total=30, lease="x", lease_expires_at=timezone.now()
    )
    assert "5 of 30" in owner_client.get(address, headers={"HX-Request": "true"}).content.decode()
    Job.objects.update(state=JobState.QUEUED, lease="", lease_expires_at=None)
    page = post(owner_client, "stop_measuring", row)
    assert "the texts that are written are kept" in page
    assert owner_client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert owner_client.get(address).url.endswith("#gate")
    assert "This round is not being measured." in post(owner_client, "stop_measuring", row)
    assert "Say how many texts" in post(owner_client, "measure_round", row, texts="many")


def test_a_measuring_that_broke_off_says_why(owner, owner_client):
    row = finished_round(owner)
    post(owner_client, "measure_round", row)
    assert Measurement.objects.get().texts == 400
    Job.objects.update(state=JobState.FAILED, error="The disk is gone.")
    page = page_of(owner_client, row)
    assert "The disk is gone." in page
    assert "Go on measuring" in page


def test_a_match_is_started_on_the_held_out_cue_and_ended(owner, owner_client):
    row = finished_round(owner)
    page = page_of(owner_client, row)
    cues = {cue.number: cue for cue in Cue.objects.all()}
    assert f'value="{cues["1m1"].public_id}" checked' in page
    assert "2 cues it learned from" in page
    page = post(owner_client, "match_round", row, cues=[cues["1m1"].public_id], takes="3")
    assert Match.objects.get().cue == cues["1m1"]
    assert CueRequest.objects.filter(job__isnull=False).count() == 2
    assert "0 of 9 pairs" in page
    assert "0 old and 0 new takes sound" in page
    page = post(owner_client, "end_match", row)
    assert "Match again" in page
    assert "No match is going on." in post(owner_client, "end_match", row)
    for wrong in ({"cues": ["gone"], "takes": "3"}, {"cues": [cues["1m1"].public_id], "takes": "1"}, {}):
        assert "Choose cues of this list" in post(owner_client, "match_round", row, **wrong)


def test_a_match_that_can_be_heard_has_its_way_there_and_its_result(owner, owner_client):
    row = finished_round(owner)
    heard(row, owner, answers=2)
    cue = Match.objects.get().cue
    page = page_of(owner_client, row)
    assert f'href="{reverse("listen", args=[cue.film.slug, cue.number])}"' in page
    assert "2 of 16 pairs" in page
    assert "Nothing tells the two apart yet. It won 2 of 2 decided pairs" in page
    heard(row, owner)
    page = page_of(owner_client, row)
    assert "The new one serves the scenes better. It won 16 of 16 decided pairs" in page
    assert "sure that the new ones are better" in page
    assert "16 decided pairs<" in page


def test_a_match_leads_to_the_gate_of_its_round(owner, owner_client, rater_client):
    row = finished_round(owner)
    heard(row, owner, answers=2)
    address = reverse("match", args=[Match.objects.get().key])
    assert owner_client.get(address).url == f"{reverse('round', args=[row.public_id])}#gate"
    assert rater_client.get(address).status_code == 403
    assert owner_client.get(reverse("match", args=["round:gone:1"])).status_code == 404


def test_the_card_of_a_result_tells_what_the_gate_knows(owner, owner_client):
    row = finished_round(owner)
    measure(row)
    Checkpoint.objects.filter(pk=row.result.pk).update(meta={"measured": row.metrics["measured"]})
    page = owner_client.get(reverse("checkpoint", args=[row.result.public_id])).content.decode()
    assert "<dt>Pairs the right way round</dt><dd>0.7500</dd>" in page
    assert "<dt>Different bars</dt>" in page
    assert "Blind match, new against old" not in page


def test_promoting_and_rolling_back_by_hand(owner, owner_client):
    row = finished_round(owner)
    assert "Measure the result first" in post(owner_client, "promote_round", row)
    measure(row)
    heard(row, owner)
    page = page_of(owner_client, row)
    assert page.count("btn primary") == 1
    assert "Promote Round 1" in page
    assert "despite" not in page
    page = post(owner_client, "promote_round", row, why="warmer endings")
    assert "Round 1 is in use from now on." in page
    assert "and it is in use." in page
    assert "warmer endings" in page
    assert find_checkpoint() == row.result
    registry = owner_client.get(reverse("checkpoints")).content.decode()
    assert "In use: Round 1" in registry
    assert f"{owner.username} promoted the result of round 1." in registry
    page = post(owner_client, "roll_back_round", row, why="too busy")
    assert "Small is in use again." in page
    assert find_checkpoint() == row.base
    assert Promotion.objects.count() == 2
    assert "The result of this round is not in use." in post(owner_client, "roll_back_round", row)
    assert "at most 300" in post(owner_client, "promote_round", row, why="x" * 301)
    assert "at most 300" in post(owner_client, "roll_back_round", row, why="x" * 301)


def test_where_nothing_was_held_out_nothing_is_called_so(owner, owner_client):
    row = finished_round(owner)
    told = "those it learned from may not become less likely; none was held out"
    assert told not in page_of(owner_client, row)
    PreferenceSet.objects.update(manifest=row.preference_set.manifest | {"held_out": 0})
    page = page_of(owner_client, row)
    assert told in page
    assert "open dots: held out" not in page


def test_what_is_worse_is_said_and_must_be_ticked(owner, owner_client):
    row = finished_round(owner, eval_chosen=-0.5, eval_accuracy=0.4)
    measure(
        row,
        adding={"at": -0.03, "low": -0.04, "high": -0.02},
        distinct={"at": 0.6, "low": 0.5, "high": 0.7},
        keys={"at": 0.5, "low": 0.3, "high": 0.7},
        copies={"at": 0.04, "low": 0.01, "high": 0.07},
        guard={"at": 0.9, "low": 0.8, "high": 0.95},
    )
    heard(row, owner, wins="old")
    page = page_of(owner_client, row)
    for sentence in (
        "the model moved away from them",
        "no more often than a coin",
        "\u22123.0 points; one less is allowed",
        "60\u2009% as many different bars as Small",
        "50\u2009% as many as Small",
        "+4.0 points",
        "only 90\u2009% of the pieces succeed",
        "you preferred the old one",
        "The old one serves the scenes better.",
    ):
        assert sentence in page
    assert page.count('class="is-bad"') == 8
    assert 'name="despite" required' in page
    assert "worse than allowed. Say that" in post(owner_client, "promote_round", row)
    assert "in use from now on" in post(owner_client, "promote_round", row, despite="on")


def test_a_round_on_pieces_has_no_figures_of_preferences(owner, owner_client):
    row = finished_round(owner)
    pieces = TrainingSet.objects.create(name="pieces", sha256="3" * 64, header="bare-three")
    Round.objects.update(recipe="sft", preference_set=None, training_set=pieces)
    page = page_of(owner_client, row)
    assert "Bars that add up without a guard" in page
    assert "Right on held-out pairs" not in page


@pytest.mark.parametrize("name", POSTS)
def test_only_owners_decide_and_only_by_post(owner, owner_client, rater_client, client, name):
    row = finished_round(owner)
    address = reverse(name, args=[row.public_id])
    assert owner_client.get(address).status_code == 405
    assert rater_client.post(address).status_code == 403
    assert client.post(address).status_code == 302
    assert owner_client.post(reverse(name, args=["nobody"])).status_code == 404


def test_the_gate_asks_a_constant_number_of_questions(owner, owner_client, django_assert_max_num_queries):
    row = finished_round(owner)
    measure(row)
    heard(row, owner)
    owner_client.get(reverse("round", args=[row.public_id]))
    with django_assert_max_num_queries(40):
        owner_client.get(reverse("round", args=[row.public_id]))


def test_the_average_clamp_score_of_both_sides_stands_beside_the_human_measures(owner, owner_client):
    row = finished_round(owner)
    measure(row)
    measured = Measurement.objects.get()
    assert "Average likeness to the style" not in page_of(owner_client, row)
    ear = {"encoder": "CLaMP 3 c2", "references": 40, "base": 0.57, "result": 0.6743}
    Measurement.objects.filter(pk=measured.pk).update(figures={**measured.figures, "ear": ear})
    assert "Average likeness to the style by the encoder CLaMP 3 c2: 0.570 before, 0.674 after." in page_of(
        owner_client, row
    )
