import io
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from curator.rendering.errors import SoundError
from curator.rendering.sampler import RATE, Note, Pcm, read_notes, render

SAMPLES = Path(__file__).resolve().parents[3] / "node_modules" / "@audio-samples" / "piano-velocity8"
Event = tuple[float, Any]


def midi(*events: Event, ticks: int = 480) -> bytes:
    """A MIDI file at 120: events are (beat, message)."""
    file = mido.MidiFile(ticks_per_beat=ticks)
    track = mido.MidiTrack()
    now = 0
    for beat, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=round(beat * ticks) - now))
        now = round(beat * ticks)
    file.tracks.append(track)
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def key(beat: float, length: float, pitch: int = 60, velocity: int = 72) -> tuple[Event, Event]:
    return (
        (beat, mido.Message("note_on", note=pitch, velocity=velocity)),
        (beat + length, mido.Message("note_off", note=pitch)),
    )


def pedal(beat: float, value: int) -> Event:
    return (beat, mido.Message("control_change", control=64, value=value))


def level(pcm: Pcm, begin: float, end: float) -> float:
    return float(np.sqrt((pcm.samples[round(begin * RATE) : round(end * RATE)] ** 2).mean()))


def test_read_notes_times_come_from_the_tempo_map():
    data = midi((0, mido.MetaMessage("set_tempo", tempo=1_000_000)), *key(1, 1), *key(2, 0.5, 64, 90))
    assert read_notes(data) == [Note(1.0, 2.0, 60, 72), Note(2.0, 2.5, 64, 90)]


def test_read_notes_the_pedal_holds_until_it_is_let_go():
    data = midi(pedal(0, 127), *key(0, 1), *key(2, 1, 64), pedal(4, 0), *key(4, 1, 67))
    assert read_notes(data) == [Note(0.0, 2.0, 60, 72), Note(1.0, 2.0, 64, 72), Note(2.0, 2.5, 67, 72)]


def test_read_notes_a_key_struck_again_ends_the_sound_before():
    data = midi(pedal(0, 127), *key(0, 1), *key(2, 1, 60, 90), pedal(4, 0))
    assert read_notes(data) == [Note(0.0, 1.0, 60, 72), Note(1.0, 2.0, 60, 90)]


def test_read_notes_one_key_struck_twice_at_once_is_one_note():
    data = midi(*key(0, 1), *key(0, 2, 60, 90))
    assert [(note.start, note.pitch, note.velocity) for note in read_notes(data)] == [(0.0, 60, 90)]


@pytest.mark.parametrize("data", [b"", b"no midi", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x60MTrk\x00\x00\xff\xff"])
def test_read_notes_refuses_what_is_no_midi(data):
    with pytest.raises(SoundError, match="cannot be read"):
        read_notes(data)


def test_render_sounds_where_the_note_is_and_fades_after_it():
    pcm = render(midi(*key(1, 2), *key(5, 1, 64)), SAMPLES)
    assert pcm.samples.shape == (round((3.0 + 2.5) * RATE), 2)
    assert pcm.samples.dtype == np.float32
    assert float(np.abs(pcm.samples[: round(0.499 * RATE)]).max()) < 1e-6
    assert level(pcm, 0.51, 1.0) > 50 * level(pcm, 2.2, 2.45) > 0
    assert float(np.abs(pcm.samples[-5:]).max()) < 1e-4


def test_render_same_bytes_same_sound():
    data = midi(*key(0, 1), *key(1, 1, 61))
    assert np.array_equal(render(data, SAMPLES).samples, render(data, SAMPLES).samples)


def test_render_the_pedal_is_heard():
    with_pedal = render(midi(pedal(0, 127), *key(0, 0.5), *key(7, 1, 72), pedal(6, 0)), SAMPLES)
    without = render(midi(*key(0, 0.5), *key(7, 1, 72)), SAMPLES)
    assert level(with_pedal, 1.5, 2.5) > 20 * level(without, 1.5, 2.5)
    assert level(with_pedal, 3.3, 3.45) < level(with_pedal, 2.5, 2.9) / 5


def test_render_louder_is_louder_and_brighter():
    def spectrum(velocity: int) -> tuple[float, float]:
        samples = render(midi(*key(0, 2, 60, velocity)), SAMPLES).samples[: RATE // 2].sum(axis=1)
        power = np.abs(np.fft.rfft(samples)) ** 2
        return power.sum(), power[1500:].sum() / power.sum()

    (soft, soft_treble), (mid, mid_treble), (loud, loud_treble) = (spectrum(v) for v in (37, 72, 105))
    assert [round(10 * np.log10(a / b)) for a, b in ((mid, soft), (loud, mid))] == [14, 8]
    assert soft_treble < mid_treble < loud_treble


@pytest.mark.parametrize("pitch", [21, 22, 60, 61, 62, 97])
def test_render_is_in_tune(pitch):
    samples = render(midi(*key(0, 2, pitch)), SAMPLES).samples[:RATE].sum(axis=1)
    power = np.abs(np.fft.rfft(samples * np.hanning(RATE), 4 * RATE))
    frequencies = np.arange(len(power)) / 4
    wanted = 440 * 2 ** ((pitch - 69) / 12)
    # The strongest partial near the first or, in the bass, the second to fourth partial.
    partial = 1 if pitch >= 60 else 4
    near = (frequencies > wanted * partial * 0.95) & (frequencies < wanted * partial * 1.05)
    found = frequencies[near][power[near].argmax()] / partial
    assert abs(1200 * np.log2(found / wanted)) < 30


def test_render_refuses_silence_length_and_missing_samples(tmp_path):
    with pytest.raises(SoundError, match="No note"):
        render(midi(pedal(0, 127)), SAMPLES)
    with pytest.raises(SoundError, match="longer than 15 minutes"):
        render(midi(*key(0, 2000)), SAMPLES)
    with pytest.raises(SoundError, match="recordings of the piano are missing"):
        render(midi(*key(0, 1)), tmp_path)
