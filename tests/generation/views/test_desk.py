import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from curator import jobs
from curator.domain.measures import MEASURE_JOB
from curator.models.film import Cue, HitPoint
from curator.models.jobs import Job, JobState
from curator.models.library import Rendering, RenderingState
from curator.models.measures import TakeMeasure
from curator.models.ranking import TakeState
from generation.domain import loading
from generation.domain.checkpoints import Prompts, import_checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest
from tests.factories import make_cue, make_take
from tests.generation.writing import SMALL, small_checkpoint, waltz_cue, written_request

pytestmark = pytest.mark.django_db

TINY = SMALL.parents[1] / "model" / "tiny_checkpoint.pth"


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def address(name, cue, *more):
    return reverse(name, args=[cue.film.slug, cue.number, *more])


def asked(cue, browser, **fields):
    checkpoint = small_checkpoint()
    data = {
        "checkpoint": checkpoint.public_id,
        "style": "Waltz",
        "count": 2,
        "temperature": 0.8,
        "top_k": 9,
        "top_p": 0.9,
    }
    return browser.post(address("desk", cue), data | fields)


def test_an_empty_desk_shows_plan_ruler_and_form(owner_client):
    cue = waltz_cue(bars=16)
    HitPoint.objects.create(cue=cue, frame=240, label="She turns", hard=True)
    small_checkpoint()
    page = owner_client.get(address("desk", cue)).content.decode()
    for words in (
        "16 bars",
        "of 3/4",
        "G major",
        "She turns",
        "is marked",
        "Ask for takes",
        "00:00:00:00 to 00:00:48:00",
    ):
        assert words in page
    assert 'hx-trigger="every 2s"' not in page


def test_a_desk_sends_to_the_plan_while_its_bars_do_not_end_with_the_picture(owner_client):
    cue = make_cue()
    plan = f'<a href="{address("cue_plan", cue)}">'
    assert owner_client.get(address("desk", cue)).content.decode().count(plan) == 1
    Cue.objects.update(out_frame=1300)
    page = owner_client.get(address("desk", cue)).content.decode()
    assert "These bars do not end with the picture." in page
    assert page.count(plan) == 2


def test_a_desk_without_a_checkpoint_says_what_to_do(owner_client):
    page = owner_client.get(address("desk", make_cue())).content.decode()
    assert "No checkpoint is here yet." in page


def test_asking_makes_a_request_and_shows_its_places(owner_client, owner):
    cue = waltz_cue()
    assert asked(cue, owner_client, seed=5).url == address("desk", cue)
    request = CueRequest.objects.get()
    assert (request.count, request.seed, request.created_by) == (2, 5, owner)
    assert request.sampling == {"temperature": 0.8, "top_k": 9, "top_p": 0.9}
    page = owner_client.get(address("desk", cue)).content.decode()
    assert page.count("Waits for its turn") == 2
    assert "0 of 2 takes are written." in page
    assert f'hx-get="{address("desk_live", cue)}?open=1,2&amp;stamp=' in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"count": 0}, "greater than or equal to 1"),
        ({"temperature": "hot"}, "Enter a number"),
        ({"top_p": 2}, "less than or equal to 1"),
        ({"style": "Tango"}, "not one of the available choices"),
        ({"checkpoint": "none"}, "not one of the available choices"),
    ],
)
def test_a_bad_form_is_shown_again_with_the_reason(owner_client, fields, words):
    cue = waltz_cue()
    answer = asked(cue, owner_client, **fields)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not CueRequest.objects.exists()


def test_what_the_domain_refuses_stands_in_the_form(owner_client):
    answer = asked(waltz_cue(key="H"), owner_client)
    assert answer.status_code == 400
    assert "cannot be written down" in answer.content.decode()


def test_polling_brings_the_changed_cards_and_ends_when_all_is_settled(owner_client):
    cue = waltz_cue()
    asked(cue, owner_client)
    live = address("desk_live", cue) + "?open=1,2"
    answer = owner_client.get(live)
    assert (answer.status_code, answer.content.decode().count('data-row hx-swap-oob="true"')) == (200, 2)
    request = CueRequest.objects.get()
    began = timezone.now() - timedelta(seconds=6)
    Candidate.objects.filter(index=0).update(state=CandidateState.WRITING, bars_written=3, began_at=began)
    page = owner_client.get(live).content.decode()
    assert "bar 3 of 4" in page
    assert re.search(r"0\.\d bars a second, \d s left", page)
    assert re.search(r"Take 1 is at bar 3\. 0\.\d bars a second\.", page)
    jobs.execute(request.job.pk)
    answer = owner_client.get(live)
    assert answer.status_code == 200  # written, not yet engraved
    assert answer.content.decode().count("being sounded") == 2
    Rendering.objects.update(state=RenderingState.READY)
    for job in Job.objects.filter(kind=MEASURE_JOB):
        jobs.execute(job.pk)
    answer = owner_client.get(live)
    page = answer.content.decode()
    assert answer.status_code == 286
    assert "being sounded" not in page
    assert "hx-trigger" not in page.split("<li")[0]


def test_a_page_that_has_seen_everything_is_sent_nothing_and_the_writing_alone_brings_no_take(owner_client):
    cue = waltz_cue()
    asked(cue, owner_client)
    live = address("desk_live", cue)

    def poll(stamp):
        return owner_client.get(live, {"open": "1,2", "stamp": stamp})

    answer = poll("")
    stamp = re.search(r"stamp=([\w-]+)", answer.content.decode())[1]
    assert (poll(stamp).status_code, poll(stamp).content) == (204, b"")
    now = timezone.now()
    Candidate.objects.update(state=CandidateState.WRITING, bars_written=1, began_at=now)
    whole = poll(stamp).content.decode()
    assert 'id="chips"' in whole
    stamp = re.search(r"stamp=([\w-]+)", whole)[1]
    Candidate.objects.filter(index=1).update(bars_written=2)
    page = poll(stamp).content.decode()
    assert "bar 2 of 4" in page
    assert "open=1,2&amp;stamp=" in page
    assert 'id="chips"' not in page
    stamp = re.search(r"stamp=([\w-]+)", page)[1]
    owner_client.post(reverse("pause_writing"), {"do": "pause"})
    assert "Go on writing" in poll(stamp).content.decode()


def test_the_desk_says_what_is_before_a_request_and_that_all_is_paused(owner_client):
    for number in ("1m1", "1m2"):
        cue = waltz_cue(number=number)
        asked(cue, owner_client)
    page = owner_client.get(address("desk", cue)).content.decode()
    assert "1 request is before it." in page
    assert 'hx-trigger="every 5s"' in page
    answer = owner_client.post(reverse("pause_writing"), {"do": "pause", "cue": cue.public_id})
    assert answer.url == address("desk", cue)
    page = owner_client.get(address("desk", cue)).content.decode()
    assert "The writing is paused. The takes keep their place." in page
    owner_client.post(reverse("pause_writing"), {"do": "on", "cue": cue.public_id})
    assert "paused" not in owner_client.get(address("desk", cue)).content.decode()


def test_takes_are_filtered_by_cohort_copy_metre_and_failure(owner_client):
    cue = waltz_cue()
    for number, cohort in ((1, "old outputs"), (2, "by hand"), (3, "old outputs")):
        make_take(cue=cue, number=number, cohort=cohort)
    asked(cue, owner_client, count=1)
    Candidate.objects.update(state=CandidateState.FAILED, reason="Bar 3 would not add up.")
    asked(cue, owner_client, count=1)
    TakeMeasure.objects.create(
        take=cue.takes.get(number=3), plan="", facts={"valid": False, "irregular": [2], "bars": 2}
    )

    def shown(query):
        page = owner_client.get(address("desk", cue) + query).content.decode()
        return [int(number) for number in re.findall(r'id="take-(\d+)"', page)], page

    assert shown("")[0] == [1, 2, 3, 5]  # what failed in an earlier request is old trouble
    assert shown("?cohort=old+outputs")[0] == [1, 3]
    assert shown("?show=off")[0] == [3]
    found, page = shown("?show=failed")
    assert found == [4]
    assert "Bar 3 would not add up." in page
    for words in ("All 4", "Failed 1", "Off the metre 1", "old outputs", "Edited by hand"):
        assert words in page
    assert "Near copies" not in page


def test_a_failed_candidate_says_why_and_can_be_asked_again(owner_client):
    cue = waltz_cue(metre="7/16")
    asked(cue, owner_client, count=1)
    jobs.execute(CueRequest.objects.get().job.pk)
    page = owner_client.get(address("desk", cue)).content.decode()
    failed = Candidate.objects.get()
    assert failed.reason.startswith("Bar 1 would not ")  # what the model stumbles over hangs on its seed
    assert failed.reason in page
    assert owner_client.post(address("write_again", cue, failed.public_id)).url == address("desk", cue)
    assert CueRequest.objects.count() == 2
    assert owner_client.post(address("write_again", cue, "nobody")).status_code == 404


def test_cancelling_ends_what_is_not_written(owner_client):
    cue = waltz_cue()
    asked(cue, owner_client)
    assert owner_client.post(address("cancel_takes", cue)).url == address("desk", cue)
    assert set(Candidate.objects.values_list("state", flat=True)) == {"cancelled"}
    assert Job.objects.get(kind="generation.write").state == JobState.CANCELLED
    assert "is marked" in owner_client.get(address("desk", cue)).content.decode()


def test_one_take_that_waits_is_taken_back(owner_client):
    cue = waltz_cue()
    asked(cue, owner_client)
    first, second = Candidate.objects.all()
    assert f'action="{address("cancel_take", cue, second.public_id)}"' in owner_client.get(address("desk", cue)).text
    page = owner_client.post(address("cancel_take", cue, second.public_id), follow=True).text
    assert "Take 2 is not written." in page
    assert "0 of 1 take is written." in page
    assert 'id="take-1"' in page
    assert 'id="take-2"' not in page
    assert (
        "does not wait any more" in owner_client.post(address("cancel_take", cue, second.public_id), follow=True).text
    )
    Candidate.objects.filter(pk=first.pk).update(state="writing")
    assert "does not wait any more" in owner_client.post(address("cancel_take", cue, first.public_id), follow=True).text
    assert owner_client.post(address("cancel_take", waltz_cue(), first.public_id)).status_code == 404


def test_cancelled_places_leave_the_wall_and_an_empty_wall_is_loaded_again(owner_client):
    cue = waltz_cue()
    asked(cue, owner_client)
    request = CueRequest.objects.get()
    Job.objects.filter(pk=request.job.pk).update(cancel_requested=True)
    live = address("desk_live", cue) + "?open=1,2"
    page = owner_client.get(live).content.decode()
    assert "The writing stops." in page
    assert "Cancel the rest" not in page
    make_take(cue=cue, number=1)
    Candidate.objects.update(state=CandidateState.CANCELLED)
    page = owner_client.get(live).content.decode()
    assert '<li id="take-2" hx-swap-oob="delete">' in page
    assert 'id="take-1" data-row hx-swap-oob="true"' in page
    cue.takes.all().delete()
    assert owner_client.get(live).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("state", "takes", "words", "primary"),
    [
        ("spotted", 0, "is marked", "Ask for takes"),
        ("to_rank", 1, "Take 1", "Ask for takes"),
        ("to_rank", 2, "2 takes are ready.", "Listen to 1m1"),
        ("decided", 2, "1m1 is decided.", "Approve 1m1"),
        ("approved", 2, "1m1 is approved.", "To the delivery"),
        ("delivered", 2, "1m1 is delivered.", None),
    ],
)
def test_the_desk_leads_on_by_the_one_primary_button(owner_client, state, takes, words, primary):
    cue = waltz_cue(number="1m1")
    small_checkpoint()
    for number in range(1, takes + 1):
        make_take(cue=cue, number=number)
    Cue.objects.update(state=state)
    page = owner_client.get(address("desk", cue)).content.decode()
    assert words in page
    assert re.findall(r'class="btn primary".*?>([\w ]+?)\s*<', page) == ([primary] if primary else [])


def test_takes_are_kept_discarded_and_filtered(owner_client):
    cue = make_cue()
    take = make_take(cue=cue)
    url = address("take_state", cue, take.number)
    card = owner_client.post(url, {"state": "kept"}, headers={"HX-Request": "true"}).content.decode()
    assert card.lstrip().startswith("<li")
    assert "Kept" in card
    assert owner_client.post(url, {"state": "discarded"}).url == address("desk", cue)
    take.refresh_from_db()
    assert take.state == TakeState.DISCARDED
    assert 'id="take-1"' not in owner_client.get(address("desk", cue)).content.decode()
    assert 'id="take-1"' in owner_client.get(address("desk", cue) + "?show=discarded").content.decode()
    assert "No take is marked so." in owner_client.get(address("desk", cue) + "?show=kept").content.decode()
    assert owner_client.post(url, {"state": "eaten"}).status_code == 400


def test_the_desk_is_the_owners_alone(client, rater_client, owner_client):
    cue = waltz_cue()
    pages = [
        (address("desk", cue), "get"),
        (address("desk_live", cue), "get"),
        (address("cancel_takes", cue), "post"),
        (address("cancel_take", cue, "x"), "post"),
        (address("write_again", cue, "x"), "post"),
        (address("take_state", cue, 1), "post"),
    ]
    for url, method in pages:
        assert getattr(client, method)(url).status_code == 302
        assert getattr(rater_client, method)(url).status_code == 403
        wrong = "post" if method == "get" else "get"
        if url != address("desk", cue):
            assert getattr(owner_client, wrong)(url).status_code == 405
    assert owner_client.get(reverse("desk", args=["nowhere", "1m1"])).status_code == 404


@pytest.mark.parametrize("more", [0, 3])
def test_the_desk_asks_the_database_as_often_for_one_take_as_for_many(owner_client, django_assert_num_queries, more):
    request = written_request(count=1)
    for number in range(more):
        make_take(cue=request.cue, number=10 + number)
    url = address("desk", request.cue)
    owner_client.get(url)  # asks for renderings, remembers the film in the session
    with django_assert_num_queries(40):
        owner_client.get(url)


def test_the_live_part_sends_no_button_to_a_page_without_a_form(owner_client):
    take = make_take()
    live = address("desk_live", take.cue)
    assert "ask-button" not in owner_client.get(live, {"open": "1"}).content.decode()
    small_checkpoint()
    assert "ask-button" in owner_client.get(live, {"open": "1"}).content.decode()


@pytest.mark.parametrize("asked_for", ["9" * 5000, "x,-1,2", "\0", "1," * 50])
def test_the_live_part_takes_nonsense_for_nothing(owner_client, asked_for):
    cue = waltz_cue()
    assert owner_client.get(address("desk_live", cue), {"open": asked_for}).status_code in (200, 286)


def test_another_checkpoint_or_style_draws_the_form_anew_with_what_was_entered(owner_client):
    cue = waltz_cue()
    small = small_checkpoint()
    tiny, _ = import_checkpoint(path=TINY, name="Tiny", prompts=Prompts.PUBLISHED)
    entered = {"checkpoint": tiny.public_id, "style": "Waltz", "count": 3, "temperature": 0.3, "hands": "on"}
    page = owner_client.get(address("desk", cue), entered, headers={"HX-Trigger-Name": "checkpoint"}).content.decode()
    assert 'value="Romantic / Satie, Erik / Keyboard"' in page
    assert page.count('<option value="Romantic / ') == 80
    assert 'name="stage"' not in page
    assert ('value="3"' in page, 'value="0.3"' in page) == (True, False)
    assert "has never seen" not in page
    typed = {"checkpoint": tiny.public_id, "style": "Modern / Einaudi, Ludovico / Piano"}
    page = owner_client.get(address("desk", cue), typed, headers={"HX-Trigger-Name": "style"}).content.decode()
    assert "Tiny has never seen: Modern, Einaudi, Ludovico, Piano." in page
    page = owner_client.get(address("desk", cue), {"checkpoint": small.public_id}).content.decode()
    assert 'name="stage"' in page


def test_constraints_and_music_to_start_from_go_into_the_request(owner_client):
    take = written_request(count=1, bars=6).cue.takes.get()
    cue = take.cue
    version = take.version.public_id
    page = owner_client.get(address("desk", cue)).content.decode()
    assert f'<option value="{version}">Take 1</option>' in page
    fields = {"mode": "first", "source": version, "bars": 2, "highest": "84", "hands": "on", "stage": "Peace"}
    assert asked(cue, owner_client, **fields).status_code == 302
    request = CueRequest.objects.first()
    assert request.constraints == {"highest": 84, "hands": True}
    assert request.brief["start"] == {"version": version, "mode": "first", "bars": 2, "first": 1}
    assert (len(request.brief["theme"]), request.brief["prompt"][-1]) == (2, "%Peace")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "first"}, "Choose the music to start from."),
        ({"mode": "eat"}, "not one of the available choices"),
        ({"mode": "first", "source": "nothing"}, "not one of the available choices"),
        ({"lowest": "84", "highest": "84"}, "an octave or more"),
        ({"density": 0}, "greater than or equal to 0.2"),
        ({"stage": "Sunday"}, "not one of the available choices"),
    ],
)
def test_what_no_music_can_keep_or_start_from_is_said(owner_client, fields, words):
    answer = asked(waltz_cue(), owner_client, **fields)
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_takes_of_a_combination_that_was_never_seen_are_asked_for_with_a_warning(owner_client):
    cue = waltz_cue()
    tiny, _ = import_checkpoint(path=TINY, name="Tiny", prompts=Prompts.PUBLISHED)
    style = "Romantic / Satie, Erik / Choral"
    answer = asked(cue, owner_client, checkpoint=tiny.public_id, style=style)
    page = owner_client.get(answer.url).content.decode()
    assert "Tiny knows these words, but has never seen them together." in page
    assert CueRequest.objects.get().brief["prompt"] == ["%Romantic", "%Satie, Erik", "%Choral"]
