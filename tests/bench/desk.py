"""Server time of the pages of a long queue, one JSON object on stdout.

DJANGO_SETTINGS_MODULE=tests.settings [CUEWRIGHT_TEST_DATABASE_URL=postgresql://...] python -m tests.bench.desk
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import django

REQUESTS = 200
CUES = 20
TAKES = 8
ROUNDS = 40
WARM = 3


def measure() -> dict[str, Any]:
    """p95 and median of the pages in ms, and queries of each."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from tests.factories import make_user

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MEDIA_ROOT = Path(settings.MEDIA_ROOT) / "bench-desk"
    browser = Client()
    browser.force_login(make_user(role="owner"))
    return _pages(browser, seed())


def seed(requests: int = REQUESTS) -> list[Any]:
    """Twenty cues with takes of their own, and so many requests in the queue, the first twenty of them at work."""
    from django.utils import timezone

    from curator.models.jobs import Job, JobState
    from generation.domain.requests import request_takes
    from generation.models.requests import Candidate, CandidateState, CueRequest
    from tests.factories import make_film, make_take
    from tests.generation.writing import small_checkpoint, waltz_cue

    checkpoint, film = small_checkpoint(), make_film()
    cues = [waltz_cue(film=film, number=f"1m{place + 1}", bars=16) for place in range(CUES)]
    for cue in cues:
        for number in range(1, TAKES + 1):
            make_take(cue=cue, number=number)
    for place in range(requests):
        request_takes(cue=cues[place % CUES], checkpoint=checkpoint, count=TAKES, seed=place)
    now = timezone.now()
    first = CueRequest.objects.order_by("pk")[:CUES]
    Job.objects.filter(pk__in=first.values("job")).update(
        state=JobState.RUNNING, lease="bench", lease_expires_at=now, started_at=now
    )
    Candidate.objects.filter(request__in=list(first)).update(state=CandidateState.WRITING, began_at=now, bars_written=1)
    return cues


def _pages(browser: Any, cues: list[Any]) -> dict[str, dict[str, float]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    film = cues[0].film.slug
    pages = {
        "queue": reverse("workers"),
        "desk": reverse("desk", args=[film, cues[3].number]),
        "several cues": reverse("ask_film", args=[film]),
    }
    found = {}
    for name, address in pages.items():
        times, busy = [], []
        for turn in range(ROUNDS + WARM):
            start, used = time.perf_counter(), time.process_time()
            assert browser.get(address).status_code == 200
            if turn >= WARM:
                times.append(1000 * (time.perf_counter() - start))
                busy.append(1000 * (time.process_time() - used))
        with CaptureQueriesContext(connection) as context:
            browser.get(address)
        found[name] = {
            "p95": round(statistics.quantiles(times, n=20)[-1], 1),
            "median": round(statistics.median(times), 1),
            "cpu_p95": round(statistics.quantiles(busy, n=20)[-1], 1),
            "queries": len(context),
        }
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")
