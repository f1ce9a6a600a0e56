import pytest
from django.urls import reverse

from curator.models.jobs import Job, JobState

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
