"""The round from beginning to end, told step by step: what is asked, who listens, what changed, where it lies."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from django.core.management import call_command

from curator.domain.errors import DomainError
from generation.domain.checkpoints import weights_path
from generation.domain.writing import brief_of
from generation.models.checkpoints import Checkpoint
from generation.models.requests import CueRequest
from generation.notagen.model import NotaGen
from generation.notagen.piece import Brief
from tests.demo_round import rounds
from tests.demo_round.drawing import histogram, table
from tests.demo_round.listeners import LISTENERS, TRAITS, hear
from tests.demo_round.measuring import (
    Fresh,
    alone,
    foresight,
    gain,
    likes,
    load,
    log_probs,
    scaled,
    write_fresh,
)
from tests.demo_round.processes import processes
from training.models.rounds import Round
from training.recipes.variety import against, bars_of, variety

Say = Callable[[str], None]

FRESH, ALONE = "fresh", "alone"
PARENT_SEED, RESULT_SEED = 50_000, 60_000
"""Fresh takes of parent and result never share a seed, nor with the takes that were judged."""


@dataclass(frozen=True)
class Show:
    """home: the installation of this round; parent: where what the parent writes for this seed is kept.

    each: fresh takes of each cue and model; alone: pieces of each model without guard, 0 for none; processes: so many
    write takes at once.
    """

    home: Path
    parent: Path
    listener: str
    seed: int
    each: int
    alone: int
    processes: int = 1


def show(what: Show, *, say: Say) -> dict[str, Any]:
    """Do what is not done yet, tell it, and return every number, or why the app starts no round on the answers."""
    with processes(what.processes) as pool:
        return _show(what, say, pool)


def _show(what: Show, say: Say, pool: Executor | None) -> dict[str, Any]:
    listener, clock = LISTENERS[what.listener], _Clock(what.home / "clock.json")
    what.parent.mkdir(parents=True, exist_ok=True)
    with clock.of("set-up"):
        call_command("migrate", verbosity=0, interactive=False)
        film, base = rounds.make_film(name=listener.film, seed=what.seed)
    cues = rounds.cues_of(film)
    say(INTRODUCTION.format(words=listener.words, takes=rounds.TAKES, cues=len(cues)))
    with clock.of("takes"), _Progress(say, "1  Takes to choose from") as tell:
        written = rounds.write_takes(film=film, base=base, seed=what.seed, tell=tell, pool=pool)
        tell(f"{written} takes of {len(cues)} cues")
    with clock.of("judgements"), _Progress(say, "2  Blind pairs") as tell:
        answers = rounds.judge_takes(film=film, listener=listener, seed=what.seed, tell=tell)
        tell(f"{answers} answers")
    found: dict[str, Any] = {"listener": listener.name, "seed": what.seed, "takes": written, "answers": answers}
    briefs = _briefs(film, base)
    parents = _begin(what, "parent", base, briefs, pool)
    try:
        with clock.of("training"), _Progress(say, "3  Training") as tell:
            row = rounds.train(film=film, name=listener.film, base=base, tell=tell)
            tell(f"{_learned(row)['pairs']} pairs, {row.metrics['step']} steps")
    except DomainError as error:
        say(f"\nThe app starts no round on this set. It says:\n{error}\n")
        return {**found, "refused": str(error)}
    if row.result is None:
        raise AssertionError("a round that is measured has its result")
    weights = weights_path(base), weights_path(row.result)
    fresh = {"parent": parents, "result": _begin(what, "result", row.result, briefs, pool)}
    shown = _Written(what, clock, say, briefs, weights, fresh, pool)
    before, after = shown.fresh()
    found |= {
        "round": _learned(row),
        **_taste(what.listener, before, after, (load(weights[0]), load(weights[1]))),
        "guarded": _guarded(before, after),
    }
    if what.alone:
        found["alone"] = shown.alone()
    found["clock"] = clock.read()
    say(_told(what, row, found, before, after))
    return found


def _learned(row: Round) -> dict[str, Any]:
    """What the round rests on and how it went: changes are nats a piece since the start, means of the last epoch."""
    frozen = row.preference_set
    if frozen is None:
        raise AssertionError("a round of preferences has its set")
    steps = [one.values for one in row.rows.all() if "chosen" in one.values]
    last = [one for one in steps if one["epoch"] == max(one["epoch"] for one in steps)] or steps
    final = row.metrics["measured"]
    return {
        "pairs": frozen.manifest["pairs"],
        "expected_correct": frozen.manifest["expected_correct"],
        "held_out_cues": sum(cue["held_out"] for cue in frozen.manifest["cues"]),
        "settings": row.settings,
        "state": row.metrics["state"],
        "steps": row.metrics["step"],
        "kept": row.metrics["kept"],
        **{name: round(fmean(one[name] for one in last), 4) for name in ("chosen", "rejected", "kl", "accuracy")},
        "held_out": {name.removeprefix("eval_"): value for name, value in final.items() if name.startswith("eval_")},
    }


def _briefs(film: Any, base: Any) -> list[tuple[Brief, str]]:
    """What was asked for each cue, with its stage."""
    asked = CueRequest.objects.filter(cue__film=film, checkpoint=base).select_related("cue__stage")
    return [(brief_of(one), one.cue.stage.name if one.cue.stage else "") for one in asked.order_by("cue__position")]


def _side(what: Show, name: str) -> tuple[Path, int]:
    """Where what parent or result writes is kept, and the seed of its fresh takes."""
    return (what.parent, PARENT_SEED + what.seed) if name == "parent" else (what.home, RESULT_SEED + what.seed)


def _begin(
    what: Show, name: str, model: Checkpoint, briefs: Sequence[tuple[Brief, str]], pool: Executor | None
) -> Iterator[list[Fresh]]:
    """Fresh takes, cue by cue; with other processes they are begun at once."""
    folder, seed = _side(what, name)
    keep = folder / f"{FRESH}-{what.each}"
    return write_fresh(weights_path(model), briefs, each=what.each, seed=seed, keep=keep, pool=pool)


@dataclass
class _Written:
    """What parent and result write for the measuring; each thing once, the parent's once for all listeners."""

    what: Show
    clock: "_Clock"
    say: Say
    briefs: Sequence[tuple[Brief, str]]
    weights: tuple[Path, Path]
    begun: dict[str, Iterator[list[Fresh]]]
    pool: Executor | None

    def fresh(self) -> tuple[list[Fresh], list[Fresh]]:
        """Takes of parent and result that nobody judged."""
        sides = []
        for name, cues in self.begun.items():
            clock = _Clock(_side(self.what, name)[0] / "clock.json")
            with clock.of(f"fresh takes of the {name}"), _Progress(self.say, f"4  Fresh takes of the {name}") as tell:
                takes: list[Fresh] = []
                for number, of_cue in enumerate(cues, start=1):
                    takes += of_cue
                    tell(f"cue {number} of {len(self.briefs)}")
                tell(f"{len(takes)} takes")
            sides.append(takes)
            self.clock.take_over(clock)
        return sides[0], sides[1]

    def alone(self) -> dict[str, Any]:
        """Pieces without guard, behind the same prompts and with the same seeds for both."""
        openings = ["".join(f"{line}\n" for line in brief.prompt) for brief, _stage in self.briefs]
        asked = [openings[at % len(openings)] for at in range(self.what.alone)]
        with self.clock.of("unguarded"), _Progress(self.say, "5  Without guard") as tell:
            keep = [_side(self.what, name)[0] / f"{ALONE}-{len(asked)}.json" for name in self.begun]
            work = [self.weights, [asked] * 2, [self.what.seed] * 2, keep]
            sides = list((self.pool.map if self.pool else map)(alone, *work))
            tell(f"{len(asked)} pieces each")
        told = {name: asdict(variety(side)) for name, side in zip(self.begun, sides, strict=True)}
        return {**told, "against": asdict(against(*sides))}


def _taste(name: str, before: list[Fresh], after: list[Fresh], models: tuple[NotaGen, NotaGen]) -> dict[str, Any]:
    """Taste and traits of both, and what the change of log-probability foresees. Who throws coins is held against
    every taste there is."""
    film = LISTENERS[name].film
    tastes = {
        one.name: asdict(gain(before, after, likes(one)))
        for one in LISTENERS.values()
        if one.taste and one.film == film
    }
    found: dict[str, Any] = {"gain": tastes.get(name), "gains": tastes, "traits": _traits(before, after)}
    if name in tastes:
        values = [likes(LISTENERS[name])(one) if one.abc else 0.0 for one in before]
        change = log_probs(models[1], before) - log_probs(models[0], before)
        found["foresight"] = asdict(foresight(before, values, change))
    return found


def _traits(before: list[Fresh], after: list[Fresh]) -> dict[str, dict[str, list[float]]]:
    """Means of parent and result for each stage and trait."""
    found: dict[str, dict[str, list[float]]] = {}
    for stage in dict.fromkeys(one.stage for one in before):
        heard = [[hear(one.abc) for one in side if one.abc and one.stage == stage] for side in (before, after)]
        found[stage] = {name: [round(fmean(map(trait, side)), 2) for side in heard] for name, trait in TRAITS.items()}
    return found


def _guarded(before: list[Fresh], after: list[Fresh]) -> dict[str, Any]:
    """How the guard got on with both, and how many different bars there are in the takes it let pass."""

    def side(takes: list[Fresh]) -> dict[str, float]:
        lines = sum(one.raw.count("[r:") for one in takes)
        bars = {bar for one in takes for bar in bars_of(one.raw)}
        return {
            "takes": len(takes),
            "valid": sum(bool(one.abc) for one in takes) / len(takes),
            "tries": sum(one.tried for one in takes) / lines,
            "distinct": len(bars),
        }

    return {"parent": side(before), "result": side(after)}


def _told(what: Show, row: Round, found: dict[str, Any], before: list[Fresh], after: list[Fresh]) -> str:
    """The end of the story for whoever watches."""
    listener = LISTENERS[what.listener]
    text = "\n"
    if listener.taste:
        text += "How much the listener likes fresh takes: standard deviations from the parent's for the same cue\n\n"
        text += histogram(*scaled(before, after, likes(listener)), titles=("parent", "after the round")) + "\n"
        stages = ", ".join(f"{stage} {value:+.2f}" for stage, value in found["gain"]["stages"].items())
        whole, error = found["gain"]["whole"], 2 * found["gain"]["error"]
        text += f"   Mean change {whole:+.2f}, give or take {error:.2f} ({stages}).\n\n"
    else:
        moved = ", ".join(f"{name} {gain['whole']:+.2f}" for name, gain in found["gains"].items())
        text += f"   The votes were coins. What others like moved by {moved} standard deviations.\n\n"
    names = list(TRAITS)
    rows = [
        [stage, *(f"{traits[name][0]:.1f} -> {traits[name][1]:.1f}" for name in names)]
        for stage, traits in found["traits"].items()
    ]
    text += table(["", *names], rows) + "\n"
    if "foresight" in found:
        seen = found["foresight"]
        text += (
            f"   Of pairs the model never learned from, it now orders {100 * seen['true']:.0f} of 100 as the listener "
            f"does,\n   {100 * seen['clear']:.0f} of 100 of those that are clear to him.\n\n"
        )
    if row.result is not None:
        minutes = sum(one["clock"] for one in found["clock"].values()) / 60
        text += f"Done in {minutes:.1f} minutes of work. The result is the checkpoint {row.result.name}:\n"
        text += f"{weights_path(row.result)}\n"
    text += f"To look at takes, judgements and the round in the app, set CUEWRIGHT_DATA to\n{what.home}\n"
    text += "and start Cuewright (make run, or python run.py).\n"
    return text


class _Clock:
    """Seconds by the clock and of all processors, by step, over all tries, kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        if self._file.is_file():
            found = json.loads(self._file.read_text(encoding="utf-8"))
        return found

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        began, spent = time.monotonic(), sum(os.times()[:4])
        try:
            yield
        finally:
            known = self.read()
            before = known.get(step, {"clock": 0.0, "cpu": 0.0})
            known[step] = {
                "clock": round(before["clock"] + time.monotonic() - began, 2),
                "cpu": round(before["cpu"] + sum(os.times()[:4]) - spent, 2),
            }
            self._write(known)

    def take_over(self, other: "_Clock") -> None:
        """What another clock knows counts here too."""
        if other._file != self._file:
            self._write(other.read() | self.read())

    def _write(self, known: dict[str, dict[str, float]]) -> None:
        self._file.write_text(json.dumps(known, indent=1), encoding="utf-8")


class _Progress:
    """A line that is written over while a step goes on."""

    def __init__(self, say: Say, title: str) -> None:
        self._say, self._title = say, title

    def __enter__(self) -> Say:
        self.tell("")
        return self.tell

    def tell(self, text: str) -> None:
        self._say(f"\r{self._title:<30}{text:<40}")

    def __exit__(self, *_error: object) -> None:
        self._say("\n")


INTRODUCTION = """
One round of learning with the demo model

A small model writes {takes} takes for each of {cues} cues. A listener hears them in blind pairs and says which one
serves its cue better. The model learns from these answers alone. Does it then write what the listener likes?

The listener is no human being but a script: it {words}.
Training never sees its formula, only its answers, of which one in twenty is thrown by a coin.

"""
