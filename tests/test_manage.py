"""The command line on a machine that is not set up yet: one sentence, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CUEWRIGHT_", "DATABASE_URL"))}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**known, "DJANGO_SETTINGS_MODULE": "curator.settings", "CUEWRIGHT_SECRET_KEY": "x", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_database_without_tables_is_one_sentence(tmp_path):
    done = manage("standings", "--film", "demo", "--cue", "1m1", CUEWRIGHT_DATA=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The database does not do its part (no such table: curator_cue). "
        "`python manage.py doctor` says what is missing.\n"
    )


def test_a_setting_that_makes_no_sense_is_one_sentence(tmp_path):
    done = manage("standings", CUEWRIGHT_DATA=str(tmp_path), CUEWRIGHT_PORT="eighty")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CUEWRIGHT_PORT must be a number of at least 0, not 'eighty'.\n"


def test_a_terminal_without_musical_signs_is_no_error(tmp_path):
    folder = tmp_path / "C\u266f"
    folder.mkdir()
    done = manage("doctor", CUEWRIGHT_DATA=str(folder), PYTHONIOENCODING="cp1252:strict", PYTHONUTF8="0")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"free space in {tmp_path}/C\u266f (" in done.stdout.replace(os.sep, "/")
