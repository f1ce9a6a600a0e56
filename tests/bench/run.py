"""Runs every benchmark of this folder; each prints one JSON line: `make bench`."""

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    statuses = [
        subprocess.run([sys.executable, "-m", f"tests.bench.{path.stem}"], check=False).returncode
        for path in sorted(Path(__file__).parent.glob("bench_*.py"))
    ]
    sys.exit(max(statuses, default=0))
