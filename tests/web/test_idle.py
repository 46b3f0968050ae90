"""An exporter between two scrapes: its event loop sleeps."""

import http.client
import selectors
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from support.attackers import wait_until
from support.served_exporter import Served, write_config

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

IDLE_SECONDS = 2.0
"""uvicorn's own loop would wake twenty times in this time."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path)) as served:
        yield served


def test_server_idle_event_loop_is_not_woken(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    woken = 0
    wait = selectors.DefaultSelector.select

    def counted(self: selectors.DefaultSelector, timeout: float | None = None) -> Any:
        nonlocal woken
        woken += threading.current_thread() is served.thread
        return wait(self, timeout)

    monkeypatch.setattr(selectors.DefaultSelector, "select", counted)
    assert served.get("/metrics").status_code == 200
    assert woken > 0, "the event loop calls the counted function"
    assert served.server is not None
    wait_until(lambda: not served.server.server_state.connections)  # type: ignore[union-attr]
    woken = 0
    time.sleep(IDLE_SECONDS)
    assert woken < 5


@pytest.mark.parametrize(("target", "status"), [("/-/healthy", 200), ("no path at all", 400)])
def test_date_header_after_idle_is_current(target: str, status: int, served: Served) -> None:
    """RFC 9110 requires it in every 2xx, 3xx and 4xx response of a server with a clock."""
    served.get("/-/healthy")
    time.sleep(1.1)
    before = int(time.time())
    with served.connect() as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        response = http.client.HTTPResponse(client)
        response.begin()
    assert response.status == status
    date = parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert before <= date <= time.time()
