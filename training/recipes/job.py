"""A training job as one JSON file: which recipe, on which bundle and weights, with which settings, into which folder.

    {"recipe": "dpo", "bundle": "bundle", "base": {"file": "base.safetensors", "sha256": "…"},
     "out": "run", "time_limit": 7200, "settings": {"epochs": 4, "rate": 5e-5}}

Paths are relative to the file. Whatever is not named has the value below, or that of a named preset:
"settings": {"preset": "small", "epochs": 2}.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


class JobError(ValueError):
    """The job cannot be run; the message is one sentence."""


@dataclass(frozen=True)
class Settings:
    """What both recipes know.

    rate: peak learning rate, reached after `warmup` steps, then falling linearly to `floor` of it. decay: AdamW's
    weight decay, of matrices only; epsilon: AdamW's, a weight whose gradient is well below it moves in proportion to
    the gradient, any other by about the rate. clip: largest norm of a step's gradient. patches: most read at once.
    batches: so many of these readings make a step, over all processes together. checkpointing: layers are computed
    again on the way back instead of kept (None: where the model is large).
    precision: float32 or bfloat16 (autocast; sums stay float32). seed: of the order, of dropout.
    """

    epochs: int
    rate: float
    warmup: int
    floor: float = 0.1
    decay: float = 0.01
    epsilon: float = 1e-8
    clip: float = 1.0
    patches: int = 1024
    batches: int = 1
    checkpointing: bool | None = None
    precision: str = "float32"
    seed: int = 0


@dataclass(frozen=True)
class SftSettings(Settings):
    """patience: epochs without a lower held-out loss after which the run ends. dropout: as the reference trains."""

    epochs: int = 10
    rate: float = 1e-5
    warmup: int = 20
    patience: int = 2
    dropout: float = 0.1


@dataclass(frozen=True)
class DpoSettings(Settings):
    """beta, penalty, anchor, per_character: see training.recipes.loss. soft_labels: use how probable each order is.

    The guards, each on the mean over `window` steps and on the held-out pairs at the end of an epoch: chosen_floor and
    rejected_floor in nats a piece since the start, kl_ceiling in nats a character.
    """

    epochs: int = 4
    rate: float = 5e-5
    warmup: int = 8
    beta: float = 0.1
    penalty: float = 5.0
    anchor: float = 0.0
    per_character: bool = False
    soft_labels: bool = True
    chosen_floor: float = -2.0
    rejected_floor: float = -30.0
    kl_ceiling: float = 0.1
    window: int = 8


RECIPES: Mapping[str, type[Settings]] = {"sft": SftSettings, "dpo": DpoSettings}
"""Every recipe with its settings."""


SMALL = "small"
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "sft": {},
    "dpo": {
        SMALL: {
            "epochs": 5,
            "rate": 4e-4,
            "warmup": 1,
            "epsilon": 1e-4,
            "batches": 16,
            "beta": 0.01,
            "penalty": 1.0,
            "chosen_floor": -6.0,
        },
    },
}
"""Settings that belong together, by recipe and name. small: a few steps, each over the pairs of sixteen cues. Where
every cue makes a step of its own, a model of four million weights soon learns single takes by heart. The small beta
lets a pair go on counting when it is in order already; at a larger one the pairs that only chance ordered are all that
is left to pull. The epsilon is about the gradient of a weight, so that weights about which the pairs disagree hardly
move (docs/training.md)."""

SMALL_WEIGHTS = 20_000_000
"""Below so many weights the preset "small" is the one to take; tried with four million."""


def preset_for(recipe: str, *, weights: int) -> str:
    """The preset for a model of this size; empty where the recipe's own settings are the ones to take."""
    return SMALL if weights < SMALL_WEIGHTS and SMALL in PRESETS[recipe] else ""


@dataclass(frozen=True)
class Job:
    """One run. time_limit: seconds this process may train before it saves and stops, None for no limit.

    save_every: seconds between two states that a run can be taken up from. sha256: of the job's content.
    """

    recipe: str
    bundle: Path
    base: Path
    base_sha256: str
    out: Path
    settings: Settings
    time_limit: float | None
    save_every: float
    sha256: str


def read_job(path: Path) -> Job:
    """The job in a file. Raises JobError for anything missing, unknown or out of range."""
    if not path.is_file():
        raise JobError(f"There is no job file {path}.")
    try:
        raw = json.loads(path.read_bytes())
    except ValueError as error:
        raise JobError("The job file is not JSON.") from error
    if not isinstance(raw, dict):
        raise JobError("A job is a JSON object.")
    known = {"recipe", "bundle", "base", "out", "settings", "time_limit", "save_every"}
    if unknown := raw.keys() - known:
        raise JobError(f"A job has no {', '.join(sorted(unknown))}.")
    if missing := {"recipe", "bundle", "base"} - raw.keys():
        raise JobError(f"The job does not say its {', '.join(sorted(missing))}.")
    if raw["recipe"] not in RECIPES:
        raise JobError(f"A recipe is one of {', '.join(RECIPES)}, not {raw['recipe']}.")
    base = raw["base"]
    if not isinstance(base, dict) or base.keys() != {"file", "sha256"}:
        raise JobError("The base checkpoint is given by file and sha256.")
    folder = path.resolve().parent
    content = {name: value for name, value in raw.items() if name not in {"out", "time_limit", "save_every"}}
    return Job(
        recipe=raw["recipe"],
        bundle=folder / raw["bundle"],
        base=folder / base["file"],
        base_sha256=base["sha256"],
        out=folder / raw.get("out", "run"),
        settings=read_settings(raw["recipe"], raw.get("settings", {})),
        time_limit=raw.get("time_limit"),
        save_every=raw.get("save_every", 300.0),
        sha256=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
    )


def read_settings(recipe: str, given: Mapping[str, Any]) -> Settings:
    """The settings of a recipe, or of the `preset` that is named, with what is given changed. Raises JobError."""
    kind = RECIPES[recipe]
    if "preset" in given:
        name = given["preset"]
        if name not in PRESETS[recipe]:
            raise JobError(f"The recipe {recipe} has no preset {name}.")
        given = {**PRESETS[recipe][name], **{key: value for key, value in given.items() if key != "preset"}}
    known = {field.name: field for field in fields(kind)}
    if unknown := given.keys() - known.keys():
        raise JobError(f"The recipe {recipe} has no setting {', '.join(sorted(unknown))}.")
    for name, value in given.items():
        default = known[name].default
        if isinstance(default, bool) or name == "checkpointing":
            fits = isinstance(value, bool) or (value is None and name == "checkpointing")
        elif isinstance(default, str):
            fits = isinstance(value, str)
        else:
            fits = isinstance(value, int if isinstance(default, int) else (int, float)) and not isinstance(value, bool)
        if not fits:
            raise JobError(f"The setting {name} cannot be {value!r}.")
    made = kind(**given)
    if min(made.epochs, made.batches, made.patches) < 1 or min(made.rate, made.epsilon) <= 0 or made.warmup < 0:
        raise JobError("Epochs, batches and patches are at least 1, rate and epsilon above 0, the warm-up no less.")
    if made.precision not in ("float32", "bfloat16"):
        raise JobError("The precision is float32 or bfloat16.")
    return made
