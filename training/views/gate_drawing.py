"""The figures of a round's gate in words and as positions for drawing."""

from dataclasses import dataclass
from math import isfinite

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curator.templatetags.look import number, percent
from training.domain.gate import Figure, Gate, Verdict
from training.models.rounds import Round
from training.recipes.variety import LEAST_DISTINCT, LEAST_GUARDED, LEAST_KEYS, Range

POINTS = 0.05
"""Differences of shares are drawn from this much less to this much more."""
RATIO_LOW, RATIO_HIGH = 0.5, 1.25
"""The ends of the line for ratios."""


@dataclass(frozen=True)
class Plot:
    """An interval on a line, percent of its width: its ends and value, where the limit lies, and a reference."""

    low: float
    at: float
    high: float
    limit: float
    reference: float | None = None


@dataclass(frozen=True)
class Line:
    """One row of the gate. told: what is allowed; value, doubt: the figure and its interval; words: the verdict."""

    name: str
    verdict: str
    label: str
    told: str
    value: str
    doubt: str
    plot: Plot | None
    words: str


def draw_gate(gate: Gate, row: Round) -> list[Line]:
    """All rows of the gate."""
    return [_line(figure, gate, row) for figure in gate.figures]


def warnings_of(gate: Gate, row: Round) -> list[str]:
    """What is worse than allowed, a sentence each."""
    return [_warning(figure, row) for figure in gate.worse]


def match_words(gate: Gate) -> str:
    """What the match says, as a sentence; empty before anything was answered."""
    if gate.match is None or not gate.match.won.answers:
        return ""
    won = gate.match.won
    values = {"won": number(won.won, 0 if won.won == int(won.won) else 1), "n": won.answers}
    counted = _("It won %(won)s of %(n)d decided pairs, an even one counting half.") % values
    sentence = {
        Verdict.GOOD: _("The new one serves the scenes better."),
        Verdict.BAD: _("The old one serves the scenes better."),
    }.get(gate.named("match").verdict, _("Nothing tells the two apart yet."))
    return f"{sentence} {counted}"


def signed(value: float) -> str:
    """A number with one decimal and its sign."""
    return f"+{number(value, 1)}" if round(value, 1) > 0 else number(value, 1)


def points(value: float) -> str:
    """A difference of shares in points with its sign."""
    return _("%(n)s points") % {"n": signed(100 * value)}


def _line(figure: Figure, gate: Gate, row: Round) -> Line:
    labels = {
        "chosen": (_("Chosen pieces stay likely"), _chosen_told(figure, row)),
        "accuracy": (_("Right on held-out pairs"), _accuracy_told(figure)),
        "bars": (
            _("Bars that add up without a guard"),
            _("not more than one point below %(parent)s") % {"parent": row.base.name},
        ),
        "distinct": (_("Different bars"), _("at least %(least)s of the parent's") % {"least": percent(LEAST_DISTINCT)}),
        "keys": (_("Different keys"), _("at least %(least)s of the parent's") % {"least": percent(LEAST_KEYS)}),
        "copies": (_("Near-copies of known pieces"), _copies_told(gate)),
        "guard": (_("Guarded pieces that succeed"), _("at least %(least)s") % {"least": percent(LEAST_GUARDED)}),
        "match": (_("Blind match, new against old"), _match_told(gate)),
    }
    label, told = labels[figure.name]
    value, doubt = _value(figure)
    state = {
        Verdict.GOOD: _("within the limit"),
        Verdict.DOUBT: _("not sure"),
        Verdict.BAD: _("worse than allowed"),
        Verdict.MISSING: _("not known yet"),
    }[figure.verdict]
    return Line(figure.name, figure.verdict.value, label, told, value, doubt, _plot(figure), state)


def _chosen_told(figure: Figure, row: Round) -> str:
    data = row.preference_set
    if data is not None and not data.manifest["held_out"]:
        told = _("those it learned from may not become less likely; none was held out")
    else:
        told = _("held-out ones may not become less likely")
    if figure.reference is None:
        return told
    rejected = _("the rejected ones: %(n)s") % {"n": _nats(figure.reference.at)}
    return f"{told}; {rejected}"


def _nats(value: float) -> str:
    return _("%(n)s nats") % {"n": signed(value)}


def _accuracy_told(figure: Figure) -> str:
    pairs = ngettext("%(n)d pair; ", "%(n)d pairs; ", figure.count) % {"n": figure.count} if figure.count else ""
    if figure.reference is None:
        return pairs + _("how often you agree with yourself is not known: no pair came twice")
    values = {"at": percent(figure.reference.at), "ends": _ends(figure.reference)}
    return pairs + _("your own answers follow your taste to %(at)s (%(ends)s), more cannot be reached") % values


def _copies_told(gate: Gate) -> str:
    limit = _("not more than one point above the parent")
    if not gate.measured or gate.measurement is None:
        return limit
    size = int(gate.measurement.figures.get("corpus", 0))
    known = ngettext("%(n)d known piece", "%(n)d known pieces", size) % {"n": size}
    return f"{limit}; {known}"


def _match_told(gate: Gate) -> str:
    if gate.match is None:
        return _("on cues it did not learn from")
    said = gate.match.won.answers
    if gate.match.over:
        return ngettext("%(n)d decided pair", "%(n)d decided pairs", said) % {"n": said}
    return _("%(n)d of %(wanted)d decided pairs") % {"n": said, "wanted": gate.match.wanted}


def _value(figure: Figure) -> tuple[str, str]:
    found = figure.range
    if found is None:
        return "–", ""
    if figure.name == "chosen":
        return _nats(found.at), ""
    if figure.name in ("bars", "copies"):
        return points(found.at), _("%(low)s to %(high)s") % {"low": signed(100 * found.low), "high": points(found.high)}
    return percent(found.at), _ends(found)


def _ends(found: Range) -> str:
    if not (isfinite(found.low) and isfinite(found.high)):
        return ""
    return f"{round(100 * found.low)}–{round(100 * found.high)}\u2009%"


def _plot(figure: Figure) -> Plot | None:
    found = figure.range
    if found is None or figure.name == "chosen":
        return None
    low, high = {
        "bars": (-POINTS, POINTS),
        "copies": (-POINTS, POINTS),
        "distinct": (RATIO_LOW, RATIO_HIGH),
        "keys": (RATIO_LOW, RATIO_HIGH),
        "guard": (0.8, 1.0),
    }.get(figure.name, (0.0, 1.0))

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 1)

    return Plot(
        place(found.low),
        place(found.at),
        place(found.high),
        place(figure.limit),
        place(figure.reference.at) if figure.reference else None,
    )


def _warning(figure: Figure, row: Round) -> str:
    at = figure.range.at if figure.range else 0.0
    return {
        "chosen": _("Pieces that you chose became less likely: the model moved away from them."),
        "accuracy": _("It puts held-out pairs the right way round no more often than a coin."),
        "bars": _("Without a guard fewer bars add up than with %(parent)s: %(points)s; one less is allowed.")
        % {"parent": row.base.name, "points": points(at)},
        "distinct": _("It repeats itself: %(share)s as many different bars as %(parent)s.")
        % {"parent": row.base.name, "share": percent(at)},
        "keys": _("It keeps to fewer keys: %(share)s as many as %(parent)s.")
        % {"parent": row.base.name, "share": percent(at)},
        "copies": _("More of its pieces are near-copies of known ones: %(points)s.") % {"points": points(at)},
        "guard": _("Even with the guard only %(share)s of the pieces succeed.") % {"share": percent(at)},
        "match": _("In the blind match you preferred the old one."),
    }[figure.name]
