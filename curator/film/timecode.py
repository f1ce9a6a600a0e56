"""Timecode HH:MM:SS:FF on an exact frame clock.

Frames are counted from 0 at the first frame of the film; the film may start at any label, often 01:00:00:00.
Drop-frame (SMPTE ST 12-1) leaves out labels, never frames: at 29.97 the labels 00 and 01 of each minute that
is not a multiple of ten, at 59.94 the labels 00 to 03. It is written with a semicolon before the frames.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from curator.notation.errors import Sentence

DROP_RATES = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}
"""Frame rates that may drop labels, with the labels dropped a minute."""

LABEL = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})", re.ASCII)
NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "47.95": 48, "59.94": 60, "119.88": 120}


RATES = ("23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60")
"""The frame rates that films have, by the names under which `frame_rate` knows them."""


class TimecodeError(ValueError):
    """A timecode or frame rate that cannot be; `sentence` says so to the reader."""

    def __init__(self, pattern: str, **values: object) -> None:
        self.sentence = Sentence(pattern, **values)
        super().__init__(str(self.sentence))


def frame_rate(text: str) -> Fraction:
    """The exact frames a second of "25", "23.976", "29,97" or "30000/1001".

    The decimal short names of NTSC rates mean n * 1000/1001. Raises TimecodeError for anything else.
    """
    plain = text.strip().replace(",", ".")
    if plain in NTSC:
        return Fraction(NTSC[plain] * 1000, 1001)
    try:
        rate = Fraction(plain)
    except (ValueError, ZeroDivisionError):
        raise TimecodeError("“%(text)s” is not a frame rate.", text=text[:40]) from None
    if not 1 <= rate <= 1000:
        raise TimecodeError("A frame rate of %(text)s frames a second is out of range.", text=text[:40])
    return rate


@dataclass(frozen=True)
class Clock:
    """Frames <-> seconds <-> labels of one film.

    fps: exact frames a second; drop: drop-frame labels; start: label of the film's first frame as a count of
    frames since 00:00:00:00.
    """

    fps: Fraction
    drop: bool = False
    start: int = 0

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise TimecodeError("A frame rate is above zero.")
        if self.drop and self.fps not in DROP_RATES:
            raise TimecodeError("Drop-frame timecode exists only at 29.97 and 59.94 frames a second.")
        if not 0 <= self.start < self.day:
            raise TimecodeError("The film starts outside the 24 hours of the clock.")

    @property
    def base(self) -> int:
        """Labels a second: the frame rate rounded to a whole number."""
        return round(self.fps)

    @property
    def day(self) -> int:
        """Frames in 24 hours of labels."""
        return self.base * 86400 - self._dropped * (24 * 60 - 24 * 6)

    @property
    def _dropped(self) -> int:
        return DROP_RATES[self.fps] if self.drop else 0

    def starting_at(self, label: str) -> "Clock":
        """The same clock for a film whose first frame is called `label`."""
        return Clock(self.fps, self.drop, self._count(label))

    def seconds(self, frame: int) -> Fraction:
        """Seconds from the start of the film to the start of a frame, exact."""
        return Fraction(frame) / self.fps

    def frame_at(self, seconds: Fraction | int) -> int:
        """The frame that is on screen at this moment. Exact for exact seconds; pass no rounded float."""
        return (Fraction(seconds) * self.fps).__floor__()

    def nearest_frame(self, seconds: Fraction | int) -> int:
        """The frame whose start is nearest; the later one in the middle."""
        return (Fraction(seconds) * self.fps + Fraction(1, 2)).__floor__()

    def label(self, frame: int) -> str:
        """The label of a frame of the film. Raises TimecodeError outside the 24 hours of the clock."""
        count = frame + self.start
        if not 0 <= count < self.day:
            raise TimecodeError("Frame %(frame)d lies outside the 24 hours of the clock.", frame=frame)
        if self.drop:
            minute = self.base * 60 - self._dropped
            tens, rest = divmod(count, minute * 10 + self._dropped)
            # the first minute of each ten keeps all its labels
            minutes = 0 if rest < self.base * 60 else 1 + (rest - self.base * 60) // minute
            count += self._dropped * (tens * 9 + minutes)
        whole, frames = divmod(count, self.base)
        hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
        width = len(str(self.base - 1)) if self.base > 100 else 2
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if self.drop else ':'}{frames:0{width}d}"

    def frame(self, label: str) -> int:
        """The frame of the film with this label; negative before the film's start.

        A colon is also read on a drop-frame clock, a semicolon only there. Raises TimecodeError for a text
        that is no label, a frame number the rate does not have and a label that drop-frame leaves out.
        """
        return self._count(label) - self.start

    def _count(self, label: str) -> int:
        match = LABEL.fullmatch(label.strip())
        if match is None:
            raise TimecodeError("“%(label)s” is not a timecode; write it as 01:02:03:04.", label=label[:40])
        hours, minutes, seconds, frames = (int(match[part]) for part in (1, 2, 3, 5))
        if match[4] == ";" and not self.drop:
            raise TimecodeError("%(label)s is drop-frame timecode, but this film does not drop frames.", label=label)
        if hours > 23 or frames >= self.base:
            raise TimecodeError("%(label)s does not exist at %(base)d frames a second.", label=label, base=self.base)
        if seconds == 0 and frames < self._dropped and minutes % 10:
            raise TimecodeError("%(label)s does not exist: drop-frame timecode leaves it out.", label=label)
        passed = hours * 60 + minutes
        return (passed * 60 + seconds) * self.base + frames - self._dropped * (passed - passed // 10)
