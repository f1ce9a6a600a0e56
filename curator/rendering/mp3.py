"""MP3 files made equal for blind listening, without decoding them: the shorter one goes on in silent frames.

The files are those of curator.rendering.encode: constant bit rate, so that equal frames are equal bytes. Source:
ISO/IEC 11172-3 for frames; the LAME tag (gabriel.mp3-tech.org/mp3infotag.html) for delay and padding.
"""

import struct
from dataclasses import dataclass

from curator.rendering.errors import SoundError

FRAME_SAMPLES = 1152
SIDE_BYTES = 32
_NONE = "The sound is not an MP3 file of this house."


@dataclass(frozen=True)
class _File:
    """Everything before the Info tag's frame, that frame, and the sound as frames of one size."""

    before: bytes
    info: bytes
    frames: bytes
    size: int

    @property
    def count(self) -> int:
        return len(self.frames) // self.size

    @property
    def delay(self) -> int:
        return int.from_bytes(self.info[_LAME + 21 : _LAME + 24], "big") >> 12

    @property
    def samples(self) -> int:
        padding = int.from_bytes(self.info[_LAME + 21 : _LAME + 24], "big") & 0xFFF
        return FRAME_SAMPLES * self.count - self.delay - padding


_TAG = 4 + SIDE_BYTES
_LAME = _TAG + 120  # name, flags, frames, bytes, 100 places to seek to, quality


def equal_mp3(left: bytes, right: bytes) -> tuple[bytes, bytes]:
    """Two MP3 files that play as many samples as each other and have as many bytes.

    Raises SoundError for files that encode_mp3 did not write.
    """
    files = _read(left), _read(right)
    samples = max(file.samples for file in files)
    count = max(max(file.count, -(-(file.delay + samples) // FRAME_SAMPLES)) for file in files)
    made = [_written(file, samples, count) for file in files]
    return made[0], made[1]


def _read(data: bytes) -> _File:
    at = data.find(b"Info", 0, 4096) - _TAG
    if at < 0 or data[at : at + 1] != b"\xff":
        raise SoundError(_NONE)
    size = _frame_size(data[at : at + 4])
    info, frames = data[at : at + size], data[at + size :]
    whole = len(frames) - len(frames) % size
    if not whole or any(frames[begin] != 0xFF for begin in range(0, whole, size)):
        raise SoundError(_NONE)
    return _File(data[:at], info, frames[:whole], size)


def _frame_size(head: bytes) -> int:
    """Bytes of a frame, from its header; only MPEG-1 Layer III at 48 kHz, whose frames all have one size."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    if head[1] & 0xFE != 0xFA or head[2] >> 2 & 3 != 1 or not 0 < head[2] >> 4 < len(rates):
        raise SoundError(_NONE)
    return 144 * rates[head[2] >> 4] // 48


def _written(file: _File, samples: int, count: int) -> bytes:
    # no side information and no bits: a frame of silence that needs nothing of the frames before it
    silent = (file.frames[:4]).ljust(file.size, b"\0")
    padding = FRAME_SAMPLES * count - file.delay - samples
    frames = file.frames + silent * (count - file.count)
    info = bytearray(file.info)
    struct.pack_into(">II", info, _TAG + 8, count, file.size + len(frames))
    info[_LAME + 21 : _LAME + 24] = (file.delay << 12 | padding).to_bytes(3, "big")
    struct.pack_into(">I", info, _LAME + 28, file.size + len(frames))
    struct.pack_into(">H", info, _LAME + 34, _crc16(bytes(info[: _LAME + 34])))
    return file.before + bytes(info) + frames


def _crc16(data: bytes) -> int:
    """CRC-16 with polynomial 0x8005, bits reversed, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
