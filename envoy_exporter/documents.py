"""The documents of a gateway: the names of the endpoints, and the response of each.

`gateway` makes the documents and `collectors` read them. `entries.py` finds their parts, and `system.py` finds out
what is installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Entry: TypeAlias = dict[str, "Json"]

INFO = "/info"
PRODUCTION_JSON = "/production.json"
PRODUCTION = "/production"
PRODUCTION_V1 = "/api/v1/production"
INVERTERS_V1 = "/api/v1/production/inverters"
DEVICE_DATA = "/ivp/pdm/device_data"
METERS = "/ivp/meters"
METER_READINGS = "/ivp/meters/readings"
ENSEMBLE_INVENTORY = "/ivp/ensemble/inventory"
ENSEMBLE_POWER = "/ivp/ensemble/power"
ENSEMBLE_SECCTRL = "/ivp/ensemble/secctrl"
ENSEMBLE_STATUS = "/ivp/ensemble/status"
ENSEMBLE_ERRORS = "/ivp/ensemble/errors"
DRY_CONTACTS = "/ivp/ensemble/dry_contacts"
DRY_CONTACT_SETTINGS = "/ivp/ss/dry_contact_settings"
GENERATOR = "/ivp/ensemble/generator"
GENERATOR_CONFIG = "/ivp/ss/gen_config"
GENERATOR_MODE = "/ivp/ss/gen_mode"
GENERATOR_SCHEDULE = "/ivp/ss/gen_schedule"
HOME = "/home"
INVENTORY = "/inventory.json"
ACB_CONFIG = "/admin/lib/acb_config"
HOME_JSON = "/home.json"
TARIFF = "/admin/lib/tariff"
EXPORT_LIMIT = "/ivp/ss/pel_settings"
PRODUCTION_LIMIT = "/ivp/sc/pvlimit"
FIRMWARE_MANAGER = "/ivp/firmware_manager/state"
LIVE_DATA = "/ivp/livedata/status"
PLC_STATUS = "/ivp/peb/devstatus"
PDM_ENERGY = "/ivp/pdm/energy"
DYNAMIC_EXPORT_LIMIT = "/ivp/ss/dpel"
PRODUCTION_SWITCH = "/ivp/mod/603980032/mode/power"
GRID_PROFILE = "/installer/agf/index.json"


@dataclass(frozen=True, slots=True)
class Document:
    """The response of one endpoint: parsed JSON, the elements of `/info` as nested text, or the text of an HTML page.

    `requested_at`: when it was requested, in seconds since 1970. `age`: the seconds since then by the monotonic clock.
    `duration`: how long the request took, in seconds.
    """

    content: Json
    requested_at: float = 0.0
    age: float = 0.0
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Documents:
    """The available documents, by endpoint.

    `absent`: endpoints that the gateway does not have. `failing`: those whose latest request failed. `earlier`: the
    documents before the latest, for decisions that one odd response must not change. `once_available`: the endpoints
    that have returned a document on this firmware, even if they fail now.
    """

    available: Mapping[str, Document] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    earlier: Mapping[str, Document] = field(default_factory=dict)
    once_available: frozenset[str] = frozenset()

    def content(self, endpoint: str) -> Json:
        document = self.available.get(endpoint)
        return None if document is None else document.content

    def has_responded(self, endpoint: str) -> bool:
        """Whether the endpoint has responded, even if it is not available on this gateway."""
        return endpoint in self.available or endpoint in self.absent
