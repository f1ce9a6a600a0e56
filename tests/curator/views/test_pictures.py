"""The film's picture: given, shown, served in ranges, taken away."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from curator.domain.errors import DomainError
from curator.domain.pictures import picture_file, set_picture
from curator.models.library import MediaFile
from tests.factories import make_film
from tests.listening import cue_with_takes, give_opus

pytestmark = pytest.mark.django_db

MP4 = b"\0\0\0\x20ftypisom" + bytes(3_000)
WEBM = b"\x1a\x45\xdf\xa3" + bytes(2_000)


def page(film) -> str:
    return reverse("film_picture", args=[film.slug])


@pytest.mark.parametrize(("data", "kind"), [(MP4, "video/mp4"), (WEBM, "video/webm")])
def test_a_video_becomes_the_picture_of_the_film(owner_client, data, kind):
    cue = cue_with_takes(2)
    for take in cue.takes.all():
        give_opus(take)
    listening = reverse("listen", args=[cue.film.slug, cue.number])
    assert page(cue.film) in owner_client.get(listening).content.decode()
    response = owner_client.post(page(cue.film), {"video": SimpleUploadedFile("cut", data)})
    assert response["Location"] == page(cue.film)
    cue.film.refresh_from_db()
    found = picture_file(film=cue.film)
    assert found is not None
    assert (found.content_type, found.size) == (kind, len(data))
    heard = owner_client.get(listening).content.decode()
    assert "<video muted" in heard
    assert page(cue.film) not in heard
    address = heard.split('<video muted playsinline preload="auto" src="')[1].split('"')[0]
    assert owner_client.head(address, headers={"range": "bytes=4-11"})["Content-Range"] == f"bytes 4-11/{len(data)}"
    owner_client.post(page(cue.film), {"remove": "1"})
    assert "<video" not in owner_client.get(listening).content.decode()


def test_other_files_are_refused(owner_client):
    film = make_film()
    response = owner_client.post(page(film), {"video": SimpleUploadedFile("cut.mp4", b"no video at all")})
    assert response.status_code == 400
    assert "neither an MP4 nor a WebM" in response.content.decode()
    assert owner_client.post(page(film), {}).status_code == 400
    assert MediaFile.objects.count() == 0


def test_the_same_video_is_kept_once_and_mended_when_it_was_cut_short(settings):
    film, other = make_film(), make_film()
    first = set_picture(film=film, file=io.BytesIO(MP4))
    path = settings.MEDIA_ROOT / first.name
    path.write_bytes(MP4[:100])
    assert set_picture(film=other, file=io.BytesIO(MP4)) == first
    assert path.read_bytes() == MP4


def test_the_command_takes_any_size_and_removes(tmp_path, capsys):
    film = make_film()
    video = tmp_path / "cut.webm"
    video.write_bytes(WEBM)
    call_command("film_picture", film.slug, str(video))
    film.refresh_from_db()
    assert capsys.readouterr().out.strip() == film.picture != ""
    call_command("film_picture", film.slug)
    film.refresh_from_db()
    assert film.picture == ""
    for wrong in (("nothing", str(video)), (film.slug, str(tmp_path / "none")), (film.slug, __file__)):
        with pytest.raises(CommandError):
            call_command("film_picture", *wrong)


def test_a_video_that_is_none_raises():
    with pytest.raises(DomainError):
        set_picture(film=make_film(), file=io.BytesIO(b""))
