"""The entries of /production.json, and which of them the exporter must read."""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, Json
from captures.recording import Recording, objects


def entries(recording: Recording, section: str) -> list[Json]:
    """The entries of `production`, `consumption` or `storage`."""
    document = recording.document("production.json_details_1", "production.json", "production")
    return objects(document.get(section)) if isinstance(document, dict) else []


def production(recording: Recording) -> list[Json]:
    """What the production CT measures."""
    return _measured(recording, "production")


def total_consumption(recording: Recording) -> list[Json]:
    """The load as the gateway estimates it.

    With a consumption CT but no production CT, only one of the two consumptions is measured while inverters produce.
    Elsewhere a consumption that repeats the net one is not the load, unless the production CT has counted nothing.
    """
    loads = _measured(recording, "consumption", "total-consumption")
    if _lone_ct(recording) == "net-consumption":
        return []
    if _lone_ct(recording) == "total-consumption":
        return loads
    nets = [entry.get("whLifetime") for entry in _measured(recording, "consumption", "net-consumption")]
    has_produced = any(entry.get("whLifetime") for entry in production(recording))
    return [entry for entry in loads if not (has_produced and entry.get("whLifetime") in nets)]


def net_consumption(recording: Recording) -> list[Json]:
    """What the consumption CT measures at the grid."""
    if _lone_ct(recording) == "total-consumption":
        return []
    return _measured(recording, "consumption", "net-consumption")


def ac_batteries(recording: Recording) -> list[Json]:
    """All AC batteries together."""
    batteries = [entry for entry in entries(recording, "storage") if entry.get("type") == "acb" and _is_active(entry)]
    return [entry for entry in batteries if entry.get("percentFull", -1) >= 0]


def recent_ac_batteries(recording: Recording) -> list[Json]:
    return [entry for entry in ac_batteries(recording) if recording.is_recent(entry.get("readingTime", 0))]


def meters(recording: Recording) -> list[Json]:
    """The current transformers of /ivp/meters, enabled or not."""
    return [meter for meter in recording.objects("ivp_meters") if meter.get("measurementType")]


def enabled_meters(recording: Recording, *measurement_types: str) -> list[Json]:
    """Those of these measurement types, or all."""
    enabled = [meter for meter in recording.objects("ivp_meters") if meter.get("state") == "enabled"]
    return [meter for meter in enabled if not measurement_types or meter.get("measurementType") in measurement_types]


def phases(recording: Recording, entry: Json, *measurement_types: str) -> Iterator[Item]:
    """The lines of an entry: those on which the meter of these types measures, without meters those with a number."""
    meters_of_types = [meter for meter in meters(recording) if meter["measurementType"] in measurement_types]
    count = max((meter.get("phaseCount", 0) for meter in meters_of_types), default=0)
    for number, line in enumerate(entry.get("lines", []), 1):
        if number <= count or (not meters(recording) and any(line.values())):
            yield {"phase": f"L{number}"}, line


def _measured(recording: Recording, section: str, measurement_type: str | None = None) -> list[Json]:
    """The entries of CTs that are in use."""
    cts = [entry for entry in entries(recording, section) if entry.get("type") == "eim" and _is_active(entry)]
    return [entry for entry in cts if measurement_type in (None, entry.get("measurementType"))]


def _lone_ct(recording: Recording) -> str | None:
    """The type of the consumption CT if it is the only CT beside inverters that produce."""
    types = {meter["measurementType"] for meter in enabled_meters(recording, "net-consumption", "total-consumption")}
    is_alone = len(types) == 1 and not enabled_meters(recording, "production") and _has_inverters(recording)
    return types.pop() if is_alone else None


def _is_active(entry: Json) -> bool:
    return bool(entry.get("activeCount", 0) > 0)


def _has_inverters(recording: Recording) -> bool:
    counted = [entry for entry in entries(recording, "production") if entry.get("type") == "inverters"]
    if any(_is_active(entry) for entry in counted):
        return True
    return bool(
        devices.list_of_api_v1(recording) or devices.active_inverters(recording) or devices.installed(recording, "PCU")
    )
