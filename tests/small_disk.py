"""A disk of a few hundred kilobytes, to be filled: errors of a full disk as the system makes them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, *, kilobytes: int = 256) -> Iterator[Path]:
    """An empty file system in memory at `path`. Skips the test where this user may mount nothing; CI may."""
    path.mkdir(parents=True)
    if sys.platform != "linux":
        pytest.skip("needs Linux, which mounts a disk in memory")
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(path)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs root, who may mount a disk in memory: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk to its last byte; removing the returned file makes room again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler
