import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_parts_are_all_drawn(owner_client):
    page = owner_client.get(reverse("components")).content.decode()
    assert 'aria-invalid="true"' in page
    assert "Give the tempo as beats a minute, for example 66." in page
    assert "style=" not in page


def test_parts_are_the_owners(client, rater_client):
    assert client.get(reverse("components")).status_code == 302
    assert rater_client.get(reverse("components")).status_code == 403


def test_parts_take_no_post(owner_client):
    assert owner_client.post(reverse("components")).status_code == 405
