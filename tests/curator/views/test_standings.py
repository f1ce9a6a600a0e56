import re

import pytest
from django.urls import reverse

from curator.domain.approvals import approval_in_force, approve_cue
from curator.domain.standings import read_standings
from curator.models.ranking import Approval
from curator.views.standings import draw, lede, percent
from tests.factories import make_take
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def url(name: str, cue) -> str:
    return reverse(name, args=[cue.film.slug, cue.number])


def post_approval(client, cue, number: int, **more):
    take = cue.takes.get(number=number)
    return client.post(url("approve_cue", cue), {"take": take.public_id} | more)


def test_standings_show_the_leader_first(owner_client, owner):
    cue = cue_with_takes(4)
    judge(cue, owner, 30)
    page = owner_client.get(url("standings", cue)).content.decode()
    assert re.findall(r'class="name">(Take \d)', page)[0] == "Take 1"
    assert page.count('class="iv lead"') == 1
    assert page.count('class="iv"') == 3
    assert "30 judgements, blind" in page
    assert "Take 1 leads clearly." in page
    assert "style=" not in page


def test_standings_offer_listening_until_sure_then_approval(owner_client, owner):
    cue = cue_with_takes(4)
    primary = r'class="btn primary"[^>]*>([^<]+)'
    assert re.findall(primary, owner_client.get(url("standings", cue)).content.decode()) == ["Listen "]
    judge(cue, owner, 2)
    assert re.findall(primary, owner_client.get(url("standings", cue)).content.decode()) == ["Listen on "]
    judge(cue, owner, 28)
    assert re.findall(primary, owner_client.get(url("standings", cue)).content.decode()) == ["Approve take 1"]


def test_standings_are_closed_to_listeners(rater_client):
    """They name the takes: who has seen them is blind no longer."""
    assert rater_client.get(url("standings", cue_with_takes(3))).status_code == 403


def test_standings_without_takes_are_designed(owner_client):
    assert "No takes yet" in owner_client.get(url("standings", cue_with_takes(0))).content.decode()


def test_approve_and_revoke(owner_client, owner):
    cue = cue_with_takes(2)
    response = post_approval(owner_client, cue, 2, why="It waits.")
    assert (response.status_code, response["Location"]) == (302, url("standings", cue))
    approval = approval_in_force(cue=cue)
    assert (approval.take.number, approval.by, approval.why) == (2, owner, "It waits.")
    page = owner_client.get(url("standings", cue)).content.decode()
    assert "Take 2 is the music of this cue." in page
    assert "It waits." in page
    owner_client.post(url("revoke_approval", cue), {"why": "Too sweet."})
    assert approval_in_force(cue=cue) is None
    assert Approval.objects.get().revoked_why == "Too sweet."


def test_approve_refuses_what_is_no_take_of_the_cue(owner_client):
    cue, stranger = cue_with_takes(2), make_take()
    assert owner_client.post(url("approve_cue", cue), {"take": stranger.public_id}).status_code == 404
    response = owner_client.post(url("approve_cue", cue), {}, follow=True)
    assert "Choose a take to approve." in response.content.decode()
    response = owner_client.post(url("revoke_approval", cue), follow=True)
    assert "No take of this cue is approved." in response.content.decode()


def test_only_the_owner_approves(rater_client, owner, client):
    cue = cue_with_takes(2)
    assert post_approval(rater_client, cue, 1).status_code == 403
    approve_cue(cue=cue, take=cue.takes.get(number=1), by=owner)
    assert rater_client.post(url("revoke_approval", cue)).status_code == 403
    for name in ("standings", "approve_cue", "revoke_approval"):
        assert client.get(url(name, cue)).status_code == 302


def test_standings_methods(owner_client):
    cue = cue_with_takes(2)
    assert owner_client.post(url("standings", cue)).status_code == 405
    assert owner_client.get(url("approve_cue", cue)).status_code == 405
    assert owner_client.get(url("revoke_approval", cue)).status_code == 405
    assert owner_client.get(reverse("standings", args=[cue.film.slug, "9m9"])).status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_standings_queries_do_not_grow(owner_client, owner, django_assert_max_num_queries, count):
    cue = cue_with_takes(count)
    judge(cue, owner, count if count > 1 else 0)
    owner_client.get(url("standings", cue))
    with django_assert_max_num_queries(12):
        owner_client.get(url("standings", cue))


def test_draw_puts_equals_on_the_line():
    cue = cue_with_takes(2)
    drawn = draw(read_standings(cue=cue), None, {})
    for each in drawn:
        row = each.interval
        assert row.low + row.high == pytest.approx(100, abs=0.02)
        assert 0 <= row.low < row.low50 < row.reference < row.high50 < row.high <= 100
        assert each.leads is False


def test_lede_names_who_is_close(owner):
    cue = cue_with_takes(3)
    assert lede(read_standings(cue=cue), None) == "No pair has been decided yet."
    judge(cue, owner, 1)
    assert lede(read_standings(cue=cue), None).startswith("Take ")
    assert lede(read_standings(cue=cue_with_takes(0)), None) == "There are no takes yet."


def test_percent_never_says_nothing():
    assert [percent(share) for share in (0.0, 0.004, 0.006, 0.583, 1.0)] == [
        "<1\u00a0%",
        "<1\u00a0%",
        "1\u00a0%",
        "58\u00a0%",
        "100\u00a0%",
    ]


def test_standings_draw_who_met_whom_and_keep_the_history(owner_client, owner):
    cue = cue_with_takes(3)
    assert "Who met whom" not in owner_client.get(url("standings", cue)).content.decode()
    judge(cue, owner, 12)
    approve_cue(cue=cue, take=cue.takes.get(number=2), by=owner, why="It waits.")
    approve_cue(cue=cue, take=cue.takes.get(number=1), by=owner)
    page = owner_client.get(url("standings", cue)).content.decode()
    assert "Who met whom: 3 of 3 pairs have met" in page
    assert page.count('class="met won"') == page.count('class="met lost"') == 3
    assert re.findall(r'<span class="cap v">(\d)', page) == ["2", "1"]
    assert "Replaced by take 1." in page
