"""Clients of the exporter on raw sockets: cheaper than any library, so that the exporter is what is worked hard."""

import gzip
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def request(target: str, *, method: str = "GET", accept: str = TEXT, packed: bool = True) -> bytes:
    """As Prometheus sends it, but for the order of the headers."""
    coding = "gzip" if packed else "identity"
    lines = [f"{method} {target} HTTP/1.1", "Host: exporter", f"Accept: {accept}", f"Accept-Encoding: {coding}"]
    return "\r\n".join([*lines, "X-Prometheus-Scrape-Timeout-Seconds: 10", "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    packed: bool

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.packed else self.body).decode()


class Client:
    """One connection that is kept alive."""

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
        """All at once: pipelined."""
        self._socket.sendall(b"".join(requests))

    def receive(self, *, has_body: bool = True) -> Answer:
        """The next answer. Raises ConnectionError where none comes, or half of one."""
        status, length, packed = self._stream.readline().split(b" "), 0, False
        if len(status) < 2:  # noqa: PLR2004  # version and code, at least
            raise ConnectionError("the exporter closed the connection")
        while (line := self._stream.readline()) not in {b"\r\n", b""}:
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            packed = packed or (name == b"content-encoding" and value.strip() == b"gzip")
        body = self._stream.read(length) if has_body else b""
        if has_body and len(body) < length:
            raise ConnectionError("the exporter's answer broke off")
        return Answer(int(status[1]), body, packed=packed)

    def get(self, target: str, *, method: str = "GET") -> Answer:
        self.send(request(target, method=method))
        return self.receive(has_body=method != "HEAD")
