"""Clients of the exporter on raw sockets: they need less CPU than a library, which leaves more for the exporter."""

import gzip
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def request(target: str, *, method: str = "GET", accept: str = TEXT, compressed: bool = True) -> bytes:
    """A request as Prometheus sends it, except for the order of the headers."""
    encoding = "gzip" if compressed else "identity"
    lines = [f"{method} {target} HTTP/1.1", "Host: exporter", f"Accept: {accept}", f"Accept-Encoding: {encoding}"]
    return "\r\n".join([*lines, "X-Prometheus-Scrape-Timeout-Seconds: 10", "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    compressed: bool

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.compressed else self.body).decode()


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb", buffering=1 << 18)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, *requests: bytes) -> None:
        """Send all requests at once (pipelining)."""
        self._socket.sendall(b"".join(requests))

    def receive(self, *, has_body: bool = True) -> Response:
        """The next response. Raises ConnectionError if there is no response or an incomplete one."""
        status, length, compressed = self._stream.readline().split(b" "), 0, False
        if len(status) < 2:  # noqa: PLR2004  # version and code, at least
            raise ConnectionError("the exporter closed the connection")
        while (line := self._stream.readline()) not in {b"\r\n", b""}:
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            compressed = compressed or (name == b"content-encoding" and value.strip() == b"gzip")
        body = self._stream.read(length) if has_body else b""
        if has_body and len(body) < length:
            raise ConnectionError("the response of the exporter is incomplete")
        return Response(int(status[1]), body, compressed=compressed)

    def get(self, target: str, *, method: str = "GET") -> Response:
        self.send(request(target, method=method))
        return self.receive(has_body=method != "HEAD")
