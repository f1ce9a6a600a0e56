"""CLaMP at its published size with random weights, one thread: `python -m tests.bench.clamp speed|scores|memory`.

One JSON line each. speed: our way beside the reference's, piece by piece in turn, processor seconds. scores: vectors
that are kept against references. memory: what loading a published file takes, each step in a fresh process.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from generation.clamp.encoder import MusicEncoder, cpu_has_bfloat16
from generation.clamp.model import Music, TowerConfig
from generation.clamp.patches import Ids, Reading
from generation.clamp.scores import Style
from generation.clamp.weights import Meta, import_weights, load_music, load_text, write
from tests.bench.clamp_reference import Reference
from tests.shared import SHARED

SIZES = TowerConfig(hidden=768, layers=12, heads=12, inner=3072, positions=512)
TEXT = TowerConfig(hidden=768, layers=12, heads=12, inner=3072, positions=514, vocabulary=250002)
MEDIAN, MEAN = 106, 129
"""Patches of a cue (spec clamp): lognormal; with these the 95th percentile is 317."""
PIECES, SEED = 32, 0


def lengths(count: int) -> list[int]:
    """Patches of `count` pieces, by the mix of the specification."""
    sigma = np.sqrt(2 * np.log(MEAN / MEDIAN))
    drawn = np.random.default_rng(SEED).lognormal(np.log(MEDIAN), sigma, count)
    return [int(length) for length in np.clip(drawn.round(), 8, 4 * 512)]


def pieces(count: int) -> list[Ids]:
    """Patches of random characters, each filled as far as bars are."""
    rng = np.random.default_rng(SEED)
    found = []
    for length in lengths(count):
        ids = rng.integers(32, 127, (length, 64), dtype=np.uint8)
        ids[np.arange(64) > rng.integers(12, 40, (length, 1))] = 0
        found.append(ids)
    return found


def random_encoder(folder: Path) -> Path:
    """A .safetensors of the published size with random music weights."""
    torch.manual_seed(SEED)
    model = Music(SIZES, 768)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0, 0.02)
    state = {f"music.{name}": weight for name, weight in model.state_dict().items()}
    path = folder / "clamp.safetensors"
    write(path, state, Meta(Reading.CLAMP3, 768, SIZES, TEXT, "random"))
    return path


def speed() -> dict[str, Any]:
    """Processor seconds of all pieces by each way in one run, and how far the vectors are apart."""
    torch.set_num_threads(1)
    ways: dict[str, bool] = {"float32": False, **({"bfloat16": True} if cpu_has_bfloat16() else {})}
    with tempfile.TemporaryDirectory() as folder:
        path = random_encoder(Path(folder))
        encoders = {way: MusicEncoder(path, half=half, device=torch.device("cpu")) for way, half in ways.items()}
        reference = Reference(load_music(path)[0])
        music = pieces(PIECES)
        for one in music[:2]:  # the first passes set the libraries up
            reference.vector(one)
            for encoder in encoders.values():
                encoder.of_patches([one])
        seconds = dict.fromkeys(("reference", *ways), 0.0)
        vectors: dict[str, list[Any]] = {way: [] for way in seconds}
        for start in range(0, len(music), 8):  # in turn, so that a slow minute of the machine meets all ways
            some = music[start : start + 8]
            clock = time.process_time()
            vectors["reference"] += [reference.vector(one) for one in some]
            seconds["reference"] += time.process_time() - clock
            for way, encoder in encoders.items():
                clock = time.process_time()
                vectors[way] += list(encoder.of_patches(some))
                seconds[way] += time.process_time() - clock
    unit = {way: np.stack(found) / np.linalg.norm(found, axis=1, keepdims=True) for way, found in vectors.items()}
    return {
        "pieces": len(music),
        "patches": sum(len(one) for one in music),
        "seconds": {way: round(spent, 3) for way, spent in seconds.items()},
        "times": {way: round(seconds["reference"] / seconds[way], 2) for way in ways},
        "least_cosine": {way: float((unit[way] * unit["reference"]).sum(1).min()) for way in ways},
    }


def scores() -> dict[str, Any]:
    """Milliseconds of processor time from 1,000 vectors and 500 references as they are kept (bytes) to their scores."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    kept, references = ([rng.normal(size=768).astype("<f4").tobytes() for _ in range(n)] for n in (1000, 500))
    spent = []
    for _ in range(9):
        clock = time.process_time()
        style = Style(np.frombuffer(b"".join(references), dtype="<f4").reshape(500, 768))
        found = style.likeness(np.frombuffer(b"".join(kept), dtype="<f4").reshape(1000, 768))
        spent.append((time.process_time() - clock) * 1000)
        assert found.mean.shape == found.nearest.shape == found.closest.shape == (1000,)
    return {"milliseconds": round(float(np.median(spent)), 1), "least": round(min(spent), 1)}


def published(path: Path) -> None:
    """A file of the size of CLaMP 3 c2 with random weights: both encoders, and as much again that is not needed."""
    shapes = json.loads((SHARED / "goldens" / "clamp" / "state_dict_keys_full_size.json").read_text())
    generator = torch.Generator().manual_seed(SEED)
    state = {
        name: torch.empty(shape).normal_(0, 0.02, generator=generator)
        for name, shape in shapes["clamp3"]["tensors"].items()
    }
    moments = {n: {"exp_avg": torch.zeros_like(t), "exp_avg_sq": torch.zeros_like(t)}
               for n, (name, t) in enumerate(state.items()) if name.startswith("audio_model")}  # fmt: skip
    torch.save({"model": state, "optimizer": {"state": moments}, "epoch": 1, "modality": "audio"}, path)


def memory() -> dict[str, Any]:
    """Peaks of anonymous memory in MB: importing a published file, and having both encoders ready from what is kept."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        subprocess.run([sys.executable, "-m", "tests.bench.clamp", "publish", folder], check=True)
        path = Path(folder) / "weights_clamp3_c2_random.pth"
        found["file_mb"] = round(path.stat().st_size / 1e6)
        for step in ("import", "import-half", "load", "load-half"):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.clamp", step, folder], check=True, capture_output=True, text=True
            )
            found[step] = json.loads(done.stdout.splitlines()[-1])
    needed = 4 * (sum(p.numel() for p in _both_on_meta()))
    found["needed_mb"] = round(needed / 1e6)
    return found


def _both_on_meta() -> list[torch.nn.Parameter]:
    from generation.clamp.model import Text

    with torch.device("meta"):
        return [*Music(SIZES, 768).parameters(), *Text(TEXT, 768).parameters()]


class Peak:
    """The largest anonymous memory of this process in a block, in MB, looked at every two milliseconds."""

    def __enter__(self) -> "Peak":
        self.before = self.most = rss_anon()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            self.most = max(self.most, rss_anon())


def rss_anon() -> float:
    """Anonymous memory of this process in MB, as Linux counts it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("this system does not tell anonymous memory")


def step(what: str, folder: Path) -> dict[str, float]:
    """One step of `memory` in this process."""
    torch.set_num_threads(1)
    source, kept = (
        folder / "weights_clamp3_c2_random.pth",
        folder / f"kept{'-half' * what.endswith('half')}.safetensors",
    )
    half = what.endswith("half")
    with Peak() as peak:
        if what.startswith("import"):
            import_weights(source, kept, half=half)
        else:
            music, text = load_music(kept)[0], load_text(kept)[0]
            with torch.inference_mode():
                music(torch.from_numpy(pieces(1)[0]), [len(pieces(1)[0])])
                text(torch.arange(3, 35), [32])
    return {"peak": round(peak.most), "before": round(peak.before), "kept_mb": round(kept.stat().st_size / 1e6)}


if __name__ == "__main__":
    ways = {"speed": speed, "scores": scores, "memory": memory}
    if len(sys.argv) == 2:
        sys.stdout.write(json.dumps(ways[sys.argv[1]]()) + "\n")
    elif sys.argv[1] == "publish":
        published(Path(sys.argv[2]) / "weights_clamp3_c2_random.pth")
    else:
        sys.stdout.write(json.dumps(step(sys.argv[1], Path(sys.argv[2]))) + "\n")
