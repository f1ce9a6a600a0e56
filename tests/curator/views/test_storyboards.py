"""The import page, the look before saving, what is told afterwards."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from curator.domain.films import create_film
from curator.domain.shots import edit_shot
from curator.models.film import Film
from curator.models.storyboard import StoryboardImport
from tests.curator.film.storyboards import EDL, EXAMPLE
from tests.factories import make_cue

pytestmark = pytest.mark.django_db


@pytest.fixture
def film() -> Film:
    return create_film(title="Laterne", slug="laterne")


def put_in(browser, text: str = EXAMPLE, name: str = "laterne.md"):
    return browser.post("/films/laterne/import/", {"file": SimpleUploadedFile(name, text.encode())})


def look(browser, text: str = EXAMPLE) -> tuple[str, str]:
    """The address of the look at a file, and its page."""
    address = put_in(browser, text)["Location"]
    return address, browser.get(address).content.decode()


def test_a_file_is_looked_at_before_it_is_saved(owner_client, film):
    address, page = look(owner_client)
    assert "The footer says 2 shots, found 3." in page
    assert "1:00–2:00" in page
    assert page.count('class="fate new"') == 3
    assert "With Laterne, Koffer, Mara, Bruder." in page
    assert not film.shots.exists()
    answer = owner_client.post(address, {"remove": "0"}, follow=True)
    assert answer.redirect_chain == [("/films/laterne/shots/", 302)]
    assert film.shots.count() == 3
    told = [str(message) for message in answer.context["messages"]]
    assert told == [
        "Saved: 3 shots are new, 0 changed, 0 as before, 0 removed.",
        "3 cues were marked, one for each stage.",
    ]
    saved = owner_client.get(address).content.decode()
    assert "The footer says 2 shots, found 3." in saved
    assert '<form method="post" action="/films/laterne/import/' not in saved
    assert owner_client.post(address, follow=True).redirect_chain == [(address, 302)]


def test_changes_and_the_owners_words_are_shown(owner_client, film):
    owner_client.post(put_in(owner_client)["Location"])
    shot = film.shots.get(code="S01-001")
    edit_shot(shot=shot, description="My crates", dialogue="", frames=48, estimated=False)
    _address, page = look(
        owner_client, EXAMPLE.replace("Crates in rows", "Boxes").replace("INT. DACHBODEN", "INT. KELLER")
    )
    assert "Yours stays: My crates" in page
    assert "<del>INT. DACHBODEN - TAG</del> <ins>INT. KELLER - TAG</ins>" in page
    assert "<ins>Boxes, one window, pale light</ins>" in page


def test_what_is_gone_goes_by_choice(owner_client, film):
    owner_client.post(put_in(owner_client)["Location"])
    film.cues.all().delete()
    address, page = look(owner_client, EXAMPLE.replace("### S01-002", "### S01-003"))
    assert 'class="fate gone"' in page
    assert 'class="fate removed"' in owner_client.get(address, {"remove": "1"}).content.decode()
    owner_client.post(address, {"remove": "1"})
    assert [shot.code for shot in film.shots.all()] == ["S01-001", "S01-003", "S02-001"]


def test_a_file_can_be_left(owner_client, film):
    address, _page = look(owner_client)
    assert owner_client.post(f"{address}drop/")["Location"] == "/films/laterne/import/"
    assert not StoryboardImport.objects.exists()
    assert owner_client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"nothing of the kind", "This is neither"),
        (b"%PDF-1.7", "no plain text (PDF)"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b"", "The submitted file is empty."),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_field(owner_client, film, data, words):
    answer = owner_client.post("/films/laterne/import/", {"file": SimpleUploadedFile("a.md", data)})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not StoryboardImport.objects.exists()


def test_a_form_without_a_file(owner_client, film):
    assert owner_client.post("/films/laterne/import/").status_code == 400


def test_a_list_that_no_longer_fits_the_film_is_told(owner_client, film):
    address, _page = look(owner_client, EDL.replace("00:00:04:12", "00:00:04:23"))
    Film.objects.update(fps_numerator=12)
    answer = owner_client.get(address)
    assert (answer.status_code, "does not fit the film" in answer.content.decode()) == (400, True)
    assert owner_client.post(address, follow=True).redirect_chain == [(address, 302)]


def test_german_all_over(owner_client, film):
    owner_client.cookies["django_language"] = "de"
    _address, page = look(owner_client)
    assert "Am Ende steht, es seien 2 Einstellungen; gefunden sind 3." in page
    assert "In den Film speichern" in page


def test_another_films_file_is_not_found(owner_client, film):
    address, _page = look(owner_client)
    other = make_cue().film
    assert owner_client.get(address.replace("laterne", other.slug)).status_code == 404
    assert owner_client.get(f"/films/{other.slug}/import/").status_code == 200


def test_queries_do_not_grow_with_the_shots(owner_client, film, django_assert_num_queries):
    def text(count: int) -> str:
        return "## SCENE 01: INT. A - TAG\n" + "".join(
            f"### S01-{n:03}\n**Camera:** Wide\n" for n in range(1, count + 1)
        )

    for count in (2, 30):
        address, _page = look(owner_client, text(count))
        with django_assert_num_queries(9):
            owner_client.get(address)
