"""A long film for measurements: 20 scenes, 400 shots, 60 cues with takes, standings, approvals, themes and stills.

Its music is a few études composed by rule, put up under every cue. Never called by users.
"""

import hashlib
from dataclasses import dataclass
from random import Random
from typing import Any

SCENES, SHOTS, CUES = 20, 400, 60
FPS = 24
STAGES = ("Forgotten", "Chosen", "Humiliation", "Transformation", "Salvation", "Peace")
COMPOSED = 8


@dataclass(frozen=True)
class Size:
    """How long the film is."""

    scenes: int = SCENES
    shots: int = SHOTS
    cues: int = CUES


def seed_long_film(*, slug: str = "long", size: Size | None = None, stills: bool = False) -> str:
    """Make the film and return its slug; with `stills`, every shot has a picture."""
    from curator.models.film import ArcStage, Film, Scene, Shot

    size = size or Size()
    drawn = Random(slug)
    film = Film.objects.create(slug=slug, title="Der lange Weg", logline="Every light of the harbour, one by one.")
    scenes = [
        Scene.objects.create(film=film, number=number, slug_line=f"EXT. PIER {number} - NACHT")
        for number in range(1, size.scenes + 1)
    ]
    Shot.objects.bulk_create(
        Shot(
            film=film,
            scene=scenes[place * size.scenes // size.shots],
            code=f"S{place * size.scenes // size.shots + 1:02}-{place + 1:03}",
            position=place + 1,
            length_frames=drawn.randrange(36, 240),
            estimated=drawn.random() < 0.2,
            description="Fog over the pier; a lantern swings and throws its light across the boards.",
            dialogue="Bitte." if drawn.random() < 0.15 else "",
        )
        for place in range(size.shots)
    )
    shots = list(film.shots.all())
    film.length_frames = sum(shot.length_frames for shot in shots)
    film.save(update_fields=["length_frames"])
    for place, name in enumerate(STAGES):
        ArcStage.objects.create(
            film=film,
            position=place + 1,
            name=name,
            start_frame=film.length_frames * place // len(STAGES),
            colour=place + 1,
            curve=[round(drawn.random(), 2) for _ in range(4)],
        )
    _give_cues(film, shots, size, drawn)
    if stills:
        _give_stills(shots)
    return slug


def _give_cues(film: Any, shots: list[Any], size: Size, drawn: Random) -> None:
    from curator.models.film import Cue, CueState, HitPoint
    from curator.models.ranking import Approval, Standing
    from curator.models.themes import CueTheme, Theme, ThemeUse
    from tests.factories import make_take, make_user

    owner = make_user()
    versions = _versions()
    themes = [Theme.objects.create(film=film, name=f"Theme {number}") for number in range(1, 5)]
    starts, frame = [], 0
    for shot in shots:
        starts.append(frame)
        frame += shot.length_frames
    stages = list(film.stages.all())
    states = list(CueState)
    step = len(shots) / size.cues
    for number in range(size.cues):
        first, last = int(number * step), max(int(number * step), int((number + 1) * step) - 2)
        begin, end = starts[first], starts[last] + shots[last].length_frames
        state = states[number % len(states)]
        cue = Cue.objects.create(
            film=film,
            number=f"1m{number + 1}",
            position=number + 1,
            title=drawn.choice(("Dachboden", "Die Hand im Staub", "Am Pier", "Nebel", "Das Licht kommt")),
            stage=stages[begin * len(stages) // film.length_frames],
            first_shot=shots[first],
            last_shot=shots[last],
            in_frame=begin,
            out_frame=end,
            tempo_map=[[1, drawn.choice((56, 60, 66, 72))]],
            metre="3/4",
            bars=max(4, (end - begin) // 72),
            state=state,
        )
        HitPoint.objects.bulk_create(
            HitPoint(cue=cue, frame=begin + (end - begin) * place // 3, label="Hand", hard=place == 1)
            for place in (1, 2)
        )
        takes = [make_take(cue=cue, version=drawn.choice(versions))]
        Standing.objects.create(
            cue=cue,
            votes=12,
            strengths=[{"take": takes[0].public_id, "p_best": 0.9}],
            sure_enough=True,
            estimator="bench",
        )
        if state in (CueState.APPROVED, CueState.DELIVERED):
            Approval.objects.create(cue=cue, take=takes[0], by=owner)
        if number % 2:
            CueTheme.objects.create(cue=cue, theme=drawn.choice(themes), how=drawn.choice(ThemeUse.values))


def _versions() -> list[Any]:
    from curator.domain.courses import keep_course
    from curator.notation.convert import abc_to_musicxml
    from generation.etudes.composer import compose
    from tests.factories import make_version

    versions = []
    for seed in range(COMPOSED):
        abc = compose(seed, key="Dmin" if seed % 2 else "C", bars=24).stored
        version = make_version(abc=abc, musicxml=abc_to_musicxml(abc).text)
        keep_course(version=version)
        versions.append(version)
    return versions


def _give_stills(shots: list[Any]) -> None:
    from curator.models.library import MediaFile
    from curator.models.stills import Still

    for shot in shots:
        large, tile = (hashlib.sha256(f"{shot.pk} {kind}".encode()).hexdigest() for kind in ("large", "tile"))
        for sha256 in (large, tile):
            MediaFile.objects.create(sha256=sha256, suffix=".webp", content_type="image/webp", size=1)
        Still.objects.create(shot=shot, large=large, tile=tile)
