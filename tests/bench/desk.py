"""Server time of the pages of a long queue, and what the polling of open desks costs; one JSON object on stdout.

    DJANGO_SETTINGS_MODULE=tests.settings [CUEWRIGHT_TEST_DATABASE_URL=postgresql://...] python -m tests.bench.desk

A desk is measured as it is while eight takes are written for each of twenty cues: every two seconds the page asks, and
in between the bars of the candidates at work have gone on. Twenty pages that ask every two seconds are ten requests a
second, so the share of a core is ten times the mean processor time of one.
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
POLLS_A_SECOND = 10.0
WARM = 3


def measure() -> dict[str, Any]:
    """p95 and median of the pages in ms, queries of each, processor ms of a poll and the share of a core of twenty."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from tests.factories import make_user

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MEDIA_ROOT = Path(settings.MEDIA_ROOT) / "bench-desk"
    browser = Client()
    browser.force_login(make_user(role="owner"))
    cues = _seed()
    return {"pages": _pages(browser, cues), "polling": _polling(browser, cues)}


def _seed() -> list[Any]:
    """Twenty cues with takes of their own, and two hundred requests in the queue, the first of them at work."""
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
    for place in range(REQUESTS):
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


def _polling(browser: Any, cues: list[Any]) -> dict[str, float]:
    """Each page asks as htmx does, with the stamp it has seen; before every second turn the bars have gone on."""
    import re

    from django.db.models import F
    from django.urls import reverse

    from generation.models.requests import Candidate, CandidateState

    stamps = dict.fromkeys((cue.number for cue in cues), "")
    opened = ",".join(str(number) for number in range(TAKES + 1, 2 * TAKES + 1))
    busy, kinds = [], {200: 0, 204: 0}
    for turn in range(16):
        if turn % 2 == 0:
            Candidate.objects.filter(state=CandidateState.WRITING).update(bars_written=F("bars_written") + 1)
        for cue in cues:
            address = reverse("desk_live", args=[cue.film.slug, cue.number])
            used = time.process_time()
            answer = browser.get(address, {"open": opened, "stamp": stamps[cue.number]}, headers={"HX-Request": "true"})
            spent = 1000 * (time.process_time() - used)
            if seen := re.search(r"stamp=([\w-]+)", answer.content.decode()):
                stamps[cue.number] = seen[1]
            if turn >= 2:
                busy.append(spent)
                kinds[answer.status_code] += 1
    mean = statistics.mean(busy)
    return {
        "cpu_ms": round(mean, 2),
        "cpu_ms_p95": round(statistics.quantiles(busy, n=20)[-1], 2),
        "share_of_a_core": round(POLLS_A_SECOND * mean / 1000, 3),
        "polls": len(busy),
        "unchanged": kinds[204],
    }


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")
