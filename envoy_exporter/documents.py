"""What a gateway answered: a document an endpoint, and what the documents say of the plant.

`gateway` makes them and `collectors` read them. Both also put the same few questions to them (which firmware,
which meters, is a battery there), one to know what to ask next, the other to know what the numbers mean. The
questions stand here, once. A name such as 8.3.5433 in a comment is a capture of a gateway with that firmware,
in the test fixtures of pyenphase (https://github.com/pyenphase/pyenphase).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

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

_MOST = 1000
_LARGEST = 10**12


@dataclass(frozen=True, slots=True)
class Document:
    """One endpoint's answer: parsed JSON, the elements of `/info` as nested text, or the text of an HTML page.

    `asked` is when it was asked for (seconds since 1970), `age` the seconds since then by the monotonic
    clock, `took` the seconds until the answer was there.
    """

    content: Json
    asked: float = 0.0
    age: float = 0.0
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents at hand, by endpoint. `absent`: what is not on this gateway; `failing`: what did not come.

    `earlier`: those before the newest, for who judges what to ask and is not to be fooled by one answer.
    `answered`: the endpoints that have answered with a document on this firmware, whatever has become of them.
    """

    at_hand: Mapping[str, Document] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    earlier: Mapping[str, Document] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()

    def content(self, endpoint: str) -> Json:
        document = self.at_hand.get(endpoint)
        return None if document is None else document.content

    def settled(self, endpoint: str) -> bool:
        """True once the endpoint has answered, be it that it is not on this gateway."""
        return endpoint in self.at_hand or endpoint in self.absent


def entries(content: Json) -> Iterator[Entry]:
    """The objects of a list, among its first 1000; nothing of anything else."""
    for element in content[:_MOST] if isinstance(content, list) else ():
        if isinstance(element, dict):
            yield element


def entry(content: object, *path: str) -> Entry:
    """The object at the end of a path of keys; an empty one where something else stands."""
    for key in path:
        content = content.get(key) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


# --- the gateway


def information(documents: Documents) -> Entry:
    """The elements below `envoy_info`."""
    return entry(documents.content(INFO))


def device(documents: Documents, element: str) -> str | None:
    """An element of `/info`'s device: `sn`, `pn`, `software`, `imeter`."""
    text = entry(information(documents), "device").get(element)
    return text if isinstance(text, str) and text else None


def firmware(documents: Documents) -> tuple[int, ...] | None:
    """(8, 2, 4264) for D8.2.4264: the letter says nothing, the parts compare as numbers."""
    parts = re.findall(r"\d{1,9}", device(documents, "software") or "")
    return tuple(map(int, parts)) or None


def firmware_below(documents: Documents, *threshold: int) -> bool:
    version = firmware(documents)
    return version is not None and version < threshold


def metered(documents: Documents) -> bool | None:
    """Has it metering hardware, which is not: are CTs fitted. None where it does not say (3.9.36, 4.2.33)."""
    return {"true": True, "false": False}.get(device(documents, "imeter") or "")


def gateway_time(documents: Documents) -> float | None:
    """What the gateway's own clock shows, in seconds since 1970; None where it does not say."""
    document = documents.at_hand.get(INFO)
    time = entry(document.content).get("time") if document else None
    if document is None or not isinstance(time, str) or not re.fullmatch(r"\d{1,12}", time):
        return None
    return int(time) + document.age - document.took / 2


def home(documents: Documents) -> tuple[str, Entry]:
    """What the gateway shows of itself, and the endpoint that said so: `/home`, below 7 `/home.json`."""
    endpoint = HOME if HOME in documents.at_hand else HOME_JSON
    return endpoint, entry(documents.content(endpoint))


# --- the site


def site_endpoint(documents: Documents) -> str:
    """Which document has the site's entries: `/production` where that alone has `lines`, else `/production.json`."""
    if detailed(documents.content(PRODUCTION)):
        return PRODUCTION
    return (
        PRODUCTION
        if documents.content(PRODUCTION_JSON) is None and PRODUCTION in documents.at_hand
        else PRODUCTION_JSON
    )


def site(documents: Documents) -> Json:
    return documents.content(site_endpoint(documents))


def detailed(content: Json) -> bool:
    """Does a site document have values by phase."""
    return any("lines" in each for section in ("production", "consumption") for each in _section(content, section))


def inverters_entry(content: Json) -> Entry | None:
    return next((each for each in _section(content, "production") if each.get("type") == "inverters"), None)


def eim_entry(content: Json) -> Entry | None:
    """The production CT's entry; 4.2.33 gives it no measurementType."""
    return next((each for each in _section(content, "production") if each.get("type") == "eim"), None)


def consumption_entries(content: Json) -> tuple[Entry | None, Entry | None]:
    """The `total-consumption` and the `net-consumption` entry, by their measurementType and not by their place.

    With one exception: 4.2.33 sends two entries without a measurementType, the total first.
    """
    sent = entry(content).get("consumption")
    found = list(_section(content, "consumption"))
    if isinstance(sent, list) and len(sent) == len(found) == 2 and not any("measurementType" in each for each in found):  # noqa: PLR2004
        return found[0], found[1]
    total = next((each for each in found if each.get("measurementType") == "total-consumption"), None)
    net = next((each for each in found if each.get("measurementType") == "net-consumption"), None)
    return total, net


def ac_batteries(content: Json) -> Entry | None:
    """The AC batteries' entry, if there are any: a gateway without sends an entry too, lacking percentFull."""
    for each in _section(content, "storage"):
        if each.get("type") == "acb" and _is_number(each.get("percentFull")) and is_active(each):
            return each
    return None


def tells_of_storage(content: Json) -> bool:
    """Does the site say whether there are AC batteries: not by a list with something else in it."""
    listed = entry(content).get("storage", [])
    return isinstance(content, dict) and isinstance(listed, list) and all(isinstance(each, dict) for each in listed)


def tells_of_production(content: Json) -> bool:
    """Does the site say which registers it has: not without a list of them."""
    return isinstance(entry(content).get("production"), list)


def has_no_production_meter(content: Json) -> bool:
    """The site's list of registers holds those of the inverters alone; one that is empty says nothing."""
    kinds = [each.get("type") for each in _section(content, "production")]
    return bool(kinds) and all(kind == "inverters" for kind in kinds)


def is_active(each: Mapping[str, object] | None) -> bool:
    """`activeCount` above 0: else the other numbers are old or mean nothing (7.3.466_metered_disabled_cts)."""
    count = (each or {}).get("activeCount")
    return _is_number(count) and 0 < count <= _MOST


def _section(content: Json, section: str) -> Iterator[Entry]:
    return entries(entry(content).get(section))


# --- the meters


@dataclass(frozen=True, slots=True)
class Meter:
    """A CT as `/ivp/meters` lists it. `name` is its type; of several of a type all but the lowest eid carry theirs."""

    eid: int
    name: str
    type: str
    enabled: bool
    phases: int
    listed: Entry


def meters(documents: Documents) -> tuple[Meter, ...]:
    """The listed meters in the order of their eids; those without a number or a type are left out."""
    found: dict[int, Meter] = {}
    kinds: set[str] = set()
    for each in sorted(entries(documents.content(METERS)), key=lambda each: integer(each.get("eid")) or 0):
        eid, kind = integer(each.get("eid")), each.get("measurementType")
        if eid is None or not is_name(kind) or eid in found:
            continue
        name = f"{kind}#{eid}" if kind in kinds else kind
        kinds.add(kind)
        phases = min(max(integer(each.get("phaseCount")) or 1, 1), 3)
        enabled = each.get("state") == "enabled"
        found[eid] = Meter(eid, name, kind, enabled, phases, each)
    return tuple(found.values())


def is_name(value: object) -> TypeGuard[str]:
    """May it name a meter in a label."""
    return isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z._-]{1,32}", value) is not None


def enabled_meter(documents: Documents, kind: str) -> Meter | None:
    return next((meter for meter in meters(documents) if meter.type == kind and meter.enabled), None)


def meter_readings(documents: Documents) -> dict[int, Entry]:
    """What each eid reads. Joined on it: 8.3 sends an eid that no meter lists (8.3.1598_collar)."""
    found: dict[int, Entry] = {}
    for each in entries(documents.content(METER_READINGS)):
        eid = integer(each.get("eid"))
        if eid is not None:
            found.setdefault(eid, each)
    return found


def integer(value: object) -> int | None:
    """A whole number that may be in a label."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


# --- inverters and batteries


def lists_an_inverter(documents: Documents) -> bool:
    """Does any document count or list a microinverter that is not removed."""
    if is_active(inverters_entry(site(documents))):
        return True
    v1 = (device_type(each) == MICROINVERTER for each in entries(documents.content(INVERTERS_V1)))
    reported = (each.get("active") is not False for each in entries(interval_data(documents, "pcu")))
    listed = (not is_removed(each) for each in entries(inventory(documents, "PCU")))
    return any(v1) or any(reported) or any(listed)


def device_data_is_whole(content: Json) -> bool:
    """Does device_data list every inverter, and any that is not removed.

    It stops at deviceDataLimit devices without a word (home-assistant/core#148331).
    """
    devices = entry(content)
    count, limit = integer(devices.get("deviceCount")), integer(devices.get("deviceDataLimit"))
    if count is not None and limit is not None and count >= limit:
        return False
    pcus = (each for each in devices.values() if isinstance(each, dict) and each.get("devName") == "pcu")
    return any(each.get("active") is not False for each in pcus)


def ensemble(documents: Documents, kind: str) -> list[Json]:
    """The devices of one type in the ensemble inventory, such as ENCHARGE."""
    return _of_type(documents.content(ENSEMBLE_INVENTORY), kind)


MICROINVERTER, AC_BATTERY, IQ_RELAY = 1, 11, 12
_KINDS = MappingProxyType({MICROINVERTER: "PCU", AC_BATTERY: "ACB", IQ_RELAY: "NSRB", 19: "ESUB"})


def device_type(listed: Mapping[str, object]) -> int | None:
    """The number of a device's type, from a list that may mix them; None where it is not a number.

    A device without one is a microinverter: older firmware numbers nothing (3.9.36, 4.2.33).
    """
    number = listed.get("devType", listed.get("dev_type"))
    return MICROINVERTER if number is None else integer(number)


def battery_power_never_answered(documents: Documents) -> bool:
    """On this firmware `/ivp/ensemble/power` is not available, or fails on one that is known to lack it (below 7)."""
    if ENSEMBLE_POWER in documents.answered or ENSEMBLE_POWER in documents.at_hand:
        return False
    failing = ENSEMBLE_POWER in documents.failing and firmware_below(documents, 7)
    return ENSEMBLE_POWER in documents.absent or failing


def battery_powers(documents: Documents) -> Json:
    """The list of `/ivp/ensemble/power`; the colon in its key is the gateway's own."""
    powers = entry(documents.content(ENSEMBLE_POWER))
    return powers.get("devices:", powers.get("devices"))


def inventory(documents: Documents, kind: str) -> list[Json]:
    """The devices of one kind on the power line: PCU, ACB, NSRB; removed ones too.

    A device is of the kind that its own number names, else of its group's.
    """
    found: list[Json] = []
    for group in entries(documents.content(INVENTORY)):
        devices = group.get("devices")
        for device in devices if isinstance(devices, list) else ():
            number = integer(device.get("dev_type")) if isinstance(device, dict) else None
            if _KINDS.get(number or 0, group.get("type")) == kind:
                found.append(device)
    return found


def _of_type(content: Json, kind: str) -> list[Json]:
    found: list[Json] = []
    for each in entries(content):
        devices = each.get("devices")
        if each.get("type") == kind and isinstance(devices, list):
            found.extend(devices)
    return found


# --- what is switched: relays and a generator


def relay_is_used(settings: Mapping[str, object]) -> bool:
    """Has the installer given it something to switch: the controller's free contacts are listed too, as NONE."""
    kind = settings.get("type")
    return isinstance(kind, str) and kind.upper() not in ("", "NONE")


def relays_in_use(documents: Documents) -> bool:
    listed = entry(documents.content(DRY_CONTACT_SETTINGS)).get("dry_contacts")
    return any(relay_is_used(each) for each in entries(listed))


_OF_A_GENERATOR = frozenset(
    ("generator_id", "gen_type", "manufacturer", "max_cont_gen_amps", "model", "name_plate_rating_wat", "start_method")
)


def generator(documents: Documents) -> Entry:
    """How the generator is set up; empty without one. `present` does not tell: 1 without one too (7.3.517)."""
    config = entry(documents.content(GENERATOR_CONFIG))
    return config if config.keys() & _OF_A_GENERATOR and not config.keys() & {"err", "error"} else {}


def is_removed(listed: Mapping[str, object]) -> bool:
    """The inventory keeps what was removed: admin_state 3 (8.3.5433_tot_is_net_cons), or 0 (pyenphase)."""
    state = listed.get("admin_state")
    return isinstance(state, int) and not isinstance(state, bool) and state in {0, 3}


def is_ac_battery(listed: Mapping[str, object]) -> bool:
    """One of the inventory's ACB that is still there, and says how full it is."""
    return not is_removed(listed) and _is_number(listed.get("percentFull"))


def an_ac_battery_is_there(documents: Documents) -> bool:
    """By the site's entry, or by a list of devices where that does not name them (pyenphase 3.0.0)."""
    if ac_batteries(site(documents)) is not None:
        return True
    in_v1 = any(device_type(each) == AC_BATTERY for each in entries(documents.content(INVERTERS_V1)))
    return in_v1 or any(is_ac_battery(each) for each in entries(inventory(documents, "ACB")))


def an_iq_relay_is_there(documents: Documents) -> bool:
    """By the inventory or by device_data, whichever is at hand."""
    listed = any(not is_removed(each) for each in entries(inventory(documents, "NSRB")))
    reported = entries(interval_data(documents, "nsrb"))
    return listed or any(each.get("active") is not False for each in reported)


def interval_data(documents: Documents, kind: str) -> list[Json]:
    """The devices of one devName in device_data: pcu, acb, nsrb; removed ones too."""
    devices = entry(documents.content(DEVICE_DATA)).values()
    return [each for each in devices if isinstance(each, dict) and each.get("devName") == kind]
