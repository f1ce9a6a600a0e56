"""What `serve` looks at before it starts anything."""

import contextlib
import socket

import pytest

from curator.management.commands.serve import is_taken


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["127.0.0.1", "::1"])
def test_a_port_on_which_localhost_answers_is_taken(family):
    with contextlib.closing(socket.socket(family)) as other:
        try:
            other.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback; switch it on to run this")
        port = other.getsockname()[1]
        assert not is_taken(port)
        other.listen()
        assert is_taken(port)
