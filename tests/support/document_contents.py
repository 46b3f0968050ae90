"""Contents of documents with one device, meter or register."""

from envoy_exporter.documents import (
    DEVICE_DATA,
    INFO,
    METER_READINGS,
    METERS,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Json,
)
from support.documents import NOW, information

CT: Json = [{"eid": 1, "measurementType": "production", "state": "enabled", "phaseCount": 2}]
STANDARD = information(imeter="false")


def eim(lifetime: float = 1000.0, watts: float = 10.0, **more: Json) -> dict[str, Json]:
    entry: dict[str, Json] = {"type": "eim", "measurementType": "production", "activeCount": 1}
    return {**entry, "wNow": watts, "whLifetime": lifetime, **more}


def site(*entries: Json, **more: Json) -> dict[str, Json]:
    return {PRODUCTION_JSON: {"production": list(entries), **more}, METERS: CT}


def v1(lifetime: float, watts: float = 0, today: float = 0, week: float = 0) -> dict[str, Json]:
    registers: Json = {
        "wattHoursToday": today,
        "wattHoursSevenDays": week,
        "wattHoursLifetime": lifetime,
        "wattsNow": watts,
    }
    sum_of_inverters: Json = {"type": "inverters", "activeCount": 3, "wNow": watts, "whLifetime": 5}
    return {INFO: STANDARD, PRODUCTION_JSON: {"production": [sum_of_inverters]}, METERS: [], PRODUCTION_V1: registers}


def listed(kind: str = "storage", phases: int = 2, eid: int = 3) -> Json:
    return {"eid": eid, "measurementType": kind, "state": "enabled", "phaseMode": "split", "phaseCount": phases}


def channel(delivered: float, watts: float = 30.0, volts: float = 120.0, **more: Json) -> dict[str, Json]:
    """It counts energy in both directions. The frequency is present even without a voltage."""
    connected = volts > 0
    return {
        "timestamp": int(NOW),
        "actEnergyDlvd": delivered,
        "actEnergyRcvd": delivered * 2,
        "activePower": watts,
        "voltage": volts,
        "current": 0.3 if connected else 0.0,
        "pwrFactor": 0.9 if connected else 0.0,
        "freq": 60.0,
        **more,
    }


def readings(*channels: Json, delivered: float = 200.0, watts: float = 60.0, eid: int = 3) -> Json:
    return [{"eid": eid, **channel(delivered, watts, 240.0), "channels": list(channels)}]


def ct(content: Json, **more: Json) -> dict[str, Json]:
    return {METERS: [listed(**more)], METER_READINGS: content}  # type: ignore[arg-type]


def device(joules: float, endDate: int = int(NOW), seconds: int = 300, watts: float = 100.0) -> dict[str, Json]:  # noqa: N803
    report: Json = {
        "endDate": endDate,
        "duration": seconds,
        "joulesProduced": watts * seconds,
        "acVoltageINmV": 240_000,
    }
    hours: Json = {"today": 5 if joules else 0, "yesterday": 9, "week": 50}
    channel: Json = {"lifetime": {"joulesProduced": joules}, "lastReading": report, "wattHours": hours}
    return {DEVICE_DATA: {"1": {"devName": "pcu", "sn": "482", "active": True, "channels": [channel]}}}


def line(lifetime: float, watts: float = 20.0, volts: float = 120.0) -> Json:
    return {"wNow": watts, "whLifetime": lifetime, "rmsVoltage": volts, "rmsCurrent": 0.2 if volts else 0.0}


GONE = channel(0.0, 0.0, 0.0)
BOTH = readings(channel(100.0), channel(100.0), channel(0, 0, 0))
HALF = readings(channel(100.0), GONE, channel(0, 0, 0), delivered=100.0, watts=30.0)
