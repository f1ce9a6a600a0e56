"""What this machine and this process are, as the workers page tells it. Loads no torch."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass

from curator.processes import own_memory_bytes

ASKED = ("name", "memory.total", "memory.used")
SECONDS = 20


@dataclass(frozen=True)
class Gpu:
    """A graphics card: its name, its memory, and what all programs use of it, in MiB."""

    name: str
    memory_mb: int
    used_mb: int


def read_gpu() -> Gpu | None:
    """The card that a worker here uses: the first, or that which CUDA_VISIBLE_DEVICES names first. Asks the driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    try:
        done = subprocess.run(
            [tool, f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader,nounits", f"--id={wanted or '-1'}"],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    parts = [part.strip() for part in done.stdout.partition("\n")[0].split(",")]
    if done.returncode or len(parts) != len(ASKED) or not all(part.isdecimal() for part in parts[1:]):
        return None
    return Gpu(parts[0].removeprefix("NVIDIA ").removeprefix("GeForce "), int(parts[1]), int(parts[2]))


def read_system() -> str:
    """System and cores, such as "Linux, 8 cores"."""
    name = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    return f"{name}, {os.cpu_count()} cores"


def own_memory_mb() -> int | None:
    """MiB that this process holds; None where the system does not tell."""
    held = own_memory_bytes()
    return None if held is None else held >> 20
