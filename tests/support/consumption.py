"""Consumption entries and lists of meters, and which of the entries are exposed."""

from typing import Any

from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.consumption import Consumption, ConsumptionPhase, NetConsumption, NetConsumptionPhase
from envoy_exporter.documents import Json
from support.document_contents import eim, site

NET_WATTS = 309.0


def meter_list(**states: str) -> Json:
    """`/ivp/meters` with a CT of each type that is named, with underscores instead of dashes."""
    return [
        {"eid": 704643328 + 256 * n, "state": state, "measurementType": kind.replace("_", "-"), "phaseCount": 1}
        for n, (kind, state) in enumerate(states.items())
    ]


def consumption_entry(kind: str, watts: float = NET_WATTS, lifetime: float = 4_200_123.456) -> dict[str, Json]:
    line: Json = {"wNow": watts, "whLifetime": lifetime, "rmsVoltage": 230.0, "rmsCurrent": 1.3}
    entry: dict[str, Json] = {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": watts}
    return {**entry, "whLifetime": lifetime, "lines": [line]}


def exposed(result: Result[Any]) -> tuple[list[str], list[str]]:
    """Which of the two entries are exposed as a whole, and which by phase."""
    whole = {Consumption: "total", NetConsumption: "net"}
    phases = {ConsumptionPhase: "total", NetConsumptionPhase: "net"}
    return (
        [whole[type(reading)] for reading in result.readings if type(reading) in whole],
        [phases[type(reading)] for reading in result.readings if type(reading) in phases],
    )


def total_and_net(active: int, total: float | None = 3000.0, net: float = -300.0) -> dict[str, Json]:
    common: dict[str, Json] = {"type": "eim", "activeCount": active, "wNow": 40.0}
    of_total: Json = {**common, "measurementType": "total-consumption", "whLifetime": total}
    of_net: Json = {**common, "measurementType": "net-consumption", "whLifetime": net}
    return {"consumption": [of_total, of_net]}


def site_with_consumption(total: float, net: float, active: int = 1) -> dict[str, Json]:
    """A site whose net entry comes first."""
    of_total: Json = {"activeCount": active, "measurementType": "total-consumption", "wNow": 428.4, "whLifetime": total}
    of_net: Json = {"activeCount": active, "measurementType": "net-consumption", "wNow": -11.5, "whLifetime": net}
    return site(eim(), consumption=[of_net, of_total])
