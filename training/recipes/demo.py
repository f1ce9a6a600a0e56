"""Makes the demo checkpoint: composes études, trains a small NotaGen on them, saves it with its model card.

    python -m training.recipes.demo --out data/demo/checkpoint

The run keeps its state in --work and goes on from there when started again; started anew with the same numbers
it sees the same pieces in the same order. The learning rate falls with the share of steps or of minutes that is
used up, whichever is larger, so a slower machine ends in time with fewer steps.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generation.etudes.stages import Stage, Texture
from generation.notagen.checkpoint import Meta, SamplingDefaults, save_safetensors
from generation.notagen.config import ModelConfig
from generation.notagen.header import BARE_THREE_PLUS_STAGE
from generation.notagen.model import NotaGen
from generation.notagen.patches import PAD
from generation.notagen.sampling import Sampling
from training.recipes import demo_card
from training.recipes.demo_corpus import Corpus, batches, build, pad
from training.recipes.demo_measure import measure_alone, measure_guarded

#: What suits a model this small; the reference's 1.2 is made for NotaGen-X.
SAMPLING = SamplingDefaults(top_k=0, top_p=0.92, temperature=0.8)


@dataclass(frozen=True)
class Settings:
    """One training run. Sizes as in ModelConfig, `batch` and `short` in patches, `rate` and `rate_rest` are the peak
    learning rates of Muon and AdamW."""

    hidden: int = 192
    patch_layers: int = 6
    char_layers: int = 2
    patch_length: int = 512
    pieces: int = 12_000
    held_out: int = 100
    batch: int = 480
    steps: int = 6_000
    minutes: float = 85.0
    short: int = 80
    short_steps: int = 600
    warmup: int = 40
    rate: float = 5e-3
    rate_rest: float = 4e-3
    decay: float = 0.02
    clip: float = 1.0
    seed: int = 0

    @property
    def config(self) -> ModelConfig:
        """The sizes of the model."""
        return ModelConfig(
            hidden=self.hidden,
            patch_layers=self.patch_layers,
            char_layers=self.char_layers,
            patch_length=self.patch_length,
        )


class Run:
    """A training run that can be stopped at any step and taken up again from `work`/state.pt."""

    def __init__(self, settings: Settings, corpus: Corpus, work: Path) -> None:
        self.settings, self.corpus, self.work = settings, corpus, work
        torch.manual_seed(settings.seed)
        self.model = NotaGen(settings.config)
        self.optimizers = optimizers(self.model, settings)
        self.step = 0
        self.seconds = 0.0
        self.losses: list[tuple[int, float]] = []
        self.measured: dict[str, Any] = {}

    @property
    def used(self) -> float:
        """Share of the run that is over, 0 to 1."""
        return min(1.0, max(self.step / self.settings.steps, self.seconds / 60 / self.settings.minutes))

    def load(self) -> bool:
        """Take up the state of an earlier run with the same settings and data; False when there is none."""
        file = self.work / "state.pt"
        if not file.is_file():
            return False
        state = torch.load(file, weights_only=True)
        if state["settings"] != asdict(self.settings) or state["data"] != self.corpus.sha256:
            return False
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.step, self.seconds, self.losses = state["step"], state["seconds"], state["losses"]
        return True

    def save(self) -> None:
        """Write the state; a kill in the middle leaves the one before."""
        self.work.mkdir(parents=True, exist_ok=True)
        state = {
            "settings": asdict(self.settings),
            "data": self.corpus.sha256,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
        }
        torch.save(state, self.work / "state.new")
        (self.work / "state.new").replace(self.work / "state.pt")

    def train(self, *, save_every: float = 120.0, evaluate_every: float = 400.0) -> None:
        """Train until the steps or the minutes are used up, with a progress line now and then."""
        settings = self.settings
        stream = lesson_plan(self.corpus, settings)
        for _ in range(self.step):
            next(stream)
        saved = evaluated = clock = time.monotonic()
        recent: list[float] = []
        while self.used < 1.0:
            recent.append(self._learn(next(stream)))
            now = time.monotonic()
            self.seconds += now - clock
            clock = now
            if self.step % 50 == 0:
                mean, recent = sum(recent) / len(recent), []
                print(f"step {self.step} minute {self.seconds / 60:.1f} loss {mean:.4f}", flush=True)
            if now - saved > save_every:
                self.save()
                saved = now
            if now - evaluated > evaluate_every:
                self._note_loss()
                self.export(self.work / "snapshot")
                evaluated = clock = time.monotonic()
        self._note_loss()
        self.save()

    def measure(self) -> None:
        """Note for the model card what the model writes alone and with the guard (about two CPU minutes)."""
        # The weights are shipped in half precision, so these are measured.
        rounded = NotaGen(self.settings.config).eval()
        rounded.load_state_dict({name: value.half().float() for name, value in self.model.state_dict().items()})
        sampling = Sampling(SAMPLING.top_k, SAMPLING.top_p, SAMPLING.temperature)
        self.measured = {
            "alone": asdict(measure_alone(rounded, sampling)),
            "guarded": asdict(measure_guarded(rounded, sampling)),
        }

    def export(self, folder: Path) -> str:
        """Write the checkpoint as it is now (weights, meta.json, model card) and return the weights' sha256."""
        weights = folder / "model.safetensors"
        digest = save_safetensors(weights, self.model, meta_of(self))
        card = demo_card.text(meta_of(self), digest, weights.stat().st_size)
        (folder / "README.md").write_text(card, encoding="utf-8")
        return digest

    def _learn(self, ids: Tensor) -> float:
        warm = min(1.0, (self.step + 1) / self.settings.warmup)
        share = warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.used)))
        for optimizer, peak in zip(self.optimizers, (self.settings.rate, self.settings.rate_rest), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * share
        self.model.train()
        loss = self.model(ids)  # float32: bfloat16 was slower on the CPUs tried
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return float(loss.detach())

    def _note_loss(self) -> None:
        loss = held_out_loss(self.model, self.corpus.held_out)
        self.losses.append((self.step, loss))
        print(f"step {self.step} held-out loss {loss:.4f} nats a character", flush=True)


def lesson_plan(corpus: Corpus, settings: Settings) -> Iterator[Tensor]:
    """The batches in their order: short pieces for `short_steps` steps, for looking back is learned there, then all."""
    short = tuple(piece for piece in corpus.train if len(piece) <= settings.short) or corpus.train
    yield from islice(batches(short, patches=settings.batch, seed=settings.seed), settings.short_steps)
    yield from batches(corpus.train, patches=settings.batch, seed=settings.seed + 1)


def optimizers(model: NotaGen, settings: Settings) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for everything else.

    In as many steps Muon got twice as far as AdamW alone (loss 0.72 after 75 steps against 0.74 after 150), for a
    third more time a step. Norms, biases and tables are not decayed.
    """
    inner = [p for name, p in model.named_parameters() if p.requires_grad and p.dim() == 2 and ".h." in name]
    ours = {id(p) for p in inner}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in ours]
    muon = torch.optim.Muon(
        inner, lr=settings.rate, momentum=0.95, weight_decay=settings.decay, adjust_lr_fn="match_rms_adamw"
    )
    return muon, torch.optim.AdamW(rest, lr=settings.rate_rest, betas=(0.9, 0.98), weight_decay=0.0)


def held_out_loss(model: NotaGen, pieces: tuple[Tensor, ...]) -> float:
    """Mean cross entropy in nats a character over `pieces`, in float32 without dropout."""
    model.eval()
    total, count = 0.0, 0
    ordered = sorted(pieces, key=len)
    with torch.inference_mode():
        for start in range(0, len(ordered), 4):
            ids = pad(ordered[start : start + 4])
            scored = int((ids[:, 1:] != PAD).sum())
            total += float(model(ids)) * scored
            count += scored
    return total / count


def meta_of(run: Run) -> Meta:
    """What the checkpoint says of itself."""
    training: dict[str, Any] = {
        "recipe": "training.recipes.demo",
        **asdict(run.settings),
        "step": run.step,
        "minutes_used": round(run.seconds / 60, 1),
        "held_out_loss": round(run.losses[-1][1], 4) if run.losses else None,
        **run.measured,
    }
    return Meta(
        kind="demo",
        header_style=BARE_THREE_PLUS_STAGE,
        vocabulary={
            "period": ("Minimal",),
            "composer": tuple(f"Etude, {texture}" for texture in Texture),
            "instrumentation": ("Keyboard",),
            "stage": tuple(Stage),
        },
        sampling=SAMPLING,
        data_sha256=run.corpus.sha256,
        seed=run.settings.seed,
        training=training,
    )


def main(arguments: list[str] | None = None) -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description="Train the demo checkpoint on composed études.")
    parser.add_argument("--out", type=Path, default=Path("data/demo/checkpoint"), help="folder of the checkpoint")
    parser.add_argument("--work", type=Path, default=Path("data/var/demo-training"), help="state of the run")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: as many as torch takes)")
    for name, default in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    options = vars(parser.parse_args(arguments))
    out, work, threads = options.pop("out"), options.pop("work"), options.pop("threads")
    if threads:
        torch.set_num_threads(threads)
    settings = Settings(**options)
    print(f"composing {settings.pieces} études", flush=True)
    corpus = build(pieces=settings.pieces, held_out=settings.held_out, patch_length=settings.patch_length, cache=work)
    run = Run(settings, corpus, work)
    taken_up = run.load()
    print(f"{settings.config.parameters} weights, data {corpus.sha256[:12]}, from step {run.step}", flush=True)
    if not taken_up or run.used < 1.0:
        run.train()
    print("measuring", flush=True)
    run.measure()
    digest = run.export(out)
    print(f"saved {out} (sha256 {digest})", flush=True)


if __name__ == "__main__":
    main()
