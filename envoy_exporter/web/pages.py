"""The landing page: what each gateway is, how it fares, and what is not there and why."""

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
.trouble { color: #b00 }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #ddd } a { color: #8bf } .trouble { color: #f77 }
}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a browser may do with the page, should a gateway's words ever get into it: nothing but show it."""


def landing(gateways: Mapping[str, Exposition], version: str, metrics_path: str) -> str:
    links = (
        (metrics_path, "metrics of the exporter, and of the gateway if there is one only"),
        ("telemetry", "metrics of the exporter alone"),
        ("sd", "targets for Prometheus (http_sd_configs)"),
        ("config", "the config in force"),
    )
    return "".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>envoy_exporter</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><h1>envoy_exporter {escape(version)}</h1><ul>",
            *(f'<li><a href="{escape(path.lstrip("/"))}">{escape(path)}</a>: {words}</li>' for path, words in links),
            "</ul>",
            *(_gateway(name, gateway) for name, gateway in gateways.items()),
            "</body></html>\n",
        )
    )


def _gateway(name: str, gateway: Exposition) -> str:
    collector = gateway.collector
    snapshot = collector.gateway.snapshot()
    metrics = {metric.name: metric for metric in collector.families(snapshot)}
    refused = [f"{each.key or 'an element'} of {each.endpoint}: {each.rule}" for each in collector.rejections]
    facts = (*_facts(snapshot, metrics), ("refused values", refused), ("not read", list(collector.off)))
    rows = "".join(
        f"<tr><th>{escape(what)}</th><td>{'<br>'.join(escape(each) for each in said)}</td></tr>"
        for what, said in facts
        if said
    )
    trouble = f'<p class="trouble">{escape(snapshot.error)}</p>' if snapshot.error else ""
    link = f'<a href="probe?target={quote(name, safe="")}">probe</a>'
    return f"<h2>{escape(name)}</h2>{trouble}<p>{link}</p><table>{rows}</table>"


def _facts(snapshot: Snapshot, metrics: Mapping[str, Metric]) -> Iterator[tuple[str, list[str]]]:
    yield "state", [_state(snapshot)]
    yield (
        "gateway",
        [
            f"{each['part_number']}, firmware {each['firmware']}, serial {each['serial']}"
            for each in _labels(metrics, "enphase_gateway")
        ],
    )
    yield (
        "meters",
        [
            f"{each['meter']}: {_phases(each['phases'], each['phase_mode'])}{_enabled(metrics, each['meter'])}"
            for each in _labels(metrics, "enphase_meter")
        ],
    )
    yield "production", [f"source {each['source']}" for each in _labels(metrics, "enphase_production_power_watts")]
    inverters = len(_labels(metrics, "enphase_inverter"))
    yield "inverters", [f"{inverters}{_without_detail(metrics)}"] if inverters else []
    yield (
        "batteries",
        [
            f"{each['serial']}, {each['kind']}, {each['part_number']}"
            for each in _labels(metrics, "enphase_battery_unit")
        ],
    )
    for what, name, label in _DEVICES:
        yield what, [each[label] or "unnamed" for each in _labels(metrics, name)]
    standings = snapshot.endpoints.items()
    yield "not on this gateway", [f"{name}: {each.absent}" for name, each in standings if each.absent]
    yield "failing", [f"{name}: {each.failing}" for name, each in standings if each.failing]


_DEVICES = (
    ("system controller", "enphase_enpower", "serial"),
    ("meter collar", "enphase_collar", "serial"),
    ("combiner", "enphase_combiner", "serial"),
    ("IQ Relay", "enphase_iq_relay", "serial"),
    ("load relays", "enphase_relay", "load"),
    ("generator", "enphase_generator", "model"),
)
"""What there may be besides, by the family that says so, and the label that names it."""


def _state(snapshot: Snapshot) -> str:
    if snapshot.authenticated is False:
        return "refuses the credentials"
    if snapshot.answering:
        return "answers"
    return "is not read" if snapshot.error else "not asked yet: nothing is, without a scrape"


def _without_detail(metrics: Mapping[str, Metric]) -> str:
    """Why a large plant has no energy and no voltage by inverter."""
    devices, limit = (
        metrics[name].samples[0].value if name in metrics else None
        for name in ("enphase_device_data_devices", "enphase_device_data_limit")
    )
    if devices is None or limit is None or devices < limit:
        return ""
    return f", without detail: /ivp/pdm/device_data ends at {limit:g} devices"


def _labels(metrics: Mapping[str, Metric], name: str) -> list[dict[str, str]]:
    metric = metrics.get(name)
    return [sample.labels for sample in metric.samples] if metric else []


def _phases(count: str, mode: str) -> str:
    """One phase is called three by gateways in Europe (7.6.175_with_cts), so its mode is not shown."""
    if count == "1":
        return "1 phase"
    return f"{count} phases ({mode})" if mode else f"{count} phases"


def _enabled(metrics: Mapping[str, Metric], meter: str) -> str:
    metric = metrics.get("enphase_meter_enabled")
    samples = metric.samples if metric else []
    return ", disabled" if any(each.labels["meter"] == meter and not each.value for each in samples) else ""
