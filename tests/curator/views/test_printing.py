import pytest
from django.test import Client
from django.urls import reverse

from curator.domain.approvals import revoke_approval
from curator.models.jobs import Job
from curator.models.library import MediaFile, RenderingFile, RenderingState
from tests.curator.delivery_scene import lantern, lit_cue, overfull

pytestmark = pytest.mark.django_db


@pytest.fixture
def film(db):
    return lantern(slug="lantern", logline="A cracked lantern.", composer_line="Team")


def _draw(cue) -> None:
    """An engraving of the approved take, of one line."""
    from curator.domain.media import store_media
    from curator.domain.rendering import request_rendering

    made = request_rendering(version=cue.takes.get().version, tempo_map=cue.tempo_map)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" class="engraving"><path id="p" d="M0 0H9"/></svg>'
    media: MediaFile = store_media(data=svg.encode(), suffix=".svg")
    RenderingFile.objects.create(rendering=made.engraving, role="page", number=1, media=media)
    made.engraving.state = RenderingState.READY
    made.engraving.save()


def _page(client: Client, name: str, *place: str) -> str:
    answer = client.get(reverse(name, args=["lantern", *place]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_score_that_was_never_engraved_is_asked_for_and_the_page_comes_again(owner_client, owner, film):
    lit_cue(film, owner)
    page = _page(owner_client, "print_cue", "1m1")
    assert 'http-equiv="refresh"' in page
    assert "Being engraved" in page
    jobs = Job.objects.count()
    assert jobs > 0
    _page(owner_client, "print_cue", "1m1")
    assert Job.objects.count() == jobs


def test_a_clean_score_has_its_head_and_nothing_of_the_house(owner_client, owner, film):
    cue = lit_cue(film, owner)
    _draw(cue)
    page = _page(owner_client, "print_cue", "1m1")
    assert 'http-equiv="refresh"' not in page
    assert 'class="engraving"' in page or "engraving" in page
    for words in ("1m1 · Forgotten", "Dachboden", "Team", "00:00:00:00 – 00:00:07:05", "0:07.2", "4/4", "♩ = 66.5"):
        assert words in page
    assert 'class="bar"' not in page
    assert "data-print" in page
    revoke_approval(cue=cue, by=owner)
    assert owner_client.get(reverse("print_cue", args=["lantern", "1m1"])).status_code == 404


def test_the_book_holds_title_contents_cues_and_sheet(owner_client, owner, film):
    _draw(lit_cue(film, owner))
    _draw(lit_cue(film, owner, title="Heimweg"))
    lit_cue(film, owner, title="Kaputt", musicxml=overfull())
    page = _page(owner_client, "print_film")
    assert page.count('class="bookcue"') == 2
    assert "Kaputt" not in page
    for words in ("A cracked lantern.", "Piano score, 2 cues", "Contents", "Heimweg", "Cue sheet", "BI"):
        assert words in page


def test_the_book_and_the_sheet_without_cues_are_pages_too(owner_client, film):
    assert "Piano score, 0 cues" in _page(owner_client, "print_film")
    assert "Cue sheet" in _page(owner_client, "print_sheet")


def test_the_sheet_engraves_nothing(owner_client, owner, film):
    lit_cue(film, owner)
    before = Job.objects.count()
    page = _page(owner_client, "print_sheet")
    for words in ("Dachboden", "Team", "0:07"):
        assert words in page
    assert Job.objects.count() == before


def test_words_of_people_are_escaped(owner_client, owner):
    film = lantern(slug="lantern", title="<script>alert(1)</script>", composer_line="<b>x</b>")
    lit_cue(film, owner, title="<i>y</i>")
    for name, place in (("print_film", []), ("print_sheet", []), ("print_cue", ["1m1"])):
        page = _page(owner_client, name, *place)
        assert "<script>alert" not in page
        assert "<b>x" not in page
        assert "<i>y" not in page
