"""The time for a scrape: the timeout of Prometheus minus a reserve and the time in the queue."""

import asyncio

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from support.clock import ManualClock
from support.gateways import unpolled_gateway

from envoy_exporter.collectors.collector import Settings
from envoy_exporter.gateway_collector import GatewayCollector
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.web.access import ConcurrencyLimit
from envoy_exporter.web.exposition import Exposition, Format, Rendered, scrape_timeout
from envoy_exporter.web.routes import Exporter, ServedConfig, create

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 9.5), ("0.4", 0), ("120", 119.5), (None, 7), ("soon", 7), ("NaN", 7), ("-1", 7), ("1e9", 300)],
)
def test_scrape_timeout_is_half_a_second_below_the_header(header: str | None, seconds: float) -> None:
    assert scrape_timeout(header, 7) == seconds


class Recording(Exposition):
    """Returns empty bytes, and records the seconds that each scrape was given."""

    def __init__(self) -> None:
        clock = ManualClock()
        super().__init__(GatewayCollector(unpolled_gateway(clock), Settings(), clock), 9.5)
        self.seconds: list[float] = []

    async def scrape(self, output_format: Format, seconds: float) -> Rendered:
        assert output_format is Format.TEXT
        self.seconds.append(seconds)
        return Rendered(self.collector.gateway.snapshot(), b"", b"")


def test_scrape_time_in_the_queue_reduces_its_timeout() -> None:
    recording = Recording()
    application = create(Exporter(ServedConfig({"home": recording}, {}, ""), Telemetry("test"), tuple, "test"))

    async def scraped(waited: float) -> None:
        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "state": {"waited": waited}}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(late), base_url="http://exporter") as client:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
            assert (await client.get("/metrics", headers=headers)).status_code == 200

    for waited in (0.0, 4.0, 20.0):
        asyncio.run(scraped(waited))
    assert recording.seconds == [9.5, 5.5, 0.0]


def test_concurrency_limit_reports_the_time_in_the_queue() -> None:
    waited: list[float] = []
    first_started = asyncio.Event()
    finish = asyncio.Event()

    async def application(scope: Scope, _: Receive, __: Send) -> None:
        waited.append(scope["state"]["waited"])
        first_started.set()
        await finish.wait()

    async def two() -> None:
        queue = ConcurrencyLimit(application, 1)
        none = lambda *_: asyncio.sleep(0)  # noqa: E731
        first = asyncio.create_task(queue({"type": "http", "path": "/metrics"}, none, none))  # type: ignore[arg-type]
        await first_started.wait()
        second = asyncio.create_task(queue({"type": "http", "path": "/metrics"}, none, none))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        finish.set()
        await asyncio.gather(first, second)

    asyncio.run(two())
    assert waited[0] < waited[1]
    assert waited[1] >= 0.2
