"""A client on raw sockets: tests see every byte, and connections that an HTTP library would hide."""

import socket
import ssl
from dataclasses import dataclass
from typing import Any

from simulator.helpers import SettableClock

from envoy_simulator import Simulator

UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE


@dataclass(frozen=True)
class Received:
    """The bytes of a connection and its `end`.

    `end`: "close" (FIN), "reset" (RST), "open" (timeout), "endless" (more than `most` bytes), or a TLS error.
    """

    data: bytes
    end: str

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        return int(self.data.split(b" ")[1])


def dial(gateway: Simulator, timeout: float = 5.0) -> socket.socket:
    host, _, port = gateway.address.rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=timeout)
    if gateway.scheme == "https":
        return UNVERIFIED.wrap_socket(connection, suppress_ragged_eofs=False)
    return connection


def request(gateway: Simulator, target: str = "/info", connection_header: str = "close", **headers: str) -> bytes:
    standard = {"Host": gateway.address, "Connection": connection_header, "Authorization": f"Bearer {gateway.token}"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**standard, **headers}.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


def receive(connection: socket.socket, timeout: float | None = None, most: int = 1 << 20) -> Received:
    """The bytes until the connection ends, until nothing has arrived for `timeout` seconds, or up to `most` bytes.

    By default the timeout is three seconds for the first bytes, because the machine may be busy, and 0.3 s afterwards.
    """
    data = b""
    connection.settimeout(3.0 if timeout is None else timeout)
    while len(data) < most:
        try:
            part = connection.recv(65536)
        except TimeoutError:
            return Received(data, "open")
        except ConnectionResetError:
            return Received(data, "reset")
        except ssl.SSLError as error:
            return Received(data, error.reason or str(error))
        if not part:
            return Received(data, "close")
        data += part
        connection.settimeout(0.3 if timeout is None else timeout)
    return Received(data, "endless")


def receive_without_request(gateway: Simulator) -> Received:
    """The bytes on a new connection without a request. A reset may arrive while the client is still connecting."""
    try:
        connection = dial(gateway)
    except ConnectionResetError:
        return Received(b"", "reset")
    with connection:
        return receive(connection)


def fetch(
    gateway: Simulator,
    target: str = "/info",
    timeout: float | None = None,
    connection_header: str = "close",
    **headers: str,
) -> Received:
    """The response to one request on a new connection."""
    with dial(gateway) as connection:
        connection.sendall(request(gateway, target, connection_header, **headers))
        return receive(connection, timeout)


def plain_gateway(profile: str = "8.3") -> Simulator:
    """A gateway without TLS, with a clock that does not advance."""
    return Simulator(profile, tls=False, clock=SettableClock())


def before_and_during(
    name: str, target: str = "/ivp/meters", profile: str = "8.3", **options: Any
) -> tuple[Received, Received]:
    """The responses without and with the fault."""
    with plain_gateway(profile) as gateway:
        healthy = fetch(gateway, target)
        with gateway.faults.during(name, **options):
            return healthy, fetch(gateway, target)


def header(received: Received, name: str) -> list[str]:
    lines = received.head.decode("latin-1").split("\r\n")[1:]
    return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:")]
