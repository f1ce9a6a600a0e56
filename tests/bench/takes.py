"""Takes of the demo film's cues by the demo checkpoint, written once into a folder: `python -m tests.bench.takes`.

Each take is a JSON file with the cue's number and the seed in its name: abc, musicxml, metre, tempo, bars asked, and
the length of the cue in frames at 24 frames a second. The same seeds give the same takes.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from curator.film.tempo import TempoMap, metre_of
from curator.film.timecode import Clock

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CUEWRIGHT_BENCH") or ROOT / "data" / "var" / "bench") / "takes"
EACH = 34
"""Takes of each of the six cues: 204."""
CLOCK = Clock(Fraction(24))


def kept() -> list[dict[str, Any]]:
    """What lies in the folder, in order."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def write_missing(each: int = EACH) -> None:
    """Write the takes that are not there yet, eight side by side."""
    # torch and the converter are not needed to read what is there
    import torch

    from generation.notagen.checkpoint import load_checkpoint
    from generation.notagen.engine import Engine

    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = json.loads((ROOT / "data" / "demo" / "film.json").read_text("utf-8"))
    engine = Engine(load_checkpoint(ROOT / "data" / "demo" / "checkpoint" / "model.safetensors").model)
    for cue in told["cues"]:
        missing = [seed for seed in range(each) if not _path(cue, seed).exists()]
        for start in range(0, len(missing), 8):
            _write(engine, cue, missing[start : start + 8])


def _path(cue: dict[str, Any], seed: int) -> Path:
    return FOLDER / f"{cue['number']}-{seed:03}.json"


def _write(engine: Any, cue: dict[str, Any], seeds: Sequence[int]) -> None:
    from curator.notation.convert import abc_to_musicxml
    from generation.notagen.header import prompt_lines
    from generation.notagen.piece import Brief
    from generation.notagen.sampling import Sampling

    prompt = prompt_lines("Minimal", f"Etude, {cue['texture']}", "Keyboard", cue["stage"])
    brief = Brief(prompt, cue["metre"], cue["key"], float(cue["tempo"]), cue["bars"])
    length = TempoMap.steady(metre_of(cue["metre"]), Fraction(cue["tempo"])).length(cue["bars"])
    sampling = Sampling(top_k=0, top_p=0.95, temperature=0.85)
    for written in engine.write(brief, seeds=list(seeds), sampling=sampling):
        seed = seeds[written.index]
        take = {
            "name": f"{cue['number']}-{seed:03}",
            "metre": cue["metre"],
            "tempo": cue["tempo"],
            "bars": cue["bars"],
            "frames": CLOCK.nearest_frame(length),
            "abc": written.abc,
            "musicxml": "" if written.reason else abc_to_musicxml(written.abc).text,
            "reason": written.reason,
        }
        _path(cue, seed).write_text(json.dumps(take, ensure_ascii=False), "utf-8")
        sys.stdout.write(f"{take['name']} {written.reason or written.bars}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=EACH)
    write_missing(parser.parse_args().each)
