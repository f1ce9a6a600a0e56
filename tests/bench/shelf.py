"""Server time of the library's pages with many pieces, one JSON object on stdout.

DJANGO_SETTINGS_MODULE=tests.settings [CUEWRIGHT_TEST_DATABASE_URL=postgresql://...] python -m tests.bench.shelf 10000
"""

import json
import statistics
import sys
import time
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import django

ROUNDS = 40


def addresses(kind: str, drawn: Random) -> str:
    """A random address of one kind, as readers ask for them."""
    from tests.bench.seed_library import COMPOSERS, KEYS, METRES, NAMES, WORDS

    if kind == "list":
        sort, view = drawn.choice(("", "title", "composer", "tempo", "length")), drawn.choice(("", "list"))
        return urlencode({"sort": sort, "view": view, "page": drawn.choice((1, 1, 2, 7, 200))})
    if kind == "facets":
        ways = [("composer", drawn.choice(COMPOSERS)), ("tag", drawn.choice(WORDS)), ("key", drawn.choice(KEYS)),
                ("metre", drawn.choice(METRES)), ("origin", "corpus"), ("rights", "public_domain"),
                ("tempo_from", "54"), ("tempo_to", "92"), ("density_to", "3")]  # fmt: skip
        return urlencode(drawn.sample(ways, drawn.randrange(1, 5)))
    words = drawn.sample([*NAMES, "satie", "gymnopedie", "slow", "wal", "mutopia", "zzz"], drawn.randrange(1, 3))
    return urlencode({"q": " ".join(words).lower()})


def measure(count: int) -> dict[str, object]:
    """p95 and median in milliseconds and the queries of each kind of page, and the queries with one piece only."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.bench.seed_library import seed_library
    from tests.factories import make_user

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MEDIA_ROOT = Path(settings.MEDIA_ROOT) / "bench"
    browser = Client()
    browser.force_login(make_user(role="owner"))

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as context:
            assert browser.get(f"/library/?{address}").status_code == 200
        return len(context)

    kinds = ("list", "facets", "search")
    seed_library(13)
    few = {kind: queries({"list": "page=1", "facets": "metre=3/4", "search": "q=no"}[kind]) for kind in kinds}
    started = time.perf_counter()
    seed_library(count - 13)
    seeded = time.perf_counter() - started
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # what autovacuum does within a minute
    found: dict[str, object] = {"engine": connection.vendor, "pieces": count, "seeded": round(seeded, 1)}
    for kind in kinds:
        drawn = Random(kind)
        times, busy = [], []
        for turn in range(ROUNDS + 3):
            address = addresses(kind, drawn)
            # Letters of a search and boxes of a facet ask for the shelf alone, as htmx does.
            headers = {} if kind == "list" else {"HX-Request": "true", "HX-Target": "shelf"}
            start, used = time.perf_counter(), time.process_time()
            assert browser.get(f"/library/?{address}", headers=headers).status_code == 200
            if turn >= 3:
                times.append(1000 * (time.perf_counter() - start))
                busy.append(1000 * (time.process_time() - used))
        many = queries({"list": "page=1", "facets": "metre=3/4", "search": "q=no"}[kind])
        found[kind] = {
            "p95": round(statistics.quantiles(times, n=20)[-1], 1),
            "median": round(statistics.median(times), 1),
            "cpu_p95": round(statistics.quantiles(busy, n=20)[-1], 1),
            "requests": len(times),
            "queries": many,
            "queries_of_13": few[kind],
        }
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) + "\n")
