"""From families to bytes: which format, packed or not, some families or all; and the bytes that are ready."""

import asyncio
import gzip
import math
import re
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from envoy_exporter.gateway_collector import GatewayCollector, Snapshot

END = b"# EOF\n"
OFFSET = 0.5
"""Seconds before Prometheus gives up: late is the same as never."""
LONGEST_WAIT = 300.0
_LEVEL = 1


class Format(Enum):
    """The two expositions, by their Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    def render(self, metrics: Iterable[Metric]) -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Rendered(metrics))
        if self is Format.OPENMETRICS:
            return openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call,no-any-return]
        return exposition.generate_latest(registry)


class _Rendered(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def negotiate(accept: str) -> Format:
    """The format that an Accept header prefers: OpenMetrics 1.0 only for those who ask for it, and not for 2.0."""
    weights = {Format.TEXT: 0.0, Format.OPENMETRICS: 0.0}
    for part in accept.lower().split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        options = dict(each.split("=", 1) for each in parameters if "=" in each)
        weight = _weight(options.get("q", "1"))
        if media == "application/openmetrics-text" and options.get("version", "1.0.0") in {"1.0.0", "0.0.1"}:
            weights[Format.OPENMETRICS] = max(weights[Format.OPENMETRICS], weight)
        elif media in {"text/plain", "text/*", "*/*"}:
            weights[Format.TEXT] = max(weights[Format.TEXT], weight)
    wanted = weights[Format.OPENMETRICS]
    return Format.OPENMETRICS if wanted and wanted >= weights[Format.TEXT] else Format.TEXT


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0


def wants_gzip(accept_encoding: str) -> bool:
    """Does it say gzip, and not `gzip;q=0`."""
    for part in accept_encoding.lower().split(","):
        coding, _, option = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", option)
    return False


def pack(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def seconds_to_answer(header: str | None, default: float) -> float:
    """How long a scrape may take: what Prometheus says less half a second, or the default where that is no number."""
    try:
        seconds = float(header) - OFFSET if header is not None else default
    except ValueError:
        seconds = default
    if not math.isfinite(seconds) or (header is not None and seconds <= -OFFSET):
        seconds = default
    return min(max(seconds, 0.0), LONGEST_WAIT)


def select(metrics: Iterable[Metric], names: Collection[str]) -> list[Metric]:
    """The families of those names, or with a sample of one."""
    return [
        metric for metric in metrics if metric.name in names or any(sample.name in names for sample in metric.samples)
    ]


@dataclass(frozen=True, slots=True)
class Ready:
    """Bytes that hold as long as the snapshot does."""

    snapshot: Snapshot
    body: bytes
    packed: bytes


class Exposition:
    """One gateway's bytes, rendered once for each format and for as long as nothing changes."""

    def __init__(self, collector: GatewayCollector, timeout: float) -> None:
        self.collector = collector
        self.timeout = timeout
        self._ready: dict[Format, Ready] = {}
        self._rendering: dict[Format, asyncio.Task[Ready]] = {}

    async def scrape(self, wanted: Format, seconds: float) -> Ready:
        """The bytes of now: at once if nothing is due, else when what is due has come or the time is over."""
        await _patiently(self.collector.gateway.scrape(), seconds)
        ready = self._ready.get(wanted)
        if ready is not None and self.collector.gateway.holds(ready.snapshot):
            return ready
        task = self._rendering.get(wanted)
        if task is not None:
            ready = await asyncio.shield(task)
            if self.collector.gateway.holds(ready.snapshot):
                return ready
            task = self._rendering.get(wanted)  # somebody else may have begun anew
        if task is None:
            task = self._rendering[wanted] = asyncio.create_task(self._render(wanted))
        return await asyncio.shield(task)

    async def part(self, wanted: Format, seconds: float, only: Collection[str], names: Collection[str]) -> bytes:
        """Some collectors, or some families: rendered for this one scrape."""
        await _patiently(self.collector.gateway.scrape(), seconds)
        return await asyncio.to_thread(self._render_part, wanted, only, names)

    async def _render(self, wanted: Format) -> Ready:
        try:
            ready = await asyncio.to_thread(self._render_now, wanted)
        finally:
            del self._rendering[wanted]
        self._ready[wanted] = ready
        return ready

    def _render_now(self, wanted: Format) -> Ready:
        snapshot = self.collector.gateway.snapshot()
        body = wanted.render(self.collector.families(snapshot))
        return Ready(snapshot, body, pack(body))

    def _render_part(self, wanted: Format, only: Collection[str], names: Collection[str]) -> bytes:
        metrics = self.collector.families(self.collector.gateway.snapshot(), only)
        return wanted.render(select(metrics, names) if names else metrics)


async def _patiently(done: Future[None], seconds: float) -> None:
    if not done.done():
        await asyncio.wait([asyncio.wrap_future(done)], timeout=seconds)
