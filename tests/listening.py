"""Cues with takes that sound, and listeners who judge them, for tests."""

from typing import Any

import numpy as np

from curator.domain.media import store_media
from curator.domain.ranking import next_pair, record_judgement
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.library import Rendering, RenderingFile, RenderingState
from curator.models.ranking import Judgement, Pair, Take
from curator.rendering.encode import encode_opus
from curator.rendering.sampler import Pcm
from tests.factories import make_cue, make_take


def cue_with_takes(count: int, **fields: Any) -> Cue:
    """A cue with takes 1 ... count, not yet sounding."""
    cue = make_cue(**fields)
    for _ in range(count):
        make_take(cue=cue)
    return cue


def give_sound(take: Take, *, tempo_map: object = None, state: str = RenderingState.READY) -> Rendering:
    """A sound rendering without files."""
    return Rendering.objects.create(
        key=f"sound-{take.version_id}-{tempo_map}-{state}",
        version=take.version,
        target="sound",
        tempo_map=tempo_map if tempo_map is not None else take.cue.tempo_map,
        renderer="test",
        state=state,
    )


def give_opus(take: Take, *, seconds: float = 0.6, hertz: float = 0, lufs: float | None = None) -> Rendering:
    """A sound rendering with a real file: a tone that differs from take to take."""
    time = np.arange(round(48_000 * seconds)) / 48_000
    tone = 0.1 * np.sin(2 * np.pi * (hertz or 220 + 30 * take.number) * time)
    opus = encode_opus(Pcm(np.stack([tone, tone], axis=1).astype(np.float32), 48_000))
    rendering = give_sound(take)
    rendering.seconds = seconds
    rendering.facts = {} if lufs is None else {"lufs": lufs}
    rendering.save()
    RenderingFile.objects.create(rendering=rendering, role="opus", media=store_media(data=opus, suffix=".opus"))
    return rendering


def hand(cue: Cue, rater: User | None, *, audible: bool = False) -> Pair:
    """The pair that is this listener's turn; there must be one."""
    pair = next_pair(cue=cue, rater=rater, audible=audible)
    assert pair is not None
    return pair


def judge(cue: Cue, rater: User, count: int, *, answer: str = "") -> list[Judgement]:
    """The take with the smaller number serves better, unless told otherwise."""
    done = []
    for _ in range(count):
        pair = hand(cue, rater)
        said = answer or ("left" if pair.left.number < pair.right.number else "right")
        done.append(record_judgement(pair=pair, rater=rater, answer=said))
    return done
