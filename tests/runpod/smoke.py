"""Runs a rented machine's program in a clean virtual environment with nothing but its own packages: make pod-smoke.

    python -m tests.runpod.smoke

A toy round goes the whole way there and back over links in a folder: the code as it is packed for a machine, the
packages as they are pinned for one, orders, training, result. Needs a package index for the packages.
"""

import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from tests.training.recipes.toy import job, preference_bundle
from training.executors.core import requirements, write_core
from training.executors.transport import LocalFolder
from training.recipes.carrying import Parcel, sha256
from training.recipes.orders import SLOTS, Orders

TORCH = "torch==2.13.0"
"""A machine's image brings torch along; here it is installed like that, not as one of our packages."""


def main() -> int:
    """Do it and say how it went."""
    with tempfile.TemporaryDirectory(prefix="cuewright-pod-") as name:
        home = Path(name)
        python = _environment(home / "venv")
        storage = LocalFolder(home / "storage")
        orders = _orders(home, storage)
        storage.write("orders.json", orders.json())
        write_core(home / "core.zip")
        subprocess.run([sys.executable, "-m", "zipfile", "-e", "core.zip", "core"], cwd=home, check=True)
        (home / "run").mkdir()
        said = _run(python, home, storage)
    if said.get("status") != "finished":
        print(f"The machine's program did not finish: {said}", file=sys.stderr)
        return 1
    print(f"The machine's program finished in a clean environment: {said['result']['size']} bytes came back.")
    return 0


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, TORCH], check=True)
    return python


def _orders(home: Path, storage: LocalFolder) -> Orders:
    work = home / "made"
    work.mkdir()
    preference_bundle(work)
    told = json.loads(job(work, "dpo", settings={"epochs": 1, "warmup": 1}).read_text())
    files = {"base.safetensors": work / told["base"]["file"]}
    files |= {f"bundle/{path.name}": path for path in (work / "bundle").iterdir()}
    parcels = []
    for name, path in files.items():
        storage.put(f"files/{name}", path)
        where = storage.link_to_read(f"files/{name}", seconds=3600)
        parcels.append(Parcel(name, path.stat().st_size, sha256(path), (where,), max(1, path.stat().st_size)))

    def link(name: str) -> str:
        return storage.link_to_write(name, seconds=3600)

    return Orders(
        round="smoke",
        attempt=1,
        job={**told, "out": ".", "base": {**told["base"], "file": "base.safetensors"}},
        take=tuple(parcels),
        ends_at=time.time() + 3600,
        beat=link("beat.json"),
        metrics=link("metrics.jsonl"),
        state=link("state.json"),
        state_read=link("state.json"),
        states={slot: (link(f"state-{slot}"),) for slot in SLOTS},
        states_read={slot: (link(f"state-{slot}"),) for slot in SLOTS},
        result=(link("result"),),
        ended=link("ended.json"),
        ended_read=link("ended.json"),
        stop=link("stop"),
        api="",
        requirements=requirements(),
    )


def _run(python: Path, home: Path, storage: LocalFolder) -> dict[str, Any]:
    """Start the program, wait for its last word, end it: by itself it would sleep until its machine is deleted."""
    process = subprocess.Popen(
        [str(python), "-m", "training.recipes.pod"],
        cwd=home / "run",
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(home / "core"),
            "CUEWRIGHT_ORDERS": storage.link_to_read("orders.json", seconds=3600),
        },
    )
    try:
        ends = time.monotonic() + 1800
        while (said := storage.read("ended.json")) is None and process.poll() is None and time.monotonic() < ends:
            time.sleep(1)
    finally:
        process.terminate()
        process.wait(30)
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
