"""What run.py does on its own, before anything is installed."""

import os
import stat

import pytest

import run


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A checkout of its own without a key in the environment."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.delenv("CUEWRIGHT_SECRET_KEY", raising=False)
    return tmp_path


@pytest.mark.parametrize("before", [None, "CUEWRIGHT_PORT=8001", "CUEWRIGHT_PORT=8001\n"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes; the folder's owner rules there")
def test_the_key_is_written_once_and_for_its_owner_alone(root, before):
    path = root / ".env"
    if before is not None:
        path.write_text(before, encoding="utf-8")
        path.chmod(0o644)
    run.write_secret_key()
    run.write_secret_key()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:-1] == ([] if before is None else ["CUEWRIGHT_PORT=8001"])
    assert lines[-1].startswith("CUEWRIGHT_SECRET_KEY=")
    assert len(lines[-1]) > 60
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
