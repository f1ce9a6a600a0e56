import io
import zipfile

import pytest
from django.urls import reverse

from curator import jobs
from curator.domain.sketches import sketch_missing
from curator.models.jobs import Job, JobState
from curator.models.rights import Purpose, RightsConfirmation
from generation.models.checkpoints import Checkpoint
from tests.training.satie import small_piece
from training.domain.choosing import Choice
from training.domain.datasets import BUILD_JOB, build_set, request_set
from training.models.sets import TrainingSet

pytestmark = pytest.mark.django_db

NEW = "/training/sets/new/"


def make_set(number: int) -> TrainingSet:
    return TrainingSet.objects.create(name=f"Satie {number}", sha256=f"{number:064}", header="bare-three")


@pytest.fixture
def pieces():
    return [small_piece(number) for number in range(4)]


def test_the_room_is_empty_before_the_first_set(owner_client):
    page = owner_client.get(reverse("training")).content.decode()
    assert "No training files yet" in page
    assert 'aria-current="page">Training</a>' in page


def test_the_newest_set_stands_first(owner_client):
    make_set(1)
    make_set(2)
    page = owner_client.get(reverse("training")).content.decode()
    assert page.index("Satie 2") < page.index("Satie 1")


@pytest.mark.parametrize("count", [1, 3])
def test_the_room_asks_a_constant_number_of_questions(owner_client, django_assert_num_queries, count):
    for number in range(count):
        make_set(number)
    owner_client.get(reverse("training"))
    with django_assert_num_queries(6):
        owner_client.get(reverse("training"))


def test_the_preview_says_what_goes_in_and_what_does_not(owner_client, pieces):
    small_piece(9, title="Arabesque", composer="Debussy, Claude")
    page = owner_client.get(NEW).content.decode()
    assert "3 to learn from, 1 to measure with, of 4 works." in page
    assert "Build files of 4 pieces" in page
    assert "1 piece is left out" in page
    assert "Debussy, Claude is not on the list of composers that train." in page
    assert reverse("rights") in page  # the way out of it
    assert "<code>%Satie, Erik</code>" in page


def test_the_estimate_alone_follows_a_change(owner_client, pieces):
    response = owner_client.get(NEW, {"composer": "Satie, Erik", "keys": "all"}, headers={"HX-Target": "estimate"})
    page = response.content.decode()
    assert page.startswith('<section id="estimate"')
    assert "?composer=Satie%2C+Erik&amp;keys=all" in page
    assert 'name="keys"' not in page


def test_nothing_that_makes_sense_in_the_address_is_no_trouble(owner_client, pieces):
    query = {"keys": "x", "share": "99", "base": "gone", "header": "none", "origin": "x", "composer": "\0"}
    response = owner_client.get(NEW, query)
    assert response.status_code == 200
    assert "Build files of 4 pieces" in response.content.decode()


def test_without_pieces_nothing_can_be_built(owner_client):
    page = owner_client.get(NEW).content.decode()
    assert "No piece goes in." in page
    assert "Build files" not in page
    response = owner_client.post(NEW)
    assert response.status_code == 400
    assert not Job.objects.filter(kind=BUILD_JOB).exists()


def test_post_has_the_choice_built_and_the_room_shows_it(owner_client, pieces):
    response = owner_client.post(f"{NEW}?keys=all&share=50", {"name": "Four"}, follow=True)
    page = response.content.decode()
    assert "The files are being made." in page
    assert 'hx-get="/training/sets/builds/"' in page
    job = Job.objects.get(kind=BUILD_JOB)
    assert (job.arguments["choice"]["transposition"], job.arguments["choice"]["eval_share"]) == ("all", 0.5)
    assert "Four" in owner_client.get(reverse("training_builds")).content.decode()
    jobs.execute(job.pk)
    assert owner_client.get(reverse("training_builds")).headers["HX-Refresh"] == "true"
    assert "Four" in owner_client.get(reverse("training")).content.decode()


def test_a_name_that_is_taken_is_told_in_place(owner_client, pieces):
    make_set(1)
    response = owner_client.post(NEW, {"name": "Satie 1"})
    assert response.status_code == 400
    assert "There is already a set called Satie 1." in response.content.decode()


def test_a_build_can_be_cancelled_and_a_failed_one_says_why(owner_client, owner, pieces):
    job = request_set(choice=Choice(), created_by=owner)
    owner_client.post(reverse("training_cancel", args=[job.public_id]))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    again = request_set(choice=Choice(), created_by=owner)
    for version in pieces[1:]:
        version.piece.delete()
    jobs.execute(again.pk)
    page = owner_client.get(reverse("training")).content.decode()
    assert "A set could not be built." in page
    assert "at least two works" in page


def test_pieces_in_copyright_are_confirmed_by_name(owner_client, owner, pieces):
    piece = small_piece(9, title="Una mattina", composer="Einaudi, Ludovico").piece
    page = owner_client.get(NEW).content.decode()
    assert "1 piece is in copyright" in page
    assert f'name="piece" value="{piece.public_id}"' in page
    response = owner_client.post(f"{reverse('training_confirm')}?keys=all", {"piece": piece.public_id}, follow=True)
    assert response.redirect_chain == [(f"{NEW}?keys=all", 302)]
    assert "Build files of 5 pieces" in response.content.decode()
    row = RightsConfirmation.objects.get()
    assert (row.purpose, row.by, list(row.pieces.all())) == (Purpose.TRAINING, owner, [piece])


def test_a_confirmation_of_nothing_is_told(owner_client):
    response = owner_client.post(reverse("training_confirm"), follow=True)
    assert "No piece is named." in response.content.decode()
    assert not RightsConfirmation.objects.exists()


def test_the_header_is_that_of_the_checkpoint_in_use(owner_client, pieces):
    Checkpoint.objects.create(
        name="Demo", kind="demo", sha256="1" * 64, size=1, header="bare-three-plus-stage",
        vocabulary={"period": ["Minimal"], "composer": ["Etude"], "instrumentation": ["Keyboard"], "stage": ["Peace"]},
    )  # fmt: skip
    page = owner_client.get(NEW).content.decode()
    assert "<code>%Peace</code>" in page
    assert "4 pieces have no stage of the arc" in page
    page = owner_client.get(NEW, {"header": "bare-three"}).content.decode()
    assert "<code>%Peace</code>" not in page


@pytest.mark.parametrize("count", [2, 20])
def test_the_preview_asks_a_constant_number_of_questions(owner_client, django_assert_max_num_queries, count):
    for number in range(count):
        small_piece(number)
    sketch_missing()
    owner_client.get(NEW)
    with django_assert_max_num_queries(26):
        owner_client.get(NEW)


def test_a_set_shows_what_it_was_made_of(owner_client, pieces):
    small_piece(9, title="Arabesque", composer="Debussy, Claude")
    row = build_set(choice=Choice(), name="Four").training_set
    page = owner_client.get(reverse("training_set", args=[row.public_id])).content.decode()
    assert row.sha256 in page
    assert "Debussy, Claude is not on the list" in page
    assert page.count('scope="row"') == 4


def test_a_set_is_taken_away_as_a_zip(owner_client, pieces):
    row = build_set(choice=Choice()).training_set
    response = owner_client.get(reverse("training_zip", args=[row.public_id]))
    assert response["Content-Disposition"] == f'attachment; filename="training-{row.sha256[:12]}.zip"'
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert "augmented_train.jsonl" in archive.namelist()


def test_an_archive_that_cannot_be_made_again_says_why(owner_client, pieces):
    row = build_set(choice=Choice()).training_set
    TrainingSet.objects.update(archive=None, sha256="0" * 64)
    response = owner_client.get(reverse("training_zip", args=[row.public_id]), follow=True)
    assert "Other files come out now than were frozen" in response.content.decode()
