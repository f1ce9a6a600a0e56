"""One loudness for all clips: ITU-R BS.1770 integrated loudness, with the true peak kept below full scale."""

from dataclasses import dataclass

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from scipy.signal import resample_poly

from curator.rendering.errors import SoundError
from curator.rendering.sampler import Pcm

TARGET_LUFS = -23.0  # EBU R 128
PEAK_LIMIT_DB = -1.0  # EBU R 128: highest true peak in dBTP


@dataclass(frozen=True)
class Loud:
    """A clip at its loudness: the sound, the gain that was given (dB), what came out (LUFS, true peak in dBTP)."""

    pcm: Pcm
    gain_db: float
    lufs: float
    peak_db: float


def to_loudness(pcm: Pcm, target: float = TARGET_LUFS) -> Loud:
    """`pcm` (at least 0.4 s) at `target` LUFS, or below it where the true peak would pass -1 dBTP.

    Only a gain, never a limiter: nothing in the music changes. Raises SoundError when the clip is silent.
    """
    measured = float(pyloudnorm.Meter(pcm.rate).integrated_loudness(pcm.samples))
    if not np.isfinite(measured):
        raise SoundError("The sound of this score is silence.")
    peak = true_peak_db(pcm.samples)
    gain = min(target - measured, PEAK_LIMIT_DB - peak)
    samples = pcm.samples * np.float32(10 ** (gain / 20))
    return Loud(Pcm(samples, pcm.rate), gain, measured + gain, peak + gain)


def true_peak_db(samples: NDArray[np.float32]) -> float:
    """Highest level of (N, 2) samples between and on them, in dB of full scale: four times oversampled (BS.1770-4).

    Only the surroundings of samples above half of the highest are oversampled; elsewhere no peak can hide.
    """
    level = np.abs(samples).max(axis=1)
    highest = float(level.max())
    if highest == 0:
        return float("-inf")
    size = 4096
    padded = np.pad(level, (0, -len(level) % size)).reshape(-1, size)
    for block in np.flatnonzero(padded.max(axis=1) >= 0.5 * highest).tolist():
        before = 64 if block else 0
        around = samples[block * size - before : (block + 1) * size + 64]
        # The filter rings where `around` was cut out; only what lies inside is the clip's own.
        inside = resample_poly(around, 4, 1, axis=0)[4 * before : 4 * (before + size)]
        highest = max(highest, float(np.abs(inside).max()))
    return 20 * float(np.log10(highest))
