"""Runs in processes of their own: two that share a step, and one that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from generation.notagen.checkpoint import load_checkpoint
from tests.training.recipes import toy

pytestmark = pytest.mark.kill

ROOT = Path(__file__).resolve().parents[3]
# Eighty steps of one pair each.
SETTINGS = {"epochs": 6, "rate": 3e-4, "warmup": 2, "patches": 1}
PATIENCE = 900.0


def start(job: Path, *, processes: int = 1) -> subprocess.Popen[bytes]:
    """A run as the app would start it; its output lies beside the job."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), "-m", "training.recipes.run", str(job)]
    with job.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=log, stderr=log)


def finish(job: Path, *, processes: int = 1) -> None:
    status = start(job, processes=processes).wait(PATIENCE)
    assert status == 0, job.with_suffix(".log").read_text()[-3000:]


def steps(folder: Path) -> list[dict[str, float]]:
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in found if "eval_loss" not in row]


def furthest(one: Path, other: Path) -> float:
    """The largest difference of any weight of two results."""
    states = [load_checkpoint(path / "result" / "model.safetensors").model.state_dict() for path in (one, other)]
    return max(float((states[0][name] - states[1][name]).abs().max()) for name in states[0])


@pytest.mark.parametrize("recipe", ["dpo", "sft"])
def test_two_processes_learn_as_one_does_with_the_same_steps(tmp_path, recipe):
    (toy.preference_bundle if recipe == "dpo" else toy.training_bundle)(tmp_path)
    settings = {**SETTINGS, "batches": 2, **({"dropout": 0.0} if recipe == "sft" else {})}
    one = toy.job(tmp_path, recipe, out="one", settings=settings)
    two = toy.job(tmp_path, recipe, out="two", settings=settings)
    finish(one)
    finish(two, processes=2)
    alone, shared = steps(tmp_path / "one"), steps(tmp_path / "two")
    assert len(alone) > 10
    for name in ("loss", "learning_rate", "grad_norm"):
        assert [row[name] for row in shared] == pytest.approx([row[name] for row in alone], rel=1e-3, abs=1e-5)
    assert furthest(tmp_path / "one", tmp_path / "two") < 1e-4


def test_a_killed_run_goes_on_to_the_weights_of_one_that_was_not(tmp_path):
    toy.preference_bundle(tmp_path)
    unkilled = toy.job(tmp_path, "dpo", out="unkilled", settings=SETTINGS, save_every=0)
    killed = toy.job(tmp_path, "dpo", out="killed", settings=SETTINGS, save_every=0)
    finish(unkilled)
    folder = tmp_path / "killed"
    for step in (5, 15):
        process = start(killed)
        wait_for(folder, step, process)
        os.kill(process.pid, signal.SIGKILL)  # noqa: TID251 (the point of this test)
        process.wait(30)
        assert not (folder / "result.json").exists()
        assert not (folder / "result").exists()
        assert json.loads((folder / "heartbeat.json").read_text())["state"] != "finished"
    finish(killed)
    assert [row["step"] for row in steps(folder)] == [row["step"] for row in steps(tmp_path / "unkilled")]
    assert furthest(tmp_path / "unkilled", folder) < 1e-4
    assert torch.isfinite(torch.tensor([row["loss"] for row in steps(folder)])).all()


def wait_for(folder: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as the run is beyond a step."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        assert process.poll() is None, "the run ended by itself"
        file = folder / "metrics.jsonl"
        if file.is_file() and file.read_text().count("\n") > step:
            return
        time.sleep(0.01)
    raise AssertionError(f"step {step} was not reached")
