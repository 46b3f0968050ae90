"""The endpoints of a gateway: one table of paths, their collectors, their maximum ages, and when each is required.

Only GET is used, and no other path. The documents so far decide what is required: an endpoint about batteries is not
requested from a system without one. If a gateway does not have an endpoint, it responds so itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from envoy_exporter import entries, system
from envoy_exporter.documents import (
    ACB_CONFIG,
    DEVICE_DATA,
    DRY_CONTACT_SETTINGS,
    DRY_CONTACTS,
    DYNAMIC_EXPORT_LIMIT,
    ENSEMBLE_ERRORS,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    ENSEMBLE_SECCTRL,
    ENSEMBLE_STATUS,
    EXPORT_LIMIT,
    FIRMWARE_MANAGER,
    GENERATOR,
    GENERATOR_CONFIG,
    GENERATOR_MODE,
    GENERATOR_SCHEDULE,
    GRID_PROFILE,
    HOME,
    HOME_JSON,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    LIVE_DATA,
    METER_READINGS,
    METERS,
    PDM_ENERGY,
    PLC_STATUS,
    PRODUCTION,
    PRODUCTION_JSON,
    PRODUCTION_LIMIT,
    PRODUCTION_SWITCH,
    PRODUCTION_V1,
    TARIFF,
    Documents,
)


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """How often the data of its endpoints change. `maximum_age` in seconds; None: the gateway's `min_interval`.

    `awaited`: a scrape waits for those that are due; for the others only if there never was a document.
    """

    name: str
    maximum_age: float | None
    awaited: bool


FAST = EndpointClass("fast", None, awaited=True)
LIVE = EndpointClass("live", 30, awaited=True)
SITE = EndpointClass("site", 60, awaited=True)
INVERTERS = EndpointClass("inverters", 120, awaited=True)
SLOW = EndpointClass("slow", 300, awaited=False)
RARE = EndpointClass("rare", 3600, awaited=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` is the path, and the label in metrics; `target` is the path that is requested, with its query.

    `conditional_readers` are readers that need it only with certain hardware, and how to recognise that: otherwise its
    failure does not concern them. Only the other readers' settings decide its age. While `live_when` holds, its class
    is live.
    """

    name: str
    default_class: EndpointClass
    readers: frozenset[str]
    is_required: Callable[[Documents], bool]
    target: str
    conditional_readers: Mapping[str, Callable[[Documents], bool]] = field(default_factory=dict)
    live_when: Callable[[Documents], bool] = lambda _: False

    def class_for(self, documents: Documents) -> EndpointClass:
        """The class of this endpoint on a gateway with these documents."""
        return LIVE if self.live_when(documents) else self.default_class

    def matters_to(self, reader: str, documents: Documents) -> bool:
        """Whether a reader lacks something without it."""
        return reader in self.readers and (
            reader not in self.conditional_readers or self.conditional_readers[reader](documents)
        )


def _endpoint(
    name: str,
    default_class: EndpointClass,
    readers: str,
    is_required: Callable[[Documents], bool],
    target: str | None = None,
    conditional_readers: Mapping[str, Callable[[Documents], bool]] = MappingProxyType({}),
    live_when: Callable[[Documents], bool] = lambda _: False,
) -> Endpoint:
    return Endpoint(
        name,
        default_class,
        frozenset((*readers.split(), *conditional_readers)),
        is_required,
        target or name,
        conditional_readers,
        live_when,
    )


# --- when an endpoint is required


def always(_: Documents) -> bool:
    return True


def from_firmware(*version: int) -> Callable[[Documents], bool]:
    """From that firmware on; also for a gateway whose firmware is not known."""

    def is_required(documents: Documents) -> bool:
        return documents.has_responded(INFO) and not system.firmware_below(documents, *version)

    return is_required


def production_ct_is_inactive(documents: Documents) -> bool:
    """Whether the production CT is known to be missing or off. Other endpoints may have newer values then."""
    if system.firmware_below(documents, 3, 9) or not documents.has_responded(INFO):
        return False
    sites = (entries.site(documents), entries.site(Documents(documents.earlier)))
    if any(entries.is_active(entries.eim_entry(site)) for site in sites):
        return False  # one poll without it is not enough: activeCount flaps on 8.3 (pyenphase#471)
    if system.metered(documents) is False or entries.site(documents) is not None:
        return True
    listed = isinstance(documents.content(METERS), list)
    return PRODUCTION_JSON in documents.absent or (listed and not system.enabled_meter(documents, "production"))


def production_json_is_required(documents: Documents) -> bool:
    """`/production.json`, unless only `/production` has values by phase."""
    return from_firmware(3, 9)(documents) and not _has_better_phases(documents)


def production_is_required(documents: Documents) -> bool:
    """`/production`: HTML below 3.9; JSON below 7 for its phases, and if `/production.json` is not available."""
    if system.firmware_below(documents, 3, 9):
        return True
    if PRODUCTION_JSON in documents.absent:
        return not system.firmware_below(documents, 4)
    if not system.firmware_below(documents, 7):
        return False
    site = documents.content(PRODUCTION_JSON)
    untried = PRODUCTION not in documents.available
    may_have_phases = entries.is_active(entries.eim_entry(site)) and not entries.has_phases(site)
    return _has_better_phases(documents) or (untried and may_have_phases)


def _has_better_phases(documents: Documents) -> bool:
    return system.firmware_below(documents, 7) and entries.has_phases(documents.content(PRODUCTION))


def v1_inverters_are_required(documents: Documents) -> bool:
    """Whether device_data is not available, fails, or omits inverters. It has more about AC batteries than v1."""
    if not from_firmware(3, 9)(documents):
        return False
    if system.firmware_below(documents, 7) or DEVICE_DATA in documents.absent:
        return True
    content = documents.content(DEVICE_DATA)
    if content is None:
        return DEVICE_DATA in documents.failing
    return not entries.device_data_is_complete(content)


def inventory_has_battery_charge(documents: Documents) -> bool:
    """The charge of IQ batteries is only in the inventory (firmware 5 to early 7)."""
    return system.has_iq_battery(documents) and system.battery_power_was_never_available(documents)


def home_json_is_required(documents: Documents) -> bool:
    """`/home.json`: the same in older firmware, whose `/home` is an HTML page."""
    if not from_firmware(4)(documents):
        return False
    return system.firmware_below(documents, 7) or HOME in documents.absent


_CONDITIONAL_READERS = MappingProxyType({"batteries": system.has_ac_battery, "iq_relay": system.has_iq_relay})
"""Readers of the lists of power line devices: if one list lacks a value, the other may contain it."""

_ONLY_PRESENCE = MappingProxyType({"network": lambda _: False})
"""A reader that only checks whether a battery is installed."""

# Within a class, the first in this table is requested first. `/info` and `/ivp/meters` go before all others until they
# have responded: they decide what else is required.
ENDPOINTS = (
    _endpoint(INFO, SLOW, "identity production inverters", always),
    _endpoint(METERS, SLOW, "production meters batteries livedata", from_firmware(3, 9)),
    _endpoint(METER_READINGS, FAST, "production meters batteries", system.has_enabled_meter),
    _endpoint(PRODUCTION_V1, LIVE, "production", production_ct_is_inactive),
    _endpoint(ENSEMBLE_POWER, LIVE, "batteries", system.has_iq_battery),
    _endpoint(ENSEMBLE_SECCTRL, LIVE, "batteries", system.has_battery),
    _endpoint(DRY_CONTACTS, LIVE, "relays", system.has_relay_in_use),
    _endpoint(GENERATOR, LIVE, "generator", system.has_generator),
    _endpoint(
        PRODUCTION_JSON,
        SITE,
        "production batteries livedata",
        production_json_is_required,
        target="/production.json?details=1",
    ),
    _endpoint(PRODUCTION, SITE, "production batteries", production_is_required),
    _endpoint(
        DEVICE_DATA,
        INVERTERS,
        "inverters",
        from_firmware(7),
        conditional_readers={**_CONDITIONAL_READERS, "layout": always},
    ),
    _endpoint(
        INVERTERS_V1,
        INVERTERS,
        "inverters",
        v1_inverters_are_required,
        conditional_readers={"batteries": system.has_ac_battery, "layout": always},
    ),
    _endpoint(
        ENSEMBLE_INVENTORY,
        SLOW,
        "batteries controller relays generator livedata",
        from_firmware(5),
        conditional_readers=_ONLY_PRESENCE,
        live_when=inventory_has_battery_charge,
    ),
    _endpoint(ENSEMBLE_STATUS, SLOW, "batteries controller", system.has_iq_battery_or_controller),
    _endpoint(ENSEMBLE_ERRORS, SLOW, "controller", system.has_system_controller),
    _endpoint(DRY_CONTACT_SETTINGS, SLOW, "relays", system.has_ensemble_device),
    _endpoint(GENERATOR_CONFIG, SLOW, "generator livedata", system.has_ensemble_device),
    _endpoint(GENERATOR_MODE, SLOW, "generator", system.has_generator),
    _endpoint(GENERATOR_SCHEDULE, SLOW, "generator", system.has_generator),
    _endpoint(
        INVENTORY,
        SLOW,
        "inverters",
        from_firmware(4),
        target="/inventory.json?deleted=1",
        conditional_readers={**_CONDITIONAL_READERS, "layout": always},
    ),
    _endpoint(HOME, RARE, "identity network", from_firmware(7)),
    _endpoint(ACB_CONFIG, RARE, "batteries", system.has_ac_battery),
    _endpoint(HOME_JSON, RARE, "identity network", home_json_is_required),
    _endpoint(TARIFF, RARE, "tariff", from_firmware(4)),
    _endpoint(EXPORT_LIMIT, SLOW, "limits", from_firmware(7)),
    _endpoint(PRODUCTION_LIMIT, SLOW, "limits", from_firmware(7)),
    _endpoint(FIRMWARE_MANAGER, RARE, "network", system.has_iq_battery),
    _endpoint(LIVE_DATA, FAST, "livedata", from_firmware(7)),
    # For installers. An owner gets 401 or 403, and they are requested again after six hours.
    _endpoint(PLC_STATUS, INVERTERS, "installer", from_firmware(7)),
    _endpoint(PDM_ENERGY, SLOW, "installer", from_firmware(7)),
    _endpoint(DYNAMIC_EXPORT_LIMIT, SLOW, "installer", from_firmware(7)),
    _endpoint(PRODUCTION_SWITCH, SLOW, "installer", from_firmware(7)),
    _endpoint(GRID_PROFILE, RARE, "installer", from_firmware(7)),
)

PROBE_ENDPOINTS = (INVERTERS_V1, PRODUCTION_V1)
"""Requested if another endpoint rejected the credentials: every owner may read them, and they respond quickly."""
TOKENS_FROM = 7
"""The firmware from which gateways accept tokens only."""


def demands_credentials(endpoint: str, documents: Documents) -> bool:
    """Whether the endpoint certainly demands credentials. Below 7 many endpoints need none (3.9.36_bad_auth)."""
    if endpoint == INFO:
        return False
    return not system.firmware_below(documents, 7) or endpoint == INVERTERS_V1
