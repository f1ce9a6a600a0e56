"""The demo round twice, here and on a rented machine, and a search for planted secrets in all that it left behind.

    python -m tests.runpod.demo [--seed 31]

Takes, votes, pairs and both rounds are the app's own, in an installation of its own; RunPod is the stand-in on the
loopback, whose machine really runs, and files travel over an S3 server. Prints one line of JSON.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.runpod.provider import KEY, Provider
from tests.runpod.server import serving
from tests.runpod.storage import BUCKET, KEYS, everything_in, s3_serving

SECRETS = {
    "CUEWRIGHT_SECRET_KEY": "planted-django-secret-0123456789-0123456789-0123456789",
    "RUNPOD_API_KEY": KEY,
    "AWS_SECRET_ACCESS_KEY": KEYS["AWS_SECRET_ACCESS_KEY"],
    "HF_TOKEN": "planted-token-of-another-service",
}


def main() -> int:
    """Do it and tell the numbers."""
    parser = argparse.ArgumentParser(prog="python -m tests.runpod.demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=31)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cuewright-rented-") as name, s3_serving() as (bucket, storage):
        home = Path(name)
        with serving() as (provider, address):
            _installation(home, storage, address)
            found = _rounds(provider, options.seed)
            places = dict(_left_behind(home, bucket, provider))
    control = found.pop("control").encode()
    found["places"] = {kind: len(texts) for kind, texts in places.items()}
    found["secrets"] = {
        name: sorted(kind for kind, texts in places.items() if any(secret.encode() in text for text in texts))
        for name, secret in SECRETS.items()
    }
    found["control"] = sorted(kind for kind, texts in places.items() if any(control in text for text in texts))
    print(json.dumps(found))
    return 0


def _installation(home: Path, storage: str, runpod: str) -> None:
    os.environ |= SECRETS | {
        "DJANGO_SETTINGS_MODULE": "curator.settings",
        "CUEWRIGHT_DATA": str(home / "data"),
        "CUEWRIGHT_RENT_S3_BUCKET": BUCKET,
        "CUEWRIGHT_RENT_S3_ENDPOINT": storage,
        "CUEWRIGHT_RUNPOD_URL": runpod,
        "CUEWRIGHT_LOG": "DEBUG",
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "OMP_NUM_THREADS": "1",  # sums are the same to the last bit only with as many threads
    }
    with (home / "app.log").open("wb") as log:
        os.dup2(log.fileno(), 2)  # whoever logs
    import django

    django.setup()
    warnings.simplefilter("ignore")


def _rounds(provider: Provider, seed: int) -> dict[str, Any]:
    """Both rounds, from the first take on."""
    from django.core.management import call_command

    from tests.demo_round import rounds
    from tests.demo_round.listeners import LISTENERS
    from training.domain import rented
    from training.domain.preferences import draft_preferences, freeze_preferences
    from training.domain.rounds import start_round
    from training.models.rounds import RemotePod, Round
    from training.models.sets import PreferenceSet

    rented.LOOK = timedelta(seconds=0.5)
    rented.RentedAttempt._tidy = lambda *_: None  # type: ignore[method-assign] # all of it is to be searched
    listener = LISTENERS["sparse-low"]
    call_command("migrate", verbosity=0, interactive=False)
    film, base = rounds.make_film(name=listener.film, seed=seed)
    takes = rounds.write_takes(film=film, base=base, seed=seed, tell=_nothing)
    answers = rounds.judge_takes(film=film, listener=listener, seed=seed, tell=_nothing)
    data: PreferenceSet = freeze_preferences(draft=draft_preferences(film=film, choice=rounds.CHOICE))
    made, results = [], []
    for executor, budget in (("local", None), ("runpod", Decimal(1))):
        row = start_round(data=data, base=base, executor=executor, budget_eur=budget)
        rounds.finish(row.job_id)
        row = Round.objects.select_related("result").get(pk=row.pk)
        if row.result is None:
            raise SystemExit(f"The round on {executor} is {row.state}: {row.error}")
        made.append(row)
        results.append(row.result.sha256)
    away = made[1]
    pod = RemotePod.objects.get()
    values = [[{k: v for k, v in one.values.items() if k != "seconds"} for one in row.rows.all()] for row in made]
    return {
        "takes": takes,
        "answers": answers,
        "pairs": data.manifest["pairs"],
        "steps": away.metrics["step"],
        "sha256": dict(zip(("local", "runpod"), results, strict=True)),
        "curves_equal": values[0] == values[1],
        "pods_left": len(provider.living),
        "cost_usd": float(pod.cost_usd),
        "billed_usd": float(provider.billed()),
        "control": away.public_id,
    }


def _left_behind(home: Path, bucket: Any, provider: Provider) -> Iterator[tuple[str, list[bytes]]]:
    """Every byte that a secret could stand in, by kind of place."""
    yield "orders to RunPod", [json.dumps(said).encode() for method, _path, said in provider.requests if said]
    yield "logs of the container", ["\n".join(pod.written).encode() for pod in provider.pods.values()]
    objects = everything_in(bucket)
    yield "objects in the bucket", list(objects.values())
    core = next(data for name, data in objects.items() if name.endswith("core.zip"))
    with zipfile.ZipFile(io.BytesIO(core)) as packed:
        yield "files of the code for the machine", [packed.read(name) for name in packed.namelist()]
    runs = [path for path in (home / "data" / "runs").rglob("*") if path.is_file()]
    yield "files of the rounds' folders, bundles and logs among them", [path.read_bytes() for path in runs]
    yield "files of the database", [path.read_bytes() for path in (home / "data").glob("*.sqlite3*")]
    yield "log of the app", [(home / "app.log").read_bytes()]


def _nothing(_text: str) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main())
