"""The levels of tests: unit tests use neither sockets nor other programs."""

import socket
import subprocess
import sys

import pytest


def test_unit_test_that_binds_a_socket_fails() -> None:
    with socket.socket() as listener, pytest.raises(RuntimeError, match="integration"):
        listener.bind(("127.0.0.1", 0))


def test_unit_test_that_starts_a_program_fails() -> None:
    with pytest.raises(RuntimeError, match="integration"):
        subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.mark.integration
def test_integration_test_may_bind_a_socket() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
