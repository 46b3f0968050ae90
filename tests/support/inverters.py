"""Inverters as they are listed by API v1 and by device_data."""

from envoy_exporter.documents import Json
from support.documents import NOW


def listed(serial: str = "122000000001", age: float = 60, watts: int = 255, **more: Json) -> Json:
    return {
        "serialNumber": serial,
        "lastReportDate": int(NOW - age),
        "devType": 1,
        "lastReportWatts": watts,
        "maxReportWatts": 371,
        **more,
    }


def device(serial: str = "122000000001", age: float = 60, **report: Json) -> Json:
    last: dict[str, Json] = {
        "endDate": int(NOW - age),
        "duration": 903,
        "joulesProduced": 230_400,
        "acVoltageINmV": 248_156,
        "acFrequencyINmHz": 50_013,
        "dcVoltageINmV": 40_352,
        "dcCurrentINmA": 8_078,
        "channelTemp": 38,
        "leadingVArs": 1,
        "laggingVArs": 39,
        "acCurrentInmA": 1_049,
        "rssi": 110,
        "issi": 68,
        "pwrConvErrSecs": 0,
        "pwrConvMaxErrCycles": 3,
        "flags": 2_097_152,
        "l1NAcVoltageInmV": 0,
        "l2NAcVoltageInmV": 0,
        "l3NAcVoltageInmV": 0,
        **report,
    }
    channel: Json = {
        "wattHours": {"today": 1239, "yesterday": 455, "week": 7466},
        "watts": {"now": 255, "max": 371},
        "lastReading": last,
        "lifetime": {"joulesProduced": 354_281_850, "duration": 6_124_463},
    }
    return {"devName": "pcu", "sn": serial, "active": True, "modGone": False, "channels": [channel]}


def data(*devices: Json, **more: Json) -> Json:
    return {
        **{str(index): device for index, device in enumerate(devices)},
        "deviceCount": 1,
        "deviceDataLimit": 50,
        **more,
    }
