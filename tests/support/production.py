"""Production documents as one metered gateway returns them."""

from envoy_exporter.documents import Json
from support.documents import information


def eim(active: int = 1, **more: Json) -> Json:
    return {
        "type": "eim",
        "measurementType": "production",
        "activeCount": active,
        "wNow": 4556.1,
        "whLifetime": 19_230_313.0,
        "whToday": 18_633.0,
        "whLastSevenDays": 218_714.0,
        "readingTime": 1_780_999_990,
        **more,
    }


INVERTERS: Json = {
    "type": "inverters",
    "activeCount": 22,
    "readingTime": 1_780_999_000,
    "wNow": 4490,
    "whLifetime": 183_353,
}

V1: Json = {"wattHoursToday": 17_645, "wattHoursSevenDays": 217_726, "wattHoursLifetime": 19_229_325, "wattsNow": 5326}

CT: Json = [{"eid": 1, "measurementType": "production", "state": "enabled", "phaseCount": 2}]

STANDARD = information(imeter="false")


def site(*entries: Json, **more: Json) -> Json:
    return {"production": list(entries), **more}
