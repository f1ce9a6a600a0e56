"""Settings as a process of its own reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAY = "import json; from curator import settings as s; print(json.dumps([str(s.DATABASES['default']['NAME']), s.{}]))"


def said(name: str, **environment: str) -> list[object]:
    """Where the database lies, and the setting `name`, under these variables."""
    known = {key: value for key, value in os.environ.items() if not key.startswith(("CUEWRIGHT_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(name)],
        cwd=ROOT,
        env={**known, "CUEWRIGHT_SECRET_KEY": "x", **environment},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("folder", ["plain", "a #b%41?c & ü"])
def test_the_database_lies_in_the_data_folder_whatever_that_is_called(tmp_path, folder):
    place = str(tmp_path / folder / "cuewright.sqlite3")
    assert said("DATABASES['default']['ENGINE']", CUEWRIGHT_DATA=str(tmp_path / folder)) == [
        place,
        "django.db.backends.sqlite3",
    ]


@pytest.mark.parametrize(("key", "ephemeral"), [("x", False), ("", True)])
def test_an_empty_key_is_none(key, ephemeral):
    assert said("SECRET_KEY_IS_EPHEMERAL", CUEWRIGHT_SECRET_KEY=key)[1] is ephemeral
