"""docs/metrics.md: every family as it is declared, its endpoints, and an example query."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from prometheus_client import Metric

from envoy_exporter import documents, entries
from envoy_exporter.collectors import COLLECTORS, device_status
from envoy_exporter.collectors.collector import Collector, Context, Settings
from envoy_exporter.collectors.summaries import SUMMARIES
from envoy_exporter.documents import Documents, Json
from envoy_exporter.families import Family, Reading, collect, describe
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway_collector import READINGS
from envoy_exporter.telemetry import Telemetry
from support.documents import NOW
from support.documents import documents as documents_by_hand
from support.inverters import data

Endpoints = Mapping[str, tuple[str, ...]]

_GATES = (documents.INFO, documents.METERS, documents.ENSEMBLE_INVENTORY)
"""Endpoints that decide whether a meter or a battery is installed; without them there are no metrics of it."""

_INTRODUCTION = """\
# Metrics

This page lists all metrics, by collector. `make golden` writes it from the code, and a test compares it.

- A name, its labels and its unit are an interface: changing one is a major version.
- Units are base units. Energy is in joules, so that `rate()` is watts; divide by 3.6e6 for kWh. A ratio is 0 to 1.
- What a gateway does not report, or reports wrongly, has no sample: see [data validation](data-validation.md).
- Prometheus adds `job` and `instance` to every series.
- Several metrics for the same quantity: see [choosing metrics](choosing-metrics.md).

Each entry has the name; its HELP, with the gateway's own fields in parentheses; type, unit, labels and the endpoints of
the gateway from which it is read; and example queries where the bare name is not enough. If there are two, the first is
watts and the second kWh. [Polling](polling.md) describes how often the endpoints are requested.
"""


def page(endpoints: Endpoints, series: Mapping[int, int]) -> str:
    """`series`: by how many inverters a system has, how many series its gateway has."""
    parts = [_INTRODUCTION, *_contents(), *_cardinality(series), *_section("Every gateway", "", READINGS, {})]
    for collector in COLLECTORS:
        default = "" if collector.enabled_by_default else " Disabled by default."
        about = f"{SUMMARIES[collector.name]}.{default}"
        parts += _section(_title(collector), about, collector.readings, endpoints)
    parts += _flags()
    parts += [
        "## The exporter\n",
        "On `/metrics` and `/telemetry`, with the usual `process_*` and `python_*`.\n",
        *_own(),
    ]
    return "\n".join(parts)


def _title(collector: Collector[Any]) -> str:
    return "IQ Relay" if collector.name == "iq_relay" else collector.name.replace("_", " ").capitalize()


def _contents() -> Iterator[str]:
    """The sections, as links: the page is long."""
    yield "| section | metrics |"
    yield "|---|---|"
    sections: list[tuple[str, Iterable[type[Reading]]]] = [("Every gateway", READINGS)]
    sections += [(_title(collector), collector.readings) for collector in COLLECTORS]
    for title, readings in sections:
        yield f"| [{title}](#{title.lower().replace(' ', '-')}) | {len(tuple(describe(readings)))} |"
    yield f"| [The exporter](#the-exporter) | {len(tuple(_own_metrics()))} |"
    yield ""


def _cardinality(series: Mapping[int, int]) -> Iterator[str]:
    yield "## Number of series\n"
    counts = " and ".join(f"{number:,} series with {inverters} inverters" for inverters, number in series.items())
    yield from _wrapped(
        f"A metered split-phase gateway with two batteries has {counts}, without a layout. With more than about 47"
        " inverters the gateway's detailed list (`/ivp/pdm/device_data`) omits some, so the short list is read, which"
        " has fewer series for each inverter. The number does not grow with time: labels are devices, phases, states"
        " and endpoints, each from a closed list or what the gateway lists now, and at most 1000 devices of a kind."
    )
    yield ""


def _own_metrics() -> Iterator[Metric]:
    return (metric for metric in Telemetry("").registry.collect() if metric.name.startswith("enphase_exporter_"))


def _own() -> Iterator[str]:
    for metric in _own_metrics():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        yield f"**`{name}`**\n"
        yield from _item(metric.documentation)
        yield f"- {metric.type}"
        yield ""


def _section(title: str, about: str, readings: Iterable[type[Reading]], endpoints: Endpoints) -> Iterator[str]:
    yield f"## {title}\n"
    if about:
        yield from _wrapped(about)
        yield ""
    for family in describe(readings):
        yield f"**`{family.name}`**\n"
        yield from _item(_meaning(family))
        yield from _item(_facts(family, endpoints.get(family.name, ())))
        yield from (f"- `{query}`" for query in queries(family) if query != family.name)
        yield ""


def _facts(family: Family, read_from: Iterable[str]) -> str:
    """Type, unit, labels and endpoints."""
    facts = [" ".join(filter(None, (family.type, family.unit.replace("_", " "))))]
    if family.labels:
        facts.append(f"labels {', '.join(f'`{label}`' for label in family.labels)}")
    if read_from:
        facts.append(f"from {', '.join(f'`{endpoint}`' for endpoint in read_from)}")
    return "; ".join(facts)


def _wrapped(text: str, *, first: str = "", following: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text, 120, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )


def _item(text: str) -> Iterator[str]:
    yield from _wrapped(text, first="- ", following="  ")


def _meaning(family: Family) -> str:
    states = f" `{family.state}`: {', '.join(family.states)}." if family.state else ""
    if family.raised_only:
        states = " Flags that are not raised have no sample: see [flags of devices](#flags-of-devices)."
    return f"{family.help}{states}"


def _flags() -> Iterator[str]:
    """The flags of device_status by the prefix that they share."""
    yield "## Flags of devices\n"
    yield from _wrapped(
        "The label `flag` of a device's `_status_flag` family is a whole word of the gateway's `device_status`."
        " `envoy.global.ok` means that the device has no fault, and `prop.done` that its properties were transferred."
        " A word that is not listed here is `other`."
    )
    yield ""
    for prefix, suffixes in device_status.FLAG_SUFFIXES.items():
        yield f"`{prefix}`\n"
        yield from _item(" ".join(f"`{suffix}`" for suffix in suffixes.split()))
        yield ""


def queries(family: Family) -> tuple[str, ...]:
    """To begin with, in watts, kWh, percent: as people want to see it."""
    name = family.name
    if family.type == "info":
        return (f"{name} == 1",)
    if family.raised_only:
        return (f'{name}{{flag!~"envoy.global.ok|prop.done"}}',)
    if family.state:
        return (f'{name}{{{family.state}="{family.states[0]}"}} == 1',)
    if family.type == "counter":
        whole = {"joules": " / 3.6e6", "volt_ampere_seconds": " / 3.6e6", "volt_ampere_reactive_seconds": " / 3.6e6"}
        increase = f"increase({name}[1d]){whole.get(family.unit, '')}"
        return (f"rate({name}[5m])", increase) if family.unit in whole else (increase,)
    if name.endswith("_expiry_timestamp_seconds"):
        return (f"({name} - time()) / 86400",)
    if name.endswith("_timestamp_seconds"):
        return (f"time() - {name}",)
    return ({"joules": f"{name} / 3.6e6", "ratio": f"100 * {name}"}.get(family.unit, name),)


def example_documents() -> Iterator[Documents]:
    """What no profile of the simulator has: several channels, a phase voltage, AC batteries of the v1 list alone."""
    report: Json = {
        "endDate": int(NOW),
        "duration": 900,
        "joulesProduced": 9,
        "dcVoltageINmV": 1,
        "dcCurrentINmA": 1,
        "l1NAcVoltageInmV": 1,
    }
    channels: Json = [{"chanEid": eid, "lifetime": {"joulesProduced": 1}, "lastReading": report} for eid in (1, 2)]
    yield documents_by_hand({documents.DEVICE_DATA: data({"devName": "pcu", "sn": "1", "channels": channels})})
    battery: Json = {"serialNumber": "2", "devType": entries.AC_BATTERY, "maxReportWatts": 1}
    yield documents_by_hand({documents.INVERTERS_V1: [battery]}, absent=(documents.INVENTORY,))
    enpower: Json = {"type": "ENPOWER", "devices": [{"serial_num": "3", "operating": True}]}
    yield documents_by_hand({documents.ENSEMBLE_INVENTORY: [enpower]})


def endpoints_of(systems: Iterable[Documents], now: float) -> Endpoints:
    """By family, the endpoints without which one of these systems does not have it."""
    found: dict[str, set[str]] = {}
    for system in systems:
        for collector in COLLECTORS:
            for family, endpoints in _endpoints_of(collector, system, now).items():
                found.setdefault(family, set()).update(endpoints)
    return {family: tuple(sorted(endpoints)) for family, endpoints in found.items()}


def _endpoints_of(collector: Collector[Any], system: Documents, now: float) -> Mapping[str, set[str]]:
    """Found by leaving out one endpoint after another, then two: some families are read from either of two."""
    names = [
        endpoint.name
        for endpoint in ENDPOINTS
        if collector.name in endpoint.readers and endpoint.name in system.available
    ]
    complete, found = _family_names(collector, system, now), dict[str, set[str]]()
    for count in (1, 2):
        missing = complete - found.keys()
        for omitted in combinations(names, count):
            rest = {name: document for name, document in system.available.items() if name not in omitted}
            kept = _family_names(collector, replace(system, available=rest), now) if missing else set()
            for family in missing - kept:
                found.setdefault(family, set()).update(omitted)
    return {family: endpoints.difference(_GATES) or endpoints for family, endpoints in found.items()}


def _family_names(collector: Collector[Any], system: Documents, now: float) -> set[str]:
    result = collector.read(Context(system, Settings(), collector.memory, now))
    metrics, _ = collect(collector.readings, result.readings)
    suffixes = {"counter": "_total", "info": "_info"}
    return {f"{metric.name}{suffixes.get(metric.type, '')}" for metric in metrics}
