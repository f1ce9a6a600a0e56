"""Figures of workers: how much sooner two of them write the candidates of one request."""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from tests.bench.figure import Figure
from tests.e2e.installation import Installation

COUNT = 16
TURNS = 3
_ALONE = {"CUEWRIGHT_BESIDE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""One take at a time and one thread for each worker."""
_ASK = f"""
from curator.models.film import Cue
from generation.domain.requests import request_takes
print(request_takes(cue=Cue.objects.get(film__slug="demo", number="1m1"), count={COUNT}, seed=9).pk)
"""
_LEFT = "select count(*) from generation_candidate where request_id = {} and state in ('waiting', 'writing')"
_TIMES = (
    "select r.created_at, max(c.finished_at), count(distinct j.worker_id), sum(c.state = 'written') "
    "from generation_candidate c join generation_cuerequest r on r.id = c.request_id "
    "join curator_job j on j.id = c.job_id where r.id = ? group by r.id"
)
_UP = "select count(*) from curator_worker where stopped_at is null and queues like '%gpu%'"


def sharing() -> Iterator[Figure]:
    """Seconds in which one worker and two write the same sixteen candidates, in turn, as real processes."""
    command = "python -m tests.bench.figures workers-sharing"
    times: dict[int, list[float]] = {1: [], 2: []}
    good = True
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder), settings=_ALONE)
        try:
            installation.manage("migrate", "-v0")
            installation.manage("seed_demo")
            installation.start("work", "--queue", "gpu")
            installation.wait(_UP, 1)
            _write(installation)  # loads the model; from here on all runs put up the same takes
            load = os.getloadavg()[0]
            for _turn in range(TURNS):
                for workers in (1, 2):
                    if workers == 2:
                        second = installation.start("work", "--queue", "gpu")
                        installation.wait(_UP, 2)
                        _write(installation)
                    seconds, writers, written = _write(installation)
                    times[workers].append(seconds)
                    good = good and writers == workers and written == COUNT
                second.terminate()
                second.wait(30)
                installation.wait(_UP, 1)
        finally:
            installation.stop()
    one, two = median(times[1]), median(times[2])
    told = {workers: ", ".join(f"{seconds:.1f}" for seconds in found) for workers, found in times.items()}
    note = (
        f"{COUNT} candidates of the demo film's first cue by the demo checkpoint, one thread each, batch 1, models "
        f"loaded, {TURNS} times in turn: one worker {told[1]} s, two {told[2]} s (medians); from the request to the "
        f"last candidate; load {load:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores"
    )
    share = two / one
    name = "time of two workers for 16 candidates, as a share of that of one"
    yield Figure(9, name, round(share, 3), "<= 0.6", good and share <= 0.6, command, note=note)


def _write(installation: Installation) -> tuple[float, int, int]:
    """Seconds from a request to its last candidate, how many workers wrote it, how many candidates are written."""
    request = int(installation.manage("shell", "-v0", "-c", _ASK).split()[-1])
    installation.wait(_LEFT.format(request), 0)
    time.sleep(1)  # the jobs end after their candidates
    [(asked, finished, writers, written)] = installation.rows(_TIMES, request)
    return (_moment(finished) - _moment(asked)), writers, written


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
