"""Small things that stand in the values of a storyboard: lists, states, speech, the runtime, the arc."""

import re
from dataclasses import dataclass

NONE = re.compile(r"(?:none|keine[rs]?|niemand)(?:[\s.,(].*)?|n/a|[-–—]+", re.IGNORECASE | re.DOTALL)
EXCEPT = re.compile(r"\b(?:but|except|other than|außer|bis auf)\b", re.IGNORECASE)

_QUOTED = re.compile('"([^"]*)"|„([^„“”"]*)[“”"]|“([^“”]*)”|«([^«»]*)»|»([^»«]*)«')
_SPEAKER = re.compile(r"\s*([^:\"„“()]{1,40}):\s*(\S.*)", re.DOTALL)
_SOUNDS = re.compile(
    r"\b(?:sfx|fx|sounds?|noise|music|score|ambien\w*|atmo\w*|foley|effects?|ger(?:ä|ae)usch\w*|ton|musik|klang)\b",
    re.IGNORECASE,
)
_VOICE = re.compile(r"\(\s*(?:V\.?O\.?|O\.?S\.?|O\.?C\.?|voice.*|off|dialog.*)\s*\)", re.IGNORECASE)
_ARROW = re.compile(r"→|⇒|➔|➜|➝|⟶|[-–—=]+>")
_UNIT = r"(?:(?:h(?:ou)?rs?|h|std|stunden?|m(?:in(?:ute)?[ns]?)?|s(?:e[ck](?:onds?|unden?|s)?)?)\b\.?)?"
_NUMBER = r"\d{1,4}(?:[.,:]\d{1,2})?"
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?P<first>{_UNIT})\s*"
    rf"(?:(?:-|–|—|to\b|bis\b)\s*(?P<high>{_NUMBER})\s*(?P<unit>{_UNIT}))?",
    re.IGNORECASE,
)
_LONGEST = 24 * 3600


@dataclass(frozen=True)
class Listed:
    """One entry of a list: "Laterne (small, cracked)" is Laterne in the state "small, cracked"."""

    name: str
    state: str = ""


def is_none(value: str) -> bool:
    """Whether a value says that there is nothing: "None visible yet", but not "None but the lantern"."""
    return not value.strip() or bool(NONE.fullmatch(value.strip()) and not EXCEPT.search(value))


def split_list(value: str) -> tuple[Listed, ...]:
    """The entries between commas outside brackets; nothing for "None prominent"."""
    if is_none(value):
        return ()
    parts, depth = [""], 0
    for letter in value:
        depth = max(0, depth + {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0))
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(_listed(part.strip()) for part in parts if part.strip())


def _listed(text: str) -> Listed:
    if text.endswith(")") and (at := text.find("(")) > 0:
        return Listed(text[:at].strip(), text[at + 1 : -1].strip())
    return Listed(text)


def spoken(value: str, name: str = "Audio") -> str:
    """What is spoken in the value of an audio field called `name`; "" where it is all sound.

    That is what stands in quotes, one line each; without any, what follows "Name:" or fills a field for a voice.
    """
    if is_none(value):
        return ""
    quoted = [next(part for part in match if part) for match in _QUOTED.findall(value) if any(match)]
    if quoted:
        return "\n".join(part.strip() for part in quoted if part.strip())
    told = _SPEAKER.fullmatch(value)
    if told and not _SOUNDS.search(told[1]):
        return told[2].strip()
    return value.strip() if _VOICE.search(name) else ""


def split_arc(value: str) -> tuple[str, ...]:
    """The stages of "Waiting → Lost → Found"; arrows of any make."""
    return tuple(part for part in (piece.strip(" \t.*_") for piece in _ARROW.split(value)) if part)


def runtime_range(value: str) -> tuple[int, int] | None:
    """The seconds of "8-10 minutes", "90 s", "1:30 - 2:00", "1,5 bis 2 Minuten"; minutes where no unit stands.

    None where it cannot be told, is nothing or longer than a day.
    """
    match = _RANGE.search(value[:200])
    if match is None:
        return None
    unit = match["unit"] or match["first"]
    ends = _seconds(match["low"], match["first"] or unit), _seconds(match["high"] or match["low"], unit)
    low, high = sorted(ends)
    return (low, high) if 0 < high <= _LONGEST else None


def _seconds(number: str, unit: str) -> int:
    if ":" in number:
        minutes, seconds = number.split(":")
        return int(minutes) * 60 + int(seconds)
    hours = unit.lower().startswith(("h", "st"))
    factor = 3600 if hours else 1 if unit.lower().startswith("s") else 60
    return round(float(number.replace(",", ".")) * factor)
