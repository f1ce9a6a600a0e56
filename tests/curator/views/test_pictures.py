"""The film's picture: given whole or in parts, shown in ranges, taken away; stills; what is seen under a cue."""

import io
import os
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from curator.domain.errors import DomainError
from curator.domain.pictures import picture_file, set_picture
from curator.domain.stills import set_still
from curator.models.library import MediaFile
from curator.models.stills import Still
from tests.curator.domain.test_stills import picture
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


def part(client, film, data: bytes | None, offset: int, total: int = len(MP4), upload: str = "ab" * 8):
    told = {"upload": upload, "offset": offset, "total": total}
    if data is not None:
        told["part"] = SimpleUploadedFile("part", data)
    return client.post(reverse("picture_part", args=[film.slug]), told)


def test_a_video_may_come_in_parts_and_goes_on_where_it_stopped(owner_client, settings):
    film = make_film()
    assert part(owner_client, film, None, 0).json() == {"offset": 0}
    assert part(owner_client, film, MP4[:1000], 0).json() == {"offset": 1000}
    assert part(owner_client, film, None, 0).json() == {"offset": 1000}
    twice = part(owner_client, film, MP4[:1000], 0)
    assert (twice.status_code, twice.json()) == (409, {"offset": 1000})
    assert part(owner_client, film, MP4[1000:2000], 1000).json() == {"offset": 2000}
    last = part(owner_client, film, MP4[2000:], 2000)
    assert last.json() == {"offset": len(MP4), "done": page(film)}
    film.refresh_from_db()
    found = picture_file(film=film)
    assert found is not None
    assert (settings.MEDIA_ROOT / found.name).read_bytes() == MP4
    assert list((settings.DATA / "uploads").glob("*.part")) == []


def test_what_comes_in_parts_and_is_no_video_is_thrown_away(owner_client, settings):
    film = make_film()
    answer = part(owner_client, film, b"no video", 0, total=8)
    assert (answer.status_code, "MP4" in answer.json()["error"]) == (400, True)
    answer = part(owner_client, film, MP4, 0, total=100)
    assert (answer.status_code, "More has come" in answer.json()["error"]) == (400, True)
    assert list((settings.DATA / "uploads").glob("*.part")) == []
    assert part(owner_client, film, MP4, 0, upload="../../x").status_code == 400
    assert part(owner_client, film, MP4, -1).status_code == 400


def test_a_video_for_which_the_disk_has_no_room_is_refused_at_once(owner_client):
    answer = part(owner_client, make_film(), MP4, 0, total=10**16)
    assert (answer.status_code, "not enough room" in answer.json()["error"]) == (400, True)


def test_uploads_that_nobody_goes_on_with_are_thrown_away(owner_client, settings):
    folder = settings.DATA / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    old = folder / "1-old.part"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    part(owner_client, make_film(), None, 0)
    assert not old.exists()


def test_stills_find_their_shots_and_are_shown(owner_client):
    film = make_film()
    files = [SimpleUploadedFile(name, picture()) for name in ("S01-001.png", "s1_2 v3.png", "lantern.png")]
    shown = owner_client.post(reverse("stills", args=[film.slug]), {"stills": files}, follow=True).content.decode()
    assert "2 shots have a still now." in shown
    assert "lantern.png: No shot of this film has its code in this name." in shown
    still = Still.objects.get(shot__code="S01-001")
    address = reverse("still", args=[film.slug, still.tile])
    assert address in shown
    answer = owner_client.head(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    arc = owner_client.get(reverse("film", args=[film.slug])).content.decode()
    assert f'<image href="{address}"' in arc
    assert owner_client.get(reverse("still", args=[make_film().slug, still.tile])).status_code == 404
    assert owner_client.get(reverse("still", args=[film.slug, "0" * 64])).status_code == 404


def test_a_still_is_chosen_for_one_shot_and_taken_away(owner_client):
    film = make_film()
    address = reverse("stills", args=[film.slug])
    owner_client.post(address, {"stills": SimpleUploadedFile("x.png", picture()), "shot": "S01-002"})
    assert Still.objects.get().shot.code == "S01-002"
    told = {"stills": SimpleUploadedFile("y.png", b"nothing"), "shot": "S01-002"}
    assert owner_client.post(address, told, headers={"accept": "application/json"}).json() == {
        "kept": 0,
        "refused": [["y.png", "This is no JPEG, PNG or WebP picture that can be read."]],
    }
    owner_client.post(address, {"remove": "S01-002"})
    assert not Still.objects.exists()
    assert owner_client.post(address, {"remove": "S01-002"}).status_code == 404
    assert owner_client.post(address, {}).status_code == 400
    told = {"stills": SimpleUploadedFile("x.png", picture()), "shot": "S99"}
    assert owner_client.post(address, told).status_code == 404


def test_under_a_cue_its_shots_are_seen_with_their_stills_or_the_cut(owner_client, rater_client):
    cue = cue_with_takes(2, in_frame=240, out_frame=1392)
    set_still(shot=cue.film.shots.first(), data=picture())
    address = reverse("cue_picture", args=[cue.film.slug, cue.number])
    seen = owner_client.get(address).content.decode()
    assert 'data-from="-10.0" data-to="20.0"' in seen
    assert 'data-from="20.0" data-to="50.0" hidden' in seen
    assert seen.count("<img") == 1
    assert "<video" not in seen
    for take in cue.takes.all():
        give_opus(take)
    heard = rater_client.get(reverse("listen", args=[cue.film.slug, cue.number])).content.decode()
    [inside] = re.findall(r'<img src="(/media/[^"]+)"', heard)
    assert rater_client.head(inside).status_code == 200
    set_picture(film=cue.film, file=io.BytesIO(MP4))
    seen = owner_client.get(address).content.decode()
    assert ("<video muted" in seen, seen.count("<img")) == (True, 0)
    assert 'data-cue-start="10.0"' in seen
