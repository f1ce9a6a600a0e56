import json
from fractions import Fraction
from itertools import pairwise

import pytest
from django.conf import settings

from curator.domain.demo_film import seed_film
from curator.models.film import CueState, Film

DATA = json.loads((settings.ROOT / "data" / "demo" / "film.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.django_db


def test_the_demo_film_is_made_whole():
    film = seed_film(data=DATA)
    assert (film.slug, film.title, film.fps, film.start_frame, film.length_frames) == (
        "demo",
        "Die kleine Laterne",
        Fraction(24),
        86_400,
        6_480,
    )
    assert [shot.code for shot in film.shots.all()][:4] == ["S01-001", "S01-002", "S01-003", "S02-001"]
    assert film.shots.count() == 14
    assert [(stage.name, stage.start_frame, stage.colour) for stage in film.stages.all()] == [
        ("Forgotten", 0, 1),
        ("Chosen", 1368, 2),
        ("Humiliation", 2184, 3),
        ("Transformation", 3048, 4),
        ("Salvation", 4200, 5),
        ("Peace", 5328, 6),
    ]
    assert [cue.number for cue in film.cues.all()] == ["1m1", "1m2", "1m3", "1m4", "1m5", "1m6"]


def test_every_cue_lasts_its_bars_to_the_frame():
    for cue in seed_film(data=DATA).cues.all():
        beats, unit = map(int, cue.metre.split("/"))
        seconds = cue.bars * Fraction(4 * beats, unit) * 60 / Fraction(cue.tempo)
        assert abs(seconds * 24 - (cue.out_frame - cue.in_frame)) <= 1, cue.number
        assert cue.bars >= 8
        assert cue.state == CueState.SPOTTED


def test_cues_lie_inside_their_shots_and_do_not_overlap():
    film = seed_film(data=DATA)
    starts, frame = {}, 0
    for shot in film.shots.all():
        starts[shot.pk], frame = frame, frame + shot.length_frames
    cues = list(film.cues.select_related("first_shot", "last_shot"))
    for cue in cues:
        assert starts[cue.first_shot.pk] <= cue.in_frame
        assert cue.out_frame <= starts[cue.last_shot.pk] + cue.last_shot.length_frames
        assert cue.brief.endswith((".", "!"))
        assert cue.question.endswith("?")
        assert all(cue.in_frame <= hit.frame < cue.out_frame for hit in cue.hits.all())
    assert all(a.out_frame <= b.in_frame for a, b in pairwise(cues))


def test_hard_hits_fall_on_a_downbeat_within_a_frame():
    for cue in seed_film(data=DATA).cues.all():
        beats, unit = map(int, cue.metre.split("/"))
        bar = Fraction(4 * beats, unit) * 60 / Fraction(cue.tempo) * 24
        for hit in cue.hits.filter(hard=True):
            misses = (hit.frame - cue.in_frame) % bar
            assert min(misses, bar - misses) <= 1, (cue.number, hit.label)


def test_a_second_run_changes_nothing():
    film = seed_film(data=DATA)
    film.cues.filter(number="1m1").update(title="Mine")
    film.cues.filter(number="1m6").delete()
    assert seed_film(data=DATA) == film
    assert Film.objects.count() == 1
    assert film.cues.count() == 5
    assert film.cues.get(number="1m1").title == "Mine"
