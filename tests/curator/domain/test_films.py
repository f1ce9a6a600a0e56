from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError

from curator.domain.errors import DomainError
from curator.domain.films import change_film, create_film, create_film_of
from curator.models.film import Film, HitPoint
from tests.curator.film.storyboards import EDL, EXAMPLE
from tests.factories import make_cue, make_film, make_take

pytestmark = pytest.mark.django_db


def change(film: Film, **other) -> Film:
    said: dict[str, Any] = {
        "title": film.title, "logline": "", "language": "de", "fps": "24", "drop_frame": False, "start": "00:00:00:00",
        "runtime": None,
    }  # fmt: skip
    return change_film(film=film, **said | other)


def test_a_film_gets_a_name_of_its_own_for_the_address():
    slugs = [create_film(title=title).slug for title in ("Die Größe des Lichts", "Die  Größe des Lichts", "→", "New")]
    assert slugs == ["die-groesse-des-lichts", "die-groesse-des-lichts-2", "film", "new-2"]
    assert Film.objects.get(slug="die-groesse-des-lichts-2").title == "Die Größe des Lichts"


def test_what_cannot_be_a_film_is_refused():
    create_film(title="A", slug="a")
    for told, words in (
        ({"title": "A", "slug": "a"}, "already"),
        ({"title": "A", "slug": "A b"}, "short name"),
        ({"title": "A", "fps": "fast"}, "not a frame rate"),
        ({"title": " "}, "has a title"),
    ):
        with pytest.raises(DomainError, match=words):
            create_film(**told)
    assert Film.objects.count() == 1


def test_a_file_names_its_film():
    row = create_film_of(name="board.md", data=EXAMPLE.encode(), fps="25", language="en")
    assert (row.film.title, row.film.slug, row.film.fps, row.film.language) == (
        "DIE KLEINE LATERNE", "die-kleine-laterne", 25, "en"
    )  # fmt: skip
    assert create_film_of(name="board.md", data=EXAMPLE.encode(), title="Meine").film.title == "Meine"
    unnamed = EDL.replace("TITLE: LATERNE CUT 3", "TITLE:")
    assert create_film_of(name="schnitt.edl", data=unnamed.encode()).film.slug == "schnitt"
    with pytest.raises(DomainError):
        create_film_of(name="x", data=b"nothing")
    assert Film.objects.count() == 3


def test_a_new_rate_keeps_the_seconds():
    cue = make_cue(in_frame=24, out_frame=720)
    HitPoint.objects.create(cue=cue, frame=49)
    film = change(cue.film, fps="30", start="01:00:00:00")
    cue.refresh_from_db()
    assert (film.fps, film.length_frames, film.start_frame) == (30, 1800, 108000)
    assert [shot.length_frames for shot in film.shots.all()] == [900, 900]
    assert (cue.in_frame, cue.out_frame, cue.hits.get().frame) == (30, 900, 61)


@pytest.mark.parametrize("rate", ["23.976", "25", "29.97", "48", "50", "59.94", "60"])
def test_borders_stay_together_at_any_rate(rate):
    film = make_film()
    make_cue(film=film, out_frame=720)
    make_cue(film=film, in_frame=720, out_frame=1440)
    changed = change(film, fps=rate)
    first, second = film.cues.all()
    assert first.out_frame == second.in_frame == film.shots.first().length_frames
    assert second.out_frame == changed.length_frames
    assert abs(Fraction(changed.length_frames) / changed.fps - 60) <= 1 / changed.fps


def test_a_film_with_takes_keeps_its_rate():
    film = make_take().cue.film
    with pytest.raises(DomainError, match="frame rate stays"):
        change(film, fps="25")
    assert change(film, title="Other").title == "Other"


def test_drop_frame_only_where_there_is_one():
    film = change(make_film(), fps="29.97", drop_frame=True, start="01:00:00;00")
    assert (film.drop_frame, film.start_frame) == (True, 107892)
    with pytest.raises(DomainError, match="only at 29"):
        change(film, fps="25", drop_frame=True)
    with pytest.raises(DomainError, match="not a timecode"):
        change(film, start="1 o'clock")
    with pytest.raises(IntegrityError):
        Film.objects.filter(pk=film.pk).update(fps_numerator=25, fps_denominator=1)


def test_a_typed_runtime_is_the_owners_and_is_spread():
    film = make_film()
    film.shots.update(estimated=True)
    film = change(film, runtime=(100, 100))
    assert (film.runtime_low, film.edited, film.length_frames) == (100, ["runtime"], 2400)
    assert change(film, runtime=(100, 100)).edited == ["runtime"]
