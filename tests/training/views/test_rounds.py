import pytest
from django.urls import reverse
from django.utils import timezone

from curator.models.jobs import Job, JobState
from generation.models.checkpoints import Checkpoint
from tests.generation.writing import small_checkpoint
from tests.training.rounds import preference_set, small_round
from training.domain.rounds import run_folder
from training.models.rounds import Round, RoundMetric, RoundState

pytestmark = pytest.mark.django_db

NEW = "/training/rounds/new/"


def test_the_room_is_empty_before_the_first_round(owner_client):
    page = owner_client.get(reverse("rounds")).content.decode()
    assert "No round yet" in page
    page = owner_client.get(NEW).content.decode()
    assert "Nothing to learn from yet" in page
    assert "Start the round" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_room_asks_a_constant_number_of_questions(owner, owner_client, django_assert_num_queries, count):
    row = small_round(owner)
    for number in range(2, count + 1):
        Round.objects.create(
            number=number, recipe="dpo", preference_set=row.preference_set, base=row.base, settings=row.settings
        )
    owner_client.get(reverse("rounds"))
    with django_assert_num_queries(6):
        page = owner_client.get(reverse("rounds")).content.decode()
    assert page.count('scope="row"') == count


def test_a_choice_shows_time_and_warnings_and_starts(owner, owner_client):
    data = preference_set(owner)
    page = owner_client.get(NEW).content.decode()
    assert "72 votes" in page
    assert "by arithmetic, no round was measured here yet" in page
    assert "72 votes are few: below 160" in page
    part = owner_client.get(NEW, headers={"HX-Target": "prospect"}).content.decode()
    assert part.startswith('<section class="card buildit" id="prospect"')
    given = {"source": f"dpo:{data.public_id}", "base": small_checkpoint().public_id, "executor": "local"}
    response = owner_client.post(NEW, given, follow=True)
    row = Round.objects.get()
    assert response.redirect_chain == [(reverse("round", args=[row.public_id]), 302)]
    page = response.content.decode()
    assert "Round 1 is started." in page
    assert "Waits for a worker" in page
    assert f'hx-get="{reverse("round", args=[row.public_id])}"' in page


def test_too_few_votes_have_no_button_but_a_sentence(owner, owner_client):
    data = preference_set(owner, cues=2, votes=12)
    page = owner_client.get(NEW).content.decode()
    assert "36 more votes and 1 more cues with votes are needed." in page
    assert "Start the round" not in page
    given = {"source": f"dpo:{data.public_id}", "base": small_checkpoint().public_id, "executor": "local"}
    response = owner_client.post(NEW, given)
    assert response.status_code == 400
    assert "36 more votes and 1 more cues with votes are needed." in response.content.decode()
    assert not Round.objects.exists()


def test_an_address_that_makes_no_sense_is_no_trouble(owner, owner_client):
    preference_set(owner)
    page = owner_client.get(NEW, {"source": "dpo:gone", "base": "\0", "executor": "moon"})
    assert page.status_code == 200
    assert "This choice does not exist any more." in page.content.decode()


def running(owner) -> Round:
    """A round in its middle, as its rows and its job tell."""
    row = small_round(owner)
    assert row.job is not None
    Job.objects.filter(pk=row.job.pk).update(
        state=JobState.RUNNING, lease="x", lease_expires_at=timezone.now(), progress_done=5, progress_total=20
    )
    Round.objects.filter(pk=row.pk).update(started_at=timezone.now())
    for step in range(1, 6):
        values = {
            "step": step,
            "loss": 0.7 - step / 50,
            "margin": step / 10,
            "accuracy": 0.5,
            "kl": 0.01,
            "seconds": step * 30,
        }
        RoundMetric.objects.create(round=row, line=step - 1, step=step, values=values)
    RoundMetric.objects.create(round=row, line=5, step=5, values={"step": 5, "eval_loss": 0.61, "eval_accuracy": 0.7})
    folder = run_folder(row)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("05:00:00 training starts\n05:00:09 step 5 of 20 <loss>\n")
    return Round.objects.get(pk=row.pk)


def test_a_running_round_shows_curves_progress_and_log(owner, owner_client):
    row = running(owner)
    page = owner_client.get(
        reverse("round", args=[row.public_id]), headers={"HX-Target": "round-live"}
    ).content.decode()
    assert page.startswith('<div id="round-live" hx-get=')
    assert "step 5 of 20" in page
    assert "about 8 minutes" in page
    for name in ("Loss", "Margin", "Pairs the right way round", "Distance from the parent (KL)"):
        assert f"<span>{name}</span>" in page
    assert 'aria-label="Loss: now 0.6' in page
    assert page.count('class="held"') == 2
    assert "step 5 of 20 &lt;loss&gt;" in page
    assert "Save and stop" in page


def test_a_round_is_stopped_and_goes_on(owner, owner_client):
    row = small_round(owner)
    page = owner_client.post(reverse("stop_round", args=[row.public_id]), follow=True).content.decode()
    assert "It can go on from its last state." in page
    assert "hx-trigger" not in page[page.index('id="round-live"') : page.index("</h1>")]
    page = owner_client.post(reverse("stop_round", args=[row.public_id]), follow=True).content.decode()
    assert "This round is not running, so there is nothing to stop." in page
    owner_client.post(reverse("resume_round", args=[row.public_id]))
    row.refresh_from_db()
    assert (row.state, row.job.state) == (RoundState.RUNNING, JobState.QUEUED)
    page = owner_client.post(reverse("resume_round", args=[row.public_id]), follow=True).content.decode()
    assert "This round is going on already." in page


def test_a_finished_round_names_its_checkpoint_and_what_it_said(owner, owner_client):
    row = running(owner)
    made = Checkpoint.objects.create(name="Round 1", kind="dpo", sha256="5" * 64, size=1, header="x", parent=row.base)
    reason = "Chosen pieces became less likely by 2.3 nats."
    Job.objects.update(state=JobState.DONE)
    Round.objects.update(
        state=RoundState.MEASURED, result=made, error=reason, finished_at=timezone.now(),
        metrics={"state": "guarded", "step": 5, "steps": 20, "warnings": ["The loss is no number any more."]},
    )  # fmt: skip
    page = owner_client.get(reverse("round", args=[row.public_id])).content.decode()
    assert "The result is the checkpoint “Round 1”." in page
    assert reason in page
    assert "The loss is no number any more." in page
    assert "Go on" not in page


def test_a_round_whose_job_a_restore_has_lost_can_go_on(owner, owner_client):
    row = small_round(owner)
    Round.objects.update(job=None)
    page = owner_client.get(reverse("round", args=[row.public_id])).content.decode()
    assert "It can go on from its last state." in page
