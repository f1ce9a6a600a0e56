"""A second opinion on what a score holds: music21 counts it, in a bounded subprocess."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from curator.notation.tally import Tally, Tone
from curator.processes import run_bounded

# Measured: 0.5 to 1 s for a piano piece of some hundred notes, 4 s and 190 MB for ten thousand.
CPU_SECONDS = 8.0
SECONDS = 60.0  # on a machine that has much else to do
MEMORY_MB = 512

_PROCESS = Path(__file__).with_name("music21_process.py")


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What the second reader counted, and its name with its version."""

    tally: Tally
    reader: str


def read_again(musicxml: bytes, parts: Sequence[str]) -> SecondReading | None:
    """What music21 finds in the parts of these ids; None when it cannot read the score, or not in time.

    `musicxml` is UTF-8 that has passed the gate: music21 itself knows no bounds.
    """
    done = run_bounded(
        [sys.executable, "-I", "-B", "-X", "utf8", "-W", "ignore", str(_PROCESS)],
        input=json.dumps({"musicxml": musicxml.decode("utf-8"), "parts": list(parts)}).encode(),
        timeout=SECONDS,
        cpu_seconds=CPU_SECONDS,
        memory_mb=MEMORY_MB,
    )
    if done.timed_out or done.returncode != 0:
        return None
    try:
        answer = json.loads(done.stdout)
        bars = tuple(
            tuple(Tone(Fraction(onset), midi, Fraction(length)) for onset, midi, length in bar)
            for bar in answer["bars"]
        )
        return SecondReading(Tally(answer["staves"], bars), answer["reader"])
    except (ValueError, KeyError, TypeError):
        return None
