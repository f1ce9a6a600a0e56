import pytest
from django.urls import reverse

from curator.domain.media import store_media
from tests.curator.domain.test_disk import let_free

pytestmark = pytest.mark.django_db

WARNING = "The disk is nearly full."


def page(client, name: str = "disk") -> str:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_disk_says_what_is_free_and_what_each_kind_takes(owner_client, monkeypatch):
    store_media(data=b"left", suffix=".upload")
    let_free(monkeypatch, 8 * 2**30)
    told = page(owner_client).replace("\xa0", " ")
    assert "8.0 GB of 18.6 GB are free." in told
    assert "There is room for the work that comes." in told
    assert '<span class="name">Uploads, and what is no longer needed</span>' in told
    assert WARNING not in told


def test_a_full_disk_is_told_on_every_page_of_the_owner_alone(owner_client, rater_client, monkeypatch):
    let_free(monkeypatch, 1000)
    assert "That is too little for the next checkpoint, and soon for a take." in page(owner_client)
    for name in ("disk", "workers", "library"):
        assert WARNING in page(owner_client, name)
    assert WARNING not in rater_client.get(reverse("home"), follow=True).content.decode()


def test_a_data_folder_that_cannot_be_read_is_told(owner_client, settings, tmp_path):
    settings.DATA = tmp_path / "gone"
    assert "The data folder cannot be read." in page(owner_client)


def test_disk_is_the_owners_and_takes_no_post(client, owner_client, rater_client):
    assert client.get(reverse("disk")).status_code == 302
    assert rater_client.get(reverse("disk")).status_code == 403
    assert owner_client.post(reverse("disk")).status_code == 405
