"""What the music of a stage or cue should be like: shipped for the six stages, said for a stage, said for a cue."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.domain.errors import DomainError
from curator.film.tempo import Metre, TempoError, metre_of
from curator.models.film import ArcStage, Cue
from curator.models.plan import Wishes

WISHES = ("tempo_low", "tempo_high", "metre", "mode", "density", "lowest", "highest", "dynamics", "words")


@dataclass(frozen=True)
class Brief:
    """What is asked of the music. Tempi in felt beats a minute, registers as MIDI numbers, None and "": free.

    density: most struck notes a second in any bar, both hands. mode: major or minor. words: for people.
    """

    tempo_low: int = 50
    tempo_high: int = 90
    metre: str = ""
    mode: str = ""
    density: float | None = None
    lowest: int | None = None
    highest: int | None = None
    dynamics: str = ""
    words: str = ""

    @property
    def tempo(self) -> float:
        """The middle of the range, felt beats a minute."""
        return (self.tempo_low + self.tempo_high) / 2

    @property
    def bar(self) -> Metre:
        """The metre that is asked for, 4/4 where none is."""
        return metre_of(self.metre or "4/4")


# Tempi, metres and modes as the demo corpus has them (generation.etudes.stages), registers and densities so wide that
# they only keep out what would be another stage's music: of 60 études a stage none leaves them.
SHIPPED = {
    "forgotten": Brief(48, 64, "3/4", "minor", 8, 28, 88, "pp", _noop("Small and low. It asks, waits, asks again.")),
    "chosen": Brief(60, 76, "3/4", "major", 10, 28, 91, "mp", _noop("First warmth. The line opens by a step.")),
    "humiliation": Brief(52, 72, "4/4", "minor", 10, 24, 88, "mf", _noop("Phrases break off. No pity.")),
    "transformation": Brief(70, 90, "4/4", "minor", 14, 24, 96, "mf", _noop("A pattern that starts to climb.")),
    "salvation": Brief(76, 100, "4/4", "major", 16, 24, 100, "f", _noop("A broad, plain melody over full hands.")),
    "peace": Brief(46, 60, "3/4", "major", 8, 28, 96, "pp", _noop("High and sparse. Nothing left to prove.")),
}  # fmt: skip
NEUTRAL = Brief()
_NAMES = {
    "vergessen": "forgotten", "erwählt": "chosen", "auserwählt": "chosen", "demütigung": "humiliation",
    "verwandlung": "transformation", "erlösung": "salvation", "rettung": "salvation", "frieden": "peace",
}  # fmt: skip


def shipped_brief(name: str) -> Brief:
    """What is shipped for a stage of this name, English or German; neutral for any other."""
    plain = name.strip().casefold()
    brief = SHIPPED.get(_NAMES.get(plain, plain), NEUTRAL)
    return replace(brief, words=_(brief.words)) if brief.words else brief


def brief_of_stage(*, stage: ArcStage | None) -> Brief:
    """What a stage asks for: what was said for it over what is shipped. One query where the wishes are not loaded."""
    if stage is None:
        return NEUTRAL
    return _over(shipped_brief(stage.name), _wishes(stage))


def brief_of_cue(*, cue: Cue) -> Brief:
    """What a cue asks for: its own wishes over those of its stage."""
    return _over(brief_of_stage(stage=cue.stage), _wishes(cue))


def constraints_of(brief: Brief) -> dict[str, Any]:
    """What the engine keeps bar by bar of a brief, under its names (generation.notagen.constraints)."""
    return {"lowest": brief.lowest, "highest": brief.highest, "density": brief.density}


def set_wishes(*, of: ArcStage | Cue, wishes: Mapping[str, Any]) -> None:
    """Say what a stage or cue asks for (WISHES); what is None or "" is inherited. Raises DomainError."""
    said = {name: wishes.get(name) for name in WISHES}
    for name in ("metre", "mode", "dynamics", "words"):
        said[name] = str(said[name] or "").strip()
    slow, fast = said["tempo_low"], said["tempo_high"]
    if (slow is None) != (fast is None):
        raise DomainError(_("A range of tempi has a lowest and a highest one."))
    if slow is not None and fast is not None and not 20 <= slow <= fast <= 300:
        raise DomainError(_("Tempi go from 20 to 300 beats a minute, the lower one first."))
    if said["metre"]:
        try:
            metre_of(said["metre"])
        except TempoError as error:
            raise DomainError(_("A metre is written like 3/4.")) from error
    if said["density"] is not None and not 0.2 <= said["density"] <= 50:
        raise DomainError(_("The density lies between 0.2 and 50 notes a second."))
    low, high = said["lowest"], said["highest"]
    if not 21 <= (21 if low is None else low) <= (108 if high is None else high) - 12 <= 96:
        raise DomainError(_("A register is an octave or more between 21 (A0) and 108 (C8)."))
    owner = {"cue": of} if isinstance(of, Cue) else {"stage": of}
    with transaction.atomic():
        if any(value not in (None, "") for value in said.values()):
            Wishes.objects.update_or_create(**owner, defaults=said)
        else:
            Wishes.objects.filter(**owner).delete()
    read_before = type(of)._meta.get_field("wishes")
    if read_before.is_cached(of):
        read_before.delete_cached_value(of)


def wishes_of(*, of: ArcStage | Cue) -> dict[str, Any]:
    """What was said for this stage or cue itself, by name; empty values are inherited."""
    row = _wishes(of)
    return {name: getattr(row, name) for name in WISHES} if row else dict.fromkeys(WISHES)


def _wishes(of: ArcStage | Cue) -> Wishes | None:
    return getattr(of, "wishes", None)  # the reverse side of a one-to-one raises AttributeError where none is


def _over(base: Brief, wishes: Wishes | None) -> Brief:
    if wishes is None:
        return base
    said = {field.name: getattr(wishes, field.name) for field in fields(Brief)}
    return replace(base, **{name: value for name, value in said.items() if value not in (None, "")})
