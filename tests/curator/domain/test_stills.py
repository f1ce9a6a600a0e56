import io

import pytest
from PIL import Image

from curator.domain.errors import DomainError
from curator.domain.media import read_media, store_media
from curator.domain.stills import add_stills, remove_still, set_still, shot_of_name, still_file
from curator.models.film import Shot
from curator.models.library import MediaFile
from curator.models.stills import Still
from tests.factories import make_film

pytestmark = pytest.mark.django_db


def picture(size=(1920, 1080), kind="PNG", colour=(120, 60, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_still_is_kept_in_two_sizes(kind):
    film = make_film()
    still = set_still(shot=film.shots.first(), data=picture(kind=kind), name="C:/stills/S01-001.png")
    sizes = [
        Image.open(io.BytesIO(read_media(still_file(film=film, sha256=kept)))) for kept in (still.large, still.tile)
    ]
    assert [(made.format, made.size) for made in sizes] == [("WEBP", (1280, 720)), ("WEBP", (240, 135))]
    assert still.original_name == "S01-001.png"


def test_a_small_picture_is_not_blown_up_and_a_tall_one_keeps_its_shape():
    film = make_film()
    still = set_still(shot=film.shots.first(), data=picture(size=(100, 300)))
    made = Image.open(io.BytesIO(read_media(still_file(film=film, sha256=still.large))))
    assert made.size == (100, 300)


def test_another_still_takes_the_place_of_the_first():
    film = make_film()
    first = set_still(shot=film.shots.first(), data=picture())
    second = set_still(shot=film.shots.first(), data=picture(colour=(1, 2, 3)))
    assert (first.pk, Still.objects.count()) == (second.pk, 1)
    assert still_file(film=film, sha256=first.large) is None
    remove_still(still=second)
    assert not Still.objects.exists()


def test_only_stills_of_the_film_are_given_out():
    film = make_film()
    other = store_media(data=b"a video", suffix=".mp4")
    still = set_still(shot=film.shots.first(), data=picture())
    assert still_file(film=film, sha256=other.sha256) is None
    assert still_file(film=make_film(), sha256=still.large) is None
    assert still_file(film=film, sha256=still.large) == MediaFile.objects.get(sha256=still.large)


@pytest.mark.parametrize("data", [b"", b"GIF89a", picture()[:200], b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_refused_in_a_sentence(data):
    with pytest.raises(DomainError, match="no JPEG, PNG or WebP"):
        set_still(shot=make_film().shots.first(), data=data)
    assert not MediaFile.objects.exists()


def test_a_picture_that_would_fill_the_memory_is_refused():
    with pytest.raises(DomainError, match="million pixels"):
        set_still(shot=make_film().shots.first(), data=picture(size=(9000, 7000)))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("S01-001.png", "S01-001"),
        ("s01-001.PNG", "S01-001"),
        ("lantern_S01-001_v2.jpg", "S01-001"),
        ("s1_1 final.webp", "S01-001"),
        ("stills/S01-010.png", "S01-010"),
        ("S01-001A.png", "S01-001A"),
        ("S1 1 a (2).png", "S01-001A"),
    ],
)
def test_a_name_finds_its_shot(name, code):
    shots = [Shot(code=code) for code in ("S01-001", "S01-001A", "S01-010", "S01-011")]
    assert shot_of_name(name, shots).code == code


def test_a_name_without_a_code_or_with_two_is_refused():
    shots = [Shot(code=code) for code in ("S01-001", "S01-002")]
    with pytest.raises(DomainError, match="No shot"):
        shot_of_name("lantern.png", shots)
    with pytest.raises(DomainError, match="S01-001, S01-002"):
        shot_of_name("S01-001 to S01-002.png", shots)


def test_many_pictures_are_sorted_out():
    film = make_film()
    added = add_stills(
        film=film, pictures=[("S01-001.png", picture()), ("x.png", picture()), ("S01-002.png", b"nothing")]
    )
    assert [still.shot.code for still in added.kept] == ["S01-001"]
    assert [name for name, _sentence in added.refused] == ["x.png", "S01-002.png"]
    one = add_stills(film=film, pictures=[("x.png", picture())], shot=film.shots.last())
    assert [still.shot.code for still in one.kept] == ["S01-002"]
