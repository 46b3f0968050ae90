"""Devices with wrong values: registers that jump, stop or wrap, meters that lose a phase, wrong clocks."""

from typing import Any, Literal

from envoy_simulator.dates import replace_dates, shift_dates
from envoy_simulator.faults.documents import with_keys, with_objects
from envoy_simulator.faults.fault import FaultContext, Layer, Needs, fault

_WATT_HOURS = frozenset({"wattHoursLifetime", "whLifetime", "actEnergyDlvd", "actEnergyRcvd", "wh_dlvd_cum"})
_JOULES = frozenset({"joulesProduced"})
_POWERS = frozenset({"wattsNow", "wNow", "activePower", "instantaneousDemand", "lastReportWatts"})
_TODAY = ("today", "sevendays", "lastsevendays")
_SITE = ("/production.json", "/production")
_METERED = ("/ivp/meters/readings", *_SITE)
_ALL_REGISTERS = ("/api/v1/production", "/ivp/pdm/device_data", *_METERED)
_REPORTS = ("/api/v1/production/inverters", "/ivp/pdm/device_data")


def _registers(document: Any, change: Any) -> Any:
    """The document with all lifetime registers changed by `change(value, units per watt-hour)`."""

    def changed(key: str, value: Any) -> tuple[str, Any]:
        if key in _WATT_HOURS and isinstance(value, int | float):
            return key, change(value, 1)
        # joulesProduced is in `lifetime`, and with another meaning in `lastReading`.
        if key == "lifetime" and isinstance(value, dict) and _JOULES & value.keys():
            return key, {**value, "joulesProduced": change(value["joulesProduced"], 3600)}
        return key, value

    return with_keys(document, changed)


@fault(Layer.DOCUMENT, "values", "Every lifetime register is 0.", endpoints=_ALL_REGISTERS)
def counters_zero(_: FaultContext, document: Any) -> Any:
    return _registers(document, lambda value, _: type(value)(0))


@fault(Layer.DOCUMENT, "values", "Every lifetime register is higher by `by` watt-hours.", endpoints=_ALL_REGISTERS)
def counters_jump(_: FaultContext, document: Any, *, by: int = 1_000_000) -> Any:
    return _registers(document, lambda value, unit: value + by * unit)


@fault(Layer.DOCUMENT, "values", "Every lifetime register wraps at `bits` bits.", endpoints=_ALL_REGISTERS)
def counters_wrap(_: FaultContext, document: Any, *, bits: int = 32) -> Any:
    return _registers(document, lambda value, _: value % 2**bits)


@fault(
    Layer.DOCUMENT,
    "values",
    "The register of the first inverter, and the sum of all inverters, are lower by `by` watt-hours.",
    endpoints=_ALL_REGISTERS,
    needs=[Needs.JSON_SITE],
)
def inverter_wraps(context: FaultContext, document: Any, *, by: int = 1_200_000) -> Any:
    if context.request.path in _SITE:
        return _of_type(document, "inverters", lambda entry: {**entry, "whLifetime": entry["whLifetime"] - by})
    if context.request.path == "/ivp/pdm/device_data":
        first = next(key for key, unit in document.items() if isinstance(unit, dict) and unit.get("devName") == "pcu")
        return {**document, first: _registers(document[first], lambda value, unit: max(0, value - by * unit))}
    return document


@fault(Layer.DOCUMENT, "values", "Each document stays as it was when it was first requested.")
def freeze(context: FaultContext, document: Any) -> Any:
    return context.memory.setdefault(context.request.target, document)


@fault(
    Layer.DOCUMENT, "values", "The site document reports the CTs as inactive.", endpoints=_SITE, needs=[Needs.METERS]
)
def no_active_ct(_: FaultContext, document: Any) -> Any:
    return _of_type(document, "eim", lambda entry: {**entry, "activeCount": 0})


@fault(
    Layer.DOCUMENT,
    "values",
    "One phase of a CT is all zero, and is missing from the sums of the CT.",
    endpoints=("/ivp/meters/readings",),
    needs=[Needs.METERS],
)
def lost_phase(_: FaultContext, document: Any, *, meter: int = -1, phase: int = 0) -> Any:
    if not isinstance(document, list) or not document:
        return document
    reading = document[meter]
    lost = reading["channels"][phase]
    zero = {key: value if key in ("eid", "timestamp") else type(value)(0) for key, value in lost.items()}
    channels = [zero if channel is lost else channel for channel in reading["channels"]]
    reduced = {
        key: value - lost[key]
        for key, value in reading.items()
        if key in lost and key not in ("eid", "timestamp", "freq", "pwrFactor") and isinstance(value, int | float)
    }
    return [{**other, **reduced, "channels": channels} if other is reading else other for other in document]


@fault(
    Layer.DOCUMENT,
    "values",
    "The total consumption is the same as the net consumption.",
    endpoints=_SITE,
    needs=[Needs.METERS],
)
def total_is_net(_: FaultContext, document: Any) -> Any:
    sections = {section.get("measurementType"): section for section in document.get("consumption", ())}
    net = sections.get("net-consumption")
    if net is None:
        return document
    total = "total-consumption"
    consumption = [
        {**net, "measurementType": total} if section["measurementType"] == total else section
        for section in sections.values()
    ]
    return {**document, "consumption": consumption}


@fault(
    Layer.DOCUMENT,
    "values",
    "All production is 0 and no inverter is listed, as on a gateway that has just started.",
    endpoints=("/api/v1/production/inverters", *_ALL_REGISTERS),
)
def all_zero(context: FaultContext, document: Any) -> Any:
    if context.request.path == "/api/v1/production/inverters":
        return []

    def zero(key: str, value: Any) -> tuple[str, Any]:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_production = (
            key in _WATT_HOURS | _POWERS | _JOULES or key.lower().removeprefix("watthours").removeprefix("wh") in _TODAY
        )
        return key, type(value)(0) if is_number and is_production else value

    return with_keys(document, zero)


@fault(
    Layer.DOCUMENT,
    "values",
    "The energy of today and of the last seven days equals the lifetime energy.",
    endpoints=("/api/v1/production", *_SITE),
    needs=[Needs.JSON_SITE],
)
def today_is_lifetime(_: FaultContext, document: Any) -> Any:
    def changed(entry: dict[str, Any]) -> dict[str, Any]:
        if "wattHoursLifetime" in entry:
            lifetime = entry["wattHoursLifetime"]
            return {**entry, "wattHoursToday": lifetime, "wattHoursSevenDays": lifetime}
        if "whToday" in entry:
            return {**entry, "whToday": entry["whLifetime"], "whLastSevenDays": entry["whLifetime"]}
        return entry

    return with_objects(document, changed)


@fault(Layer.BODY, "values", "The clock of the gateway is wrong by `seconds`, in all dates that it reports.")
def clock(_: FaultContext, body: bytes, *, seconds: int = 6000) -> bytes:
    return shift_dates(body, seconds)


@fault(Layer.BODY, "values", "The clock of the gateway starts in 1970 when the fault begins.")
def clock_1970(context: FaultContext, body: bytes) -> bytes:
    return shift_dates(body, -int(context.now - context.since))


@fault(Layer.DOCUMENT, "values", "readingTime and timestamp are 0.", endpoints=_METERED, needs=[Needs.JSON_SITE])
def reading_time_zero(_: FaultContext, document: Any) -> Any:
    return with_keys(document, lambda key, value: (key, 0 if key in ("readingTime", "timestamp") else value))


@fault(
    Layer.BODY,
    "values",
    "The time of the last inverter report is 0, in a year, or never later than the start of the fault.",
    endpoints=_REPORTS,
)
def report_date(context: FaultContext, body: bytes, *, kind: Literal["zero", "future", "still"] = "zero") -> bytes:
    if kind == "still":
        return replace_dates(body, lambda date: min(date, int(context.now - context.since)))
    return replace_dates(body, lambda _: 0 if kind == "zero" else int(context.now) + 365 * 86400)


@fault(Layer.BODY, "values", "Inverters report only every `seconds` seconds.", endpoints=_REPORTS)
def report_interval(_: FaultContext, body: bytes, *, seconds: int = 3600) -> bytes:
    return replace_dates(body, lambda date: date - date % seconds)


def _of_type(document: Any, kind: str, change: Any) -> Any:
    """The site document with all entries of a type changed."""
    return {
        name: [change(entry) if entry.get("type") == kind else entry for entry in section]
        if isinstance(section, list)
        else section
        for name, section in document.items()
    }
