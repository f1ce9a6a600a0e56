"""Figures of the engine and of the demo checkpoint in it: speed beside the reference's way, cancel, what it writes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.bench.command import ROOT, run_command
from tests.bench.figure import Figure

SMALL, LARGE = ("6x384", (384, 6, 3, 256), 15), ("20x1280", (1280, 20, 6, 512), 5)
"""Sizes of the engine's figures: name; width, patch and character layers, patches in the context; repeats."""


def engine() -> Iterator[Figure]:
    """The engine against the reference's way, medians of one run for each size, one thread, random weights."""
    for (name, size, repeats), one, eight in ((SMALL, 4.5, 20), (LARGE, 12, 40)):
        command, found = _bench(*size, repeats=repeats)
        seconds, faster = found["seconds_per_patch"], found["times_faster"]
        note = (
            f"medians of {repeats} patches each, in turn: reference {seconds['reference']} s, one {seconds['one']} s "
            f"(twelve characters as in real pieces; all sixteen {seconds['one_sixteen']} s), "
            f"per candidate of eight {seconds['side_by_side']} s"
        )
        where = f"{name} at {size[3]} patches, times faster than the reference's way"
        yield Figure(3, f"{where}: one", faster["one"], f">= {one}", faster["one"] >= one, command, note=note)
        many = faster["side_by_side"]
        yield Figure(3, f"{where}: each of eight", many, f">= {eight}", many >= eight, command, note=note)
    yield from _bfloat16()
    yield _cancel()
    for name, goal in (
        ("GPU, 20x1280, bf16, eight: milliseconds of a patch step", "reported"),
        ("GPU: share of the memory-bandwidth floor", ">= 0.30 (H200), >= 0.40 (4090)"),
        ("GPU: memory in GB", "<= 6"),
        ("GPU: seconds for eight pieces of 48 bars", "reported"),
    ):
        command = "python -m generation.notagen.bench --json --device cuda --dtype bfloat16 --no-reference"
        yield Figure(3, name, None, goal, None, command, note="not measured: no GPU could be had; the path is tested "
                     "on the CPU (tests/generation/notagen/test_decoding.py)")  # fmt: skip


def _bench(hidden: int, patch_layers: int, char_layers: int, patches: int, *more: str, repeats: int) -> tuple[str, Any]:
    sizes = {"hidden": hidden, "patch-layers": patch_layers, "char-layers": char_layers, "patches": patches}
    words = [f"--{name}={value}" for name, value in sizes.items()]
    arguments = ["-m", "generation.notagen.bench", "--json", *words, f"--repeats={repeats}", *more]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return "python " + " ".join(arguments), json.loads(done.stdout)


def _bfloat16() -> Iterator[Figure]:
    import torch  # here, so that listing the figures needs no torch

    name, size, repeats = LARGE
    for way, words in (("one", "one"), ("side_by_side", "each of eight")):
        title = f"{name} at {size[3]} patches, bf16 on the CPU, seconds a patch: {words}"
        if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            yield Figure(3, title, None, "reported", None, "", note="this CPU computes no bf16")
            continue
        command, found = _bench(*size, "--dtype=bfloat16", "--no-reference", repeats=repeats)
        yield Figure(3, title, found["seconds_per_patch"][way], "reported", True, command)


def _cancel() -> Figure:
    """Seconds from the moment a cancel is seen until the engine has stopped, with the shipped checkpoint."""
    import torch

    from generation.notagen.checkpoint import load_checkpoint
    from generation.notagen.engine import Engine
    from generation.notagen.header import prompt_lines
    from generation.notagen.piece import Brief
    from generation.notagen.sampling import Sampling

    torch.set_num_threads(1)
    writer = Engine(load_checkpoint(ROOT / "data" / "demo" / "checkpoint" / "model.safetensors").model)
    brief = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "C", 60, 48)
    looks: list[float] = []

    def look() -> bool:
        looks.append(time.perf_counter())
        return looks[-1] - looks[0] > 5

    for _ in writer.write(brief, seeds=range(64), sampling=Sampling(0, 0.95, 0.85), should_stop=look):
        pass
    longest = max(after - before for before, after in pairwise(looks))
    stopped = time.perf_counter() - looks[-1]
    value = round(longest + stopped, 3)
    return Figure(3, "seconds from cancel to stop, demo checkpoint, eight side by side", value, "<= 1", value <= 1,
                  "python run.py figures engine", note="the longest wait between two looks at the cancel in five "
                  "seconds of writing, and the stop itself")  # fmt: skip


DEMO = "training.recipes.demo_figures data/demo/checkpoint/model.safetensors --only"


def _demo(what: str) -> tuple[dict[str, Any], float]:
    """What the measuring of the demo checkpoint says of `what`, and the seconds it took."""
    status, seconds, output = run_command(sys.executable, "-m", *DEMO.split(), what, timeout=7200)
    if status:
        raise AssertionError(output[-2000:])
    return json.loads(output.splitlines()[-1]), seconds


def demo_pieces() -> Iterator[Figure]:
    """The demo checkpoint in the engine: 96 guarded pieces, and what of them is copied."""
    found, seconds = _demo("guarded")
    guarded = found["guarded"]
    count, drawn = guarded["count"], "top-p {top_p}, temperature {temperature}".format(**found["sampling"])

    def figure(name: str, value: float, goal: str, ok: bool, note: str = "") -> Figure:
        return Figure(3, name, value, goal, ok, f"python -m {DEMO} guarded", note=note)

    metres = f"4 metres, keys and lengths of 16 to 48 bars, {drawn}, {seconds:.0f} s in all on a busy machine"
    yield figure(f"valid of {count} guarded pieces", guarded["valid"], "96", guarded["valid"] == 96, metres)
    yield figure(f"of the asked length, of {count}", guarded["long"], "96", guarded["long"] == 96)
    tries = round(guarded["tries"], 3)
    yield figure("tries a line", tries, "<= 1.3", tries <= 1.3)
    share, longest = guarded["short_copies"], max(guarded["copied"])
    note = f"longest run {longest}; bars compared as text with the {found['pieces']} training pieces"
    yield figure("pieces that copy at most 4 bars in a row", round(share, 3), ">= 0.95", share >= 0.95, note)
    moved, longest = guarded["short_moves"], max(guarded["moved"])
    note = f"longest run {longest}; transposed copies count, accidentals are not told apart"
    yield figure("the same in degrees of the key", round(moved, 3), ">= 0.95", moved >= 0.95, note)
    yield figure("share of distinct single bars", round(guarded["distinct"], 3), "reported", True)


def demo_alone() -> Iterator[Figure]:
    """How many bars of the demo checkpoint add up when no guard looks at them."""
    found, _seconds = _demo("free")
    alone = found["alone"]
    yield Figure(
        3,
        "share of bars that add up without guard",
        round(alone["bars"], 4),
        ">= 0.97 of >= 3000 bars at temperature 0.8",
        alone["bars"] >= 0.97 and alone["lines"] >= 3000,
        f"python -m {DEMO} free",
        note="{top_k} ids, top-p {top_p}, of {lines} bars".format(**found["free"], lines=alone["lines"]),
    )
