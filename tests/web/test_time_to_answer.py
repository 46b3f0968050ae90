"""How long a scrape may take: what Prometheus says, less a reserve, less what was spent in the queue."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from support.exposition import parsed
from support.faults import Odd
from support.served import Served, written

from envoy_exporter.simulator import Simulator
from envoy_exporter.web.access import MostRequests
from envoy_exporter.web.app import create
from envoy_exporter.web.exposition import seconds_to_answer


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 9.5), ("0.4", 0), ("120", 119.5), (None, 7), ("soon", 7), ("NaN", 7), ("-1", 7), ("1e9", 300)],
)
def test_half_a_second_before_prometheus_gives_up(header: str | None, seconds: float) -> None:
    assert seconds_to_answer(header, 7) == seconds


def test_what_a_scrape_waited_for_its_turn_is_taken_from_its_time(tmp_path: Path) -> None:
    odd = Odd({})
    odd.oddities["*"] = odd.silence

    async def answered() -> httpx.Response:
        application = create(served.exporter)

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "state": {"waited": 299.0}}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(late), base_url="http://exporter") as client:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "300"}
            return await asyncio.wait_for(client.get("/metrics", headers=headers), 60)

    with Simulator("8.3", faults=odd) as gateway, Served(written(gateway, folder=tmp_path)) as served:
        response = asyncio.run(answered())
        odd.heal()
    assert parsed(response.text).value("enphase_up") == 0


def test_the_queue_says_how_long_one_waited_in_it() -> None:
    waited: list[float] = []
    first_is_in = asyncio.Event()
    let_go = asyncio.Event()

    async def application(scope: Scope, _: Receive, __: Send) -> None:
        waited.append(scope["state"]["waited"])
        first_is_in.set()
        await let_go.wait()

    async def two() -> None:
        queue = MostRequests(application, 1)
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
