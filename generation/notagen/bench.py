"""How fast a model of any size writes on this machine, with random weights.

    python -m generation.notagen.bench --json [--hidden 384 --patch-layers 6 --char-layers 3 --patches 256]

Prints the median seconds of one patch behind a context of --patches: written alone, per candidate of eight written
side by side, and, in a checkout, the reference's way (tests/bench/reference.py), all three in turn in one run.

The weights never end a patch, so the length is set: twelve passes of the character level for one row, as in real
pieces (PASSES), sixteen for eight rows, for `one_sixteen` and, as always there, for the reference. Every measured
patch starts behind the same number of patches.
"""

import argparse
import importlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from generation.notagen.config import VOCABULARY, ModelConfig
from generation.notagen.decoding import Decoder
from generation.notagen.model import NotaGen
from generation.notagen.patches import EOS, SIZE
from generation.notagen.sampling import Sampling

SAMPLING = Sampling()

PASSES = 12
"""Passes of the character level for a patch written alone, which is done with its end id: 11.7 in pieces of the demo
checkpoint (153 patches), as in the reference's own. For eight side by side the longest patch counts: 15.7."""


@dataclass(frozen=True)
class Floor:
    """What one patch cannot do without: bytes to be read and multiplications to be done."""

    bytes: int
    flops: int

    def seconds(self, bytes_per_second: float) -> float:
        """The least time if reading is all that counts."""
        return self.bytes / bytes_per_second


def floor(config: ModelConfig, *, patches: int, rows: int, characters: float, width: int) -> Floor:
    """Of one step that writes one patch in each of `rows` rows, numbers of `width` bytes.

    Weights are read once a pass (one pass of the patch level, one of the character level for each of `characters`),
    keys and values once a row.
    """
    block = 12 * config.hidden**2
    weights = config.patch_layers * block + characters * (config.char_layers * block + VOCABULARY * config.hidden)
    kept = 2 * config.hidden * (config.patch_layers * patches + config.char_layers * characters**2 / 2) * rows
    return Floor(bytes=round(width * (weights + kept)), flops=round(2 * rows * weights + 2 * kept))


class Bench:
    """One model of `config` with `patches` patches behind it in each of eight rows."""

    def __init__(self, model: NotaGen, *, patches: int, rows: int) -> None:
        self.model = model
        self.rows = rows
        self.patches = patches
        self.device = model.patch_level_decoder.base.wpe.weight.device
        self.context = torch.randint(32, 127, (patches, SIZE), generator=torch.Generator().manual_seed(1))
        self.decoder = Decoder(model, rows)
        self._random = np.random.RandomState(0)
        state = torch.empty(0)
        for row in range(rows):
            state = self.decoder.prefill(row, self.context)[-1]
        self._states = state.expand(rows, -1).clone()

    def patch(self, rows: list[int], passes: int = SIZE) -> float:
        """Seconds of one step: a patch of `passes` ids in each of `rows`, and its reading into the context."""
        places = iter(range(SIZE + 1))
        self._settle()
        began = _clock()
        uniforms = self._random.random_sample((self.rows, SIZE))
        made, _ = self.decoder.characters.write(
            self._states,
            [()] * self.rows,
            uniforms,
            SAMPLING,
            rows=rows,
            close_lines=False,
            should_stop=lambda: next(places) >= passes,
        )
        self.decoder.advance(torch.from_numpy(made), rows)
        self._settle()
        taken = _clock() - began
        for row in rows:
            self.decoder.cache.lengths[row] = self.patches
        return taken

    def _settle(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def _clock() -> float:
    """Seconds. With one thread and no GPU they are those of this process, so that others on the machine count less."""
    alone = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    return time.process_time() if alone else time.perf_counter()


def reading_speed(device: torch.device, side: int) -> float:
    """Bytes a second at which this device reads weights that fit into no cache: a matrix of `side` rows and columns."""
    matrix = torch.ones((side, side), device=device)
    vector = torch.ones(side, device=device)
    times = []
    for _ in range(6):
        began = _clock()
        total = (matrix @ vector).sum()
        total.item()
        times.append(_clock() - began)
    return matrix.numel() * 4 / min(times)


def measure(
    config: ModelConfig,
    *,
    patches: int,
    repeats: int,
    rows: int = 8,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    side: int = 12288,
    against: Callable[[NotaGen], Callable[[Tensor], None]] | None = None,
) -> dict[str, object]:
    """Medians of `repeats` patches of each way, in turn. `against`: makes of a model the way to compare with."""
    torch.manual_seed(0)
    model = _endless(NotaGen(config).eval())
    bytes_per_second = reading_speed(torch.device(device), side)
    reference = against(model) if against is not None else None
    # The reference keeps the weights as they are; every other number type is a copy.
    working = model if dtype == torch.float32 else _copy(model, dtype)
    bench = Bench(working.to(device), patches=patches, rows=rows)
    every = list(range(rows))
    times: dict[str, list[float]] = {}
    for turn in range(repeats + 1):  # the first one warms up
        taken = {
            "one": bench.patch([0], PASSES),
            "one_sixteen": bench.patch([0]),
            "side_by_side": bench.patch(every),
        }
        if reference is not None and turn:
            began = _clock()
            reference(bench.context)
            taken["reference"] = _clock() - began
        for name, seconds in taken.items():
            times.setdefault(name, []).extend([seconds] if turn else [])
    return _report(bench, times, config=config, dtype=dtype, bytes_per_second=bytes_per_second)


def _report(
    bench: Bench,
    times: dict[str, list[float]],
    *,
    config: ModelConfig,
    dtype: torch.dtype,
    bytes_per_second: float,
) -> dict[str, object]:
    rows = bench.rows
    step = {name: statistics.median(found) for name, found in times.items()}
    per_patch = {name: seconds / (rows if name.startswith("side") else 1) for name, seconds in step.items()}
    faster = (
        {name: per_patch["reference"] / seconds for name, seconds in per_patch.items()} if "reference" in step else {}
    )
    width = dtype.itemsize
    floors = {
        "one": floor(config, patches=bench.patches, rows=1, characters=PASSES, width=width),
        "side_by_side": floor(config, patches=bench.patches, rows=rows, characters=SIZE, width=width),
    }
    device = bench.device
    return {
        "bench": "notagen",
        "config": asdict(config),
        "parameters": config.parameters,
        "patches": bench.patches,
        "rows": rows,
        "dtype": str(dtype).removeprefix("torch."),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "repeats": len(times["one"]),
        "seconds_per_patch": {name: float(f"{seconds:.4g}") for name, seconds in per_patch.items()},
        "times_faster": {name: round(times, 2) for name, times in faster.items() if name != "reference"},
        "floor": {
            name: {**asdict(least), "seconds": float(f"{least.seconds(bytes_per_second):.4g}")}
            for name, least in floors.items()
        },
        "share_of_floor": {name: round(floors[name].seconds(bytes_per_second) / step[name], 3) for name in floors},
        "reading_gigabytes_per_second": round(bytes_per_second / 1e9, 1),
        "memory_gigabytes": round(torch.cuda.max_memory_allocated() / 1e9, 2) if device.type == "cuda" else None,
    }


def _endless(model: NotaGen) -> NotaGen:
    """The model with an end id that is never drawn: the closing norm's bias points away from it."""
    stack = model.char_level_decoder.base.transformer
    away = torch.nn.init.normal_(stack.ln_f.bias.detach())
    stack.wte.weight.detach()[EOS] = -30 * away / away.dot(away)
    return model


def _copy(model: NotaGen, dtype: torch.dtype) -> NotaGen:
    other = NotaGen(model.config)
    other.load_state_dict(model.state_dict())
    return other.to(dtype).eval()


def _reference() -> Callable[[NotaGen], Callable[[Tensor], None]] | None:
    """The reference's way, which lives with the tests and is no part of an installation."""
    try:
        module = importlib.import_module("tests.bench.reference")
    except ModuleNotFoundError:
        return None

    def against(model: NotaGen) -> Callable[[Tensor], None]:
        way = module.Reference(model)
        random = np.random.RandomState(0)
        return lambda context: way.patch_of(context, random, SAMPLING)

    return against


def main(arguments: list[str] | None = None) -> int:
    """Measure as the command line says and print the result as JSON or as lines."""
    parser = argparse.ArgumentParser(prog="python -m generation.notagen.bench", description=__doc__)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--patch-layers", type=int, default=6)
    parser.add_argument("--char-layers", type=int, default=3)
    parser.add_argument("--patches", type=int, default=256, help="patches in the context, under 1024")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--side", type=int, default=12288, help="width of the matrix that measures the reading speed")
    parser.add_argument("--no-reference", action="store_true", help="leave the reference's way out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    found = measure(
        ModelConfig(options.hidden, options.patch_layers, options.char_layers),
        patches=options.patches,
        repeats=options.repeats,
        rows=options.rows,
        dtype=getattr(torch, options.dtype),
        device=options.device,
        side=options.side,
        against=None if options.no_reference else _reference(),
    )
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{name}: {value}\n" for name, value in found.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
