"""Ogg Opus files made equal for blind listening, without decoding them: same length in time, same size in bytes.

A pair of sounds is served so that neither its duration nor its number of bytes tells the sides apart: the shorter
one goes on in silence, and the smaller one gets padding where RFC 7845 has a place for it (after the user comments).
A gain in the header, which every player applies (RFC 7845, 5.1), matches the loudness. Source: RFC 3533 (Ogg),
RFC 6716 (Opus, 3.1), RFC 7845 (Opus in Ogg).
"""

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from curator.rendering.errors import SoundError

SILENCE = b"\xfc\xff\xfe"
"""20 ms of digital silence: CELT, full band, stereo, its silence flag set (RFC 6716, 4.3)."""
SILENT_SAMPLES = 960
PACKETS_A_PAGE = 50
_HEAD = struct.Struct("<4sBBqIII")
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_NONE = "The sound is not an Ogg Opus file."


@dataclass(frozen=True)
class _Page:
    flags: int
    granule: int
    serial: int
    lacing: bytes
    body: bytes

    @property
    def size(self) -> int:
        return _HEAD.size + 1 + len(self.lacing) + len(self.body)

    def packed(self, number: int) -> bytes:
        head = _HEAD.pack(b"OggS", 0, self.flags, self.granule, self.serial, number, 0)
        whole = head + bytes([len(self.lacing)]) + self.lacing + self.body
        return whole[:22] + struct.pack("<I", _checksum(whole)) + whole[26:]


@dataclass(frozen=True)
class _Stream:
    """An Opus stream: its identification and comment packets and the pages of its sound."""

    head: bytes
    comment: bytes
    pages: tuple[_Page, ...]

    @property
    def skip(self) -> int:
        """Samples at the beginning that are decoded and not played."""
        return int.from_bytes(self.head[10:12], "little")

    @property
    def samples(self) -> int:
        """Samples that are played."""
        return self.pages[-1].granule - self.skip


def equal_opus(left: bytes, right: bytes, *, gains: Sequence[float] = (0.0, 0.0)) -> tuple[bytes, bytes]:
    """Two Ogg Opus files with as many samples and as many bytes as each other, each played with its gain (dB).

    Raises SoundError for what is no Ogg Opus file with one stream.
    """
    streams = _read(left), _read(right)
    samples = max(stream.samples for stream in streams)
    sounds = [_lengthened(stream, samples) for stream in streams]
    sizes = [sum(page.size for page in pages) for pages in sounds]
    size = max(least + _paged(len(stream.comment)) for least, stream in zip(sizes, streams, strict=True))
    # not every size can be reached: the byte that opens a segment or a page costs more than itself
    while None in (lengths := [_length_of(size - least) for least in sizes]):
        size += 1
    made = [_written(stream, (lengths[side] or 0), sounds[side], gains[side]) for side, stream in enumerate(streams)]
    return made[0], made[1]


def opus_samples(data: bytes) -> int:
    """How many samples at 48 kHz an Ogg Opus file plays. Raises SoundError for what is none."""
    return _read(data).samples


def _read(data: bytes) -> _Stream:
    pages: list[_Page] = []
    at = 0
    while at < len(data):
        if len(data) < at + 27 or not data.startswith(b"OggS", at):
            raise SoundError(_NONE)
        _magic, _version, flags, granule, serial, _number, _sum = _HEAD.unpack_from(data, at)
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        begin = at + 27 + len(lacing)
        at = begin + sum(lacing)
        pages.append(_Page(flags, granule, serial, lacing, data[begin:at]))
    packets = [b""]
    while pages and len(packets) < 3:  # the two header packets have pages of their own (RFC 7845, 3)
        page = pages.pop(0)
        for begin, length in _segments(page):
            packets[-1] += page.body[begin : begin + length]
            if length < 255:
                packets.append(b"")
    if at != len(data) or len({page.serial for page in pages}) != 1:
        raise SoundError(_NONE)
    head, comment, *_rest = packets
    if len(head) < 19 or not head.startswith(b"OpusHead") or not comment.startswith(b"OpusTags"):
        raise SoundError(_NONE)
    return _Stream(head, comment, tuple(pages))


def _segments(page: _Page) -> Iterator[tuple[int, int]]:
    """Where each segment of a page begins in its body, and its length; a packet ends with one below 255."""
    at = 0
    for length in page.lacing:
        yield at, length
        at += length


def _coded(pages: Iterable[_Page]) -> int:
    """Samples that all packets of these pages code."""
    total = 0
    for page in pages:
        begins = not page.flags & _CONTINUED
        for at, length in _segments(page):
            if begins and length:
                total += _duration(page.body[at : at + 2])
            begins = length < 255
    return total


def _duration(packet: bytes) -> int:
    """Samples of one packet, from its first two bytes (RFC 6716, 3.1)."""
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    return frame * ((1, 2, 2)[code] if code < 3 else packet[1] & 63)


def _lengthened(stream: _Stream, samples: int) -> list[_Page]:
    """The pages of the sound, then of silence, so that `samples` are played."""
    end = stream.skip + samples
    pages = list(stream.pages)
    whole = _coded(pages)
    # only the last page of a stream may say that fewer samples are played than were coded
    pages[-1] = replace(pages[-1], flags=pages[-1].flags & ~_LAST, granule=whole)
    missing = -(-max(0, end - whole) // SILENT_SAMPLES)
    for begin in range(0, missing, PACKETS_A_PAGE):
        count = min(PACKETS_A_PAGE, missing - begin)
        whole += count * SILENT_SAMPLES
        pages.append(_Page(0, whole, pages[0].serial, bytes([len(SILENCE)]) * count, SILENCE * count))
    pages[-1] = replace(pages[-1], flags=pages[-1].flags | _LAST, granule=end)
    return pages


def _paged(length: int) -> int:
    """Bytes of the pages that hold one packet of `length` bytes."""
    segments = length // 255 + 1
    return length + segments + 27 * -(-segments // 255)


def _length_of(size: int) -> int | None:
    """The length of a packet whose pages are `size` bytes, None where there is none."""
    length = bisect_left(range(size), size, key=_paged)
    return length if _paged(length) == size else None


def _written(stream: _Stream, comment_length: int, pages: Iterable[_Page], gain: float) -> bytes:
    serial = stream.pages[0].serial
    head = stream.head[:16] + struct.pack("<h", round(256 * gain)) + stream.head[18:]
    comment = stream.comment.ljust(comment_length, b"\0")
    first = _Page(_FIRST, 0, serial, bytes([len(head)]), head)
    packets = [first, *_pages_of(comment, serial), *pages]
    return b"".join(page.packed(number) for number, page in enumerate(packets))


def _pages_of(packet: bytes, serial: int) -> Iterator[_Page]:
    """The pages of a header packet; on those where it does not end no granule position stands (-1)."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    for at in range(0, len(lacing), 255):
        part = lacing[at : at + 255]
        body = packet[255 * at : 255 * at + sum(part)]
        ends = at + 255 >= len(lacing)
        yield _Page(_CONTINUED if at else 0, 0 if ends else -1, serial, part, body)


def _checksum(page: bytes) -> int:
    """The CRC of RFC 3533 (polynomial 0x04c11db7, from 0, bits not reversed), by way of zlib's, whose bits are."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
