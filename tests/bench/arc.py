"""Server time of a long film's arc page, one JSON object on stdout.

DJANGO_SETTINGS_MODULE=tests.settings [CUEWRIGHT_TEST_DATABASE_URL=postgresql://...] python -m tests.bench.arc
"""

import gc
import json
import statistics
import sys
import time

import django

ROUNDS = 40


def measure() -> dict[str, object]:
    """p95 and median in milliseconds, processor time, queries, and the queries of a film with one cue."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.bench.seed_film import Size, seed_long_film
    from tests.factories import make_user

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    small = seed_long_film(slug="small", size=Size(1, 4, 2), stills=True)
    large = seed_long_film(stills=True)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # what autovacuum does within a minute
    browser = Client()
    browser.force_login(make_user(role="owner"))

    def queries(slug: str) -> int:
        browser.get(f"/films/{slug}/")  # the film last seen is written down once
        with CaptureQueriesContext(connection) as context:
            assert browser.get(f"/films/{slug}/").status_code == 200
        return len(context)

    few, many = queries(small), queries(large)
    found: dict[str, object] = {"engine": connection.vendor, "queries": many, "queries_of_two_cues": few}
    for kind, address in (("whole", f"/films/{large}/"), ("zoomed", f"/films/{large}/?zoom=8")):
        times, busy, size = [], [], 0
        browser.get(address)
        gc.collect()
        gc.freeze()  # as the server does when it has loaded its pages (curator/asgi.py)
        for turn in range(ROUNDS + 3):
            start, used = time.perf_counter(), time.process_time()
            answer = browser.get(address)
            took, spent = time.perf_counter() - start, time.process_time() - used
            assert answer.status_code == 200
            size = len(answer.content)
            if turn >= 3:
                times.append(1000 * took)
                busy.append(1000 * spent)
        found[kind] = {
            "p95": round(statistics.quantiles(times, n=20)[-1], 1),
            "median": round(statistics.median(times), 1),
            "cpu_p95": round(statistics.quantiles(busy, n=20)[-1], 1),
            "cpu_median": round(statistics.median(busy), 1),
            "requests": len(times),
            "bytes": size,
        }
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")
