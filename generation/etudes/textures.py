"""What the left hand plays in a bar, by texture, metre and fullness, and how the right hand is thickened.

A pattern is a row of tokens, each a sign and a length in sixteenths: ``b`` bass, ``o`` bass in octaves, ``f``
bass with the chord note about a fifth above, ``c`` the whole inner chord, ``d`` its upper two notes, ``t`` its
top note, ``0``-``3`` bass and inner notes counted upwards, ``F`` a full closing chord within a tenth.
"""

from random import Random

from generation.etudes.harmony import Chord
from generation.etudes.keys import Key, Pitch
from generation.etudes.stages import Texture

Event = tuple[tuple[Pitch, ...], int]


def _eighths(signs: str) -> str:
    return " ".join(f"{sign}2" for sign in signs)


#: Patterns by texture and metre; the three groups grow from sparse to full.
PATTERNS: dict[Texture, dict[str, tuple[tuple[str, ...], ...]]] = {
    Texture.WALTZ: {
        "3/4": (("b4 c8",), ("b4 c8", "b4 c4 c4"), ("b4 c4 c4", "o4 c4 c4")),
        "4/4": (("b8 c8", "b4 c12"), ("b4 c4 c8",), ("b4 c4 c4 c4", "o4 c4 c4 c4")),
        "2/4": (("b4 c4",), ("b4 c4",), ("b4 c2 c2", "o4 c4")),
        "6/8": (("b6 c6",), ("b6 c4 c2", "b4 c2 c6"), ("b4 c2 c4 c2", "b2 c2 c2 b2 c2 c2")),
    },
    Texture.GNOSSIENNE: {
        "3/4": (("b2 c4 c6",), ("b2 c4 c4 c2",), ("b2 c2 c4 c4", "o2 c4 c4 c2")),
        "4/4": (("b4 c8 c4",), ("b4 c8 c4", "b2 c4 c4 c2 z4"), ("b2 c4 c2 b2 c4 c2", "o2 c4 c4 c4 c2")),
        "2/4": (("b2 c6",), ("b2 c4 c2",), ("b2 c4 c2", "o2 c4 c2")),
        "6/8": (("b2 c4 z6", "b2 c4 c6"), ("b2 c4 c2 c4",), ("b2 c4 b2 c4",)),
    },
    Texture.CHORALE: {
        "3/4": (("f12",), ("f8 o4", "f12"), ("o4 f4 f4", "o8 f4")),
        "4/4": (("f16", "f8 f8"), ("f8 o8", "f8 f8"), ("o4 f4 o4 f4", "o8 f4 f4")),
        "2/4": (("f8",), ("f8", "f4 o4"), ("o4 f4",)),
        "6/8": (("f12",), ("f6 f6",), ("o6 f6", "o4 f2 f6")),
    },
    Texture.OSTINATO: {
        "3/4": (
            ("04 14 24", "02 12 22 36"),
            (_eighths("012321"), _eighths("013213")),
            (_eighths("013231"), _eighths("o12321")),
        ),
        "4/4": (
            ("04 14 24 34", "02 12 22 32 28"),
            (_eighths("01232121"), _eighths("01213121")),
            (_eighths("01230123"), _eighths("o1232132")),
        ),
        "2/4": (("02 12 24",), (_eighths("0121"), _eighths("0123")), (_eighths("0132"), _eighths("o123"))),
        "6/8": (
            ("02 12 22 36",),
            (_eighths("012321"), _eighths("012121")),
            (_eighths("021312"), _eighths("o12321")),
        ),
    },
    Texture.PULSE: {
        "3/4": (("b4 d4 d4",), (_eighths("bttttt"),), (_eighths("bddddd"), _eighths("oddddd"))),
        "4/4": (("b4 d4 d4 d4",), (_eighths("bttttttt"),), (_eighths("bdddbddd"), _eighths("oddddddd"))),
        "2/4": (("b4 d4",), (_eighths("bttt"),), (_eighths("bddd"), _eighths("oddd"))),
        "6/8": (("b6 d6",), (_eighths("bttbtt"),), (_eighths("bddbdd"), _eighths("oddodd"))),
    },
}


def accompany(key: Key, pattern: str, chord: Chord, bass: Pitch, inner: tuple[Pitch, ...]) -> list[Event]:
    """The events of one bar: pitches (ascending, empty for a rest) with lengths in sixteenths."""
    ladder = (bass, *inner)
    octave = Pitch(bass.step + 7, bass.raised)
    events: list[Event] = []
    for token in pattern.split():
        sign, length = token[0], int(token[1:])
        if sign.isdigit():
            notes: tuple[Pitch, ...] = (ladder[min(int(sign), len(ladder) - 1)],)
        else:
            notes = {
                "b": (bass,),
                "o": (bass, octave),
                "f": (bass, *companion(key, chord, bass)),
                "c": inner,
                "d": inner[-2:],
                "t": inner[-1:],
                "F": closing(key, chord, bass),
                "z": (),
            }[sign]
        events.append((notes, length))
    return events


def companion(key: Key, chord: Chord, bass: Pitch) -> tuple[Pitch, ...]:
    """The chord note that lies five to nine semitones above `bass`, nearest to a fifth; nothing if there is none."""
    above = [
        Pitch(bass.step + up, raised)
        for degree, raised in chord.tones
        for up in (3, 4, 5)
        if (bass.step + up) % 7 == degree
    ]
    good = [pitch for pitch in above if 5 <= key.midi(pitch) - key.midi(bass) <= 9 and pitch != bass]
    return tuple(sorted(good, key=lambda pitch: abs(key.midi(pitch) - key.midi(bass) - 7))[:1])


def closing(key: Key, chord: Chord, bass: Pitch) -> tuple[Pitch, ...]:
    """A wide chord for the end: root, fifth and tenth, all within a tenth (16 semitones)."""
    raised = chord.raised
    notes = [bass]
    for up in (4, 9):
        degree = (bass.step + up) % 7
        if degree in raised and key.midi(Pitch(bass.step + up, raised[degree])) - key.midi(bass) <= 16:
            notes.append(Pitch(bass.step + up, raised[degree]))
    return tuple(notes)


def below(key: Key, chord: Chord, top: Pitch, *, floor: int, notes: int) -> tuple[Pitch, ...]:
    """`top` with up to `notes` chord tones under it in close position, ascending, none below MIDI `floor`.

    The hand stays within an octave and no added note lies closer than a minor third to `top`.
    """
    found: list[Pitch] = []
    for down in range(2, 8):
        step = top.step - down
        raised = chord.raised.get(step % 7)
        if raised is None or len(found) == notes:
            continue
        pitch = Pitch(step, raised)
        gap = key.midi(found[-1] if found else top) - key.midi(pitch)
        if gap >= 3 and key.midi(top) - key.midi(pitch) <= 12 and key.midi(pitch) >= floor:
            found.append(pitch)
    return (*reversed(found), top)


def ornament(event: Event, rng: Random, upper: Pitch) -> list[Event]:
    """A written-out mordent: the first eighth of a long note becomes the note and `upper`, a sixteenth each."""
    notes, length = event
    if len(notes) != 1 or length < 8 or rng.random() > 0.35:
        return [event]
    return [(notes, 1), ((upper,), 1), (notes, length - 2)]
