"""Films for the loop from takes to a better model: four stages of the arc in four textures, sixteen cues; or two stages
in the same textures, each four times in other keys and tempi, so that each stage alone has sixteen."""

from itertools import product
from typing import Any

from generation.etudes.composer import compose
from generation.etudes.stages import Stage, Texture

FILMS = {
    "four stages": ((Stage.FORGOTTEN, Stage.HUMILIATION, Stage.TRANSFORMATION, Stage.SALVATION), 1),
    "two stages": ((Stage.FORGOTTEN, Stage.SALVATION), 4),
}
"""Stages, and how often each texture comes in each of them."""
TEXTURES = (Texture.WALTZ, Texture.GNOSSIENNE, Texture.CHORALE, Texture.OSTINATO)
BARS = 16

_SHOT = 2400
"""Frames of each cue's shot: 100 seconds, longer than sixteen bars at any tempo here."""


def film(name: str) -> dict[str, Any]:
    """The film as curator.domain.demo_film.seed_film reads it; metre, key and tempo of each cue as of an étude."""
    scenes, cues, stages = [], [], []
    arc, times = FILMS[name]
    for number, (stage, time, texture) in enumerate(product(arc, range(times), TEXTURES)):
        code = f"S{number + 1:02}"
        like = compose(5_000_000 + number, stage=stage, texture=texture)
        shot = {"code": code, "frames": _SHOT, "description": f"{stage}, {texture}", "fields": {}}
        scenes.append(
            {"number": number + 1, "slug_line": f"INT. {stage.upper()} - {texture}", "fields": {}, "shots": [shot]}
        )
        if texture == TEXTURES[0] and time == 0:
            stages.append({"name": stage.value, "first_shot": code, "curve": [0.5]})
        cues.append(
            {
                "number": f"1m{number + 1}",
                "title": f"{stage} {texture.lower()}",
                "stage": stage.value,
                "shots": [code, code],
                "in_frame": number * _SHOT,
                "texture": texture.value,
                "tempo": like.tempo,
                "metre": like.metre,
                "key": like.key,
                "bars": BARS,
                "themes": [],
                "brief": "",
                "question": "Which one serves the cue better?",
                "hits": [],
            }
        )
    return {
        "slug": "demo-round",
        "title": "Demo round",
        "logline": f"{len(cues)} cues for a listener who is a script.",
        "language": "en",
        "fps": [24, 1],
        "start_timecode": "01:00:00:00",
        "team": "",
        "scenes": scenes,
        "stages": stages,
        "themes": [],
        "cues": cues,
    }
