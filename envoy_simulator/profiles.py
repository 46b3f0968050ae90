"""The simulated gateways, one for each firmware: the identity, the endpoints and the system of each.

Firmware, part numbers and peculiarities are those of gateways captured for the tests of pyenphase
(https://github.com/pyenphase/pyenphase); comments cite the captures by name. Serial numbers and systems are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from envoy_simulator import sites, tariffs
from envoy_simulator.design import Design
from envoy_simulator.equipment import FRESNO_GENERATOR, FRESNO_RELAYS, Generator, Relay
from envoy_simulator.http_types import TOKENS_SINCE, Version, version
from envoy_simulator.tariffs import Tariff

PRODUCTION, NET, TOTAL, STORAGE = "production", "net-consumption", "total-consumption", "storage"
BACKFEED, LOAD, EVSE, PV3P = "backfeed", "load", "evse", "pv3p"

_PAGE = frozenset({"/info", "/production"})
_V1 = frozenset({"/api/v1/production", "/api/v1/production/inverters"})
_SITE = frozenset({"/info", "/info.xml", "/production", "/production.json", "/inventory.json"}) | _V1
_METERS = frozenset({"/ivp/meters", "/ivp/meters/readings"})
_ENSEMBLE = frozenset(f"/ivp/ensemble/{document}" for document in ("inventory", "power", "secctrl", "status"))
_SWITCHED = frozenset(
    {
        *("/ivp/ensemble/dry_contacts", "/ivp/ensemble/generator"),
        *("/ivp/ss/dry_contact_settings", "/ivp/ss/gen_config", "/ivp/ss/gen_schedule"),
    }
)
_FIRMWARE_4 = _SITE | _METERS | {"/home.json", "/admin/lib/tariff"}
_LIMITS = frozenset({"/ivp/ss/pel_settings", "/ivp/sc/pvlimit"})
_INSTALLER = frozenset({"/ivp/peb/devstatus", "/ivp/mod/603980032/mode/power", "/installer/agf/index.json"})
_DYNAMIC_LIMIT, _ENERGY_REGISTERS = "/ivp/ss/dpel", "/ivp/pdm/energy"
_FIRMWARE_7 = (
    _FIRMWARE_4 | _ENSEMBLE | _SWITCHED | _LIMITS | _INSTALLER | {"/home", "/ivp/livedata/status", _ENERGY_REGISTERS}
)
_BATTERIES = frozenset({"/ivp/firmware_manager/state"})


@dataclass(frozen=True, slots=True)
class ExportLimit:
    """The limit of the export: watts, or percent of the inverters' maximum output."""

    limit: float
    percent: bool
    soft: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A gateway.

    `metered`: the text of the element imeter in `/info`, None if the firmware has no such element. `volts`: between a
    phase and neutral. `meters`: the enabled CTs; `disabled_meters`: the others that are listed. `locked`: paths, or
    prefixes of paths, that require digest credentials on firmware older than 7. `report_interval`: seconds between two
    reports of an inverter. `enpower`: the serial number of the system controller; `collar`, `combiner`: the serial
    numbers of the devices that newer sites have instead. `relays`, `generator`: the equipment that the controller
    switches. `streams`: whether a client streams the live data.
    """

    name: str
    description: str
    software: str
    part_number: str
    serial: str
    metered: Literal["true", "false"] | None
    timezone: str
    volts: float
    hertz: float
    design: Design
    paths: frozenset[str]
    meters: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    report_interval: int = 300
    enpower: str | None = None
    collar: str | None = None
    combiner: str | None = None
    disabled_meters: tuple[str, ...] = ()
    relays: tuple[Relay, ...] = ()
    generator: Generator | None = None
    tariff: Tariff = tariffs.NO_PRICES
    export_limit: ExportLimit | None = None
    streams: bool = False

    @property
    def firmware(self) -> Version:
        return version(self.software)

    @property
    def requires_token(self) -> bool:
        return self.firmware >= TOKENS_SINCE

    @property
    def for_installers(self) -> frozenset[str]:
        """The paths that reject an owner's token; /ivp/pdm/energy accepts it on 8.3.5169_ACB_inventory."""
        return _INSTALLER | {_DYNAMIC_LIMIT} | (frozenset() if self.firmware >= (8, 3) else {_ENERGY_REGISTERS})

    @property
    def wraps_inverters(self) -> bool:
        """Whether the inverters' joules are counted in 32 bits: from 7.3.130 to 8.2.127, not on 5.0.62 and 8.2.4264."""
        return (7,) <= self.firmware < (8, 2, 4200)


_PROFILES = (
    Profile(
        name="3.7",
        description="Envoy-R: one HTML page",
        software="D3.7.0",
        part_number="800-00069-r05",
        serial="121431070018",
        metered=None,
        timezone="Pacific/Honolulu",
        volts=120,
        hertz=60,
        design=sites.MAUI,
        paths=_PAGE,
    ),
    Profile(
        name="3.9",
        description="Envoy-R: HTML page and v1 API, digest",
        software="R3.9.36",
        part_number="800-00069-r05",
        serial="121431070027",
        metered=None,
        timezone="Pacific/Honolulu",
        volts=120,
        hertz=60,
        design=sites.MAUI,
        paths=_PAGE | _V1,
        locked=("/api/v1/production/inverters", "/admin/"),
    ),
    Profile(
        name="4.10",
        description="Envoy-S metered: split phase, production and net CT, digest",
        software="R4.10.35",
        part_number="800-00555-r03",
        serial="121942010031",
        metered="true",
        timezone="America/Chicago",
        volts=123,
        hertz=60,
        design=sites.NORMAN,
        paths=_FIRMWARE_4,
        meters=(PRODUCTION, NET),
        locked=("/api/v1/production/inverters", "/production"),
        tariff=tariffs.OKLAHOMAN,
    ),
    Profile(
        name="5.0",
        description="Envoy-S standard: no meter, digest",
        software="D5.0.62",
        part_number="800-00551-r02",
        serial="121642010048",
        metered="false",
        timezone="America/Denver",
        volts=121,
        hertz=60,
        design=sites.PUEBLO,
        paths=_FIRMWARE_4,
        locked=("/api/v1/production/inverters", "/production"),
    ),
    Profile(
        name="7.3",
        description="Envoy-S metered EU: one phase, production and net CT, token",
        software="D7.3.466",
        part_number="800-00654-r08",
        serial="122242010053",
        metered="true",
        timezone="Europe/Amsterdam",
        volts=232,
        hertz=50,
        design=sites.UTRECHT,
        paths=_FIRMWARE_7,
        meters=(PRODUCTION, NET),
        tariff=tariffs.DUTCH,
    ),
    Profile(
        name="7.6",
        description="Envoy-S metered EU: three phases, production and net CT, token",
        software="D7.6.175",
        part_number="800-00654-r08",
        serial="122242010069",
        metered="true",
        timezone="Europe/Brussels",
        volts=234,
        hertz=50,
        design=sites.GHENT,
        paths=_FIRMWARE_7,
        meters=(PRODUCTION, NET),
        tariff=tariffs.FLEMISH,
        export_limit=ExportLimit(100.0, percent=True, soft=True),
    ),
    Profile(
        name="8.2",
        description="IQ Gateway: split phase, production, net and storage CT, batteries, controller, generator, token",
        software="D8.2.127",
        part_number="800-00647-r09",
        serial="122342010074",
        metered="true",
        timezone="America/Los_Angeles",
        volts=121,
        hertz=60,
        design=sites.FRESNO,
        paths=_FIRMWARE_7 | _BATTERIES | {"/ivp/ensemble/errors", "/ivp/ss/gen_mode", _DYNAMIC_LIMIT},
        meters=(PRODUCTION, NET, STORAGE),
        enpower="482326110757",
        relays=FRESNO_RELAYS,
        generator=FRESNO_GENERATOR,
        tariff=tariffs.CALIFORNIAN,
        export_limit=ExportLimit(10_000.0, percent=False, soft=False),
        streams=True,
    ),
    Profile(
        name="8.3",
        description="IQ Gateway: split phase, production and net CT, two batteries, device_data, token",
        software="D8.3.5169",
        part_number="800-00555-r03",
        serial="122442010085",
        metered="true",
        timezone="America/Denver",
        volts=121,
        hertz=60,
        design=sites.BOULDER,
        paths=_FIRMWARE_7 | _BATTERIES | {"/ivp/pdm/device_data"},
        meters=(PRODUCTION, NET),
        report_interval=900,
        tariff=tariffs.COLORADAN,
    ),
    Profile(
        name="8.3-collar",
        description="IQ Combiner 6: split phase, seven meters, two batteries, meter collar, token",
        software="D8.3.1598",
        part_number="800-02409-r03",
        serial="122512010092",
        metered="true",
        timezone="America/New_York",
        volts=121,
        hertz=60,
        design=sites.ITHACA,
        paths=_FIRMWARE_7 | _BATTERIES,
        meters=(PRODUCTION, NET, STORAGE, BACKFEED),
        disabled_meters=(LOAD, EVSE, PV3P),
        collar="482512110393",
        combiner="482512110430",
        tariff=tariffs.NEW_YORKER,
    ),
    Profile(
        name="8.2-large",
        description="IQ Gateway: 60 inverters, of which device_data omits some, token",
        software="D8.2.4345",
        part_number="800-00555-r03",
        serial="122342010211",
        metered="true",
        timezone="America/Los_Angeles",
        volts=121,
        hertz=60,
        design=sites.MODESTO,
        paths=_FIRMWARE_7 | {"/ivp/pdm/device_data"},
        meters=(PRODUCTION, NET),
        report_interval=900,
    ),
    Profile(
        name="8.3-ac",
        description="IQ Gateway EU: one phase, production and net CT, three AC batteries, IQ Relay, device_data, token",
        software="D8.3.5169",
        part_number="800-00554-r03",
        serial="122035010098",
        metered="true",
        timezone="Europe/Brussels",
        volts=235,
        hertz=50,
        design=sites.LEUVEN,
        paths=_FIRMWARE_7 | {"/ivp/pdm/device_data", "/admin/lib/acb_config"},
        meters=(PRODUCTION, NET),
        report_interval=900,
    ),
    Profile(
        name="8.3-load",
        description="IQ Gateway: split phase, production CT, consumption CT around the load only, device_data, token",
        software="D8.3.5433",
        part_number="800-00555-r03",
        serial="122115010110",
        metered="true",
        timezone="America/Chicago",
        volts=121,
        hertz=60,
        design=sites.MADISON,
        paths=_FIRMWARE_7 | {"/ivp/pdm/device_data"},
        meters=(PRODUCTION, TOTAL),
        disabled_meters=(STORAGE, BACKFEED, LOAD, EVSE, PV3P),
        report_interval=900,
        tariff=tariffs.WISCONSINITE,
    ),
    Profile(
        name="8.2-three",
        description="IQ Gateway EU: three phases, production and net CT, batteries on two phases for all three, token",
        software="D8.2.4382",
        part_number="800-00654-r08",
        serial="122311010127",
        metered="true",
        timezone="Europe/Vienna",
        volts=232,
        hertz=50,
        design=sites.LINZ,
        paths=_FIRMWARE_7 | _BATTERIES,
        meters=(PRODUCTION, NET),
        tariff=tariffs.AUSTRIAN,
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _PROFILES})
