"""Small functions that make rows for tests. Each makes what it needs and takes any field by keyword."""

import hashlib
from itertools import count
from typing import Any

from django.utils import timezone

from curator.models.accounts import Role, User
from curator.models.film import ArcStage, Cue, Film, Scene, Shot
from curator.models.library import Origin, Piece, PieceVersion
from curator.models.ranking import Take

_next = count(1)

ABC = """%%score { 1 | 2 }
L:1/8
Q:1/4=60
M:3/4
K:C
V:1 treble nm="Piano" snm="Pno."
V:2 bass
[V:1]e2 d2 c2|[V:2]C,2 [E,G,]2 [E,G,]2|
[V:1]d4 c2|[V:2]G,,2 [D,G,]2 [D,G,]2|
"""


def make_user(*, role: str = Role.OWNER, **fields: Any) -> User:
    """A user without a password, who has been through the first listening."""
    fields = {"username": f"user{next(_next)}", "warmed_up_at": timezone.now()} | fields
    user = User(role=role, **fields)
    user.set_unusable_password()
    user.save()
    return user


def make_film(**fields: Any) -> Film:
    """A film of one minute at 24 frames a second, with one scene, two shots and one stage."""
    number = next(_next)
    film = Film.objects.create(**{"slug": f"film-{number}", "title": f"Film {number}", "length_frames": 1440} | fields)
    scene = Scene.objects.create(film=film, number=1, slug_line="INT. DACHBODEN - TAG")
    for position in (1, 2):
        Shot.objects.create(
            film=film, scene=scene, code=f"S01-{position:03}", position=position, length_frames=720, estimated=False
        )
    ArcStage.objects.create(film=film, position=1, name="Forgotten", colour=1, curve=[0.2, 0.3])
    return film


def make_cue(*, film: Film | None = None, **fields: Any) -> Cue:
    """A cue of 16 bars of 3/4 at 60: 48 seconds."""
    film = film or make_film()
    position = film.cues.count() + 1
    return Cue.objects.create(
        **{
            "film": film,
            "number": f"1m{position}",
            "position": position,
            "title": "Dachboden",
            "stage": film.stages.first(),
            "first_shot": film.shots.first(),
            "last_shot": film.shots.last(),
            "in_frame": 0,
            "out_frame": 1152,
            "brief": "Dust, waiting.",
            "question": "Which one waits more patiently?",
            "tempo_map": [[1, 60]],
            "metre": "3/4",
            "key": "C",
            "bars": 16,
        }
        | fields
    )


def make_version(*, piece: Piece | None = None, abc: str = ABC, **fields: Any) -> PieceVersion:
    """A version of a two-bar piece; texts differ from call to call only when `abc` does."""
    piece = piece or Piece.objects.create(title=f"Piece {next(_next)}", origin=Origin.UPLOADED)
    return PieceVersion.objects.create(
        **{
            "piece": piece,
            "number": piece.versions.count() + 1,
            "abc": abc,
            "sha256": hashlib.sha256(abc.encode()).hexdigest(),
        }
        | fields
    )


def make_take(*, cue: Cue | None = None, version: PieceVersion | None = None, **fields: Any) -> Take:
    """A take put up for a cue."""
    cue = cue or make_cue()
    return Take.objects.create(
        **{"cue": cue, "version": version or make_version(), "number": cue.takes.count() + 1} | fields
    )
