"""Client of RunPod's REST API, version 2: rented machines (pods) and the catalogue of GPUs.

Only what a training round needs. Errors are classes by what is to be done about them; nothing is sent again in here,
because whether that is safe depends on the call (see `Unsure`). Amounts are US dollars.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

BASE_URL = "https://api.runpod.io"
TIMEOUT_SECONDS = 30.0
LIVE = ("PROVISIONING", "STARTING", "RUNNING")
"""States of a pod in which its container runs or is to run; all of RunPod's: these, EXITED, ERROR, TERMINATED."""


class RunPodError(Exception):
    """Something that RunPod said or did not say. str(): its own words, without headers or keys."""


class NotPlaced(RunPodError):
    """400: no machine of this kind is free there, or the request breaks a rule. RunPod does not tell which."""


class BadKey(RunPodError):
    """401: the key is wrong, expired or missing."""


class NoBalance(RunPodError):
    """402: the account has no money left; no other choice will help."""


class NotAllowed(RunPodError):
    """403: this account or key may not have this; another choice may do."""


class NotThere(RunPodError):
    """404: there is no such pod (any more)."""


class NotNow(RunPodError):
    """409: the pod is in a state in which this cannot be done."""


class OurMistake(RunPodError):
    """422: the request does not keep to the contract. Sent again it fails again."""


class TooMany(RunPodError):
    """429: wait `seconds` before the next request."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class Unsure(RunPodError):
    """5xx, a broken connection or none: nobody knows whether it was done. Look before doing it again."""


_ERRORS = {
    400: NotPlaced,
    401: BadKey,
    402: NoBalance,
    403: NotAllowed,
    404: NotThere,
    409: NotNow,
    422: OurMistake,
}


@dataclass(frozen=True)
class GpuOffer:
    """A kind of GPU that can be rented: price of one in dollars an hour, where it is free now and how freely.

    memory_gb: as the catalogue gives it. data_centres: ids with stock, the best stocked first.
    """

    id: str
    name: str
    memory_gb: int
    usd_per_hour: Decimal
    availability: str
    data_centres: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pod:
    """A rented machine as RunPod sees it. usd_per_hour: what it costs now, 0 when it is stopped.

    started_at: since when its container runs, None before it did.
    """

    id: str
    name: str
    status: str
    usd_per_hour: Decimal
    data_centre: str
    gpu: str
    started_at: datetime | None

    @property
    def lives(self) -> bool:
        """Whether its container runs or is to run."""
        return self.status in LIVE


@dataclass(frozen=True)
class PodOrder:
    """What is asked for: one GPU of one kind. `arguments` is one string, split by the container's shell.

    RunPod shows `environment` to everybody who may read the pod, so it holds nothing that is worth stealing.
    """

    name: str
    image: str
    gpu: str
    arguments: str
    environment: Mapping[str, str]
    disk_gb: int
    cloud: str = "SECURE"
    data_centres: tuple[str, ...] = ()
    min_cuda: str = ""

    def body(self) -> dict[str, Any]:
        """The JSON of POST /v2/pods."""
        gpu: dict[str, Any] = {"id": self.gpu, "count": 1}
        if self.min_cuda:
            gpu["minCudaVersion"] = self.min_cuda
        return {
            "name": self.name,
            "image": self.image,
            "args": self.arguments,
            "cloud": self.cloud,
            "gpu": gpu,
            "disk": self.disk_gb,
            "env": dict(self.environment),
            "ports": [],
            **({"dataCenterIds": list(self.data_centres)} if self.data_centres else {}),
        }


class RunPod:
    """One account. Close it after use, or use it in a with statement."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str = BASE_URL,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}", "User-Agent": "Cuewright"},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> "RunPod":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def offers(self, *, cloud: str = "SECURE", min_cuda: str = "") -> list[GpuOffer]:
        """All kinds of GPU of this cloud that are free now, the cheapest first. Raises RunPodError.

        min_cuda: only on machines whose driver takes at least this version.
        """
        wanted: dict[str, str | int] = {"include": "AVAILABILITY", "product": "POD", "count": 1, "cloud": cloud}
        if min_cuda:
            wanted["minCudaVersion"] = min_cuda
        found = self._ask("GET", "/v2/catalog/gpus", params=wanted)
        offers = [_offer(gpu, cloud) for gpu in found["gpus"] if gpu[cloud.lower()]]
        return sorted((one for one in offers if one.availability != "NONE"), key=lambda one: (one.usd_per_hour, one.id))

    def create(self, order: PodOrder) -> Pod:
        """Rent a machine. Raises RunPodError; after `Unsure` it may be there nevertheless: look it up by its name."""
        return _pod(self._ask("POST", "/v2/pods", body=order.body()))

    def pods(self) -> list[Pod]:
        """Every pod of the account. Raises RunPodError."""
        found: list[Pod] = []
        cursor = ""
        while True:
            page = self._ask("GET", "/v2/pods", params={"cursor": cursor} if cursor else {})
            found += [_pod(one) for one in page["pods"]]
            cursor = page.get("nextCursor") or page.get("cursor") or ""
            if not cursor:
                return found

    def pod(self, id: str) -> Pod | None:
        """The pod of this id, None where there is none (any more). Raises RunPodError."""
        try:
            return _pod(self._ask("GET", f"/v2/pods/{id}"))
        except NotThere:
            return None

    def delete(self, id: str) -> None:
        """End a pod for good; one that is gone already is fine. Raises RunPodError."""
        try:
            self._ask("DELETE", f"/v2/pods/{id}")
        except NotThere:
            return

    def billed(self, id: str) -> Decimal:
        """Dollars on the bill for a pod so far, also for one that is gone. Raises RunPodError."""
        found = self._ask("GET", "/v2/billing/pods", params={"podId": id, "bucketSize": "day", "lastN": 31})
        return sum((_money(one["totalAmount"]) for one in found["records"]), Decimal(0))

    def log_tail(self, id: str, *, lines: int = 100, seconds: float = 5.0) -> list[str]:
        """The last lines that the container and its machine wrote. Raises RunPodError.

        RunPod goes on with the stream as new lines come; it is read for at most `seconds`, or until it falls silent.
        """
        found: list[str] = []
        ends = time.monotonic() + seconds
        with (
            _told(),
            self._http.stream("GET", f"/v2/pods/{id}/logs", params={"tail": lines}, timeout=seconds) as reply,
        ):
            if reply.status_code >= 400:
                reply.read()
                raise _error(reply)
            try:
                for line in reply.iter_lines():
                    if line.startswith("data:"):
                        found.append(str(json.loads(line[5:])["line"]))
                    if len(found) >= lines or time.monotonic() > ends:
                        break
            except (httpx.ReadTimeout, ValueError):
                pass  # no more lines for now
        return found

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any:
        with _told():
            reply = self._http.request(method, path, params=params, json=body)
        if reply.status_code >= 400:
            raise _error(reply)
        if reply.status_code == 204:
            return None
        try:
            return reply.json()
        except ValueError as error:
            raise Unsure(f"RunPod answered {reply.status_code} without JSON.") from error


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong on the way is `Unsure`; its words name no header."""
    try:
        yield
    except httpx.HTTPError as error:
        raise Unsure(f"{type(error).__name__}: {error}") from error


def _error(reply: httpx.Response) -> RunPodError:
    try:
        said = reply.json()
        text = " ".join(filter(None, (str(said.get("detail", "")), *map(str, said.get("errors", ())))))
    except (ValueError, AttributeError):
        text = ""
    text = text or f"RunPod answered {reply.status_code}."
    if reply.status_code == 429:
        return TooMany(text, _seconds(reply.headers.get("Retry-After", "")))
    if reply.status_code >= 500:
        return Unsure(text)
    return _ERRORS.get(reply.status_code, OurMistake)(text)


def _seconds(value: str) -> float:
    return float(value) if value.isdecimal() else 10.0


def _offer(gpu: Mapping[str, Any], cloud: str) -> GpuOffer:
    order = ("HIGH", "MEDIUM", "LOW")
    stocked = sorted(
        (one for one in gpu.get("dataCenters", ()) if one["availability"] in order),
        key=lambda one: order.index(one["availability"]),
    )
    return GpuOffer(
        id=gpu["id"],
        name=gpu["name"],
        memory_gb=int(gpu["memory"]),
        usd_per_hour=_money(gpu["price"][cloud.lower()]),
        availability=gpu.get("availability", "NONE"),
        data_centres=tuple(one["id"] for one in stocked),
    )


def _pod(said: Mapping[str, Any]) -> Pod:
    return Pod(
        id=said["id"],
        name=said["name"],
        status=said["status"],
        usd_per_hour=_money(said["cost"]),
        data_centre=said.get("dataCenterId") or "",
        gpu=(said.get("gpu") or {}).get("id", ""),
        started_at=datetime.fromisoformat(said["startedAt"]) if said.get("startedAt") else None,
    )


def _money(amount: float | int | str) -> Decimal:
    """Dollars as printed, not as a binary fraction."""
    return Decimal(str(amount))
