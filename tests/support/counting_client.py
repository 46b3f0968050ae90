"""A client of one gateway that counts its requests, and the error of a failed GET."""

import socket
import time

import httpx
import pytest

from envoy_exporter.transport.client import Client, Response
from envoy_exporter.transport.errors import RequestError
from envoy_exporter.transport.network import Network, tls_context
from support.raw_gateway import RawGateway, Script, reset

LIMIT = 0.5
LONG_BEFORE_THE_DRIP_ENDS = 10.0


class CountingClient:
    """A client of one gateway. `counted`: the path and status of each request."""

    def __init__(self, host: str, port: int, scheme: str = "http", fingerprint: bytes | None = None) -> None:
        self.counted: list[tuple[str, int]] = []
        self.network = Network(host, port, time.monotonic, fingerprint=fingerprint)
        count = lambda path, status: self.counted.append((path, status))  # noqa: E731
        self.client = Client(self.network, tls_context(), count, "test", token_over_http=True)
        self._url = httpx.URL(scheme=scheme, host=host, port=port, raw_path=b"/info")

    def get(
        self, limit: float = 5.0, auth: httpx.Auth | None = None, *, keep_alive: bool = True, path: str = "/info"
    ) -> Response:
        url = self._url.copy_with(raw_path=path.encode())
        return self.client.get(url, auth, time.monotonic() + limit, keep_alive=keep_alive)


def client_of(gateway: RawGateway) -> CountingClient:
    return CountingClient(gateway.host, gateway.port)


def request_error(script: Script, limit: float = 5.0) -> RequestError:
    """The error of one GET."""
    with RawGateway(script) as gateway:
        client = client_of(gateway)
        with pytest.raises(RequestError) as error:
            client.get(limit)
        client.client.close()
    return error.value


def reset_after_request(connection: socket.socket, _: int) -> None:
    connection.recv(100_000)
    reset(connection)
