"""Numbers from the environment, and the sentence for one that is none."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from curator.environment import load_env_file, number, whole_number


@pytest.mark.parametrize(("text", "value"), [(None, 8.0), ("", 8.0), ("0.5", 0.5), (" 12 ", 12.0), ("0", 0.0)])
def test_a_number_is_read_or_has_its_default(monkeypatch, text, value):
    monkeypatch.delenv("CUEWRIGHT_X", raising=False)
    if text is not None:
        monkeypatch.setenv("CUEWRIGHT_X", text)
    assert number("CUEWRIGHT_X", 8) == value


@pytest.mark.parametrize("text", ["abc", "-1", "nan", "inf", "0.05"])
def test_what_is_no_such_number_is_refused_in_a_sentence(monkeypatch, text):
    monkeypatch.setenv("CUEWRIGHT_X", text)
    with pytest.raises(ImproperlyConfigured, match=rf"^CUEWRIGHT_X must be a number of at least 0\.1, not '{text}'\.$"):
        number("CUEWRIGHT_X", 8, least=0.1)


def test_a_port_is_whole(monkeypatch):
    monkeypatch.setenv("CUEWRIGHT_X", "8001")
    assert whole_number("CUEWRIGHT_X", 8000) == 8001
    monkeypatch.setenv("CUEWRIGHT_X", "80.5")
    with pytest.raises(ImproperlyConfigured, match=r"^CUEWRIGHT_X must be a whole number, not '80\.5'\.$"):
        whole_number("CUEWRIGHT_X", 8000)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "as Windows' Notepad writes it"])
def test_a_file_of_variables_fills_what_is_not_set(monkeypatch, tmp_path, mark):
    for name in ("CUEWRIGHT_X", "CUEWRIGHT_Y"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("CUEWRIGHT_Z", "set")
    path = tmp_path / ".env"
    path.write_text(f"{mark}CUEWRIGHT_X=1\n# CUEWRIGHT_Y=2\nCUEWRIGHT_Z=3\n", encoding="utf-8")
    load_env_file(path)
    assert {name: os.environ.get(f"CUEWRIGHT_{name}") for name in "XYZ"} == {"X": "1", "Y": None, "Z": "set"}
