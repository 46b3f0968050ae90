"""A client that is told what to say, and hears every byte: for what an HTTP library would hide."""

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from simulator.bench import StandingClock

from envoy_simulator import Simulator

ANYTHING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANYTHING.check_hostname, ANYTHING.verify_mode = False, ssl.CERT_NONE


@dataclass(frozen=True)
class Heard:
    """What came, and how it ended: "close" (FIN), "reset" (RST), "open" (nothing more came in time), or TLS's words."""

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
        return ANYTHING.wrap_socket(connection, suppress_ragged_eofs=False)
    return connection


def request(gateway: Simulator, target: str = "/info", fate: str = "close", **headers: str) -> bytes:
    told = {"Host": gateway.address, "Connection": fate, "Authorization": f"Bearer {gateway.token}", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


def hear(connection: socket.socket, patience: float | None = None, most: int = 1 << 20) -> Heard:
    """All that comes until the end, or until nothing has come for so long, or it is that much.

    On a machine with much to do the first byte may take its time: unless told otherwise, it is given three seconds.
    """
    data = b""
    connection.settimeout(3.0 if patience is None else patience)
    while len(data) < most:
        try:
            part = connection.recv(65536)
        except TimeoutError:
            return Heard(data, "open")
        except ConnectionResetError:
            return Heard(data, "reset")
        except ssl.SSLError as error:
            return Heard(data, error.reason or str(error))
        if not part:
            return Heard(data, "close")
        data += part
        connection.settimeout(0.3 if patience is None else patience)
    return Heard(data, "endless")


def hear_unasked(gateway: Simulator) -> Heard:
    """What is said on a new connection on which nothing is asked. A reset may meet who is still dialling."""
    try:
        connection = dial(gateway)
    except ConnectionResetError:
        return Heard(b"", "reset")
    with connection:
        return hear(connection)


def ask(
    gateway: Simulator, target: str = "/info", patience: float | None = None, fate: str = "close", **headers: str
) -> Heard:
    """One request on a connection of its own."""
    with dial(gateway) as connection:
        connection.sendall(request(gateway, target, fate, **headers))
        return hear(connection, patience)


def timed(gateway: Simulator, target: str = "/info") -> tuple[Heard, float]:
    began = time.monotonic()
    return ask(gateway, target, patience=5.0), time.monotonic() - began


def plain(profile: str = "8.3") -> Simulator:
    """A gateway without TLS, whose clock stands."""
    return Simulator(profile, tls=False, clock=StandingClock())


def while_on(name: str, target: str = "/ivp/meters", profile: str = "8.3", **options: Any) -> tuple[Heard, Heard]:
    """What is said in good health, and what while the fault is on."""
    with plain(profile) as gateway:
        healthy = ask(gateway, target)
        with gateway.faults.during(name, **options):
            return healthy, ask(gateway, target)


def header(heard: Heard, name: str) -> list[str]:
    lines = heard.head.decode("latin-1").split("\r\n")[1:]
    return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:")]
