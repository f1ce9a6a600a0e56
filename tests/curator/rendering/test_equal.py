"""Pairs of sounds made equal: same samples, same bytes, nothing lost, told loudness."""

import io
import struct
import zlib

import av
import numpy as np
import pytest

from curator.rendering.encode import encode_mp3, encode_opus
from curator.rendering.errors import SoundError
from curator.rendering.mp3 import equal_mp3
from curator.rendering.ogg import _checksum, equal_opus, opus_samples
from curator.rendering.sampler import RATE, Pcm, Samples


def tone(seconds: float, hertz: float, loud: float = 0.2) -> Pcm:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = loud * np.sin(2 * np.pi * hertz * time) * (1 + 0.5 * np.sin(3 * time))
    return Pcm(np.stack([wave, wave], axis=1).astype(np.float32), RATE)


def noise(seconds: float) -> Pcm:
    wave = np.random.default_rng(1).standard_normal((round(seconds * RATE), 2)) * 0.1
    return Pcm(wave.astype(np.float32), RATE)


def decoded(data: bytes) -> Samples:
    with av.open(io.BytesIO(data), "r") as container:
        blocks = [np.asarray(frame.to_ndarray(), np.float32) for frame in container.decode(audio=0)]
    return np.concatenate(blocks, axis=1).T


PAIRS = [
    (tone(2.3, 440), tone(2.3, 441)),
    (tone(2.3, 440), tone(4.71, 220)),
    (noise(3.01), tone(12.345, 220)),
    (tone(0.5, 220), noise(20)),
    (tone(2, 220), noise(2.019)),
]


@pytest.mark.parametrize(("left", "right"), PAIRS)
@pytest.mark.parametrize(("encode", "equal"), [(encode_opus, equal_opus), (encode_mp3, equal_mp3)])
def test_a_pair_has_one_length_and_one_size(left, right, encode, equal):
    given = encode(left), encode(right)
    made = equal(*given)
    assert len(made[0]) == len(made[1])
    length = max(len(left.samples), len(right.samples))
    for before, after in zip(given, made, strict=True):
        plain, sound = decoded(before), decoded(after)
        assert sound.shape == (length, 2)
        # an MP3 that goes on hears more of the encoder's own tail; its last frame is therefore left out
        same = len(plain) - (1152 if encode is encode_mp3 else 0)
        assert np.array_equal(sound[:same], plain[:same])
        assert float(np.abs(sound[len(plain) + 2000 :]).max(initial=0)) < 1e-4
    assert equal(given[1], given[0]) == (made[1], made[0])


def test_the_samples_of_a_file_are_told_without_decoding():
    assert opus_samples(encode_opus(tone(2.3, 440))) == round(2.3 * RATE)


def test_every_page_has_its_checksum_and_number():
    made, _other = equal_opus(encode_opus(tone(1, 440)), encode_opus(noise(9)))
    at = number = 0
    while at < len(made):
        serial, stated, crc = struct.unpack_from("<III", made, at + 14)
        lacing = made[at + 27 : at + 27 + made[at + 26]]
        size = 27 + len(lacing) + sum(lacing)
        page = made[at : at + 22] + bytes(4) + made[at + 26 : at + size]
        assert (serial, stated, crc) == (0, number, _checksum(page))
        at, number = at + size, number + 1


def test_the_checksum_is_that_of_ogg():
    """Long division by the polynomial, bit by bit, as RFC 3533 has it."""
    data = bytes(range(256))
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    assert _checksum(data) == crc
    assert _checksum(data) != zlib.crc32(data)


def test_gains_are_heard():
    loud, soft = encode_opus(tone(3, 440, 0.4)), encode_opus(tone(3, 440, 0.2))
    made = [decoded(data) for data in equal_opus(loud, soft, gains=(-6.02, 0.0))]
    levels = [20 * np.log10(float(np.sqrt((sound**2).mean()))) for sound in made]
    assert abs(levels[0] - levels[1]) < 0.05


@pytest.mark.parametrize("data", [b"", b"sound of 1", encode_opus(tone(1, 440))[:-7], encode_mp3(tone(1, 440))])
def test_other_files_are_refused_as_opus(data):
    with pytest.raises(SoundError):
        equal_opus(data, encode_opus(tone(1, 440)))


@pytest.mark.parametrize("data", [b"", b"sound of 1", encode_opus(tone(1, 440))])
def test_other_files_are_refused_as_mp3(data):
    with pytest.raises(SoundError):
        equal_mp3(data, encode_mp3(tone(1, 440)))
