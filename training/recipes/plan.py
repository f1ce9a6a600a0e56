"""In which order a run reads its data: laid out before it starts, so that it can be taken up at any step."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from training.recipes.bundle import Bundle
from training.recipes.job import Settings


@dataclass(frozen=True)
class Reading:
    """What is read at once: indexes of sequences, and for preferences of the pairs among them."""

    sequences: tuple[int, ...]
    pairs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """readings: all of a run, `batches` of them a step. epoch_ends: the step with which each epoch is over."""

    readings: tuple[Reading, ...]
    batches: int
    epoch_ends: tuple[int, ...]

    @property
    def steps(self) -> int:
        return len(self.readings) // self.batches

    def epoch(self, step: int) -> int:
        """Epochs that are over after `step`."""
        return sum(end <= step for end in self.epoch_ends)

    def of_step(self, reading: int) -> tuple[Reading, ...]:
        """All readings of the step that this one belongs to."""
        first = reading - reading % self.batches
        return self.readings[first : first + self.batches]


def plan_sft(bundle: Bundle, settings: Settings) -> Plan:
    """Every epoch takes one version of each piece, drawn by its share; pieces of like length are read together."""
    learned = [piece for piece in bundle.pieces if not piece.held_out]

    def epoch(random: Random) -> list[Reading]:
        order = [random.choices(piece.sequences, piece.shares)[0] for piece in learned]
        random.shuffle(order)
        readings: list[Reading] = []
        for start in range(0, len(order), 256):
            group: list[int] = []
            near = sorted(order[start : start + 256], key=lambda one: bundle.sequences[one].patches)
            for index in near:
                if group and (len(group) + 1) * bundle.sequences[index].patches > settings.patches:
                    readings.append(Reading(tuple(group)))
                    group = []
                group.append(index)
            readings.append(Reading(tuple(group)))
        random.shuffle(readings)
        return readings

    return _lay_out(epoch, settings)


def plan_dpo(bundle: Bundle, settings: Settings) -> Plan:
    """Every epoch takes each pair once; the pairs of a session are read together, so that a piece is read once."""
    together = pairs_together(bundle, settings.patches)

    def epoch(random: Random) -> list[Reading]:
        readings = list(together)
        random.shuffle(readings)
        return readings

    return _lay_out(epoch, settings)


def pairs_together(bundle: Bundle, patches: int, *, held_out: bool = False) -> list[Reading]:
    """The pairs of each session in readings of at most `patches` patches, padding included; a pair is never parted."""
    sessions: dict[str, list[int]] = {}
    for index, pair in enumerate(bundle.pairs):
        if pair.held_out == held_out:
            sessions.setdefault(pair.session, []).append(index)
    readings: list[Reading] = []
    for _session, indexes in sorted(sessions.items()):
        pieces: list[int] = []
        pairs: list[int] = []
        for index in sorted(indexes, key=lambda one: (bundle.pairs[one].chosen, bundle.pairs[one].rejected)):
            both = (bundle.pairs[index].chosen, bundle.pairs[index].rejected)
            grown = [*pieces, *(piece for piece in both if piece not in pieces)]
            if pairs and len(grown) * max(bundle.sequences[one].patches for one in grown) > patches:
                readings.append(Reading(tuple(pieces), tuple(pairs)))
                grown, pairs = list(both), []
            pieces = grown
            pairs.append(index)
        readings.append(Reading(tuple(pieces), tuple(pairs)))
    return readings


def share_of_rate(step: int, *, steps: int, warmup: int, floor: float) -> float:
    """The learning rate of a step (from 0) as a share of its peak: up in `warmup` steps, then linearly to `floor`."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    left = (steps - step) / max(1, steps - warmup)
    return floor + (1 - floor) * max(0.0, min(1.0, left))


def _lay_out(epoch: Callable[[Random], Sequence[Reading]], settings: Settings) -> Plan:
    readings: list[Reading] = []
    ends: list[int] = []
    for number in range(settings.epochs):
        readings += epoch(Random(f"{settings.seed}/{number}"))
        ends.append(math.ceil(len(readings) / settings.batches))
    missing = -len(readings) % settings.batches
    while len(readings) % settings.batches:  # the last step is filled up with readings of the first ones
        readings += readings[:missing][: -len(readings) % settings.batches]
    return Plan(tuple(readings), settings.batches, tuple(ends))
