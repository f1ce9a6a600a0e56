"""How long a round will take: its work in arithmetic operations, by the speed of this house's earlier rounds."""

from dataclasses import dataclass

from curator.domain.turns import has_gpu
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState
from training.models.rounds import Round, RoundState
from training.models.sets import PreferenceSet, TrainingSet
from training.recipes.job import read_settings

CPU_SPEED, GPU_SPEED = 2e10, 2e13
"""Operations a second before a round was measured: two cores in float32, a GPU for gaming in float32."""

SMALLEST_SECONDS = 15.0
"""What loading libraries and weights takes at least."""

AWAY_SECONDS = (120.0, 900.0)
"""What a rented machine takes to be made ready, install its packages and fetch its data. Not measured."""


@dataclass(frozen=True)
class Estimate:
    """Seconds, at least and at most. measured: the number of the round whose speed was taken, None where none was."""

    low: float
    high: float
    measured: int | None

    @property
    def minutes(self) -> tuple[int, int]:
        """The same in whole minutes, at least one."""
        low = max(1, round(self.low / 60))
        return low, max(low + 1, -int(-self.high // 60))


def estimate(*, data: TrainingSet | PreferenceSet, base: Checkpoint, executor: str = "local") -> Estimate:
    """How long a round on these will take."""
    work = _work(data, base)
    away = executor != "local"
    least, most = AWAY_SECONDS if away else (SMALLEST_SECONDS, SMALLEST_SECONDS)
    before = next(
        (
            row
            for row in Round.objects.filter(executor=executor, result__isnull=False)
            .exclude(state=RoundState.RUNNING)
            .select_related("base")[:20]
            if row.metrics.get("speed") and row.base.sizes == base.sizes
        ),
        None,
    )
    if before is not None:
        seconds = work / float(before.metrics["speed"])
        return Estimate(least + 0.7 * seconds, most + 1.4 * seconds, before.number)
    seconds = work / (GPU_SPEED if away or has_gpu() else CPU_SPEED)
    return Estimate(least + 0.4 * seconds, most + 2.5 * seconds, None)


def speed_of(row: Round, *, done: float, seconds: float) -> float:
    """Operations a second of a run that did this share of its steps in so many seconds; 0 where nothing tells."""
    data = row.training_set or row.preference_set
    if data is None or seconds <= 0 or done <= 0:
        return 0.0
    return _work(data, row.base, epochs=row.settings.get("epochs")) * done / seconds


def _work(data: TrainingSet | PreferenceSet, base: Checkpoint, epochs: int | None = None) -> float:
    """Operations of a whole run: six a weight and token, of the one stack a patch, of the other a character."""
    if isinstance(data, TrainingSet):
        pieces = [entry for entry in data.manifest.get("pieces", ()) if entry.get("split") != "eval"]
        patches = float(sum(entry.get("patches", 0) for entry in pieces))
        epochs = epochs or read_settings("sft", {}).epochs
    else:
        patches = _patches_of_takes(data)
        epochs = epochs or read_settings("dpo", {}).epochs
    hidden, size, patch_layers, char_layers = (
        int(base.sizes.get(name, usual))
        for name, usual in (("hidden_size", 1), ("patch_size", 16), ("patch_layers", 1), ("char_layers", 1))
    )
    layer = 12 * hidden * hidden
    each = patch_layers * layer + size * char_layers * layer + size * 128 * hidden
    return float(6.0 * patches * epochs * each)


def _patches_of_takes(data: PreferenceSet) -> float:
    """Patches of all takes of the pairs, by the length of their texts."""
    sides = data.pairs.filter(held_out=False)
    takes = {take for pair in sides.values_list("chosen_id", "rejected_id") for take in pair}
    lengths = Candidate.objects.filter(take_id__in=takes, state=CandidateState.WRITTEN).values_list("raw", flat=True)
    found = [len(raw) / 12 for raw in lengths]  # a patch holds sixteen characters at most, twelve as music goes
    return sum(found) / max(1, len(found)) * len(takes)
