from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from curator.domain.turns import free_gpu
from curator.models.jobs import Job, JobState, Turn, Worker
from tests.factories import make_cue

pytestmark = pytest.mark.django_db

PAGES = ["workers", "job_chip"]


def test_workers_page_shows_the_queue(owner_client):
    Job.objects.create(kind="curator.render", queue="cpu")
    Job.objects.create(kind="curator.render", queue="cpu", state="failed", error="Bar 17 has no end.")
    page = owner_client.get(reverse("workers")).content.decode()
    assert "Engrave and sound" in page
    assert "No worker serves the queue “cpu”." in page
    assert page.startswith("<!doctype html>")


def test_workers_page_renews_only_its_own_part(owner_client):
    page = owner_client.get(reverse("workers"), headers={"HX-Request": "true"}).content.decode()
    assert page.startswith('<div id="workers-live"')


def test_chip_asks_again_only_while_something_is_open(owner_client):
    assert "hx-get" not in owner_client.get(reverse("job_chip")).content.decode()
    Job.objects.create(kind="curator.render", queue="cpu")
    chip = owner_client.get(reverse("job_chip")).content.decode()
    assert "1 job is open" in chip
    assert 'hx-get="/workers/chip/"' in chip


def test_cancel_ends_a_waiting_job(owner_client):
    job = Job.objects.create(kind="test.nothing", queue="cpu")
    response = owner_client.post(reverse("cancel_job", args=[job.public_id]), follow=True)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "The job ends at its next step." in response.content.decode()


def test_cancel_of_nothing(owner_client):
    assert owner_client.post(reverse("cancel_job", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_pages_ask_for_sign_in_are_the_owners_and_take_no_post(name, client, rater_client):
    assert client.get(reverse(name)).status_code == 302
    assert rater_client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_pages_take_no_post(name, owner_client):
    assert owner_client.post(reverse(name)).status_code == 405


def test_cancel_is_a_post_of_the_owner(client, owner_client, rater_client):
    url = reverse("cancel_job", args=[Job.objects.create(kind="t.x", queue="cpu").public_id])
    assert owner_client.get(url).status_code == 405
    assert rater_client.post(url).status_code == 403
    owner_client.logout()
    assert client.post(url).status_code == 302


def test_queries_do_not_grow(owner_client, django_assert_max_num_queries):
    counts = []
    for _ in range(2):
        Job.objects.create(kind="t.x", queue="cpu")
        with django_assert_max_num_queries(30) as queries:
            owner_client.get(reverse("workers"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def make_worker(machine: str = "Werkstatt", **fields) -> Worker:
    now = timezone.now()
    facts = {"process_id": 1, "queues": ["gpu"], "started_at": now, "heartbeat_at": now, **fields}
    return Worker.objects.create(name=machine, machine=machine, **facts)


def test_a_card_tells_machine_model_memory_speed_and_work(owner_client):
    cue = make_cue(title="Nebel")
    worker = make_worker(
        gpu="RTX 4090", gpu_memory_mb=24564, gpu_used_mb=5120, memory_mb=1830, system="Windows, 16 cores",
        checkpoint="Round 1", checkpoint_sha256="a" * 64, bars_per_second=1.84,
    )  # fmt: skip
    Job.objects.create(
        kind="generation.write", queue="gpu", state="running", lease="x", lease_expires_at=timezone.now(),
        started_at=timezone.now(), worker=worker, arguments={"cue": cue.pk}, progress_done=3, progress_total=8,
    )  # fmt: skip
    page = " ".join(owner_client.get(reverse("workers")).content.decode().split())
    for told in (
        "RTX 4090, Windows, 16 cores, queue gpu", "at work", "Write takes, 1m1 Nebel, 3 of 8", "Round 1",
        "5.0 of 24 GB", "1.8 GB", "1.8 bars a second", "heard 0 s ago", "Free the GPU",
    ):  # fmt: skip
        assert told in page


def test_who_is_gone_is_greyed_with_when_it_was_heard(owner_client):
    make_worker(heartbeat_at=timezone.now() - timedelta(minutes=14))
    page = owner_client.get(reverse("workers")).content.decode()
    assert "wk gone" in page
    assert "last heard 14\xa0minutes ago" in page
    assert "Free the" not in page


def test_without_a_worker_the_page_says_how_to_start_one(owner_client):
    assert "On another machine: python run.py worker." in owner_client.get(reverse("workers")).content.decode()


def test_the_page_says_what_keeps_other_machines_out(owner_client, settings):
    page = owner_client.get(reverse("workers")).content.decode()
    assert "Another machine cannot join yet:" in page
    assert "CUEWRIGHT_MEDIA" in page


def test_a_gpu_is_freed_and_taken_again(owner_client, owner):
    make_worker("no card")
    page = owner_client.post(reverse("free_gpu"), {"machine": "no card"}, follow=True).content.decode()
    assert "no card is being freed." in page
    assert "Free for other programs since" in page
    assert Turn.objects.get().freed_by == owner
    Worker.objects.update(checkpoint_sha256="a" * 64)
    assert "Ends what it does and drops its models." in owner_client.get(reverse("workers")).content.decode()
    page = owner_client.post(reverse("free_gpu"), {"machine": "no card", "do": "again"}, follow=True).content.decode()
    assert "no card works again." in page
    assert "Free the machine" in page


def test_the_gpu_of_an_unknown_machine_is_not_freed(owner_client):
    assert owner_client.post(reverse("free_gpu"), {"machine": "nowhere"}).status_code == 404
    assert not Turn.objects.exists()


def test_freeing_is_a_post_of_the_owner(client, owner_client, rater_client):
    make_worker()
    url = reverse("free_gpu")
    assert owner_client.get(url).status_code == 405
    assert rater_client.post(url, {"machine": "Werkstatt"}).status_code == 403
    owner_client.logout()
    assert client.post(url, {"machine": "Werkstatt"}).status_code == 302
    assert not Turn.objects.exists()


def test_from_a_desk_one_comes_back_to_it(owner_client):
    make_worker()
    free_gpu(machine="Werkstatt")
    cue = make_cue()
    given = {"machine": "Werkstatt", "do": "again", "cue": cue.public_id}
    response = owner_client.post(reverse("free_gpu"), given)
    assert response.url == reverse("desk", args=[cue.film.slug, cue.number])
