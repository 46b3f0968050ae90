"""The landing page: the hardware and state of each gateway, and what is not available and why."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote

from prometheus_client.metrics_core import Metric

from envoy_exporter.gateway_collector import Snapshot

from .exposition import Exposition

_STYLE = """
body { font-family: sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; line-height: 1.5 }
table { border-collapse: collapse } td, th { text-align: left; vertical-align: top; padding: .2em 1.5em .2em 0 }
.error { color: #b00 }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #ddd } a { color: #8bf } .error { color: #f77 }
}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Browsers may only display the page, in case text from a gateway is ever not escaped."""


def landing(gateways: Mapping[str, Exposition], version: str, metrics_path: str) -> str:
    links = (
        (metrics_path, "metrics of the exporter, and of the gateway if the config has only one"),
        ("telemetry", "metrics of the exporter"),
        ("sd", "targets for Prometheus (http_sd_configs)"),
        ("config", "configuration in force, without secrets"),
    )
    return "".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>envoy_exporter</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><h1>envoy_exporter {escape(version)}</h1><ul>",
            *(
                f'<li><a href="{escape(path.lstrip("/"))}">{escape(path)}</a>: {description}</li>'
                for path, description in links
            ),
            "</ul>",
            *(_gateway(name, gateway) for name, gateway in gateways.items()),
            "</body></html>\n",
        )
    )


def _gateway(name: str, gateway: Exposition) -> str:
    collector = gateway.collector
    snapshot = collector.gateway.snapshot()
    metrics = {metric.name: metric for metric in collector.families(snapshot)}
    rejected = [f"{value.key or 'an element'} of {value.endpoint}: {value.rule}" for value in collector.rejections]
    facts = (
        *_facts(snapshot, metrics),
        ("rejected values", rejected),
        ("disabled collectors", list(collector.disabled)),
    )
    rows = "".join(
        f"<tr><th>{escape(title)}</th><td>{'<br>'.join(map(escape, lines))}</td></tr>"
        for title, lines in facts
        if lines
    )
    error = f'<p class="error">{escape(snapshot.error)}</p>' if snapshot.error else ""
    link = f'<a href="probe?target={quote(name, safe="")}">probe</a>'
    return f"<h2>{escape(name)}</h2>{error}<p>{link}</p><table>{rows}</table>"


def _facts(snapshot: Snapshot, metrics: Mapping[str, Metric]) -> Iterator[tuple[str, list[str]]]:
    yield "state", [_state(snapshot)]
    for title, name, template in _DEVICES:
        yield title, [template.format(**labels) or "unnamed" for labels in _labels(metrics, name)]
    yield (
        "meters",
        [
            f"{labels['meter']}: {_phases(labels['phases'], labels['phase_mode'])}{_enabled(metrics, labels['meter'])}"
            for labels in _labels(metrics, "enphase_meter")
        ],
    )
    inverters = len(_labels(metrics, "enphase_inverter"))
    yield "inverters", [f"{inverters}{_without_detail(metrics)}"] if inverters else []
    endpoints = snapshot.endpoints.items()
    absent = [f"{name}: not available: {status.absent}" for name, status in endpoints if status.absent]
    yield "endpoints", absent + [f"{name}: error: {status.failing}" for name, status in endpoints if status.failing]


_DEVICES = (
    ("gateway", "enphase_gateway", "{part_number}, firmware {firmware}, serial {serial}"),
    ("production", "enphase_production_power_watts", "source {source}"),
    ("batteries", "enphase_battery_unit", "{serial}, {kind}, {part_number}"),
    ("system controller", "enphase_enpower", "{serial}"),
    ("meter collar", "enphase_collar", "{serial}"),
    ("combiner", "enphase_combiner", "{serial}"),
    ("IQ Relay", "enphase_iq_relay", "{serial}"),
    ("load relays", "enphase_relay", "{load}"),
    ("generator", "enphase_generator", "{model}"),
)
"""Title, metric family, and the labels to show."""


def _state(snapshot: Snapshot) -> str:
    if snapshot.authenticated is False:
        return "credentials not accepted"
    if snapshot.reachable:
        return "up"
    return "error" if snapshot.error else "not requested yet: the gateway is polled only for scrapes"


def _without_detail(metrics: Mapping[str, Metric]) -> str:
    """The reason why a large system has no energy and no voltage for each inverter."""
    devices, limit = (
        metrics[name].samples[0].value if name in metrics else None
        for name in ("enphase_device_data_devices", "enphase_device_data_limit")
    )
    if devices is None or limit is None or devices < limit:
        return ""
    return f", without energy and voltage: /ivp/pdm/device_data is limited to {limit:g} devices"


def _labels(metrics: Mapping[str, Metric], name: str) -> list[dict[str, str]]:
    metric = metrics.get(name)
    return [sample.labels for sample in metric.samples] if metric else []


def _phases(count: str, mode: str) -> str:
    """Gateways in Europe report the mode "three" for a single phase (7.6.175_with_cts), so its mode is omitted."""
    if count == "1":
        return "1 phase"
    return f"{count} phases ({mode})" if mode else f"{count} phases"


def _enabled(metrics: Mapping[str, Metric], meter: str) -> str:
    metric = metrics.get("enphase_meter_enabled")
    samples = metric.samples if metric else []
    return ", disabled" if any(sample.labels["meter"] == meter and not sample.value for sample in samples) else ""
