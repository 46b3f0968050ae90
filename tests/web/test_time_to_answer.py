"""How long a scrape may take: what Prometheus says, less a reserve, less what was spent in the queue."""

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
from envoy_exporter.web.exposition import Exposition, Format, Ready, seconds_to_answer
from envoy_exporter.web.routes import Exporter, ServedConfig, create

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 9.5), ("0.4", 0), ("120", 119.5), (None, 7), ("soon", 7), ("NaN", 7), ("-1", 7), ("1e9", 300)],
)
def test_half_a_second_before_prometheus_gives_up(header: str | None, seconds: float) -> None:
    assert seconds_to_answer(header, 7) == seconds


class Noted(Exposition):
    """Has ready bytes, and notes how long it would have had for them."""

    def __init__(self) -> None:
        clock = ManualClock()
        super().__init__(GatewayCollector(unpolled_gateway(clock), Settings(), clock), 9.5)
        self.had: list[float] = []

    async def scrape(self, wanted: Format, seconds: float) -> Ready:
        assert wanted is Format.TEXT
        self.had.append(seconds)
        return Ready(self.collector.gateway.snapshot(), b"", b"")


def test_what_a_scrape_waited_for_its_turn_is_taken_from_its_time() -> None:
    noted = Noted()
    application = create(Exporter(ServedConfig({"home": noted}, {}, ""), Telemetry("test"), tuple, "test"))

    async def scraped(waited: float) -> None:
        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "state": {"waited": waited}}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(late), base_url="http://exporter") as client:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
            assert (await client.get("/metrics", headers=headers)).status_code == 200

    for waited in (0.0, 4.0, 20.0):
        asyncio.run(scraped(waited))
    assert noted.had == [9.5, 5.5, 0.0]


def test_the_queue_says_how_long_one_waited_in_it() -> None:
    waited: list[float] = []
    first_is_in = asyncio.Event()
    let_go = asyncio.Event()

    async def application(scope: Scope, _: Receive, __: Send) -> None:
        waited.append(scope["state"]["waited"])
        first_is_in.set()
        await let_go.wait()

    async def two() -> None:
        queue = ConcurrencyLimit(application, 1)
        none = lambda *_: asyncio.sleep(0)  # noqa: E731
        first = asyncio.create_task(queue({"type": "http", "path": "/metrics"}, none, none))  # type: ignore[arg-type]
        await first_is_in.wait()
        second = asyncio.create_task(queue({"type": "http", "path": "/metrics"}, none, none))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        let_go.set()
        await asyncio.gather(first, second)

    asyncio.run(two())
    assert waited[0] < waited[1]
    assert waited[1] >= 0.2
