"""The command that says what is missing, above all when things are not right."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from curator.models.jobs import Worker

pytestmark = pytest.mark.django_db

SEARCHED_FOR = "workers for gpu, cpu and training"


def missing() -> dict[str, str]:
    """Hints of a `doctor` that finds something, by the names of its checks."""
    out = StringIO()
    with pytest.raises(CommandError, match="say what and how to mend it"):
        call_command("doctor", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["ok"] is False
    assert all(bool(check["hint"]) is not check["ok"] for check in answer["checks"])
    return {check["name"].partition(" (")[0]: check["hint"] for check in answer["checks"] if not check["ok"]}


@pytest.fixture
def healthy(settings, tmp_path):
    """An installation with all workers up."""
    now = timezone.now()
    Worker.objects.create(
        name="w", machine="m", process_id=1, queues=["gpu", "cpu", "training"], started_at=now, heartbeat_at=now
    )
    settings.SECRET_KEY_IS_EPHEMERAL = False
    settings.DATA = tmp_path
    settings.PIANO_SAMPLES = tmp_path
    settings.STATICFILES_DIRS = [tmp_path, ("vendor/font", tmp_path)]


def test_nothing_is_missing_on_a_whole_installation(healthy):
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["ok"] is True
    assert {(*check, check["ok"], check["hint"]) for check in answer["checks"]} == {("name", "ok", "hint", True, "")}
    out = StringIO()
    call_command("doctor", stdout=out)
    assert {line[:8] for line in out.getvalue().splitlines()} == {"ok      "}


def test_everything_that_is_missing_has_its_hint(healthy, settings, tmp_path):
    Worker.objects.update(queues=["cpu"])
    settings.SECRET_KEY_IS_EPHEMERAL = True
    settings.STATICFILES_DIRS = [("vendor/font", tmp_path / "none")]
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    (tmp_path / "file").write_text("")
    settings.DATA = tmp_path / "file" / "data"
    MigrationRecorder.Migration.objects.filter(app="training").delete()
    told = missing()
    assert {name: hint for name, hint in told.items() if "queue" not in name} == {
        "piano samples and fonts": "Install Node.js 20 or newer and run `python run.py set-up`.",
        "secret key": "Run `python run.py set-up`, or set CUEWRIGHT_SECRET_KEY in the environment.",
        f"folder {tmp_path}/file/data": "It cannot be made: Not a directory. Change CUEWRIGHT_DATA.",
        "database": "Its tables are not up to date. Run `python manage.py migrate`.",
        SEARCHED_FOR: "They are looked for in the database; mend that first.",
    }
    assert told["queue"].startswith("It does not answer:")


def test_queues_without_a_worker_are_named(healthy):
    Worker.objects.update(queues=["cpu"])
    assert missing() == {SEARCHED_FOR: "No worker answers for gpu, training. Start everything with `python run.py`."}
