"""An exporter that listens on a real port, in a thread of this process."""

import asyncio
import socket
import ssl
import threading
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import httpx

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS, App, WebConfigFile
from envoy_exporter.clock import Clock, SystemClock
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.transport.timeouts import Timeouts
from envoy_exporter.web.access import AccessMiddleware, ConcurrencyLimit
from envoy_exporter.web.location import Location
from envoy_exporter.web.routes import Exporter, create
from envoy_exporter.web.server import Server, listen
from envoy_simulator import Simulator

UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE


def write_config(*gateways: Simulator, folder: Path, names: tuple[str, ...] = ("home", "barn"), more: str = "") -> Path:
    """exporter.yml for these gateways."""
    lines = ["gateways:"]
    for gateway, name in zip(gateways, names, strict=False):
        lines += [f"  - host: {gateway.address}", f"    name: {name}", f"    scheme: {gateway.scheme}"]
        lines += [f"    serial: '{gateway.serial}'", f"    token: {gateway.token}"]
        lines += [f"    local: {{username: {gateway.username}, password: '{gateway.password}'}}"]
    path = folder / "exporter.yml"
    path.write_text("\n".join([*lines, more, ""]))
    return path


class ServedExporter:
    """The web server of the command, without the command."""

    def __init__(
        self,
        path: Path,
        most: int = 40,
        web_config: Path | None = None,
        clock: Clock | None = None,
        timeouts: Timeouts | None = None,
        location: Location | None = None,
    ) -> None:
        self.path = path
        self.telemetry = Telemetry("test")
        self.redaction = Redaction()
        self.app = App(
            clock=clock or SystemClock(),
            random=Random(1),
            telemetry=self.telemetry,
            redaction=self.redaction,
            collectors={},
            timeouts=timeouts,
        )
        self._web = WebConfigFile(web_config)
        served = self.app.build(config.from_file(path, COLLECTORS))
        self.exporter = Exporter(served, self.telemetry, self._reload, "test", location=location or Location())
        self._most = most
        (self._socket,) = listen(["127.0.0.1:0"])
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http{'s' if self._web.current().context else ''}://127.0.0.1:{self.port}"
        self.server: Server | None = None
        self._ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.app.close()
        assert self.server is not None
        self._loop.call_soon_threadsafe(self.server.stop)
        self.thread.join(10)
        assert not self.thread.is_alive()

    def get(self, path: str, timeout: float = 30.0, method: str = "GET", **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.request(method, self.url + path, headers=sent, timeout=timeout, trust_env=False, verify=UNVERIFIED)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def _reload(self) -> tuple[str, ...]:
        try:
            self.exporter.served = self.app.build(config.from_file(self.path, COLLECTORS))
        except config.ConfigError as error:
            return error.problems
        return ()

    async def _serve(self) -> None:
        limited = ConcurrencyLimit(create(self.exporter), self._most, self.exporter.location.prefix)
        application = AccessMiddleware(limited, self._web)
        self.server = Server(application, self._web)
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._ready.set)
        await self.server.serve(sockets=[self._socket])
