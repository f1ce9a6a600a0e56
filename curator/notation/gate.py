"""The gate in a process of its own: what a hostile file costs ends with it, in time, in memory and in crashes."""

import base64
import json
import struct
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from curator.notation.errors import Sentence
from curator.notation.intake import Intake, Refused, read_score
from curator.processes import run_bounded

# Measured: 0.3 s and 45 MB for most scores, 4 s and 170 MB for the largest that are taken. The converter that reads ABC
# is a process of its own with bounds of its own.
CPU_SECONDS = 8.0
SECONDS = 60.0  # on a machine that has much else to do
MEMORY_MB = 512

# -I keeps the environment and the current folder out, so the code's own folder is named.
_ENTRY = "import sys; sys.path.insert(0, sys.argv[1]); from curator.notation.gate import main; main()"
_ROOT = Path(__file__).resolve().parents[2]


def read_bounded(name: str, data: bytes) -> Intake:
    """`read_score` in a subprocess. Raises Refused, whatever the bytes are, and when they are too much to read."""
    label = name.encode("utf-8", "replace")
    done = run_bounded(
        [sys.executable, "-I", "-X", "utf8", "-W", "ignore", "-c", _ENTRY, str(_ROOT)],
        input=struct.pack(">I", len(label)) + label + data,
        timeout=SECONDS,
        cpu_seconds=CPU_SECONDS,
        memory_mb=MEMORY_MB,
    )
    if done.timed_out:
        raise Refused("Reading the file took too long; it was stopped.")
    if done.returncode != 0:
        raise Refused("The score is built in a way that cannot be read.")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(_sentence(answer["refused"]))
    return _unpacked(answer)


def main() -> None:
    """Entry point of the subprocess: length of the name, name and bytes on stdin, one JSON object on stdout."""
    sent = sys.stdin.buffer.read()
    (length,) = struct.unpack_from(">I", sent)
    name = sent[4 : 4 + length].decode("utf-8")
    try:
        answer = _packed(read_score(name, sent[4 + length :]))
    except Refused as refused:
        answer = {"refused": _said(refused.sentence)}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def _packed(intake: Intake) -> dict[str, Any]:
    values = asdict(intake)
    for name, value in values.items():
        if isinstance(value, bytes):
            values[name] = base64.b64encode(value).decode("ascii")
    return values | {"warnings": [_said(warning) for warning in intake.warnings]}


def _unpacked(values: dict[str, Any]) -> Intake:
    made = dict(values)
    for field in fields(Intake):
        if field.type is bytes:
            made[field.name] = base64.b64decode(made[field.name])
        elif isinstance(made[field.name], list):
            made[field.name] = tuple(made[field.name])
    made["warnings"] = tuple(_sentence(warning) for warning in values["warnings"])
    return Intake(**made)


def _said(text: str) -> Any:
    return [text.pattern, text.values] if isinstance(text, Sentence) else str(text)


def _sentence(said: Any) -> str:
    return Sentence(said[0], **said[1]) if isinstance(said, list) else str(said)
