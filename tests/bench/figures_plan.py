"""How fast the tempo fitter is, and whether it finds the tempo that a cue was made with."""

import random
import statistics
import time
from collections.abc import Iterator
from fractions import Fraction
from math import gcd

from curator.film.fitting import Aim, fit
from curator.film.tempo import Metre, TempoMap
from tests.bench.figure import Figure

FRAME = Fraction(1, 24)
COMMAND = "python -m tests.bench.figures fitter"
CASES = 200


def fitter() -> Iterator[Figure]:
    """Ten hits over 50 to 90 in steps of 0.1, and constructed cues whose tempo is known."""
    spent = sorted(1000 * _search(number) for number in range(CASES))
    p95 = spent[int(0.95 * CASES)]
    note = f"three metres, maps of two and three tempi with it; median {statistics.median(spent):.1f}, "
    note += f"longest {spent[-1]:.1f}, {CASES} cues of 30 to 120 s, processor time of one thread"
    name = "tempo fitter, 10 hits over 50-90 in steps of 0.1: p95 ms"
    yield Figure(8, name, round(p95, 1), "<= 50", p95 <= 50, COMMAND, note=note)
    found = [_known(number) for number in range(CASES)]
    note = "the constructed tempo, metre and bars come first; hits and length rounded to frames of 1/24 s: same bars, "
    note += f"every hit within a frame in {sum(rounded for _exact, rounded in found)}"
    exact = sum(exact for exact, _rounded in found)
    name = f"tempo fitter: constructed tempi found first, of {CASES}"
    yield Figure(8, name, exact, str(CASES), all(map(all, found)), COMMAND, note=note)


def _search(number: int) -> float:
    """Processor seconds of one search over ten hits of both kinds at chance frames."""
    chance = random.Random(number)
    frames = chance.randint(30 * 24, 120 * 24)
    aims = [
        Aim(chance.randint(1, frames - 1) * FRAME, chance.random() < 0.6, chance.choice([0.5, 1.0, 2.0]))
        for _ in range(10)
    ]
    start = time.process_time()
    fit(frames * FRAME, aims, frame=FRAME)
    return time.process_time() - start


def _known(number: int) -> tuple[bool, bool]:
    """Whether a made plan is found first: from exact seconds, and from whole frames."""
    chance = random.Random(number)
    metre = chance.choice([Metre(3, 4), Metre(4, 4), Metre(6, 8)])
    made = TempoMap.steady(metre, Fraction(chance.randint(500, 900), 10) * metre.pulse)
    bars, on = 0, [0]
    while gcd(bars, *on) != 1:  # else a multiple of the bars meets all hits too
        bars = chance.randint(12, 40)
        on = sorted(chance.sample(range(1, bars), 10))
    exact = fit(made.length(bars), [Aim(made.length(bar)) for bar in on], frame=FRAME, metres=[metre]).steady[0]
    aims = [Aim(round(made.length(bar) / FRAME) * FRAME) for bar in on]
    length = round(made.length(bars) / FRAME) * FRAME
    rounded = fit(length, aims, frame=FRAME, metres=[metre]).steady[0]
    return (exact.tempo_map, exact.bars) == (made, bars), rounded.bars == bars and rounded.holds(FRAME)
