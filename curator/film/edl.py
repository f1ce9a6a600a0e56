"""Reads CMX3600 edit lists: the cut's events with their lengths, the names of their clips, locators.

An edit list has no frame rate of its own; it is read at the film's. Every line is read, or told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from curator.film.storyboard import (
    MOST_SHOTS,
    NOTES,
    Kind,
    Marker,
    ReadScene,
    ReadShot,
    Remark,
    Storyboard,
    StoryboardError,
    put_field,
    put_note,
)
from curator.film.timecode import DROP_RATES, Clock, TimecodeError
from curator.notation.errors import Sentence

_TC = r"(\d{2}[:;.]\d{2}[:;.]\d{2}[:;.,]\d{2,3})"
EVENT = re.compile(
    rf"(?P<number>\d{{1,6}}[A-Za-z]?)\s+(?P<reel>\S.{{0,127}}?)\s+(?P<channels>[VABN][\w/]{{0,9}})\s+"
    rf"(?P<kind>C|D|W\d{{0,3}}|KB?O?|K)\s+(?:(?P<over>\d{{1,4}})\s+)?{_TC}\s+{_TC}\s+{_TC}\s+{_TC}(?P<rest>.*)",
    re.ASCII,
)
_FOUR = re.compile(r"^\s*\d{1,6}[A-Za-z]?\s.*" + r".*\s".join([_TC] * 4), re.ASCII)
_LOCATOR = re.compile(rf"LOC:\s*{_TC}\s*(\S+)?\s*(.*)", re.ASCII | re.IGNORECASE)
_RESOLVE = re.compile(r"\|C:\s*(\S*)\s+\|M:\s*(.*?)\s*\|D:\s*\d+")
_REMARK = re.compile(
    r"(FROM CLIP NAME|TO CLIP NAME|CLIP NAME|KEY CLIP NAME|SOURCE FILE|COMMENT|LOC)\s*:\s*(.*)", re.IGNORECASE
)


@dataclass
class _Event:
    line: int
    number: str
    reel: str
    record: tuple[int, int]
    transition: str
    picture: bool
    fields: dict[str, str] = field(default_factory=dict)
    clip: str = ""
    to_clip: str = ""


def looks_like_edl(lines: list[str]) -> bool:
    """Whether a line has the number and four timecodes of an event, or the first ones are the head of a list."""
    head = [line.strip().upper() for line in lines if line.strip()][:2]
    titled = len(head) == 2 and head[0].startswith("TITLE:") and head[1].startswith("FCM:")
    return titled or any(_FOUR.match(line[:400]) for line in lines)


def read_edl(lines: list[str], clock: Clock) -> Storyboard:
    """An edit list, read at the film's frame rate; its one scene holds an event of the picture each as a shot.

    Raises StoryboardError when it has none, or counts otherwise than the film.
    """
    reader = _Reader(lines, clock)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            reader.take(number, line.strip())
    return reader.finish()


class _Reader:
    def __init__(self, lines: list[str], clock: Clock) -> None:
        drop = any(re.fullmatch(r"\s*FCM:\s*DROP[ -]FRAME\s*", line, re.IGNORECASE) for line in lines)
        said = drop or any(line.strip().upper().startswith("FCM:") for line in lines)
        if drop and clock.fps not in DROP_RATES:
            raise StoryboardError(
                "The edit list counts in drop-frame, which the film does not; give it 29.97 or 59.94 frames a second."
            )
        self.clock = Clock(clock.fps, drop if said else clock.drop)
        self.begin = clock.start
        self.title = ""
        self.film: dict[str, str] = {}
        self.events: list[_Event] = []
        self.markers: list[tuple[int, str, str]] = []
        self.remarks: list[Remark] = []

    def tell(self, line: int, pattern: str, **values: object) -> None:
        self.remarks.append(Remark(line, Sentence(pattern, **values)))

    def take(self, line: int, text: str) -> None:
        if found := EVENT.fullmatch(text):
            self.event(line, found)
        elif text.upper().startswith("TITLE:"):
            if not self.title:
                self.title = text[6:].strip()
            else:
                self.keep(line, text)
        elif text.upper().startswith("FCM:"):
            put_field(self.film, "FCM", text[4:].strip())
        elif text.startswith("*") and self.remark(text[1:].strip()):
            return
        elif (marker := _RESOLVE.fullmatch(text)) and self.events:
            # what Resolve writes for a marker: an event without a clip, and this line behind it
            event = self.events[-1]
            self.markers.append((event.record[0], marker[1], marker[2]))
            if not event.clip and not event.to_clip and NOTES not in event.fields:
                self.events.pop()
        else:
            self.keep(line, text)

    def event(self, line: int, found: re.Match[str]) -> None:
        codes = [found[place].replace(".", ":").replace(",", ":") for place in range(6, 10)]
        try:
            start, end = (self.count(code) for code in codes[2:])
        except TimecodeError as error:
            raise StoryboardError(
                "Event %(number)s of the edit list does not fit the film: %(why)s",
                number=found["number"],
                why=error.sentence,
            ) from error
        event = _Event(line, found["number"], found["reel"].strip(), (start, end), found["kind"],
                       bool(re.match(r"V|B|NONE|A+\d*/V|AA/V", found["channels"])))  # fmt: skip
        event.fields["Reel"] = event.reel
        event.fields["Source"] = f"{codes[0]} – {codes[1]}"
        if found["kind"] != "C":
            event.fields["Transition"] = " ".join(part for part in (found["kind"], found["over"]) if part)
        if found["rest"].strip():
            put_note(event.fields, found["rest"].strip())
        if len(self.events) >= MOST_SHOTS:
            raise StoryboardError("The file has more than %(most)d shots; no film has so many.", most=MOST_SHOTS)
        self.events.append(event)

    def count(self, code: str) -> int:
        # a semicolon says drop-frame even where the list's head does not
        if ";" in code and not self.clock.drop and self.clock.fps in DROP_RATES:
            self.clock = Clock(self.clock.fps, drop=True)
        code = code[:-4].replace(";", ":") + code[-4:]
        return self.clock.frame(code)

    def remark(self, text: str) -> bool:
        """Read `* FROM CLIP NAME: x` and its like; False for a remark of another kind."""
        found = _REMARK.fullmatch(text)
        if found is None:
            return False
        what, value = found[1].upper(), found[2].strip()
        if what == "LOC":
            return self.locator(text)
        if not self.events:
            return False
        event = self.events[-1]
        if what in ("FROM CLIP NAME", "CLIP NAME") and not event.clip:
            event.clip = value
        elif what == "TO CLIP NAME" and not event.to_clip:
            event.to_clip = value
        else:
            put_field(event.fields, what.capitalize(), value)
        return True

    def locator(self, text: str) -> bool:
        found = _LOCATOR.fullmatch(text)
        if found is None:
            return False
        try:
            frame = self.count(found[1].replace(".", ":"))
        except TimecodeError:
            return False
        self.markers.append((frame, found[2] or "", found[3].strip()))
        return True

    def keep(self, line: int, text: str) -> None:
        put_note(self.events[-1].fields if self.events else self.film, text)
        self.tell(line, "“%(words)s” is no line of an edit list that is known; it is kept as a note.", words=text[:80])

    def finish(self) -> Storyboard:
        picture = self.joined([event for event in self.events if event.picture])
        sounds = [event for event in self.events if not event.picture]
        if sounds:
            self.tell(0, "%(sounds)d events are sound alone; they give no length.", sounds=len(sounds))
        for event in sounds:
            self.note(event)
        if not picture and not self.markers:
            raise StoryboardError("There is no event with a picture in the edit list.")
        picture.sort(key=lambda event: event.record)
        self.gaps(picture)
        # markers alone count from where the film begins, which such a list does not say
        first = picture[0].record[0] if picture else self.begin
        if picture and first != self.begin:
            midnight = Clock(self.clock.fps, self.clock.drop)
            pattern = "The edit list begins at %(there)s, the film at %(here)s; the film's settings can say the same."
            self.tell(0, pattern, there=midnight.label(first), here=midnight.label(self.begin))
        shots = tuple(
            ReadShot("", event.line, clip=event.clip or event.reel, frames=event.record[1] - event.record[0],
                     fields=event.fields)
            for event in picture
        )  # fmt: skip
        return Storyboard(
            Kind.EDIT_LIST,
            title=self.title,
            fields={**self.film},
            scenes=(ReadScene(1, "", picture[0].line, {}, shots),) if picture else (),
            markers=tuple(Marker(frame - first, colour, label) for frame, colour, label in self.markers),
            transitions=sum("Transition" in event.fields for event in picture),
            remarks=tuple(sorted(self.remarks, key=lambda remark: remark.line)),
        )

    def joined(self, events: list[_Event]) -> list[_Event]:
        """Events that last: the first line of a dissolve has no length and only names where it comes from."""
        lasting: list[_Event] = []
        before: _Event | None = None
        for event in events:
            start, end = event.record
            if before and before.number != event.number:
                self.empty(before)
            if end > start:
                if before and before.number == event.number:
                    event.fields = {**event.fields, **{f"From {name}": text for name, text in before.fields.items()}}
                    names = [before.clip, before.to_clip, event.clip, event.to_clip]
                    event.clip = event.to_clip or before.to_clip or event.clip
                    event.fields["Clips"] = ", ".join(name for name in dict.fromkeys(names) if name)
                elif event.to_clip:
                    event.fields["Clips"] = f"{event.clip}, {event.to_clip}"
                    event.clip = event.to_clip
                lasting.append(event)
            elif end < start:
                self.note(event)
                self.tell(event.line, "Event %(number)s ends before it begins; it was left out.", number=event.number)
            before = event if end == start else None
        if before:
            self.empty(before)
        return lasting

    def empty(self, event: _Event) -> None:
        self.note(event)
        self.tell(event.line, "Event %(number)s has no length; it was left out.", number=event.number)

    def note(self, event: _Event) -> None:
        """Keep what an event that is no shot says with the film."""
        names = [event.number, event.clip, event.to_clip, *event.fields.values()]
        put_note(self.film, " ".join(name for name in names if name))

    def gaps(self, events: list[_Event]) -> None:
        for before, after in pairwise(events):
            gap = after.record[0] - before.record[1]
            if gap > 0:
                pattern = "Before event %(number)s %(frames)d frames have no picture; no shot gets them."
                self.tell(after.line, pattern, number=after.number, frames=gap)
            elif gap < 0:
                pattern = "Event %(number)s begins %(frames)d frames before the one ahead of it ends."
                self.tell(after.line, pattern, number=after.number, frames=-gap)


def clip_names(shot: ReadShot) -> Iterator[str]:
    """Every name under which an event may be known: its clip, its reel, its source file."""
    yield from (name for name in (shot.clip, shot.fields.get("Reel", ""), shot.fields.get("Source file", "")) if name)
