"""Composes short piano études by rule, in the manner of intimate film music, for the demo checkpoint.

Everything is drawn from one seeded generator, so the same arguments give the same piece. The pieces are plain on
purpose (one voice a staff, phrases of four bars): a model of a few million parameters has to learn them.
"""

from dataclasses import dataclass
from random import Random

from generation.etudes import form, melody, writer
from generation.etudes.harmony import MAJOR_MODES, Chord, bass_note, chord_of, palette_of, voicing
from generation.etudes.keys import MAJORS, MINORS, Key, Pitch, key_of
from generation.etudes.stages import CHARACTERS, Character, Stage, Texture
from generation.etudes.textures import PATTERNS, Event, accompany, below, ornament
from generation.notagen.header import header, prompt_lines

METRES = ("3/4", "4/4", "2/4", "6/8")
_METRE_WEIGHTS = {
    Texture.WALTZ: (10, 1, 1, 2),
    Texture.GNOSSIENNE: (3, 8, 1, 1),
    Texture.CHORALE: (4, 8, 1, 1),
    Texture.OSTINATO: (4, 8, 1, 2),
    Texture.PULSE: (4, 8, 1, 2),
}
#: How often a key signature with so many sharps or flats is drawn.
_SIGNATURE_WEIGHTS = (20, 20, 20, 14, 9, 4, 1, 0.5)
_BAR = {"3/4": 12, "4/4": 16, "2/4": 8, "6/8": 12}
_FULLNESS = {
    Stage.FORGOTTEN: (0, 0, 0),
    Stage.CHOSEN: (1, 0, 1),
    Stage.HUMILIATION: (1, 0, 0),
    Stage.TRANSFORMATION: (0, 1, 2),
    Stage.SALVATION: (1, 2, 2),
    Stage.PEACE: (0, 0, 0),
}
_BASS_LOW = 36  # C2: nothing lies lower, so chords stay clear and hands playable


@dataclass(frozen=True)
class Etude:
    """A composed piece. `abc` is the text a checkpoint learns: prompt, header, rests reduced, line markers.

    `stored` is the same piece as it is kept and shown: header without prompt, every rest, no markers.
    """

    seed: int
    stage: Stage
    texture: Texture
    metre: str
    key: str
    mode: str
    tempo: float
    bars: int
    abc: str
    stored: str

    @property
    def title(self) -> str:
        """A name for a library."""
        return f"Étude {self.seed}: {self.stage}, {self.texture}"


def prompt(stage: str, texture: str) -> tuple[str, ...]:
    """The prompt lines of the demo checkpoint for `stage` and `texture`."""
    return prompt_lines("Minimal", f"Etude, {texture}", "Keyboard", stage)


def compose(
    seed: int,
    *,
    stage: Stage | None = None,
    texture: Texture | None = None,
    metre: str | None = None,
    key: str | None = None,
    tempo: float | None = None,
    bars: int | None = None,
) -> Etude:
    """The étude of `seed`; whatever is not given is drawn as suits the stage.

    Raises ValueError for an unknown key or metre or a length outside 4 to 51 bars.
    """
    rng = Random(seed)
    drawn_stage, drawn_texture = rng.choice(list(Stage)), rng.choice(list(Texture))
    stage, texture = stage or drawn_stage, texture or drawn_texture
    character = CHARACTERS[stage]
    drawn_metre = rng.choices(METRES, _METRE_WEIGHTS[texture])[0]
    drawn_key = _draw_key(character, rng)
    drawn_tempo = _draw_tempo(character, rng)
    drawn_bars = rng.choices((8, 12, 16, 20, 24, 32, 0), (4, 4, 6, 3, 3, 1, 5))[0] or rng.randint(8, 48)
    metre, key, bars = metre or drawn_metre, key or drawn_key, bars or drawn_bars
    tempo = drawn_tempo if tempo is None else tempo
    if metre not in METRES:
        raise ValueError(f"Études are written in {', '.join(METRES)}, not in {metre!r}.")
    work = _Work(rng, stage, texture, metre, key_of(key), form.plan(bars, rng))
    music = work.write()
    head = header(metre=metre, key=key, tempo=tempo)
    reduced = writer.body(music, key=work.key, metre=metre, reduced=True)
    stored = writer.body(music, key=work.key, metre=metre, reduced=False)
    lines = "".join(f"{line}\n" for line in prompt(stage, texture))
    return Etude(seed, stage, texture, metre, key, work.mode, tempo, len(music), lines + head + reduced, head + stored)


def _draw_key(character: Character, rng: Random) -> str:
    minor = rng.random() < character.minor
    names = MINORS if minor else MAJORS
    name = rng.choices(names, [_SIGNATURE_WEIGHTS[abs(number - 7)] for number in range(15)])[0]
    return f"{name}min" if minor else name


def _draw_tempo(character: Character, rng: Random) -> float:
    low, high = character.tempo
    spread = rng.uniform(low - 4, high + 4)
    return round(spread, 1) if rng.random() < 0.1 else float(round(spread))


@dataclass
class _Phrase:
    """Four bars: chords, slots of the melody and the sung pitches."""

    chords: list[Chord]
    slots: list[melody.Slot]
    pitches: list[Pitch | None]


class _Work:
    """One piece in the making: the choices that hold throughout, and the voices' last positions."""

    def __init__(self, rng: Random, stage: Stage, texture: Texture, metre: str, key: Key, plan: form.Plan) -> None:
        self.rng, self.stage, self.texture, self.metre, self.key, self.plan = rng, stage, texture, metre, key, plan
        self.character = CHARACTERS[stage]
        self.mode = self._mode()
        self.palette = palette_of(texture, self.mode)
        self.patterns = [rng.choice(PATTERNS[texture][metre][level]) for level in _FULLNESS[stage]]
        self.early_pedal = rng.random() < (0.7 if stage is Stage.HUMILIATION else 0.15)
        self.doubling = rng.choices(
            ("octaves", "thirds", ""), (*self.character.doubling, 1 - sum(self.character.doubling) / 2)
        )[0]
        self.inner: tuple[Pitch, ...] = ()
        self.bass: int | None = None
        self.last = Pitch(0)
        self.phrases: dict[str, _Phrase] = {}

    def _mode(self) -> str:
        if self.texture is Texture.GNOSSIENNE and self.key.minor and self.rng.random() < 0.7:
            return "gnossienne"
        fitting = [name for name in self.character.modes if (name in MAJOR_MODES) != self.key.minor]
        return self.rng.choice(fitting or (["aeolian"] if self.key.minor else ["ionian"]))

    # -- harmony and melody ---------------------------------------------------------------------------------

    def _progressions(self) -> dict[str, str]:
        pick, palette = self.rng.choice, self.palette
        loop = pick(palette.loops)
        if self.texture is Texture.OSTINATO or self.rng.random() < 0.15:
            theme, opening = loop, loop.split()[0]
        else:
            head = pick(palette.heads)
            theme, opening = f"{head} {pick(palette.halves)}", head.split()[0]
        closes = [close for close in palette.closes if len(close.split()) == 3]
        second = theme.split()[1][0]
        closes = [close for close in closes if close[0] == second] * 3 + closes
        middles = [pick(palette.middles), pick(palette.middles)]
        half = pick(palette.halves)
        result = {"A": theme, "a": f"{opening} {pick(closes)}"}
        for names, middle in zip(("Bb", "Cc"), middles, strict=True):
            result[names[0]] = middle
            result[names[1]] = f"{' '.join(middle.split()[:2])} {half}"
        return result

    def _cell(self) -> tuple[int, ...]:
        density = self.rng.choices((0, 1, 2), self.character.density)[0]
        return self.rng.choice(melody.CELLS[self.metre][density])

    def _compose_phrases(self) -> None:
        texts = self._progressions()
        one, two, three, four = (self._cell() for _ in range(4))
        if self.rng.random() < 0.4:
            two = one
        theme = self.rng.choice(((one, two, one), (one, two, three), (one, one, two)))
        middle = self.rng.choice(((three, two, three), (four, four, two), (three, four, three)))
        opens, closes = melody.OPENS[self.metre], melody.CLOSES[self.metre]
        for name in sorted(set(self.plan.phrases), key="AaBbCc".index):
            chords = [chord_of(text, self.mode) for text in texts[name].split()]
            cells = [*(theme if name in "Aa" else middle), self.rng.choice(closes if name == "a" else opens)]
            if name in "bc" and name.upper() in self.phrases:
                cells = [*middle, self.rng.choice(opens)]
            self.phrases[name] = self._sing(name, chords, [self._break_off(cell) for cell in cells])

    def _break_off(self, cell: tuple[int, ...]) -> tuple[int, ...]:
        rest = sum(abs(part) for part in cell[1:])
        if self.rng.random() < self.character.broken and cell[0] > 0 and rest in (2, 3, 4, 6):
            return (cell[0], -rest)
        return cell

    def _window(self, name: str) -> tuple[int, ...]:
        low, high = self.character.right
        if self.texture is Texture.CHORALE:
            low = min(low + 5, high - 13)
        if name in "BbCc":
            low, high = low + 2, high + 2
        return self.key.steps_within(low, high)

    def _sing(self, name: str, chords: list[Chord], cells: list[tuple[int, ...]]) -> _Phrase:
        steps = self._window(name)
        model = self.phrases.get(name.swapcase()) if name in "abc" else None
        size = self.rng.uniform(0.7, 1.3) * min(1.0, (steps[-1] - steps[0]) / 9)
        base = steps[len(steps) // 2] - 2 + self.rng.uniform(-1, 1)
        contour = [base + size * height for height in self.rng.choice(_CONTOURS[name in "Aa"])]
        slots: list[melody.Slot] = []
        pitches: list[Pitch | None] = []
        for first in (0, 2):
            half: list[melody.Slot] = []
            for bar in (first, first + 1):
                half += self._bar_slots(name, bar, chords, cells, contour, model, slots, pitches)
            before = next((pitch for pitch in reversed(pitches) if pitch is not None), None)
            pitches += melody.sing(self.key, self.mode, half, steps, before, self.rng)
            slots += half
        return _Phrase(chords, slots, pitches)

    def _bar_slots(
        self,
        name: str,
        bar: int,
        chords: list[Chord],
        cells: list[tuple[int, ...]],
        contour: list[float],
        model: _Phrase | None,
        slots: list[melody.Slot],
        pitches: list[Pitch | None],
    ) -> list[melody.Slot]:
        """The slots of one bar, wishing for the theme it answers, the bar it repeats in sequence, or the contour."""
        cell = cells[bar]
        template: list[Pitch | None] = []
        shift, weight = 0, 0.0
        if model is not None and bar < 2 and self._cell_of(model, bar) == cell:
            template = [p for s, p in zip(model.slots, model.pitches, strict=True) if s.bar == bar]
            weight = 4.0
        elif bar == 2 and cell == cells[0]:
            template = [p for s, p in zip(slots, pitches, strict=True) if s.bar == 0]
            shift = (chords[2].tones[0][0] - chords[0].tones[0][0] + 3) % 7 - 3
            weight = 1.3
        result, onset = [], 0
        for number, eighths in enumerate(cell):
            length = 2 * abs(eighths)
            part = onset / _BAR[self.metre]
            wish = (contour[bar] * (1 - part) + contour[bar + 1] * part, 0.55)
            if template and (like := template[number]) is not None:
                wish = (like.step + shift, weight)
            last = bar == 3 and all(part < 0 for part in cell[number + 1 :])
            ends: tuple[int, ...] = ()
            if last and eighths > 0:
                ends = (0,) if name == "a" else tuple(degree for degree, _ in chords[3].tones[:3])
            strong = onset == 0 or (self.metre == "4/4" and onset == 8) or (self.metre == "6/8" and onset == 6)
            result.append(melody.Slot(bar, length, chords[bar], strong, eighths < 0, wish, ends))
            onset += length
        return result

    @staticmethod
    def _cell_of(phrase: _Phrase, bar: int) -> tuple[int, ...]:
        return tuple((-1 if s.rest else 1) * s.length // 2 for s in phrase.slots if s.bar == bar)

    # -- bars -------------------------------------------------------------------------------------------------

    def write(self) -> list[writer.Bar]:
        """All bars of the piece."""
        self._compose_phrases()
        first = self.phrases[self.plan.phrases[0]]
        dynamics = self._dynamics()
        silence: list[Event] = [((), _BAR[self.metre])]
        music = [self._bar(first.chords[bar % 2], silence, self.patterns[0]) for bar in range(self.plan.intro)]
        seen: dict[str, int] = {}
        starts: dict[int, str] = {0: dynamics[0]}
        for number, name in enumerate(self.plan.phrases):
            starts[len(music) if number else 0] = dynamics[number]
            again = seen.get(name.lower(), 0)
            seen[name.lower()] = again + 1
            music += self._phrase_bars(name, number, again)
        music += self._coda()
        return self._with_dynamics(self._with_end(music), starts)

    def _phrase_bars(self, name: str, number: int, again: int) -> list[writer.Bar]:
        phrase = self.phrases[name]
        late = number >= max(2, len(self.plan.phrases) * 0.6)
        pattern = self.patterns[1 if name in "BbCc" else 2 if late else 0]
        lift = 0
        if late and name in "Aa" and (self.character.rising or self.rng.random() < 0.15):
            highest = max(self.key.midi(p) for q in "Aa" if q in self.phrases for p in self.phrases[q].pitches if p)
            lift = 7 if highest + 12 <= 91 else 0
        doubling = self.doubling if again >= 2 or (late and name in "Aa") else ""
        bars = []
        for bar in range(4):
            events: list[Event] = []
            for slot, pitch in zip(phrase.slots, phrase.pitches, strict=True):
                if slot.bar != bar:
                    continue
                if pitch is None:
                    events.append(((), slot.length))
                    continue
                self.last = Pitch(pitch.step + lift, pitch.raised)
                events += self._right(self.last, slot, doubling)
            bars.append(self._bar(phrase.chords[bar], events, pattern))
        return bars

    def _right(self, pitch: Pitch, slot: melody.Slot, doubling: str) -> list[Event]:
        """The right hand's events for one note of the melody."""
        key = self.key
        if self.texture is Texture.CHORALE:
            if slot.strong or (pitch.step % 7, pitch.raised) in slot.chord.tones:
                return [(below(key, slot.chord, pitch, floor=56, notes=2), slot.length)]
            shadow = [melody.scale_note(pitch.step - down, slot.chord, self.mode) for down in (4, 2)]
            return [((*tuple(p for p in shadow if key.midi(p) >= 56), pitch), slot.length)]
        if doubling == "octaves":
            lower = Pitch(pitch.step - 7, pitch.raised)
            upper = Pitch(pitch.step + 7, pitch.raised)
            if key.midi(lower) >= 62:
                return [((lower, pitch), slot.length)]
            return [((pitch, upper), slot.length)] if key.midi(upper) <= 93 else [((pitch,), slot.length)]
        if doubling == "thirds" and slot.length >= 4:
            return [(below(key, slot.chord, pitch, floor=60, notes=1), slot.length)]
        event: Event = ((pitch,), slot.length)
        if self.texture is Texture.GNOSSIENNE:
            return ornament(event, self.rng, melody.scale_note(pitch.step + 1, slot.chord, self.mode))
        return [event]

    def _bar(self, chord: Chord, right: list[Event], pattern: str) -> writer.Bar:
        key = self.key
        lowest = min((key.midi(p) for notes, _ in right for p in notes), default=self.character.right[0])
        bass = bass_note(key, chord, _BASS_LOW, self.bass)
        self.bass = key.midi(bass)
        high = min(self.character.left_top + 2, lowest - 1)
        low = max(self.bass + 3, min(49, high - 12))
        notes = 2 if self.texture is Texture.PULSE else 3
        inner = voicing(key, chord, low=low, high=high, notes=notes, previous=self.inner)
        if not inner:
            inner = voicing(key, chord, low=self.bass + 1, high=high, notes=2, previous=())
        self.inner = inner or (bass,)
        left = [
            (tuple(p for p in notes_ if key.midi(p) < lowest), length)
            for notes_, length in accompany(key, pattern, chord, bass, self.inner)
        ]
        return writer.Bar(writer.Hand(tuple(right)), writer.Hand(tuple(left), "", self._pedal(left)))

    def _pedal(self, left: list[Event]) -> int | None:
        if self.texture is Texture.CHORALE and len(left) > 1:
            return None
        return len(left) - 1 if self.early_pedal and len(left) > 1 else len(left)

    def _coda(self) -> list[writer.Bar]:
        """Bars after the last close: the tonic rests, perhaps over one more plagal step, the melody holds."""
        if not self.plan.coda:
            return []
        home = "2" if self.mode == "phrygian" else ("4b" if not self.key.minor and self.rng.random() < 0.3 else "4")
        texts = {1: ["1"], 2: self.rng.choice((["1", "1"], [home, "1"])), 3: ["1", home, "1"]}[self.plan.coda]
        last = self.last
        bars = []
        for text in texts:
            chord = chord_of(text, self.mode)
            near = [last.step, last.step + 1, last.step - 1, last.step + 2]
            step = next(step for step in near if step % 7 in chord.raised)
            slot = melody.Slot(0, _BAR[self.metre], chord, True, False)
            pitch = melody.scale_note(step, chord, self.mode)
            bars.append(self._bar(chord, self._right(pitch, slot, "")[-1:], self.patterns[0]))
        return [self._whole(bar) for bar in bars]

    def _whole(self, bar: writer.Bar) -> writer.Bar:
        notes = bar.right.events[-1][0]
        return writer.Bar(writer.Hand(((notes, _BAR[self.metre]),)), bar.left)

    def _with_end(self, music: list[writer.Bar]) -> list[writer.Bar]:
        """`music` with its last bar at rest: the melody's tonic held over a wide tonic chord."""
        last = music[-1]
        top = next(notes for notes, _ in reversed(last.right.events) if notes)
        lowest = min(self.key.midi(pitch) for pitch in top)
        chord = chord_of("1", self.mode)
        bass = bass_note(self.key, chord, _BASS_LOW, self.bass)
        length = _BAR[self.metre]
        wide = accompany(self.key, f"F{length}", chord, bass, ())[0][0]
        left = ((tuple(p for p in wide if self.key.midi(p) < lowest), length),)
        return [*music[:-1], writer.Bar(writer.Hand(((top, length),)), writer.Hand(left, "", 1))]

    def _dynamics(self) -> list[str]:
        way = self.rng.choice(self.character.dynamics)
        count = len(self.plan.phrases)
        return [way[number * len(way) // count] for number in range(count)]

    @staticmethod
    def _with_dynamics(music: list[writer.Bar], starts: dict[int, str]) -> list[writer.Bar]:
        """`music` with each dynamic mark on both staves where it changes."""
        result, now = [], ""
        for number, bar in enumerate(music):
            mark = starts.get(number, now)
            if mark != now:
                right, left = bar.right, bar.left
                bar = writer.Bar(
                    writer.Hand(right.events, mark, right.pedal_up), writer.Hand(left.events, mark, left.pedal_up)
                )
                now = mark
            result.append(bar)
        return result


#: Heights at the five bar lines of a phrase, in steps: of a middle part and of the theme.
_CONTOURS = (
    ((2, 4, 6, 4, 3), (5, 4, 3, 2, 2), (1, 3, 4, 6, 4), (4, 6, 3, 5, 2), (0, -2, 1, 3, 2)),
    ((0, 2, 4, 2, 0), (0, 3, 1, 4, 0), (4, 3, 2, 1, 0), (2, 4, 5, 3, 0), (0, -2, 1, 3, 0), (3, 0, 4, 1, 0)),
)
