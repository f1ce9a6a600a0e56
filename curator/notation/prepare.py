"""A piece as NotaGen's training data holds it: interleaved, moved to fifteen keys, resting voices left out.

This is the reference's preparation (spec notagen d.2, d.3), with the same bytes for the same text. Where the reference
drops a piece without a word, `prepare` raises NotationError with the reason; where it loses music of a piece that it
keeps, `Prepared.lost` says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from curator.notation.duration import measurable
from curator.notation.errors import NotationError, Sentence
from curator.notation.letters import plain_letters
from curator.notation.transpose import GAP, Movable, major_of, movable, moved_key

_LEFT_OUT = ("X:", "T:", "C:", "W:", "w:", "Z:", "%%MIDI")
_LONGEST_TEXT = 40  # of an annotation, with its quotes

# Longer ones first; the order decides how `:||` is cut.
BARLINES = ("||:", ":||", "[|:", ":|]", "|]:", ":[|", "|:", "::", ":|", "[|", "||", "|]", "|")
_BARLINE = re.compile("(" + "|".join(map(re.escape, BARLINES)) + ")")
_RIGHT = re.compile(_BARLINE.pattern + r"[0-9,.:-]*")
_VOLTA = re.compile(r"[0-9,.:-]*")
_BAR_NUMBER = re.compile(r"%\d+\n\Z")
_FIELD_LINE = re.compile(r"[A-Za-z]:")
_QUOTED = re.compile(r'"[^"]*"')
_REPEATED = re.compile(r"([^a-zA-Z0-9])\1+")
_BRACKET = re.compile(r"\[[^\]]+\]")
# A gap of the whole piece, numbered by its character: bars may be dropped, and the others must find their filling.
_FIRST_GAP = 0xF0000
_NUMBERED = re.compile("([\U000f0000-\U0010ffff])")
_MOST_GAPS = 0x20000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A piece ready to be written in any key.

    key: as the reference's index records it. interleaved: every voice of every bar, rests included, in its own key.
    bars: lines of music. lost: what the reference loses of the piece without saying so.
    """

    key: str
    interleaved: str
    bars: int
    lost: tuple[Sentence, ...]
    _header: tuple[str, ...]
    _voices: tuple[Movable, ...]
    _still: tuple[str, ...]
    _order: tuple[int, ...]

    def in_key(self, target: str) -> str:
        """The text in the major key `target` or the other key of its signature, resting voices left out.

        A bar in which all voices rest is an empty line. Raises NotationError for a note that has no spelling there.
        """
        origin = major_of(self.key)
        filled: list[str] = []
        for voice in self._voices:
            filled += voice.fillings(major_of(moved_key(voice.key, origin, target)))
        music = chain.from_iterable(zip(self._still, (filled[place] for place in self._order), strict=False))
        return "".join(chain(_moved_header(self._header, origin, target), music, self._still[-1:]))


def _moved_header(header: Iterable[str], origin: str, target: str) -> list[str]:
    lines = []
    for line in header:
        if line.startswith("K:"):
            key = line[2:].strip()
            if key != "none":
                major_of(key)
                key = moved_key(key, origin, target)
            line = f"K:{key}\n"
        lines.append(line)
    return lines


def prepare(standard: str) -> Prepared:
    """The piece of a standard ABC text, one voice after the other as xml2abc writes them.

    Raises NotationError with the reason for a text of which the reference makes nothing.
    """
    lines = _cleaned(standard)
    _aligned(_voices_of(lines)[1])
    header, texts = _voices_of([_short_texts(line) for line in lines])
    key, declared = _keys(header)
    cut = {name: _cut(name, text) for name, text in texts.items()}
    first = cut["V:1"]
    lost = [sentence for voice in cut.values() for sentence in voice.lost]
    for name, voice in cut.items():
        if len(voice.texts) < len(first.texts) or not voice.texts:
            raise NotationError("Voice %(voice)s has fewer bars than the first one.", voice=name[2:])
        if len(voice.texts) > len(first.texts):
            lost.append(Sentence("Voice %(voice)s has more bars than the first one.", voice=name[2:]))
    bars = len(first.texts)
    rows = ["".join(f"[{name}]{voice.bar(place)}" for name, voice in cut.items()) for place in range(bars)]
    moving, numbered = _numbered(texts, key, declared)
    parts = _NUMBERED.split("".join(_sounding(numbered, place) for place in range(bars)))
    return Prepared(
        key=key,
        interleaved="".join(chain(header, (row + "\n" for row in rows))),
        bars=bars,
        lost=tuple(lost),
        _header=tuple(header),
        _voices=moving,
        _still=tuple(parts[::2]),
        _order=tuple(ord(gap) - _FIRST_GAP for gap in parts[1::2]),
    )


def standard_of(interleaved: str) -> str:
    """The standard ABC of an interleaved text: the header, then each voice with a line a bar.

    Raises NotationError when a line names no voice.
    """
    lines = [line for line in interleaved.split("\n") if line.strip()]
    at = next((place for place, line in enumerate(lines) if line.startswith("[V:")), len(lines))
    voices: dict[str, list[str]] = {}
    for line in lines[at:]:
        pieces = _VOICE.split(line)
        if pieces[0].strip() or len(pieces) < 3:
            raise NotationError("A line of the music names no voice.")
        for number, content in zip(pieces[1::2], pieces[2::2], strict=True):
            voices.setdefault(number, []).append(content)
    order = sorted(voices, key=int)
    return "".join(
        chain(
            (line + "\n" for line in lines[:at]),
            ("".join([f"V:{number}\n", *(bar + "\n" for bar in voices[number])]) for number in order),
        )
    )


_VOICE = re.compile(r"\[V:(\d+)\]")


def _cleaned(standard: str) -> list[str]:
    """The lines that stay, in ASCII, without bar numbers and without texts that hold a barline."""
    text = standard.replace("\r\n", "\n").replace("\r", "\n")
    lines = [plain_letters(line) for line in text.splitlines(keepends=True) if line.strip()]
    lines = [line for line in lines if not line.startswith(_LEFT_OUT)]
    at = _music_at(lines)
    lines[at:] = [_BAR_NUMBER.sub("\n", line) for line in lines[at:]]
    for place, line in enumerate(lines):
        if not line.startswith("%") and not _FIELD_LINE.match(line):
            line = line.replace('\\"', "")
        if '"' in line:
            for quoted in _QUOTED.findall(line):
                if any(barline in quoted for barline in BARLINES):
                    line = line.replace(quoted, "")
        lines[place] = line
    return lines


def _music_at(lines: list[str]) -> int:
    found = next((place for place in reversed(range(len(lines))) if lines[place].strip() == "V:1"), None)
    if found is None:
        raise NotationError("The text has no line V:1 at which the music begins.")
    return found


def _voices_of(lines: list[str]) -> tuple[list[str], dict[str, str]]:
    """The header lines, and the music of each voice under the line that begins it."""
    at = _music_at(lines)
    voices: dict[str, list[str]] = {}
    music: list[str] = []
    for line in lines[at:]:
        if line.startswith("V:") or not voices:
            music = voices[line.strip()] = []
        else:
            music.append(line)
    return lines[:at], {name: "".join(text) for name, text in voices.items()}


def _short_texts(line: str) -> str:
    """A line without empty and without long annotations, and with signs of the others not repeated."""
    if '"' not in line:
        return line
    for quoted in _QUOTED.findall(line):
        if quoted == '""':
            line = line.replace(quoted, "")
        if quoted[1] in "^_":
            short = _REPEATED.sub(r"\1", quoted)
            line = line.replace(quoted, short if len(short) <= _LONGEST_TEXT else "")
    return line


def _keys(header: list[str]) -> tuple[str, dict[str, str]]:
    """The key of the piece (C where it has none), and the description of each voice. Raises as `prepare`."""
    at = next((place for place, line in enumerate(header) if line.startswith("V:")), None)
    if at is None:
        raise NotationError("The header declares no voice.")
    key = next((line[2:].strip() for line in header[:at] if line.startswith("K:")), None)
    if key is None:
        raise NotationError("The header names no key before its voices.")
    declared: dict[str, str] = {}
    for line in header[at:]:
        if line.startswith("V:"):
            name = line.split()[0]
            declared[name] = line[len(name) :].strip()
        elif line.startswith("K:") and "perc" not in declared[name]:
            raise NotationError("Voice %(voice)s has a key of its own in the header.", voice=name[2:])
    key = "C" if key == "none" else key
    major_of(key)
    return key, declared


# --- bars ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cut:
    """The bars of one voice: what stands before the first barline, that barline, and text and barline of each."""

    prefix: str
    left: str
    texts: list[str]
    rights: list[str]
    lost: list[Sentence]

    def bar(self, place: int) -> str:
        """A bar as it stands in a line."""
        before = "" if place else self.prefix + self.left
        return f"{before}{self.texts[place]}{self.rights[place]}"


def _cut(name: str, text: str) -> _Cut:
    """The bars of the voice `name`, as the reference cuts them. Raises NotationError where it fails."""
    voice = name[2:]
    parts = [part for part in _BARLINE.split(text.strip()) if part.strip()]
    if not parts:
        raise NotationError("Voice %(voice)s has no music.", voice=voice)
    parts = parts[:1] + [part for before, part in pairwise(parts) if part != before]
    prefix, start = "", 0
    if parts[0] in BARLINES:
        start = 1
    elif not _without_fields(parts[0]).strip():
        prefix, start = parts[0].strip(), 2
    for place in range(start, len(parts), 2):
        bar = parts[place].strip().replace("\n", "")
        if bar[0].isdigit() or bar[0] == ":":
            volta = _VOLTA.match(bar)
            end = min(volta.end() if volta else 0, len(bar) - 1)
            bar, affix = bar[end:].strip(), bar[:end]
            parts[place] = bar
            parts[place - 1] += affix
        else:
            parts[place] = bar
    # A volta number may have made another text of the first barline, which is then taken for a bar.
    if parts[0] in BARLINES:
        count = len(parts) // 2
        left, texts, rights = parts[0], parts[1::2][:count], parts[2::2][:count]
    elif not prefix:
        count = len(parts) // 2
        left, texts, rights = "", parts[0::2][:count], parts[1::2][:count]
    else:
        count = max(len(parts) // 2 - 1, 0)
        left, texts, rights = parts[1] if count else "", parts[2::2][:count], parts[3::2][:count]
    if len(texts) != len(rights) or (not texts and not prefix):
        raise NotationError("The last bar of voice %(voice)s has no barline.", voice=voice)
    return _Cut(prefix, left, texts, rights, _lost(voice, parts, texts, rights))


def _lost(voice: str, parts: list[str], texts: list[str], rights: list[str]) -> list[Sentence]:
    found = []
    for bar, (text, right) in enumerate(zip(texts, rights, strict=True), start=1):
        if _RIGHT.fullmatch(text) or not _RIGHT.fullmatch(right):
            found.append(
                Sentence("Two barlines follow each other in voice %(voice)s, bar %(bar)d.", voice=voice, bar=bar)
            )
            break
    if not found and texts and parts[-1] is not rights[-1] and not _RIGHT.fullmatch(parts[-1]):
        found.append(Sentence("The last bar of voice %(voice)s has no barline.", voice=voice))
    return found


def _without_fields(text: str) -> str:
    for bracket in _BRACKET.findall(text):
        if bracket[1].isalpha() and bracket[2] == ":":
            text = text.replace(bracket, "")
    return text


def _aligned(texts: dict[str, str]) -> None:
    """Raise NotationError when the voices differ in bars, or where the reference cannot measure a chord."""
    cut = {name: _cut(name, text) for name, text in texts.items()}
    first = cut["V:1"].texts
    for name, voice in cut.items():
        if len(voice.texts) != len(first):
            values = {"here": len(first), "voice": name[2:], "there": len(voice.texts)}
            raise NotationError("Voice 1 has %(here)d bars, voice %(voice)s %(there)d.", **values)
    for place, bar in enumerate(first):
        if not measurable(bar, voice="1", bar=place + 1):
            return  # the reference measures no further
        for name, voice in cut.items():
            if name != "V:1":
                measurable(voice.texts[place], voice=name[2:], bar=place + 1)


# --- keys ---------------------------------------------------------------------------------------


def _numbered(texts: dict[str, str], key: str, declared: dict[str, str]) -> tuple[tuple[Movable, ...], dict[str, _Cut]]:
    """The voices that move, and all voices cut into bars with a numbered gap for everything that moves."""
    moving: list[Movable] = []
    cut: dict[str, _Cut] = {}
    number = _FIRST_GAP
    for name, text in texts.items():
        if name not in declared:
            raise NotationError("Voice %(voice)s is not declared in the header.", voice=name[2:])
        if "perc" not in declared[name]:
            voice = movable(text, key)
            moving.append(voice)
            pieces = voice.text.split(GAP)
            if number + len(pieces) > _FIRST_GAP + _MOST_GAPS:
                raise NotationError("The piece has too many notes.")
            gaps = map(chr, range(number, number + len(pieces) - 1))
            text = "".join(chain.from_iterable(zip(pieces, (*gaps, ""), strict=True)))
            number += len(pieces) - 1
        cut[name] = _cut(name, text)
    return tuple(moving), cut


def _sounding(voices: dict[str, _Cut], place: int) -> str:
    """The line of one bar with the voices that have more than rests."""
    kept = (f"[{name}]{voice.bar(place)}" for name, voice in voices.items() if _has_music(voice.texts[place]))
    return "".join(kept) + "\n"


@lru_cache(maxsize=4096)
def _letters(text: str) -> bool:
    return any(letter.isalpha() and letter not in "ZzXx" for letter in text)


def _has_music(text: str) -> bool:
    return _NUMBERED.search(text) is not None or _letters(text)
