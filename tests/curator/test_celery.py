"""The folders of the embedded queue."""

import os
import stat

import pytest

from curator.celery import _transport_options


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes; the folder's owner rules there")
def test_a_new_data_folder_is_its_owners_alone(settings, tmp_path):
    settings.DATA = tmp_path / "new" / "data"
    settings.BROKER_URL = "filesystem://localhost//"
    options = _transport_options()
    assert options["data_folder_in"] == str(settings.DATA / "broker" / "messages")
    assert (settings.DATA / "broker" / "messages").is_dir()
    # the database inside holds the sessions of everybody who is signed in
    assert stat.S_IMODE(settings.DATA.stat().st_mode) == 0o700
