"""A preference step on the CPU at the size of NotaGen-small, ours against the reference's way, in turn in one run.

    python -m tests.bench.bench_training

The reference's way, rebuilt from its description with the same libraries: a second live model as reference, both with
dropout, every piece read by both models at every step, patches as one-hot vectors times a matrix, all sixteen places of
every patch through transformers' GPT2Model, prompt and forced markers scored like the rest, one pair a step.
Each way is a process of its own, which tells its peak memory; their steps alternate. Pieces are composed études.
Compared are CPU seconds, with one thread the same as seconds on a machine that has nothing else to do; seconds by the
clock are told too.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median
from typing import Any

SIZE = {"hidden": 768, "patch_layers": 12, "char_layers": 3}
PATCH_LENGTH = 1024
WAYS = ("reference", "ours", "ours-bfloat16")


def pieces(patches: int) -> list[str]:
    """Two études of about so many patches, with their opening and markers as forced spans."""
    from generation.etudes.composer import compose
    from generation.notagen.patches import encode_complete

    found: list[str] = []
    seed = 0
    while len(found) < 2:
        raw = compose(seed).abc
        length = len(encode_complete(raw))
        if abs(length - patches) <= patches // 10:
            found.append(raw)
        seed += 1
    return found


def forced(raw: str) -> list[tuple[int, int]]:
    """The opening and the markers of a text, which the engine would have written."""
    import re

    spans = [(0, raw.index("[r:"))]
    return [*spans, *(match.span() for match in re.finditer(r"\[r:\d+/\d+\]", raw))]


def work(way: str, patches: int, threads: int) -> None:
    """Answer each line on stdin with a step and its seconds (CPU, clock); at the end of stdin with the peak memory."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = reference_step(patches) if way == "reference" else our_step(patches, half=way.endswith("bfloat16"))
    for _line in sys.stdin:
        began, clock = time.process_time(), time.perf_counter()
        loss = step()
        took = {"seconds": time.process_time() - began, "clock": time.perf_counter() - clock}
        print(json.dumps({**took, "loss": loss}), flush=True)
    print(json.dumps({"peak_mb": peak_mb()}), flush=True)


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


def our_step(patches: int, *, half: bool) -> Any:
    import torch

    from generation.notagen.config import ModelConfig
    from generation.notagen.model import NotaGen
    from generation.notagen.patches import encode_complete
    from training.recipes.bundling import chosen_freely
    from training.recipes.job import DpoSettings
    from training.recipes.learning import optimizer_of
    from training.recipes.loss import LogProbs, preference_loss
    from training.recipes.scoring import piece_log_probs, stack

    model = NotaGen(ModelConfig(**SIZE, patch_length=PATCH_LENGTH))
    encoded = [encode_complete(raw) for raw in pieces(patches)]
    masks = [chosen_freely(ids, forced(raw)) for ids, raw in zip(encoded, pieces(patches), strict=True)]
    ids, scored = stack([torch.tensor(one) for one in encoded]), stack([torch.tensor(one) for one in masks])
    settings = DpoSettings(rate=1e-6)
    optimizer = optimizer_of(model, settings)

    def log_probs() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return piece_log_probs(model, ids, scored)

    with torch.no_grad():
        reference = log_probs()  # once a piece, before the first step

    def step() -> float:
        found = log_probs()
        loss = preference_loss(
            LogProbs(found[:1], found[1:]), LogProbs(reference[:1], reference[1:]), beta=0.1, penalty=10.0
        ).loss.mean()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


def reference_step(patches: int) -> Any:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional as F

    from generation.notagen.config import VOCABULARY, ModelConfig
    from generation.notagen.model import NotaGen
    from generation.notagen.patches import encode_complete
    from tests.bench.reference import Reference

    plain = NotaGen(ModelConfig(**SIZE, patch_length=PATCH_LENGTH))
    weights = plain.state_dict()
    policy = Reference(plain).train()
    frozen = NotaGen(plain.config)
    frozen.load_state_dict(weights)
    reference = Reference(frozen).train()
    for model in (policy, reference):
        model.char.tie_weights()
    encoded = [torch.tensor(encode_complete(raw))[None] for raw in pieces(patches)]
    optimizer = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], lr=1e-6)

    def log_prob(model: Any, ids: Tensor) -> Any:
        hot = F.one_hot(ids, num_classes=VOCABULARY).float().reshape(1, ids.shape[1], -1)
        hidden = model.patch(inputs_embeds=model.embedding(hot))["last_hidden_state"][0, :-1]
        targets = ids[0, 1:]
        embeds = torch.cat((hidden[:, None], model.char.transformer.wte(targets)), dim=1)
        logits = model.char(inputs_embeds=embeds).logits[:, :-1]
        logps = logits.log_softmax(dim=-1).gather(2, targets[..., None])[..., 0]
        return (logps * (targets != 0)).sum()

    def step() -> float:
        chosen, rejected = (log_prob(policy, ids) for ids in encoded)
        with torch.no_grad():
            before_chosen, before_rejected = (log_prob(reference, ids) for ids in encoded)
        fallen = max(torch.zeros(()), before_chosen - chosen)
        loss = -F.logsigmoid(0.1 * ((chosen - rejected) - (before_chosen - before_rejected) - 10.0 * fallen))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


def measure(ways: tuple[str, ...], *, patches: int, repeats: int, threads: int) -> dict[str, Any]:
    """Median CPU seconds and peak memory of a step each way; the first step of each is not counted."""
    started = {
        way: subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bench_training", "--way", way, f"--patches={patches}",
             f"--threads={threads}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        for way in ways
    }  # fmt: skip
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    clock: dict[str, list[float]] = {way: [] for way in ways}
    peaks: dict[str, float] = {}
    for number in range(repeats + 1):
        for way, process in started.items():
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
            if number:
                seconds[way].append(said["seconds"])
                clock[way].append(said["clock"])
    for way, process in started.items():
        out, _ = process.communicate()
        peaks[way] = json.loads(out.splitlines()[-1])["peak_mb"]
    medians = {way: median(values) for way, values in seconds.items()}
    return {
        "bench": "training",
        "patches": patches,
        "repeats": repeats,
        "threads": threads,
        "seconds": {way: round(value, 3) for way, value in medians.items()},
        "clock": {way: round(median(values), 3) for way, values in clock.items()},
        "peak_mb": {way: round(value) for way, value in peaks.items()},
        "times_faster": {way: round(medians["reference"] / medians[way], 2) for way in ways},
        "share_of_memory": {way: round(peaks[way] / peaks["reference"], 3) for way in ways},
    }


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--patches", type=int, default=160)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.way:
        work(options.way, options.patches, options.threads)
        return
    half = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    ways = WAYS if half else WAYS[:2]
    print(json.dumps(measure(ways, patches=options.patches, repeats=options.repeats, threads=options.threads)))


if __name__ == "__main__":
    main()
