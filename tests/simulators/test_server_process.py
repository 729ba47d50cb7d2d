"""Ports that wait for a server which takes a while to start."""

import socket

import pytest

from simulators.server_process import hold_port


def test_a_held_port_is_nobody_elses_until_its_server_listens() -> None:
    port = hold_port()
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port.number))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port.number))
        server.listen()
        with socket.create_connection(("127.0.0.1", port.number)) as client:
            assert client.getpeername()[1] == port.number
        port.close()
