"""Documents of a gateway whose other documents may lack required contents."""

from envoy_exporter.documents import INVENTORY, PRODUCTION_JSON, Json

METER_LIST: Json = [
    {"eid": 1, "measurementType": "production", "state": "enabled"},
    {"eid": 2, "measurementType": "net-consumption", "state": "disabled"},
    {"eid": 3, "measurementType": "storage", "state": "enabled"},
]
ACTIVE_INVERTERS: dict[str, Json] = {PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 3}]}}
LISTED_INVERTER: dict[str, Json] = {INVENTORY: [{"type": "PCU", "devices": [{"serial_num": "1", "admin_state": 1}]}]}
REMOVED_INVERTER: dict[str, Json] = {INVENTORY: [{"type": "PCU", "devices": [{"serial_num": "1", "admin_state": 3}]}]}
NO_ACTIVE_INVERTERS: dict[str, Json] = {PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 0}]}}
BATTERY_UNITS: Json = [
    {"type": "ENCHARGE", "devices": [{"serial_num": serial} for serial in ("1", "2", "3", "4", "5")]}
]
