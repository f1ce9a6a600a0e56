import json
import time

import pytest

from training.executors.executor import Ended
from training.executors.local import LocalExecutor, _environment, heartbeat


def beat(folder, **said):
    (folder / "heartbeat.json").write_text(json.dumps({"state": "training", "at": time.time(), **said}))


def wait(attempt):
    ends = time.monotonic() + 300
    while (ended := attempt.poll()) is None:
        assert time.monotonic() < ends
        time.sleep(0.05)
    return ended


def test_a_trainer_is_started_in_its_folder_and_its_refusal_is_seen(tmp_path):
    (tmp_path / "job.json").write_text('{"recipe": "cook"}')
    (tmp_path / "stop").touch()
    beat(tmp_path, state="stopped")
    attempt = LocalExecutor().attend(tmp_path)
    assert not (tmp_path / "stop").exists()
    assert wait(attempt) == Ended.REFUSED
    assert "The job does not say its base, bundle." in (tmp_path / "log.txt").read_text()


def test_a_living_trainer_is_taken_over_and_told_to_stop(tmp_path):
    beat(tmp_path, step=3)
    attempt = LocalExecutor().attend(tmp_path)
    assert attempt.poll() is None
    assert not (tmp_path / "launched").exists()
    attempt.kill()  # it is not ours to end at once
    assert (tmp_path / "stop").exists()
    beat(tmp_path, state="stopped")
    assert attempt.poll() == Ended.STOPPED


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        ({"state": "finished"}, Ended.FINISHED),
        ({"state": "guarded"}, Ended.FINISHED),
        ({"state": "refused"}, Ended.REFUSED),
        ({"state": "failed"}, Ended.BROKEN),
        ({"at": 0.0}, Ended.BROKEN),
    ],
)
def test_the_heartbeat_tells_how_a_taken_over_trainer_ended(tmp_path, said, ended):
    beat(tmp_path)
    attempt = LocalExecutor().attend(tmp_path)
    beat(tmp_path, **said)
    assert attempt.poll() == ended


def test_a_trainer_that_has_only_just_been_started_is_waited_for(tmp_path):
    (tmp_path / "launched").write_text(str(time.time()))
    attempt = LocalExecutor().attend(tmp_path)
    assert attempt.poll() is None
    (tmp_path / "launched").write_text("0")
    assert attempt.poll() == Ended.BROKEN


def test_a_broken_heartbeat_says_nothing(tmp_path):
    (tmp_path / "heartbeat.json").write_text("{")
    assert heartbeat(tmp_path) == {}


def test_a_trainer_sees_no_secrets():
    seen = _environment({"CUEWRIGHT_SECRET_KEY": "x", "DATABASE_URL": "x", "PATH": "p", "AWS_SECRET": "x"})
    assert seen["PATH"] == "p"
    assert not {"CUEWRIGHT_SECRET_KEY", "DATABASE_URL", "AWS_SECRET"} & seen.keys()
