"""Puts the demo film into the database, from its data file."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.db import transaction

from curator.film.tempo import Metre, TempoMap
from curator.film.timecode import Clock
from curator.models.film import ArcStage, Cue, Film, HitPoint, Scene, Shot
from curator.models.themes import CueTheme, Theme


@transaction.atomic
def seed_film(*, data: Mapping[str, Any]) -> Film:
    """The film that `data` (data/demo/film.json) tells of; made once, then left as the owner edits it.

    A cue's out frame follows from its bars, metre and tempo; stages begin with their first shot.
    """
    existing = Film.objects.filter(slug=data["slug"]).first()
    if existing is not None:
        return existing
    numerator, denominator = data["fps"]
    clock = Clock(Fraction(numerator, denominator)).starting_at(data["start_timecode"])
    film = Film.objects.create(
        slug=data["slug"],
        title=data["title"],
        logline=data["logline"],
        language=data["language"],
        fps_numerator=numerator,
        fps_denominator=denominator,
        start_frame=clock.start,
        fields={"team": data["team"]},
    )
    shots, starts = _make_shots(film, data["scenes"])
    film.length_frames = sum(shot.length_frames for shot in shots.values())
    film.save(update_fields=["length_frames"])
    stages = {
        stage["name"]: ArcStage.objects.create(
            film=film,
            position=position,
            name=stage["name"],
            start_frame=starts[stage["first_shot"]],
            colour=position,
            curve=stage["curve"],
        )
        for position, stage in enumerate(data["stages"], start=1)
    }
    themes = {theme["name"]: Theme.objects.create(film=film, name=theme["name"]) for theme in data["themes"]}
    for position, cue in enumerate(data["cues"], start=1):
        _make_cue(film, clock, cue, position, shots, stages, themes)
    return film


def _make_shots(film: Film, scenes: list[Mapping[str, Any]]) -> tuple[dict[str, Shot], dict[str, int]]:
    """Scenes and shots; returns the shots and their first frames by code."""
    shots: dict[str, Shot] = {}
    starts: dict[str, int] = {}
    frame = 0
    for told in scenes:
        scene = Scene.objects.create(
            film=film, number=told["number"], slug_line=told["slug_line"], fields=told["fields"]
        )
        for shot in told["shots"]:
            extra = {"Transition": shot["transition"]} if "transition" in shot else {}
            shots[shot["code"]] = Shot.objects.create(
                film=film,
                scene=scene,
                code=shot["code"],
                position=len(shots) + 1,
                length_frames=shot["frames"],
                estimated=False,
                description=shot["description"],
                dialogue=shot.get("dialogue", ""),
                fields=shot["fields"] | extra,
            )
            starts[shot["code"]] = frame
            frame += shot["frames"]
    return shots, starts


def _make_cue(
    film: Film,
    clock: Clock,
    told: Mapping[str, Any],
    position: int,
    shots: Mapping[str, Shot],
    stages: Mapping[str, ArcStage],
    themes: Mapping[str, Theme],
) -> None:
    beats, unit = (int(part) for part in told["metre"].split("/"))
    length = TempoMap.steady(Metre(beats, unit), Fraction(told["tempo"])).length(told["bars"])
    first, last = told["shots"]
    cue = Cue.objects.create(
        film=film,
        number=told["number"],
        position=position,
        title=told["title"],
        stage=stages[told["stage"]],
        first_shot=shots[first],
        last_shot=shots[last],
        in_frame=told["in_frame"],
        out_frame=clock.nearest_frame(clock.seconds(told["in_frame"]) + length),
        brief=told["brief"],
        question=told["question"],
        texture=told["texture"],
        tempo_map=[[1, told["tempo"]]],
        metre=told["metre"],
        key=told["key"],
        bars=told["bars"],
    )
    CueTheme.objects.bulk_create(
        CueTheme(cue=cue, theme=themes[use["name"]], how=use["how"], bar=use["bar"]) for use in told["themes"]
    )
    HitPoint.objects.bulk_create(HitPoint(cue=cue, **hit) for hit in told["hits"])
