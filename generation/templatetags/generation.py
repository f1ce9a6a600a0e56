"""How the desk draws and names what is on a card."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from django.utils.translation import ngettext

from curator.templatetags.look import number
from generation.domain.cards import TakeCard
from generation.domain.desk import Desk
from generation.domain.ear import Heard
from generation.domain.estimates import Estimate, Span
from generation.models.requests import Candidate

register = template.Library()

LINE = 104.3
"""Where the cue's end stands on the line of a length, of 122 units."""


# What the engine can say of a line that it gave up, by the guard's words.
GIVEN_UP = {
    "add up": _noop("Bar %(bar)s would not add up."),
    "be readable": _noop("Bar %(bar)s would not be readable."),
    "be plain text": _noop("Bar %(bar)s would not be plain text."),
    "come to its end": _noop("Bar %(bar)s would not come to its end."),
    "keep to the two staves": _noop("Bar %(bar)s would not keep to the two staves."),
    "keep its metre and tempo": _noop("Bar %(bar)s would not keep its metre and tempo."),
    "change key on both staves": _noop("Bar %(bar)s would not change key on both staves."),
    "close with one barline": _noop("Bar %(bar)s would not close with one barline."),
    "stay on the keyboard": _noop("Bar %(bar)s would not stay on the keyboard."),
    "stay in its register": _noop("Bar %(bar)s would not stay in its register."),
    "stay as sparse as asked": _noop("Bar %(bar)s would not stay as sparse as asked."),
    "lie under two hands": _noop("Bar %(bar)s would not lie under two hands."),
    "end on the tonic": _noop("Bar %(bar)s would not end on the tonic."),
    "keep the voice that stays": _noop("Bar %(bar)s would not keep the voice that stays."),
}


@dataclass(frozen=True)
class FitLine:
    """The length of a take against its cue, drawn and in words; `tempo`: at which it would fit, "" where it does."""

    goal: float
    x: float
    words: str
    tempo: str


@register.simple_tag
def ear_place(card: TakeCard, places: Mapping[int, Heard] | None) -> Heard | None:
    """The place of a card's take by the encoder's ear; None where it has none or nobody may see it now."""
    return places.get(card.take.pk) if places and card.take is not None else None


@register.simple_tag
def fit_line(card: TakeCard) -> FitLine | None:
    """The line of a take's length; None while its length is not known."""
    if card.fit is None or card.frames is None:
        return None
    x = min(LINE * (card.goal + card.fit) / card.goal, 121.5)
    if not card.frames:
        return FitLine(LINE, round(x, 1), _("fits to the frame"), "")
    sign = "+" if card.fit > 0 else "\u2212"
    frames = ngettext("%(sign)s%(n)d frame", "%(sign)s%(n)d frames", abs(card.frames))
    frames %= {"sign": sign, "n": abs(card.frames)}
    if card.fits or card.fitting_tempo is None:
        return FitLine(LINE, round(x, 1), _("fits, %(frames)s") % {"frames": frames}, "")
    seconds = _("%(seconds)s s") % {"seconds": f"{sign}{number(abs(card.fit), 1)}"}
    tempo = _("or %(tempo)s bpm") % {"tempo": number(card.fitting_tempo, 0)}
    return FitLine(LINE, round(x, 1), f"{seconds}, {frames}", tempo)


@dataclass(frozen=True)
class ModeCurve:
    """How major or minor a take is, drawn in a field of 120 by 20 with the middle at 10, and in words."""

    path: str
    words: str


@register.simple_tag
def mode_curve(card: TakeCard) -> ModeCurve | None:
    """The curve of a take's mode, up for major; None where nothing is known."""
    told = [(place, value) for place, value in enumerate(card.facts.get("mode") or ()) if value is not None]
    if not told:
        return None
    step = 120 / max(len(card.facts["mode"]) - 1, 1)
    points = [f"{place * step:.1f} {10 - 8 * max(-1.0, min(1.0, 2 * value)):.1f}" for place, value in told]
    path = "M" + " L".join(points) if len(points) > 1 else f"M0 {points[0].split()[1]}H120"
    major = sum(value > 0 for _place, value in told) / len(told)
    words = _("major") if major > 0.8 else _("minor") if major < 0.2 else _("major and minor")
    return ModeCurve(path, words)


@dataclass(frozen=True)
class Chip:
    """One filter of the wall."""

    words: str
    address: str
    on: bool


@register.simple_tag
def filter_chips(desk: Desk, show: str, cohort: str) -> list[Chip]:
    """The filters of a desk: always all, fitting, kept and discarded; others where they would show something."""
    named = {
        "": _("All %(n)d"),
        "fits": _("Fits %(n)d"),
        "kept": _("Kept %(n)d"),
        "discarded": _("Discarded %(n)d"),
        "near": _("Near copies %(n)d"),
        "off": _("Off the metre %(n)d"),
        "failed": _("Failed %(n)d"),
    }
    always = ("", "fits", "kept", "discarded", show)
    chips = [
        Chip(words % {"n": desk.counts[name]}, _address(name, cohort), name == show)
        for name, words in named.items()
        if name in always or desk.counts[name]
    ]
    if len(desk.cohorts) > 1:
        chips += [
            Chip(one.name, _address(show, "" if one.key == cohort else one.key), one.key == cohort)
            for one in desk.cohorts
        ]
    return chips


def _address(show: str, cohort: str) -> str:
    told = {name: value for name, value in (("show", show), ("cohort", cohort)) if value}
    return f"?{urlencode(told)}" if told else ""


@register.simple_tag
def fit_facts(card: TakeCard) -> list[str]:
    """What else is worth a line: whether the bars add up, what the hands take, how many hits are met."""
    facts = card.facts
    if not facts:
        return []
    if facts.get("irregular"):
        bars = ", ".join(map(str, facts["irregular"][:6]))
        lines = [_("off the metre: bar %(bars)s") % {"bars": bars}]
    elif facts.get("valid") is False:
        return [_("The text is no whole score.")]
    else:
        words = ngettext("%(n)d bar, adds up", "%(n)d bars, all add up", facts["bars"])
        lines = [words % {"n": facts["bars"]}]
    widest = facts.get("widest") or []
    if len(widest) == 2:
        lines.append(_("hands take %(right)d and %(left)d semitones") % {"right": widest[0], "left": widest[1]})
    if facts.get("beyond"):
        bars = ", ".join(map(str, facts["beyond"][:4])) + ("\u2026" if len(facts["beyond"]) > 4 else "")
        lines.append(_("too wide in bar %(bars)s") % {"bars": bars})
    if landings := facts.get("landings"):
        values = {"met": sum(one["lands"] for one in landings), "n": len(landings)}
        told = ngettext("%(met)d of %(n)d hit met", "%(met)d of %(n)d hits met", len(landings)) % values
        worst = max((abs(one["off"]) for one in landings if one["off"] is not None), default=None)
        if worst is not None and values["met"] < len(landings):
            told += _(", at worst %(ms)d ms off") % {"ms": round(1000 * worst)}
        lines.append(told)
    return lines


@register.filter
def span_words(span: Span) -> str:
    """A range of seconds as one says it: 20 to 40 s, 2 to 3 min."""
    if span.high < 90:
        low, high, unit = max(round(span.low), 1), max(round(span.high), 1), _("s")
    else:
        low, high, unit = max(round(span.low / 60), 1), round(span.high / 60), _("min")
    if low >= high:
        return f"{high}\u2009{unit}"
    return _("%(low)s to %(high)s") % {"low": low, "high": f"{high}\u2009{unit}"}


@register.filter
def expectation(told: Estimate) -> str:
    """What is known before a request starts, in a sentence or two."""
    lines = []
    if told.work is None:
        lines.append(_("How long it takes is known after the first takes of this checkpoint."))
    else:
        lines.append(_("It takes about %(span)s.") % {"span": span_words(told.work)})
    if told.before:
        words = ngettext("%(n)d request is before it", "%(n)d requests are before it", told.before) % {"n": told.before}
        lines.append(words + (f" ({span_words(told.wait)})." if told.wait else "."))
    if told.paused:
        lines.append(_("The writing is paused."))
    elif not told.workers:
        lines.append(_("No worker is up."))
    return " ".join(lines)


@register.simple_tag
def density_path(card: TakeCard) -> str:
    """The path of struck notes a bar, in a field of 120 by 20."""
    most = max(card.density, default=0) or 1
    step = 120 / max(len(card.density) - 1, 1)
    points = [f"{i * step:.1f} {18 - 16 * notes / most:.1f}" for i, notes in enumerate(card.density)]
    return "M" + " L".join(points) if len(points) > 1 else f"M0 {points[0].split()[1]}H120" if points else ""


@register.filter
def play_key(card: TakeCard) -> str:
    """The key that plays this take: its number, for the first nine."""
    return str(card.number) if card.number < 10 else ""


@register.filter
def why_failed(candidate: Candidate) -> str:
    """Why a candidate is no take, in the reader's language where the engine said it."""
    found = re.fullmatch(r"Bar (\d+) would not (.+)\.", candidate.reason)
    if found and found[2] in GIVEN_UP:
        return _(GIVEN_UP[found[2]]) % {"bar": found[1]}
    return _(candidate.reason) if candidate.reason else _("This take could not be written.")
