"""Runs a rented machine's program in a clean virtual environment with nothing but its own packages: make pod-smoke.

    python -m tests.runpod.smoke [--torch 2.13.0]

A toy round goes the whole way there and back over links in a folder: the command of a container, the code as it is
packed for a machine, the packages as they are pinned for one, orders, training, result. Needs a package index.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from curator.processes import end_group, new_group
from tests.training.recipes.toy import job, preference_bundle
from training.executors.core import START, requirements, write_core
from training.executors.transport import LocalFolder
from training.recipes.carrying import Parcel, sha256
from training.recipes.orders import SLOTS, Orders

TORCH = "2.13.0"
"""A machine's image brings torch along; here it is installed beforehand, not as one of our packages."""

LONGEST_SECONDS = 1800.0


def main() -> int:
    """Do it and say how it went."""
    parser = argparse.ArgumentParser(prog="make pod-smoke")
    parser.add_argument("--torch", default=TORCH, metavar="VERSION", help="what the machine's image brings along")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cuewright-pod-") as name:
        home = Path(name)
        programs = _environment(home / "venv", options.torch)
        storage = LocalFolder(home / "storage")
        orders = _orders(home, storage)
        storage.write("orders.json", orders.json())
        write_core(home / "core.zip")
        storage.put("core.zip", home / "core.zip")
        said = _run(programs, home, storage)
    if said.get("status") != "finished":
        print(f"The machine's program did not finish: {said}", file=sys.stderr)
        return 1
    print(
        f"The machine's program finished in a clean environment with torch {options.torch}: "
        f"{said['result']['size']} bytes came back."
    )
    return 0


def _environment(folder: Path, torch: str) -> Path:
    """Where its programs lie. Its python3 is asked for everything, as on a machine."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    install = [str(programs / "python3"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, f"torch=={torch}"], check=True)
    return programs


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
        requirements=requirements(),
    )


def _run(programs: Path, home: Path, storage: LocalFolder) -> dict[str, Any]:
    """Start the container's command, wait for its last word, end it: by itself it sleeps until its machine is deleted.

    The environment is that of an order, and where pip finds its index.
    """
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_proxy")}
    process = subprocess.Popen(
        ["bash", "-c", START],
        cwd=home,
        env={
            **kept,
            "PATH": os.pathsep.join((str(programs), "/usr/bin", "/bin")),
            "CUEWRIGHT_HOME": str(home / "pod"),
            "CUEWRIGHT_ORDERS": storage.link_to_read("orders.json", seconds=3600),
            "CUEWRIGHT_CORE": storage.link_to_read("core.zip", seconds=3600),
            "CUEWRIGHT_ENDS_AT": str(time.time() + LONGEST_SECONDS),
        },
        **new_group(),
    )
    try:
        ends = time.monotonic() + LONGEST_SECONDS
        while (said := storage.read("ended.json")) is None and process.poll() is None and time.monotonic() < ends:
            time.sleep(1)
    finally:
        end_group(process, grace=10.0)
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
