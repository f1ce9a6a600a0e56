"""What a machine is."""

import os
import sys

import pytest

from curator.machine import Gpu, own_memory_mb, read_gpu, read_system

ANSWER = "NVIDIA GeForce RTX 4090, 24564, 5120"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver's tool that answers what it is told, and writes down how it was asked."""

    def answers(text: str, status: int = 0) -> None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\necho '{text}'\nexit {status}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return answers


def test_the_driver_tells_the_card(driver, tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver(ANSWER)
    assert read_gpu() == Gpu("RTX 4090", 24564, 5120)
    assert "--id=0" in (tmp_path / "asked").read_text()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")
    read_gpu()
    assert "--id=1" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("text", "status"), [("", 0), ("No devices were found", 6), ("RTX, [N/A], [N/A]", 0), ("a, 1", 0)]
)
def test_a_driver_that_knows_no_card_is_no_card(driver, text, status):
    driver(text, status)
    assert read_gpu() is None


def test_without_a_driver_there_is_no_card(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_gpu() is None


def test_the_system_and_the_memory_of_this_process():
    assert read_system().endswith(f", {os.cpu_count()} cores")
    if sys.platform == "linux":
        assert 10 < (own_memory_mb() or 0) < 100_000
