"""Sound as files for the browser: Ogg Opus, and MP3 for players without Ogg. Same samples, same bytes."""

import io
from typing import Any

import av
import numpy as np

from curator.rendering.sampler import RATE, Pcm

OPUS_BITS = 96_000
MP3_BITS = 128_000

# No random stream serial, no encoder name, no date: the file is named by its hash.
_SAME_BYTES = {"fflags": "+bitexact"}


def encode_opus(pcm: Pcm) -> bytes:
    """Ogg Opus at 96 kbit/s; `pcm` must be at 48 kHz. Decodes to the same number of samples."""
    return _encode(pcm, container="ogg", codec="libopus", bits=OPUS_BITS, options={"compression_level": "5"})


def encode_mp3(pcm: Pcm) -> bytes:
    """MP3 at 128 kbit/s, with the header by which players leave out the encoder's delay."""
    return _encode(pcm, container="mp3", codec="libmp3lame", bits=MP3_BITS, options={"compression_level": "7"})


def _encode(pcm: Pcm, *, container: str, codec: str, bits: int, options: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=_SAME_BYTES) as output:
        stream: Any = output.add_stream(codec, rate=pcm.rate, options={"flags": "+bitexact", **options})
        stream.layout = "stereo"
        stream.bit_rate = bits
        stream.format = "flt" if codec == "libopus" else "fltp"
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 1152
        for begin in range(0, len(pcm.samples), size):
            block = pcm.samples[begin : begin + size]
            plane = block.reshape(1, -1) if stream.format.name == "flt" else block.T
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(plane), format=stream.format.name, layout="stereo")
            frame.sample_rate = pcm.rate
            frame.pts = begin
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def opus_to_mp3(opus: bytes, *, gain_db: float = 0.0) -> bytes:
    """The MP3 of an Ogg Opus file made by encode_opus, as long as that one; `gain_db` louder."""
    with av.open(io.BytesIO(opus), "r") as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        planes = [np.asarray(frame.to_ndarray(), np.float32) for frame in (*frames, *resampler.resample(None))]
    samples = np.concatenate(planes, axis=1).T * np.float32(10 ** (gain_db / 20))
    return encode_mp3(Pcm(np.ascontiguousarray(samples), RATE))
