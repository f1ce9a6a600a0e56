"""The folders of the embedded queue, and a broker that is away."""

import os
import stat

import pytest
from kombu import Connection
from kombu.utils.imports import symbol_by_name

from curator.celery import _transport_options, app
from curator.domain.rendering import RENDER_JOB


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes; the folder's owner rules there")
def test_a_new_data_folder_is_its_owners_alone(settings, tmp_path):
    settings.DATA = tmp_path / "new" / "data"
    settings.BROKER_URL = "filesystem://localhost//"
    options = _transport_options()
    assert options["data_folder_in"] == str(settings.DATA / "broker" / "messages")
    assert (settings.DATA / "broker" / "messages").is_dir()
    # the database inside holds the sessions of everybody who is signed in
    assert stat.S_IMODE(settings.DATA.stat().st_mode) == 0o700


def test_an_acknowledgement_that_fails_is_no_secret(monkeypatch):
    """It leaves Celery's event loop, which then connects anew: logged only, it would leave the worker full for ever."""
    app.loader.import_default_modules()
    task = app.tasks[RENDER_JOB]
    with Connection("memory://") as connection, connection.SimpleQueue("cpu") as queue:
        app.send_task(task.name, args=[1], queue="cpu", connection=connection)
        message = queue.get(timeout=1)

        def gone(*_arguments, **_more):
            raise ConnectionError("the broker is away")

        monkeypatch.setattr(message.channel, "basic_ack", gone)
        request = symbol_by_name(task.Request)(
            message, on_ack=message.ack_log_error, connection_errors=(ConnectionError,), app=app, task=task
        )
        with pytest.raises(ConnectionError, match="the broker is away"):
            request.acknowledge()
