"""A stand-in for RunPod: its rules, its clock and its bill, in this process. Tests only.

Every request is held to the OpenAPI document; what a test wants to go wrong is put into `script`. A pod's container is
a `Container` that the test chooses: a real subprocess, or a model of one. RunPod starts a container that exits again,
and so does this.
"""

import itertools
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.shared import SHARED

KEY = "rp-test-account-key"
DOCUMENT = SHARED / "spec" / "runpod_openapi_v2.json"


class Container(Protocol):
    """What runs in a pod."""

    def poll(self) -> bool:
        """Whether it still runs."""

    def kill(self) -> None:
        """End it."""

    def lines(self) -> list[str]:
        """What it wrote."""


Launch = Callable[["RentedPod"], Container]


@dataclass
class Gpu:
    """A kind of GPU in the catalogue."""

    id: str
    name: str
    memory: int
    secure: float
    community: float
    stock: dict[str, str] = field(default_factory=lambda: {"EU-RO-1": "HIGH"})


GPUS = (
    Gpu("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.44, 0.31, {"EU-RO-1": "HIGH", "US-KS-2": "LOW"}),
    Gpu("NVIDIA RTX A5000", "RTX A5000", 24, 0.27, 0.16),
    Gpu("NVIDIA L40S", "L40S", 48, 0.86, 0.79, {"EU-NL-1": "MEDIUM"}),
    Gpu("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.39, 1.19),
)


@dataclass
class RentedPod:
    """A pod, its container and its bill."""

    id: str
    body: dict[str, Any]
    usd_per_hour: Decimal
    created: float
    stuck: bool = False
    started: float | None = None
    status: str = "PROVISIONING"
    gone: float | None = None
    container: Container | None = None
    starts: int = 0
    billed_to: float = 0.0
    own_key: str = ""
    written: list[str] = field(default_factory=list)


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Provider:
    """The account, its pods and its money.

    now: seconds, of the clock that everybody in the test lives by. script: what happens to the next POSTs, each one of
    "no capacity", "401", "402", "403", "422", "429", "500", "500 after" (the pod is made), "lost" (made, no answer),
    "stuck" (never leaves PROVISIONING), "slow" (takes long). refuse_self_delete: the key that a pod finds in its
    environment may not delete it.
    """

    def __init__(
        self,
        now: Callable[[], float],
        launch: Launch,
        *,
        balance: float = 50.0,
        provisioning: float = 0.0,
        gpus: tuple[Gpu, ...] = GPUS,
    ) -> None:
        if not DOCUMENT.is_file():
            pytest.skip("needs the reference folder ../shared beside the checkout (spec/runpod_openapi_v2.json)")
        self.now = now
        self.launch = launch
        self.balance = Decimal(str(balance))
        self.provisioning = provisioning
        self.gpus = gpus
        self.pods: dict[str, RentedPod] = {}
        self.script: deque[str] = deque()
        self.refuse_self_delete = False
        self.strict = True  # whether answers are held to the document, which takes its time
        self.requests: list[tuple[str, str, Any]] = []
        self._ids = itertools.count(1)
        self._settled: dict[str, Decimal] = {}

    # -- what a test does to it ------------------------------------------------------------------------------------

    @property
    def living(self) -> list[RentedPod]:
        """Pods that are not deleted; an exited one costs nothing but is there."""
        return [pod for pod in self.pods.values() if pod.gone is None]

    def billed(self) -> Decimal:
        """Dollars so far."""
        self.tick()
        return sum((self._bill(pod) for pod in self.pods.values()), Decimal(0))

    def vanish(self, pod: RentedPod) -> None:
        """The machine is gone, as if it had never been."""
        self._end(pod)
        pod.status = "TERMINATED"

    def breaks(self, pod: RentedPod, status: str) -> None:
        """EXITED or ERROR by the provider's own fault."""
        self._stop_container(pod)
        self.settle(pod)
        pod.status = status

    def tick(self) -> None:
        """Let time do its work: machines become ready, containers that exited start again, money runs out."""
        for pod in self.living:
            if pod.status == "PROVISIONING" and not pod.stuck and self.now() - pod.created >= self._patience(pod):
                pod.status = "RUNNING"
                pod.started = pod.billed_to = self.now()
            if pod.status == "RUNNING" and (pod.container is None or not pod.container.poll()):
                pod.starts += 1
                pod.container = self.launch(pod)
        if sum((self._bill(pod) for pod in self.pods.values()), Decimal(0)) >= self.balance:
            for pod in self.living:
                self._end(pod)

    # -- what it answers -------------------------------------------------------------------------------------------

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """One request. None: the connection breaks."""
        self.tick()
        parts = urlsplit(target)
        said = json.loads(body) if body else None
        self.requests.append((method, parts.path, said))
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if match := re.fullmatch(r"/v2/pods/([\w-]+)", parts.path):
            return self._one(method, match[1], key)
        if key != KEY:
            return _problem(401, "Unauthorized", "missing or invalid bearer token")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        unknown = set(query) - _declared(method, re.sub(r"/pods/[^/]+", "/pods/{id}", parts.path))
        if unknown:  # RunPod would not say a word of it
            raise AssertionError(f"{method} {parts.path} has no {unknown}")
        match method, parts.path:
            case "GET", "/v2/pods":
                return self._good("/v2/pods", "get", 200, {"pods": [self._show(pod) for pod in self.living]})
            case "POST", "/v2/pods":
                return self._create(said)
            case "GET", "/v2/catalog/gpus":
                if query.get("include") and not query.get("product"):
                    return _problem(400, "Bad Request", "include=AVAILABILITY requires product")
                return self._good("/v2/catalog/gpus", "get", 200, {"gpus": [_gpu(gpu) for gpu in self.gpus]})
            case "GET", "/v2/billing/pods":
                return self._bills(query.get("podId", ""))
        if match := re.fullmatch(r"/v2/pods/([\w-]+)/logs", parts.path):
            pod = self.pods.get(match[1])
            if pod is None or pod.gone is not None:
                return _problem(404, "Not Found", "pod not found")
            lines = pod.written + (pod.container.lines() if pod.container else [])
            events = [{"source": "container", "line": line, "ts": "2026-06-01T12:02:03Z"} for line in lines]
            return Reply(200, "".join(f"data: {json.dumps(event)}\n\n" for event in events))
        return _problem(404, "Not Found", "no such path")

    def _create(self, said: Any) -> Reply | None:
        what = self.script.popleft() if self.script else ""
        wrong = [error.message for error in validator("CreatePodRequest").iter_errors(said)]
        if wrong or what == "422":
            errors = wrong or ["$: additional properties 'bogus' not allowed"]
            return _problem(422, "Unprocessable Entity", "Request validation failed.", errors=errors)
        match what:
            case "no capacity":
                detail = "There are no longer any instances available with the requested specifications."
                return _problem(400, "Bad Request", detail)
            case "401":
                return _problem(401, "Unauthorized", "missing or invalid bearer token")
            case "402":
                return _problem(402, "Payment Required", "Insufficient balance.")
            case "403":
                return _problem(403, "Forbidden", "access denied")
            case "429":
                return _problem(429, "Too Many Requests", "slow down", {"Retry-After": "1"})
            case "500":
                return _problem(500, "Internal Server Error", "upstream failed")
        if self.billed() >= self.balance:
            return _problem(402, "Payment Required", "Insufficient balance.")
        gpu = next((one for one in self.gpus if one.id == said["gpu"]["id"]), None)
        if gpu is None:
            return _problem(400, "Bad Request", "unknown gpu")
        cloud = said.get("cloud", "SECURE").lower()
        number = next(self._ids)
        pod = RentedPod(
            id=f"pod{number:04d}",
            body=said,
            usd_per_hour=Decimal(str(getattr(gpu, cloud))) * said["gpu"].get("count", 1),
            created=self.now(),
            stuck=what == "stuck",
            own_key=f"rp-pod-{number}",
        )
        if what == "slow":
            pod.created += 300
        self.pods[pod.id] = pod
        self.tick()
        if what == "500 after":
            return _problem(500, "Internal Server Error", "upstream failed")
        if what == "lost":
            return None
        return self._good("/v2/pods", "post", 201, self._show(pod))

    def _one(self, method: str, id: str, key: str) -> Reply | None:
        pod = self.pods.get(id)
        if key != KEY and not (pod and key == pod.own_key):
            return _problem(401, "Unauthorized", "missing or invalid bearer token")
        if key != KEY and self.refuse_self_delete:
            return _problem(403, "Forbidden", "access denied")
        if pod is None or pod.gone is not None:
            return _problem(404, "Not Found", "pod not found")
        if method == "DELETE":
            self._end(pod)
            return Reply(204)
        return self._good("/v2/pods/{id}", "get", 200, self._show(pod))

    def _bills(self, id: str) -> Reply:
        pods = [pod for pod in self.pods.values() if not id or pod.id == id]
        records = [
            {
                "startTime": _date(pod.created),
                "endTime": _date(self.now()),
                "podId": pod.id,
                "totalAmount": float(self._bill(pod)),
                "gpuAmount": float(self._bill(pod)),
                "cpuAmount": 0,
                "diskAmount": 0,
            }
            for pod in pods
        ]
        total = float(sum((self._bill(pod) for pod in pods), Decimal(0)))
        amounts = {"totalAmount": total, "gpuAmount": total, "cpuAmount": 0, "diskAmount": 0}
        times = {"startTime": _date(0), "endTime": _date(self.now()), "bucketSize": "day"}
        metadata = {
            "query": times | ({"podId": id} if id else {}),
            "recordCount": len(records),
            "uniquePodCount": len(pods),
            "totals": amounts,
        }
        return self._good("/v2/billing/pods", "get", 200, {"records": records, "metadata": metadata})

    # -- bookkeeping -----------------------------------------------------------------------------------------------

    def _patience(self, pod: RentedPod) -> float:
        return self.provisioning

    def _bill(self, pod: RentedPod) -> Decimal:
        running = 0.0
        if pod.started is not None and pod.status == "RUNNING" and pod.gone is None:
            running = self.now() - pod.billed_to
        return self._settled.get(pod.id, Decimal(0)) + pod.usd_per_hour * Decimal(running) / 3600

    def settle(self, pod: RentedPod) -> None:
        """Write down what it has cost so far, before its price changes."""
        self._settled[pod.id] = self._bill(pod)
        pod.billed_to = self.now()

    def _end(self, pod: RentedPod) -> None:
        self.settle(pod)
        self._stop_container(pod)
        pod.gone = self.now()
        pod.status = "TERMINATED"

    @staticmethod
    def _stop_container(pod: RentedPod) -> None:
        if pod.container is not None:
            pod.written += pod.container.lines()
            pod.container.kill()
            pod.container = None

    def _show(self, pod: RentedPod) -> dict[str, Any]:
        running = pod.status == "RUNNING"
        return {
            "id": pod.id,
            "name": pod.body["name"],
            "image": pod.body["image"],
            "args": pod.body.get("args", ""),
            "disk": pod.body.get("disk", 50),
            "ports": pod.body.get("ports", []),
            "env": pod.body.get("env", {}),
            "registry": None,
            "status": pod.status,
            "actions": ["terminate"],
            "mounts": {},
            "gpu": {"id": pod.body["gpu"]["id"], "count": 1},
            "cloud": pod.body.get("cloud", "SECURE"),
            "dataCenterId": (pod.body.get("dataCenterIds") or ["EU-RO-1"])[0],
            "cudaVersion": "12.8",
            "ssh": {"proxy": None, "direct": None},
            "template": None,
            "cost": float(pod.usd_per_hour) if pod.status not in ("EXITED", "TERMINATED") else 0.0,
            "locked": False,
            "globalNetworking": {"enabled": False},
            "runtime": {"uptime": int(self.now() - (pod.started or self.now()))} if running else None,
            "createdAt": _date(pod.created),
            "startedAt": _date(pod.started) if pod.started is not None else None,
        }

    def _good(self, path: str, method: str, status: int, body: Any) -> Reply:
        """An answer that keeps to the document too, or the test would prove nothing."""
        if not self.strict:
            return Reply(status, body)
        schema = document()["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
        validator(schema["$ref"].rpartition("/")[2]).validate(body)
        return Reply(status, body)


def _gpu(gpu: Gpu) -> dict[str, Any]:
    levels = ("HIGH", "MEDIUM", "LOW", "NONE")
    return {
        "id": gpu.id,
        "name": gpu.name,
        "pool": None,
        "manufacturer": "NVIDIA",
        "memory": gpu.memory,
        "secure": True,
        "community": True,
        "price": {"secure": gpu.secure, "community": gpu.community},
        "maxCount": {"secure": 8, "community": 4},
        "availability": min(gpu.stock.values(), key=levels.index, default="NONE"),
        "dataCenters": [{"id": id, "name": id, "availability": level} for id, level in gpu.stock.items()],
    }


def _problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None, errors: list[str] | None = None
) -> Reply:
    body = {"title": title, "status": status, "detail": detail, **({"errors": errors} if errors else {})}
    validator("ErrorResponse").validate(body)
    return Reply(status, body, headers or {})


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _declared(method: str, path: str) -> frozenset[str]:
    """Names of the query parameters that the document knows."""
    said = document()["paths"].get(path, {})
    every = [*said.get("parameters", ()), *said.get(method.lower(), {}).get("parameters", ())]
    known = document()["components"].get("parameters", {})
    named = [known[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in every]
    return frozenset(one["name"] for one in named if one["in"] == "query")


@cache
def document() -> dict[str, Any]:
    """RunPod's own OpenAPI document."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    """Holds a body to the schema of this name."""
    registry: Registry[Any] = Registry().with_resource(
        "urn:runpod", Resource.from_contents(document(), default_specification=DRAFT202012)
    )
    return Draft202012Validator({"$ref": f"urn:runpod#/components/schemas/{name}"}, registry=registry)
