"""What a rented machine is given: files in the storage, its orders, and the order that RunPod gets for it."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings

from generation.domain.checkpoints import weights_path
from training.domain.callbacks import new_call
from training.domain.renting import MARGIN_SECONDS, MIN_CUDA
from training.domain.words import BEAT, ENDED, METRICS, STATE, STOP, place, read_words
from training.executors.core import START, requirements, write_core
from training.executors.runpod import GpuOffer, PodOrder
from training.executors.transport import LONGEST_LINK_SECONDS, Transport
from training.models.rounds import RemotePod
from training.recipes.carrying import CHUNK, Parcel, sha256
from training.recipes.orders import SLOTS, Orders

LINGER_SECONDS = 3600.0
"""So long after the deadline the links are good: a late machine can still say how it ended."""


def lay_down(pod: RemotePod, folder: Path, storage: Transport) -> None:
    """Carry to the storage what every machine of this round needs and is not there yet. Raises TransportError."""
    for path in _files(pod, folder).values():
        name = f"files/{_digest(path)}"
        if storage.size(name) != path.stat().st_size:
            storage.put(name, path)
    core = folder / "core.zip"
    write_core(core)
    storage.put(place(pod, "core.zip"), core)


def make_order(
    pod: RemotePod, offer: GpuOffer, folder: Path, storage: Transport, *, now: datetime, ends: datetime
) -> PodOrder:
    """Lay the orders down under their link; what RunPod is asked for. Raises TransportError.

    The environment shows two links that run out, the deadline and RunPod's own address: nothing that is worth stealing.
    """
    seconds = min((ends - now).total_seconds() + LINGER_SECONDS, LONGEST_LINK_SECONDS)
    storage.write(place(pod, "orders.json"), _orders(pod, folder, storage, ends, seconds).json())
    return PodOrder(
        name=pod.name,
        image=settings.RENT_IMAGE,
        gpu=offer.id,
        arguments=f"bash -c {_quoted(START)}",
        environment={
            "CUEWRIGHT_ORDERS": storage.link_to_read(place(pod, "orders.json"), seconds=seconds),
            "CUEWRIGHT_CORE": storage.link_to_read(place(pod, "core.zip"), seconds=seconds),
            "CUEWRIGHT_ENDS_AT": str(int(ends.timestamp())),
            "CUEWRIGHT_RUNPOD_URL": settings.RUNPOD_URL,
        },
        disk_gb=disk_gb(pod.round.base.size),
        cloud=settings.RENT_CLOUD,
        min_cuda=MIN_CUDA,
    )


def disk_gb(weights: int) -> int:
    """Disk of a machine, in GB: weights, gradients' states twice, what is packed, and room for packages."""
    return 20 + -(-weights * 10 // 10**9)


def _orders(pod: RemotePod, folder: Path, storage: Transport, ends: datetime, seconds: float) -> Orders:
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    chunks = -(-disk_gb(pod.round.base.size) * 10**9 // CHUNK)

    def write(name: str) -> str:
        return storage.link_to_write(place(pod, name), seconds=seconds)

    def look(name: str) -> str:
        return storage.link_to_read(place(pod, name), seconds=seconds)

    return Orders(
        round=pod.round.public_id,
        attempt=pod.attempt,
        job={**job, "base": {**job["base"], "file": "base.safetensors"}, "save_every": settings.ROUND_SAVE_SECONDS},
        take=tuple(_parcel(name, path, storage, seconds) for name, path in _files(pod, folder).items()),
        ends_at=ends.timestamp(),
        beat=write(BEAT),
        metrics=write(METRICS),
        state=write(STATE),
        state_read=look(STATE),
        states={slot: tuple(write(f"state-{slot}-{number:03d}") for number in range(chunks)) for slot in SLOTS},
        states_read={slot: tuple(look(f"state-{slot}-{number:03d}") for number in range(chunks)) for slot in SLOTS},
        result=tuple(write(f"result-{number:03d}") for number in range(chunks)),
        ended=write(ENDED),
        ended_read=look(ENDED),
        stop=look(STOP),
        call=new_call(pod),
        resume=_earlier_state(pod, storage, seconds),
        margin=MARGIN_SECONDS,
        save_seconds=max(60.0, settings.ROUND_SAVE_SECONDS),
        requirements=requirements(),
    )


def _files(pod: RemotePod, folder: Path) -> dict[str, Path]:
    """What a machine takes from the storage, by the path in its run folder."""
    bundle = {f"bundle/{path.name}": path for path in sorted((folder / "bundle").iterdir())}
    return bundle | {"base.safetensors": weights_path(pod.round.base)}


def _parcel(name: str, path: Path, storage: Transport, seconds: float) -> Parcel:
    digest, size = _digest(path), path.stat().st_size
    return Parcel(name, size, digest, (storage.link_to_read(f"files/{digest}", seconds=seconds),), max(size, 1))


def _earlier_state(pod: RemotePod, storage: Transport, seconds: float) -> Parcel | None:
    """The newest state that an earlier machine laid down."""
    for earlier in pod.round.pods.filter(saved_step__gt=0).exclude(pk=pod.pk).order_by("-saved_step", "-attempt"):
        said = read_words(earlier, STATE, storage)
        if said is not None:
            count = max(1, -(-int(said["size"]) // CHUNK))
            names = [place(earlier, f"state-{said['slot']}-{number:03d}") for number in range(count)]
            links = tuple(storage.link_to_read(name, seconds=seconds) for name in names)
            return Parcel("state.tar", int(said["size"]), said["sha256"], links)
    return None


def _digest(path: Path) -> str:
    found = path.stat()
    return _hashed(path, found.st_size, found.st_mtime_ns)


@cache
def _hashed(path: Path, _size: int, _changed: int) -> str:
    """Weights are large, and are asked for again with every offer."""
    return sha256(path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
