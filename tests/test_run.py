"""What run.py does on its own, before anything is installed."""

import os
import stat

import pytest

import run


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A checkout of its own without a key or a bucket in the environment."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    for name in ("CUEWRIGHT_SECRET_KEY", *run.BUCKETS):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


PROJECT = """
[project]
dependencies = ["torch==2", "django"]
[project.optional-dependencies]
s3 = ["storages"]
[dependency-groups]
dev = ["pytest"]
"""


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


@pytest.mark.parametrize("name", run.BUCKETS)
def test_a_bucket_is_named_in_the_environment_or_in_the_file(root, monkeypatch, name):
    assert not run.names_a_bucket()
    (root / ".env").write_text(f"#{name}=no\nCUEWRIGHT_PORT=8001\n", encoding="utf-8")
    assert not run.names_a_bucket()
    (root / ".env").write_text(f"CUEWRIGHT_PORT=8001\n{name}=scores\n", encoding="utf-8")
    assert run.names_a_bucket()
    (root / ".env").unlink()
    monkeypatch.setenv(name, "scores")
    assert run.names_a_bucket()


def test_what_a_bucket_needs_is_installed_where_one_is_named():
    assert run.wanted_packages(PROJECT, developer=False, bucket=False) == ["torch==2", "django"]
    assert run.wanted_packages(PROJECT, developer=True, bucket=False) == ["torch==2", "django", "pytest"]
    assert run.wanted_packages(PROJECT, developer=False, bucket=True) == ["torch==2", "django", "storages"]
