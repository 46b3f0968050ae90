"""docs/metrics.md: every family as it is declared, where it is read, and a query to begin with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from inspect import getmodule
from itertools import combinations
from typing import Any

from envoy_exporter import documents, entries
from envoy_exporter.collectors import COLLECTORS, device_status
from envoy_exporter.collectors.collector import Collector, Context, Settings
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
"""What says that a meter or a battery is there, without which nothing of it is shown."""

_INTRODUCTION = """\
# What are the metrics?

All of them, as the code declares them (`make golden` writes this page, a test compares it). A name, its labels and its
unit are an interface: changing one is a major version. Energy is in joules, so that `rate()` is watts: divide by 3.6e6
for kWh. What a gateway does not say, or says wrongly, has no sample. Prometheus adds `job` and `instance` to every
series.

Where an example stands twice, the first is watts and the second kWh. `endpoint` is what it takes of the gateway:
[how a gateway is asked](polling.md) tells how often, [values](data-validation.md) what is refused.
"""


def page(endpoints: Endpoints, series: Mapping[int, int]) -> str:
    """`series`: by how many inverters a plant has, how many series its gateway has."""
    parts = [_INTRODUCTION, *_cardinality(series), *_section("Every gateway", "", READINGS, {})]
    for collector in COLLECTORS:
        title = collector.name.replace("_", " ").capitalize()
        off = "" if collector.enabled_by_default else "Off unless the config switches it on. "
        about = (getmodule(collector.read).__doc__ or "").partition("\n")[0]
        parts += _section(title, f"{off}{about}", collector.readings, endpoints)
    parts += _flags()
    parts += [
        "## The exporter\n",
        "On `/metrics` and `/telemetry`, with the usual `process_*` and `python_*`.\n",
        *_own(),
    ]
    return "\n".join(parts)


def _cardinality(series: Mapping[int, int]) -> Iterator[str]:
    yield "## How many series are these?\n"
    counts = " and ".join(f"{number:,} with {inverters} inverters" for inverters, number in series.items())
    yield (
        f"A metered split-phase gateway with two batteries has {counts}, without the roof. Beyond some 47\n"
        "inverters the gateway's detailed list (`/ivp/pdm/device_data`) leaves some out, so the short one is read,\n"
        "which has fewer series an inverter. Nothing grows with time: labels are devices, phases, states and\n"
        "endpoints, each of a closed list or what the gateway lists now, and at most 1000 devices of a kind.\n"
    )


def _own() -> Iterator[str]:
    yield "| metric | type | meaning |"
    yield "|---|---|---|"
    for metric in Telemetry("").registry.collect():
        if metric.name.startswith("enphase_exporter_"):
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            yield f"| `{name}` | {metric.type} | {metric.documentation} |"
    yield ""


def _section(title: str, about: str, readings: Iterable[type[Reading]], endpoints: Endpoints) -> Iterator[str]:
    yield f"## {title}\n"
    if about:
        yield f"{about}\n"
    yield "| metric | type, unit | labels | meaning | endpoint | for example |"
    yield "|---|---|---|---|---|---|"
    for family in describe(readings):
        cells = (
            f"`{family.name}`",
            " ".join(filter(None, (family.type, family.unit.replace("_", " ")))),
            ", ".join(f"`{label}`" for label in family.labels),
            _meaning(family),
            "<br>".join(f"`{endpoint}`" for endpoint in endpoints.get(family.name, ())),
            "<br>".join(f"`{query}`" for query in queries(family)).replace("|", "\\|"),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _meaning(family: Family) -> str:
    states = f" `{family.state}`: {', '.join(family.states)}." if family.state else ""
    if family.raised_only:
        states = " Flags that are not raised have no sample: see [flags of devices](#flags-of-devices)."
    return f"{family.help}{states}".replace("|", "\\|")


def _flags() -> Iterator[str]:
    """The words of device_status by the prefix that they share."""
    yield "## Flags of devices\n"
    yield (
        "The label `flag` of a device's `_status_flag` family is a whole word of the gateway's `device_status`.\n"
        "`envoy.global.ok` means that the device has no fault, and `prop.done` that its properties were transferred.\n"
        "A word that is not in this table is `other`.\n"
    )
    yield "| prefix | last part |"
    yield "|---|---|"
    for prefix, words in device_status.WORDS.items():
        yield f"| `{prefix}` | {' '.join(f'`{word}`' for word in words.split())} |"
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


def endpoints_of(plants: Iterable[Documents], now: float) -> Endpoints:
    """By family, the endpoints without which one of these plants does not show it."""
    found: dict[str, set[str]] = {}
    for plant in plants:
        for collector in COLLECTORS:
            for family, those in _endpoints_of(collector, plant, now).items():
                found.setdefault(family, set()).update(those)
    return {family: tuple(sorted(those)) for family, those in found.items()}


def _endpoints_of(collector: Collector[Any], plant: Documents, now: float) -> Mapping[str, set[str]]:
    """One by one; what no single one takes away stands in two of them."""
    read = [each.name for each in ENDPOINTS if collector.name in each.readers and each.name in plant.available]
    whole, found = _shown(collector, plant, now), dict[str, set[str]]()
    for count in (1, 2):
        missing = whole - found.keys()
        for without in combinations(read, count):
            rest = {name: document for name, document in plant.available.items() if name not in without}
            for family in missing - _shown(collector, replace(plant, available=rest), now) if missing else ():
                found.setdefault(family, set()).update(without)
    return {family: those.difference(_GATES) or those for family, those in found.items()}


def _shown(collector: Collector[Any], plant: Documents, now: float) -> set[str]:
    read = collector.read(Context(plant, Settings(), collector.memory, now))
    metrics, _ = collect(collector.readings, read.readings)
    return {
        f"{metric.name}{'_total' * (metric.type == 'counter')}{'_info' * (metric.type == 'info')}" for metric in metrics
    }
