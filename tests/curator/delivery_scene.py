"""A film with approved cues, for tests of the delivery."""

from curator.domain.approvals import approve_cue
from curator.domain.cues import refresh_cue_state
from curator.models.accounts import User
from curator.models.film import Cue, Film
from curator.models.library import Origin, Piece
from curator.models.ranking import Take
from tests.curator.delivery.scores import GOLDEN, back, score, voice
from tests.factories import ABC, make_cue, make_film, make_take, make_version

ANCESTOR = {"name": "demo", "sha256": "4f1c" * 16, "kind": "demo", "made_by": "", "data_sha256": ""}
MAKING = {"checkpoint": "4f1c" * 16, "checkpoint_name": "demo", "seed": 7, "ancestors": [ANCESTOR]}


def lantern(**fields: object) -> Film:
    """Our film with one stage."""
    return make_film(**{"title": "Die kleine Laterne", "composer_line": "", **fields})


def scored_cue(film: Film, *, musicxml: str = "", **fields: object) -> tuple[Cue, Take]:
    """A cue of two bars with one generated take, not approved."""
    cue = make_cue(film=film, **{"out_frame": 173, "tempo_map": [[1, 66.5]], "bars": 2, **fields})
    piece = Piece.objects.create(title=f"{cue.number} take 1", origin=Origin.GENERATED, making=MAKING)
    text = musicxml or (GOLDEN / "plain.musicxml").read_text("utf-8")
    version = make_version(piece=piece, abc=f"% {cue.number}\n{ABC}", musicxml=text)
    take = make_take(cue=cue, version=version)
    refresh_cue_state(cue=cue)
    return cue, take


def lit_cue(film: Film, by: User, **fields: object) -> Cue:
    """A cue whose take is approved."""
    cue, take = scored_cue(film, **fields)  # type: ignore[arg-type] # fields of a cue, whichever
    approve_cue(cue=cue, take=take, by=by)
    return cue


def overfull() -> str:
    """A score whose first bar does not fit its metre."""
    return (GOLDEN / "plain.musicxml").read_text("utf-8").replace("<beats>4</beats>", "<beats>3</beats>")


def waltz() -> str:
    """A bar of 3/4."""
    bar = voice("C5:32 E5:16") + back(48) + voice("C3:48", number="5", staff=2)
    return score(bar, beats=3).decode()
