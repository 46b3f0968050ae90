"""Inverters, batteries and CTs that are added or removed; another gateway, or another firmware."""

import copy
from typing import Any, Literal

from envoy_simulator.faults.documents import with_keys
from envoy_simulator.faults.fault import FaultContext, Layer, Needs, fault
from envoy_simulator.faults.hooks import Identity

ProfileName = Literal["3.7", "3.9", "4.10", "5.0", "7.3", "7.6", "8.2", "8.3"]
_V1, _DEVICE_DATA, _INVENTORY = "/api/v1/production/inverters", "/ivp/pdm/device_data", "/inventory.json"
_INVERTERS = (_V1, _DEVICE_DATA, _INVENTORY)
_BATTERIES = ("/ivp/ensemble/inventory", "/ivp/ensemble/power", "/ivp/ensemble/status")
_METERS = ("/ivp/meters", "/ivp/meters/readings")
_DEVICE_LIMIT = 50
_SERIALS = ("sn", "serialNumber", "serial_num")


@fault(
    Layer.IDENTITY,
    "gateway",
    "The gateway has another firmware, with the endpoints and peculiarities of that firmware.",
    needs=[Needs.PROFILE],
)
def firmware(_: FaultContext, *, profile: ProfileName = "7.3") -> Identity:
    return Identity(profile=profile)


@fault(Layer.IDENTITY, "gateway", "Another gateway responds at the same address.", needs=[Needs.PROFILE])
def another_gateway(_: FaultContext, *, serial: str = "122299999999") -> Identity:
    return Identity(serial=serial)


@fault(Layer.DOCUMENT, "nothing", "Inverters are added, `count` of them.", endpoints=_INVERTERS)
def inverters_added(context: FaultContext, document: Any, *, count: int = 1) -> Any:
    """Add copies of the last inverter. `device_data` still ends at its limit."""
    units = _units(context.request.path, document)
    if not units:
        return document
    more = [_renamed(units[-1], f"9{number:011d}", number) for number in range(count)]
    return _with_units(context.request.path, document, [*units, *more])


@fault(Layer.DOCUMENT, "values", "The last inverter is missing from every list.", endpoints=_INVERTERS)
def inverter_removed(context: FaultContext, document: Any) -> Any:
    return _with_units(context.request.path, document, _units(context.request.path, document)[:-1])


@fault(
    Layer.DOCUMENT,
    "values",
    "The last inverter is replaced; device_data still lists the old one, as gone.",
    endpoints=_INVERTERS,
)
def inverter_replaced(context: FaultContext, document: Any, *, serial: str = "900000000001") -> Any:
    units = _units(context.request.path, document)
    if not units:
        return document
    *others, (key, old) = units
    new = _renamed((key, old), serial, 1)
    if context.request.path != _DEVICE_DATA:
        return _with_units(context.request.path, document, [*others, new])
    channels = [{**channel, "created": 0, "lastReading": {}, "lifetime": {}} for channel in old["channels"]]
    gone = {**old, "active": False, "modGone": True, "channels": channels}
    return _with_units(context.request.path, document, [*others, (key, gone), new])


@fault(
    Layer.DOCUMENT,
    "values",
    "One of every `every` inverters has not reported for a day.",
    endpoints=(_V1, _DEVICE_DATA),
)
def inverters_silent(context: FaultContext, document: Any, *, every: int = 3) -> Any:
    def aged(key: str, value: Any) -> tuple[str, Any]:
        return key, value - 86400 if key in ("lastReportDate", "endDate", "created") and value else value

    units = _units(context.request.path, document)
    changed = [
        (key, with_keys(unit, aged) if number % every == 0 else unit) for number, (key, unit) in enumerate(units)
    ]
    return _with_units(context.request.path, document, changed)


@fault(Layer.DOCUMENT, "nothing", "One battery is added.", endpoints=_BATTERIES, needs=[Needs.BATTERIES])
def battery_added(_: FaultContext, document: Any, *, serial: str = "490000000001") -> Any:
    return _with_batteries(document, lambda units: [*units, {**units[-1], "serial_num": serial}])


@fault(
    Layer.DOCUMENT,
    "values",
    "The last battery is missing from every list.",
    endpoints=_BATTERIES,
    needs=[Needs.BATTERIES],
)
def battery_removed(_: FaultContext, document: Any) -> Any:
    return _with_batteries(document, lambda units: units[:-1])


@fault(
    Layer.DOCUMENT,
    "values",
    "The last CT is disabled, measures the total consumption, or is not listed.",
    endpoints=_METERS,
    needs=[Needs.METERS],
)
def ct(context: FaultContext, document: Any, *, kind: Literal["disabled", "total", "unlisted"] = "disabled") -> Any:
    if not document:
        return document
    *others, last = copy.deepcopy(document)
    if context.request.path == "/ivp/meters/readings":
        return document
    if kind == "unlisted":
        return others
    changed = {"state": "disabled"} if kind == "disabled" else {"measurementType": "total-consumption"}
    return [*others, {**last, **changed}]


@fault(Layer.DOCUMENT, "values", "The meters have `count` phases.", endpoints=_METERS, needs=[Needs.METERS])
def phases(context: FaultContext, document: Any, *, count: int = 3) -> Any:
    """Every meter has `count` channels, copies of its first channel."""
    if context.request.path == "/ivp/meters":
        mode = {1: "one", 2: "split"}.get(count, "three")
        return [{**meter, "phaseMode": mode, "phaseCount": count} for meter in document]
    return [
        {
            **reading,
            "channels": [
                {**reading["channels"][0], "eid": reading["channels"][0]["eid"] + number} for number in range(count)
            ],
        }
        for reading in document
    ]


Unit = tuple[str, Any]


def _units(path: str, document: Any) -> list[Unit]:
    """The inverters of a document with their keys in it (numbers if it is a list)."""
    if path == _V1:
        return [(str(number), unit) for number, unit in enumerate(document)]
    if path == _INVENTORY:
        return [(str(n), unit) for kind in document if kind["type"] == "PCU" for n, unit in enumerate(kind["devices"])]
    return [(key, unit) for key, unit in document.items() if isinstance(unit, dict) and unit.get("devName") == "pcu"]


def _with_units(path: str, document: Any, units: list[Unit]) -> Any:
    entries = [unit for _, unit in units]
    if path == _V1:
        return entries
    if path == _INVENTORY:
        return [{**kind, "devices": entries} if kind["type"] == "PCU" else kind for kind in document]
    others = {key: unit for key, unit in document.items() if isinstance(unit, dict) and unit.get("devName") != "pcu"}
    listed = dict(list({**dict(units), **others}.items())[:_DEVICE_LIMIT])
    return {**listed, "deviceCount": len(listed), "deviceDataLimit": _DEVICE_LIMIT}


def _renamed(unit: Unit, serial: str, number: int) -> Unit:
    key, body = unit
    return f"{key}{number:03d}", {name: serial if name in _SERIALS else value for name, value in body.items()}


def _with_batteries(document: Any, change: Any) -> Any:
    """The document with its batteries changed: a list by type, a list under `devices:`, or an object by serial."""
    if isinstance(document, list):
        return [
            {**kind, "devices": change(kind["devices"])} if kind.get("type") == "ENCHARGE" and kind["devices"] else kind
            for kind in document
        ]
    if "inventory" in document:
        serials = document["inventory"]["serial_nums"]
        units = [{**unit, "serial_num": serial} for serial, unit in serials.items()]
        kept = {unit.pop("serial_num"): unit for unit in (dict(unit) for unit in (change(units) if units else []))}
        return {**document, "inventory": {**document["inventory"], "serial_nums": kept}}
    return {key: change(value) if isinstance(value, list) and value else value for key, value in document.items()}
