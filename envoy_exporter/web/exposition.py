"""Renders metric families to bytes: format, compression, a selection of families; and keeps the rendered bytes."""

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
TIMEOUT_OFFSET = 0.5
"""Seconds before the scrape timeout of Prometheus: it drops a late response."""
MAX_SECONDS = 300.0
_GZIP_LEVEL = 1


class Format(Enum):
    """The two exposition formats, by their Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    def render(self, metrics: Iterable[Metric]) -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(metrics))
        if self is Format.OPENMETRICS:
            return openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call,no-any-return]
        return exposition.generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def negotiate(accept: str) -> Format:
    """The format that an Accept header prefers: OpenMetrics 1.0 only if it is requested, and not for 2.0."""
    weights = {Format.TEXT: 0.0, Format.OPENMETRICS: 0.0}
    for part in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        options = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        weight = _weight(options.get("q", "1"))
        if media == "application/openmetrics-text" and options.get("version", "1.0.0") in {"1.0.0", "0.0.1"}:
            weights[Format.OPENMETRICS] = max(weights[Format.OPENMETRICS], weight)
        elif media in {"text/plain", "text/*", "*/*"}:
            weights[Format.TEXT] = max(weights[Format.TEXT], weight)
    weight = weights[Format.OPENMETRICS]
    return Format.OPENMETRICS if weight and weight >= weights[Format.TEXT] else Format.TEXT


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 0.0


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the client accepts gzip; `gzip;q=0` means that it does not."""
    for part in accept_encoding.lower().split(","):
        coding, _, option = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", option)
    return False


def compress(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def scrape_timeout(header: str | None, default: float) -> float:
    """The time for a scrape: the timeout of Prometheus minus half a second, or the default if that is invalid."""
    try:
        seconds = float(header) - TIMEOUT_OFFSET if header is not None else default
    except ValueError:
        seconds = default
    if not math.isfinite(seconds) or (header is not None and seconds <= -TIMEOUT_OFFSET):
        seconds = default
    return min(max(seconds, 0.0), MAX_SECONDS)


def select(metrics: Iterable[Metric], names: Collection[str]) -> list[Metric]:
    """The families with one of these names, or with a sample of one of these names."""
    return [
        metric for metric in metrics if metric.name in names or any(sample.name in names for sample in metric.samples)
    ]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Rendered bytes, which are valid while their snapshot is."""

    snapshot: Snapshot
    body: bytes
    compressed: bytes


class Exposition:
    """The exposition of one gateway, rendered once for each format while nothing changes."""

    def __init__(self, collector: GatewayCollector, timeout: float) -> None:
        self.collector = collector
        self.timeout = timeout
        self._rendered: dict[Format, Rendered] = {}
        self._rendering: dict[Format, asyncio.Task[Rendered]] = {}

    async def scrape(self, output_format: Format, seconds: float) -> Rendered:
        """The current bytes: at once if no request is due, else after the requests or when the time is over."""
        await _wait(self.collector.gateway.scrape(), seconds)
        rendered = self._rendered.get(output_format)
        if rendered is not None and self.collector.gateway.is_current(rendered.snapshot):
            return rendered
        task = self._rendering.get(output_format)
        if task is not None:
            rendered = await asyncio.shield(task)
            if self.collector.gateway.is_current(rendered.snapshot):
                return rendered
            task = self._rendering.get(output_format)  # another scrape may have started one
        if task is None:
            task = self._rendering[output_format] = asyncio.create_task(self._render(output_format))
        return await asyncio.shield(task)

    async def scrape_part(
        self, output_format: Format, seconds: float, only: Collection[str] | None, names: Collection[str]
    ) -> bytes:
        """Some collectors (all for None) or some families, rendered for this scrape only."""
        await _wait(self.collector.gateway.scrape(), seconds)
        return await asyncio.to_thread(self._render_part, output_format, only, names)

    async def _render(self, output_format: Format) -> Rendered:
        try:
            rendered = await asyncio.to_thread(self._render_now, output_format)
        finally:
            del self._rendering[output_format]
        self._rendered[output_format] = rendered
        return rendered

    def _render_now(self, output_format: Format) -> Rendered:
        snapshot = self.collector.gateway.snapshot()
        body = output_format.render(self.collector.families(snapshot))
        return Rendered(snapshot, body, compress(body))

    def _render_part(self, output_format: Format, only: Collection[str] | None, names: Collection[str]) -> bytes:
        metrics = self.collector.families(self.collector.gateway.snapshot(), only)
        return output_format.render(select(metrics, names) if names else metrics)


async def _wait(done: Future[None], seconds: float) -> None:
    if not done.done():
        await asyncio.wait([asyncio.wrap_future(done)], timeout=seconds)
