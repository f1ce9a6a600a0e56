import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from curator import jobs
from curator.models.jobs import Job
from curator.models.library import Piece
from tests.factories import ABC, make_cue, make_take, make_version

pytestmark = pytest.mark.django_db


def address(cue, name="put_up"):
    return reverse(name, args=[cue.film.slug, cue.number])


def piece(title, **fields):
    version = make_version(**fields)
    Piece.objects.filter(pk=version.piece_id).update(title=title, words=title.lower())
    version.piece.refresh_from_db()
    return version


def test_pieces_are_found_and_put_up_in_their_newest_version(owner_client):
    cue = make_cue()
    old, other = piece("Night song"), piece("Day song", abc=ABC.replace("e2", "f2"))
    new = make_version(piece=old.piece, abc=ABC.replace("e2", "g2"))
    page = owner_client.get(address(cue), {"q": "night"}).content.decode()
    assert ("Night song" in page, "Day song" in page) == (True, False)
    part = owner_client.get(address(cue), {"q": "day", "piece": old.piece.public_id}, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith("<ul")
    assert part.content.decode().index("Night song") < part.content.decode().index("Day song")
    sent = {"piece": [old.piece.public_id, other.piece.public_id], "cohort": "shelf"}
    assert owner_client.post(address(cue), sent).url == reverse("desk", args=[cue.film.slug, cue.number])
    assert {(take.version, take.cohort) for take in cue.takes.all()} == {(new, "shelf"), (other, "shelf")}
    assert "Night song" not in owner_client.get(address(cue)).content.decode()


def test_files_are_imported_and_put_up(owner_client):
    cue = make_cue()
    file = SimpleUploadedFile("old.abc", ABC.encode())
    owner_client.post(address(cue), {"scores": [file], "cohort": "old NotaGen outputs"})
    job = Job.objects.get(kind="library.import")
    jobs.execute(job.pk)
    take = cue.takes.get()
    assert (take.cohort, take.version.original_name) == ("old NotaGen outputs", "old.abc")
    job.refresh_from_db()
    assert job.result["take"] == take.number
    again = make_cue()
    owner_client.post(address(again), {"scores": [SimpleUploadedFile("old.abc", ABC.encode())]})
    jobs.execute(Job.objects.filter(kind="library.import").latest("pk").pk)
    assert again.takes.get().version == take.version  # known already, and put up all the same


def test_a_version_is_put_up_from_its_page(owner_client):
    cue, version = make_cue(), make_version()
    page = owner_client.get(reverse("score", args=[version.public_id])).content.decode()
    assert f'<option value="{cue.public_id}">' in page
    url = reverse("put_up_version", args=[version.public_id])
    assert owner_client.post(url, {"cue": cue.public_id}).url == reverse("desk", args=[cue.film.slug, cue.number])
    assert cue.takes.get().version == version
    assert owner_client.post(url, {"cue": "none"}).status_code == 404


def test_nothing_chosen_and_bad_files_are_told(owner_client):
    cue = make_cue()
    answer = owner_client.post(address(cue), {})
    assert (answer.status_code, "Choose pieces or files." in answer.content.decode()) == (400, True)
    answer = owner_client.post(address(cue), {"scores": [SimpleUploadedFile("song.pdf", b"x")]})
    assert (answer.status_code, "song.pdf" in answer.content.decode()) == (400, True)
    assert owner_client.get(address(cue), {"q": "\0"}).status_code == 200


def test_putting_up_is_the_owners_alone(client, rater_client, owner_client):
    cue = make_cue()
    make_take(cue=cue)
    assert client.get(address(cue)).status_code == 302
    assert rater_client.get(address(cue)).status_code == 403
    assert owner_client.get(reverse("put_up", args=[cue.film.slug, "9m9"])).status_code == 404
    assert owner_client.get(reverse("put_up_version", args=["x"])).status_code == 405
