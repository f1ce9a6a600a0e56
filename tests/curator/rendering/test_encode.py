import io

import av
import numpy as np
import pytest

from curator.rendering.encode import encode_mp3, encode_opus
from curator.rendering.sampler import RATE, Pcm, Samples

SECONDS = 2.3


@pytest.fixture(scope="module")
def pcm():
    time = np.arange(round(SECONDS * RATE)) / RATE
    swell = np.sin(np.pi * time / SECONDS) ** 2
    left, right = np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 660 * time)
    return Pcm((0.3 * swell[:, None] * np.stack([left, right], axis=1)).astype(np.float32), RATE)


def decoded(data: bytes) -> tuple[str, Samples]:
    with av.open(io.BytesIO(data), "r") as container:
        blocks = [np.asarray(frame.to_ndarray(), np.float32) for frame in container.decode(audio=0)]
        return container.streams.audio[0].codec_context.name, np.concatenate(blocks, axis=1).T


@pytest.mark.parametrize(("encode", "codec", "error"), [(encode_opus, "opus", 0.02), (encode_mp3, "mp3", 0.02)])
def test_encode_gives_the_same_sound_at_the_same_time(pcm, encode, codec, error):
    name, sound = decoded(encode(pcm))
    assert codec in name
    assert sound.shape == pcm.samples.shape
    assert float(np.sqrt(((sound - pcm.samples) ** 2).mean())) < error


@pytest.mark.parametrize("encode", [encode_opus, encode_mp3])
def test_encode_same_samples_same_bytes(pcm, encode):
    assert encode(pcm) == encode(pcm)
