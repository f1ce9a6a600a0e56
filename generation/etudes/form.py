"""The plan of a piece: introduction, phrases of four bars, coda."""

from dataclasses import dataclass
from random import Random

#: Order of phrases by their number: ``A`` theme with a half close, ``a`` theme with a full close, ``B`` and ``b``
#: the middle part, ``C`` and ``c`` a second one. Every plan ends with a full close of the theme.
_PLANS: dict[int, tuple[str, ...]] = {
    1: ("a",),
    2: ("Aa",),
    3: ("ABa", "AAa", "aBa"),
    4: ("AaBa", "AaBa", "ABba"),
    5: ("AaBAa", "AaBba"),
    6: ("AaBbAa", "AaBACa"),
    7: ("AaBbAaa", "AaBAaCa"),
    8: ("AaAaBbAa", "AaBbAaCa", "AaBbCcAa"),
    9: ("AaBbAaCAa", "AaAaBbAaa"),
    10: ("AaAaBbCcAa", "AaBbAaCcAa"),
    11: ("AaAaBbAaCAa",),
    12: ("AaAaBbAaCcAa", "AaBbAaCcAaAa"),
}


@dataclass(frozen=True)
class Plan:
    """`intro` bars of accompaniment alone, `phrases` of four bars each, `coda` bars on the way home."""

    intro: int
    phrases: str
    coda: int

    @property
    def bars(self) -> int:
        """Length of the piece."""
        return self.intro + 4 * len(self.phrases) + self.coda


def plan(bars: int, rng: Random) -> Plan:
    """A plan of exactly `bars` bars (4 to 51). Raises ValueError for fewer or more."""
    shapes = [
        (intro, coda)
        for intro, coda in ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (4, 0))
        if (bars - intro - coda) % 4 == 0
        and 1 <= (bars - intro - coda) // 4 <= 12
        and (bars >= 12 or intro + coda <= 3)
        and (bars >= 20 or intro < 4)
    ]
    if not shapes:
        raise ValueError(f"An étude has 4 to 51 bars, not {bars}.")
    intro, coda = rng.choice(shapes)
    return Plan(intro, rng.choice(_PLANS[(bars - intro - coda) // 4]), coda)
