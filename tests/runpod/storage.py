"""An S3 server on the loopback. Tests only."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "rounds"
KEYS = {"AWS_ACCESS_KEY_ID": "planted-storage-key", "AWS_SECRET_ACCESS_KEY": "planted-storage-secret"}


@contextmanager
def s3_serving() -> Iterator[tuple[Any, str]]:
    """A boto3 client of a server with one bucket, and its address. The keys stand in the environment meanwhile."""
    wanted = KEYS | {"AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ |= wanted
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    address = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket=BUCKET)
    try:
        yield client, address
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def everything_in(client: Any) -> dict[str, bytes]:
    """All objects of the bucket."""
    found = client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
    return {one["Key"]: client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in found}
