import pytest
from django.template.loader import render_to_string

from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db


def test_a_listener_sees_only_where_to_listen(rater_client):
    make_cue()
    page = rater_client.get("/").content.decode()
    assert 'aria-label="House"' not in page
    assert "/workers/" not in page


def test_the_current_room_is_marked(owner_client):
    page = owner_client.get(f"/films/{make_film().slug}/").content.decode()
    assert 'aria-current="page">Arc</a>' in page


def test_a_cue_that_wants_ears_is_counted(owner_client):
    cue = make_cue(state="to_rank")
    page = owner_client.get(f"/films/{cue.film.slug}/").content.decode()
    assert '>Listen<span class="n">1</span></a>' in page


def test_language_changes_without_sign_in(client):
    response = client.post("/language/", {"language": "de", "next": "/sign-in/"}, follow=True)
    assert '<html lang="de">' in response.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_stand_without_a_context(name):
    page = render_to_string(f"{name}.html")
    assert page.startswith("<!doctype html>")
    assert 'class="nav' not in page


def test_an_address_without_a_page(owner_client):
    response = owner_client.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
