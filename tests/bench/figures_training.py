"""The figures of training runs (issue 6): curves, processes, kills, speed and memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
RECIPES = "tests/training/recipes"
HELD = {
    "loss, log-probabilities and gradient equal the goldens": f"{RECIPES}/test_loss.py {RECIPES}/test_scoring.py",
    "TRL's trainer and a plain one with the same loss: equal curves": f"{RECIPES}/test_learning.py -k learn_alike",
    "20 steps and 20 more equal 40 straight to 4 decimals": f"{RECIPES}/test_learning.py -k as_if_it_had_not_been",
    "two processes equal one with the same steps": f"-m kill {RECIPES}/test_processes.py -k two_processes",
    "after SIGKILL of the trainer: weights within 1e-4": f"-m kill {RECIPES}/test_processes.py -k killed_run",
    "after SIGKILL of trainer and worker in mid-round: weights within 1e-4 of an unkilled round, nothing promoted": (
        "-m kill tests/e2e/test_kill_round.py"
    ),
    ".pth of ours: the reference's container, keys, shapes and ties": (
        "tests/generation/notagen/test_checkpoint.py -k references_container"
    ),
    "a round in Chromium: started, watched, stopped, gone on with, handed out, deleted": (
        "-m e2e tests/e2e/test_round.py"
    ),
    "the gate in Chromium: measured, matched, promoted, offered, rolled back": "-m e2e tests/e2e/test_gate.py",
}
"""What tests hold, and which."""


def curves() -> Iterator[Figure]:
    """What is right or wrong, whatever the machine: numbers of passed tests."""
    for name, words in HELD.items():
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", *words.split()],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stdout.split()
        passed = next((int(one) for one, after in pairwise(said) if after.startswith("passed")), 0)
        fine = done.returncode == 0 and passed > 0
        yield Figure(6, f"{name}: passed tests", passed, "all pass", fine, f"pytest {words}")


def speed() -> Iterator[Figure]:
    """A preference step against the reference's way, and what a step on the large model takes."""
    from generation.notagen.config import ModelConfig
    from training.recipes.memory import step_memory

    command = "python -m tests.bench.bench_training"
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    faster, share = found["times_faster"], found["share_of_memory"]
    seconds, clock, patches = found["seconds"], found["clock"], found["patches"]
    note = (
        f"median CPU seconds of {found['repeats']} steps each, in turn, one thread, a pair of {patches} patches "
        f"a piece: reference {seconds['reference']} and {found['peak_mb']['reference']} MB, ours {seconds['ours']} and "
        f"{found['peak_mb']['ours']} MB; by the clock of the shared machine {clock['reference']} and {clock['ours']} s"
    )
    where = "12x768, CPU, DPO step against the reference's way"
    yield Figure(6, f"{where}: times faster, fp32", faster["ours"], ">= 1.6", faster["ours"] >= 1.6, command, note=note)
    fits = share["ours"] <= 0.6
    yield Figure(6, f"{where}: share of its peak memory, fp32", share["ours"], "<= 0.60", fits, command, note=note)
    half = "ours-bfloat16"
    if half in seconds:
        note = f"{seconds[half]} CPU seconds ({clock[half]} by the clock) and {found['peak_mb'][half]} MB"
        yield Figure(6, f"{where}: times faster, bf16", faster[half], "reported", True, command, note=note)
    else:
        note = "this CPU computes no bf16"
        yield Figure(6, f"{where}: times faster, bf16", None, "reported", None, command, note=note)
    large = ModelConfig(hidden=1280, patch_layers=20, char_layers=6)
    for name, sequences in (("DPO step, one pair", 2), ("SFT step, one piece", 1)):
        need = step_memory(large, patches=1024, sequences=sequences, precision="bfloat16", checkpointing=True)
        title = f"NotaGen-X, 1024 full patches, {name}: GB by arithmetic"
        state = (need.weights + need.gradients + need.optimizer) / 1e9
        note = (
            f"bf16, layers computed again: weights, gradients, AdamW {state:.2f}, "
            f"kept {need.kept / 1e9:.2f}, one layer {need.block / 1e9:.2f}"
        )
        gigabytes = round(need.total / 1e9, 1)
        yield Figure(6, title, gigabytes, "<= 24", gigabytes <= 24, "training.recipes.memory", note=note)
        title = f"NotaGen-X, 1024 patches, {name}: GB measured on a GPU"
        yield Figure(6, title, None, "<= 24", None, "", note="not measured: no GPU could be had")
