"""The sounds of a pair as they are sent."""

import io

import av
import numpy as np
import pytest

from curator.domain.pair_sounds import SoundPending, sound_of
from curator.domain.ranking import record_judgement
from curator.domain.rendering import add_mp3
from curator.models.jobs import Job
from curator.rendering.ogg import opus_samples
from tests.listening import cue_with_takes, give_opus, give_sound, hand

pytestmark = pytest.mark.django_db


def decoded(content: bytes):
    with av.open(io.BytesIO(content), "r") as container:
        blocks = [np.asarray(frame.to_ndarray(), np.float32) for frame in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1).T


def level(content: bytes, seconds: float) -> float:
    sound = decoded(content)[: round(48_000 * seconds)]
    return 20 * float(np.log10(np.sqrt((sound**2).mean())))


@pytest.fixture
def pair(owner):
    """Two takes: one second at -23 LUFS, half a second at -25.5 because of its peaks."""
    cue = cue_with_takes(2)
    first, second = cue.takes.order_by("number")
    give_opus(first, seconds=1.0, lufs=-23.0)
    give_opus(second, seconds=0.5, lufs=-25.5)
    return hand(cue, owner, audible=True)


def tokens(pair) -> tuple[str, str]:
    """Of the first and of the second take."""
    both = pair.left_token, pair.right_token
    return both if pair.left.number == 1 else (both[1], both[0])


def test_both_sides_are_equally_long_and_the_louder_one_is_turned_down(pair, owner):
    first, second = (sound_of(token=token, rater=owner) for token in tokens(pair))
    assert first is not None
    assert second is not None
    assert len(first.content) == len(second.content)
    assert opus_samples(first.content) == opus_samples(second.content) == 48_000
    # the two tones are equally loud as files; what differs is what the renderings say of them
    assert abs(level(second.content, 0.5) - level(first.content, 0.5) - 2.5) < 0.15


def test_an_mp3_is_matched_in_steps_of_half_a_decibel(pair, owner):
    first, second = tokens(pair)
    with pytest.raises(SoundPending):
        sound_of(token=second, rater=owner, mp3=True)
    asked = sorted(job.arguments.get("quieter", 0) for job in Job.objects.open())
    assert asked == [0, 5]
    for job in Job.objects.open():
        add_mp3(**job.arguments)
    sounds = [sound_of(token=token, rater=owner, mp3=True) for token in (first, second)]
    assert sounds[0] is not None
    assert sounds[1] is not None
    assert len(sounds[0].content) == len(sounds[1].content)
    assert abs(level(sounds[1].content, 0.45) - level(sounds[0].content, 0.45) - 2.5) < 0.3


def test_a_sound_is_for_its_listener_and_its_time(pair, owner, rater):
    token = pair.left_token
    assert sound_of(token=token, rater=rater) is None
    assert sound_of(token="nothing", rater=owner) is None
    record_judgement(pair=pair, rater=owner, answer="tie")
    assert sound_of(token=token, rater=owner) is None


def test_a_rendering_without_its_file_has_no_sound(owner):
    cue = cue_with_takes(2)
    for take in cue.takes.all():
        give_sound(take)
    assert sound_of(token=hand(cue, owner, audible=True).left_token, rater=owner) is None
