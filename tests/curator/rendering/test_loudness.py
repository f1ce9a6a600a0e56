import numpy as np
import pyloudnorm
import pytest

from curator.rendering.errors import SoundError
from curator.rendering.loudness import to_loudness, true_peak_db
from curator.rendering.sampler import RATE, Pcm


def sine(level: float, hertz: float = 997.0, seconds: float = 3.0, phase: float = 0.0) -> Pcm:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE + phase)
    ramp = np.minimum(1, np.arange(len(wave)) / 480)  # a hard edge rings when it is oversampled
    wave *= ramp * ramp[::-1]
    return Pcm(np.stack([wave, wave], axis=1).astype(np.float32), RATE)


def test_to_loudness_reaches_the_target_by_gain_alone():
    quiet = sine(0.01)
    loud = to_loudness(quiet)
    # A stereo sine of -40 dBFS is -40 LUFS (BS.1770: a 997 Hz sine at 0 dBFS in both channels is 0 LUFS).
    assert (round(loud.gain_db), round(loud.lufs, 6), round(loud.peak_db)) == (17, -23.0, -23)
    assert np.allclose(loud.pcm.samples, quiet.samples * 10 ** (loud.gain_db / 20), rtol=1e-5)
    assert round(pyloudnorm.Meter(RATE).integrated_loudness(loud.pcm.samples), 1) == -23.0


def test_to_loudness_stays_below_the_peak_limit_rather_than_reach_the_target():
    clip = sine(0.001)
    clip.samples[1000] = 0.9
    loud = to_loudness(clip)
    assert round(loud.peak_db, 6) == -1.0
    assert loud.lufs < -24


def test_true_peak_sees_between_the_samples():
    # A quarter of the rate, sampled at 45 degrees: every sample is 3 dB below the crest.
    assert round(true_peak_db(sine(0.5, RATE / 4, phase=np.pi / 4).samples)) == -6


def test_to_loudness_refuses_silence():
    with pytest.raises(SoundError, match="silence"):
        to_loudness(Pcm(np.zeros((RATE, 2), dtype=np.float32), RATE))
