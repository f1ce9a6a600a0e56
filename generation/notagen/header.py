"""The header of a NotaGen piece: the lines that are forced before the first bar and that a checkpoint was trained with.

Training and generation must write the very same bytes, so both take them from here: the composer of the demo
corpus (generation.etudes), the engine that forces metre, key and tempo of a cue, and the recipes.

The line order and every character (also the blank behind ``V:2 bass``) are what xml2abc and the reference's
preprocessing give for a piano part on two staves; NotaGen-X has seen exactly this text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product

SCORE = "%%score { 1 | 2 }"
RIGHT_HAND = 'V:1 treble nm="Piano" snm="Pno."'
LEFT_HAND = "V:2 bass "

#: Name of the header style of the demo checkpoint: three bare lines and the arc stage as a fourth.
BARE_THREE_PLUS_STAGE = "bare-three-plus-stage"
#: Name of the header style of NotaGen-X: ``%Period``, ``%Composer``, ``%Instrumentation``.
BARE_THREE = "bare-three"

_METRE = re.compile(r"[1-9]\d?/(1|2|4|8|16)")
_KEY = re.compile(r"[A-G][b#]?(min|dor|phr|lyd|mix|loc)?")


@dataclass(frozen=True)
class HeaderStyle:
    """How the training files of a checkpoint begin. Part of the checkpoint: other lines than these it does not know.

    Always period, composer and instrumentation, a line each. labelled: `%Period: Romantic` instead of `%Romantic`.
    stage: the stage of the arc is a fourth line. end: a line `%end` closes the prompt.
    """

    labelled: bool = False
    stage: bool = False
    end: bool = False

    @property
    def name(self) -> str:
        """The name under which checkpoints and training sets carry this style."""
        base = "labelled" if self.labelled else BARE_THREE
        return base + ("-plus-stage" if self.stage else "") + ("-end" if self.end else "")

    def lines(self, *, period: str, composer: str, instrumentation: str, stage: str = "") -> tuple[str, ...]:
        """The prompt lines, without line ends. Raises ValueError for a word that is no ASCII text on one line.

        `stage` is left out by styles without that line and needed by the others.
        """
        words = {"Period": period, "Composer": composer, "Instrumentation": instrumentation}
        if self.stage:
            words["Stage"] = stage
        lines = prompt_lines(*words.values())
        if self.labelled:
            lines = tuple(f"%{label}: {line[1:]}" for label, line in zip(words, lines, strict=True))
        return (*lines, "%end") if self.end else lines


_EITHER = (False, True)
HEADER_STYLES = {style.name: style for style in (HeaderStyle(*chosen) for chosen in product(_EITHER, _EITHER, _EITHER))}
"""Every style by its name."""


def header_style(name: str) -> HeaderStyle:
    """The style of this name. Raises ValueError with the names there are."""
    if name not in HEADER_STYLES:
        raise ValueError(f"A header style is one of {', '.join(HEADER_STYLES)}, not {name!r}.")
    return HEADER_STYLES[name]


def prompt_lines(*words: str) -> tuple[str, ...]:
    """The bare prompt lines (``%Minimal`` …) of `words`, in their order, without line ends.

    Raises ValueError when a word is empty, not ASCII or would not stay one line.
    """
    for word in words:
        if not word.strip() or not word.isascii() or not word.isprintable():
            raise ValueError(f"A prompt word must be plain ASCII text on one line, not {word!r}.")
    return tuple(f"%{word}" for word in words)


def tempo_text(tempo: float) -> str:
    """`tempo` (quarter notes a minute) as it stands behind ``Q:1/4=``: at most two decimals, none when whole."""
    if not 1 <= tempo < 1000:
        raise ValueError(f"A tempo of {tempo} quarter notes a minute cannot be played.")
    text = str(Decimal(str(tempo)).quantize(Decimal("0.01"), ROUND_HALF_EVEN))
    return text.rstrip("0").rstrip(".")


PIANO = (SCORE, RIGHT_HAND, LEFT_HAND)
"""Staves and voices of a piano part of one voice a hand: the `%%score` line and the `V:` lines."""


def header(*, metre: str, key: str, tempo: float, staves: Sequence[str] = PIANO) -> str:
    """The header lines of a piano piece in eighths (``L:1/8``), each with its line end.

    `metre` as ``3/4``, `key` as ``C``, ``Bb``, ``F#min`` or ``Ddor``, `tempo` in quarter notes a minute whatever
    the metre, `staves` the `%%score` line and the `V:` lines. Prompt lines stand before this text, the first bar
    behind it. Raises ValueError for anything that is not written so.
    """
    if not _METRE.fullmatch(metre):
        raise ValueError(f"A metre is written like 3/4, not {metre!r}.")
    if not _KEY.fullmatch(key):
        raise ValueError(f"A key is written like C, Bb or F#min, not {key!r}.")
    lines = (staves[0], "L:1/8", f"Q:1/4={tempo_text(tempo)}", f"M:{metre}", f"K:{key}", *staves[1:])
    return "".join(f"{line}\n" for line in lines)
