"""The simulated systems on which dashboards and rules are tested, and their true energy: the sum of their powers.

The true energy is computed by the simulator, without documents, registers' rounding or the exporter.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from envoy_exporter.collectors.collector import PlacedArray, PlacedInverter, Settings
from envoy_simulator import PROFILES
from envoy_simulator.instants import Instant
from envoy_simulator.profiles import TOTAL, Profile
from envoy_simulator.system_model import SystemModel

MINUTE = 60.0
_BUILT = 1_735_689_600
"""The instant at which all registers begin to count, so that two histories of a system continue each other."""
JOB = "envoy"
_MODULES_A_ROW = 5


@dataclass(frozen=True)
class Site:
    """A gateway as a target. `instance`: its label, which names the kind of system; `name`: the profile's name.

    `arrays`: the names of its arrays, if a layout is configured.
    """

    instance: str
    name: str
    arrays: tuple[str, ...] = ()

    @property
    def profile(self) -> Profile:
        return PROFILES[self.name]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.profile.timezone)

    def system(self, start: float) -> SystemModel:
        """Return its system from that instant on; from `_BUILT` to then it ran at its mean powers."""
        design = self.profile.design
        return SystemModel(replace(design, age=design.age + round(start - _BUILT)), start=start)

    @property
    def batteries(self) -> bool:
        return bool(self.profile.design.batteries)

    @property
    def has(self) -> frozenset[str]:
        """Its enabled meters by their names in /ivp/meters, and its equipment, of: `batteries` `iq_batteries` `phases`
        (several, and meters) `device_data` `controller` `iq_relay` `relays` `generator` `tariff` `export_limit`
        `layout` `token`.
        """
        profile = self.profile
        equipment = {
            "batteries": self.batteries,
            "iq_batteries": any(battery.kind == "iq" for battery in profile.design.batteries),
            "phases": profile.design.phases > 1 and bool(profile.meters),
            "device_data": "/ivp/pdm/device_data" in profile.paths,
            "controller": bool(profile.enpower or profile.collar),
            "iq_relay": bool(profile.design.relay),
            "relays": bool(profile.relays),
            "generator": bool(profile.generator),
            "tariff": bool(profile.tariff.rate),
            "export_limit": bool(profile.export_limit),
            "layout": bool(self.arrays),
            "token": profile.requires_token,
        }
        return frozenset({*profile.meters, *(name for name, installed in equipment.items() if installed)})

    @property
    def is_netted(self) -> bool:
        """Whether the rules net its phases, or import and export of an interval, because only a balance is known."""
        return TOTAL in self.profile.meters or self.batteries

    @property
    def flows(self) -> frozenset[str]:
        """The flows that its meters can measure."""
        if not self.profile.meters:
            return frozenset({"solar"})
        return frozenset({"solar", "load", "import", "export", *(("charge", "discharge") if self.batteries else ())})

    @property
    def settings(self) -> Settings:
        """Its layout as in the config, if it has one."""
        if not self.arrays:
            return Settings()
        count: Counter[str] = Counter()
        inverters: list[PlacedInverter] = []
        for inverter in self.profile.design.inverters:
            array = self.arrays[inverter.array]
            row, column = divmod(count[array], _MODULES_A_ROW)
            count[array] += 1
            inverters.append(
                PlacedInverter(
                    serial=inverter.serial,
                    name=f"{array[0].upper()}{count[array]}",
                    array=array,
                    row=str(row + 1),
                    column=str(column + 1),
                    peak_power=inverter.peak_watts,
                )
            )
        designs = zip(self.arrays, self.profile.design.arrays, strict=True)
        arrays = tuple(PlacedArray(name=name, azimuth=design.azimuth, tilt=design.tilt) for name, design in designs)
        return Settings(inverters=tuple(inverters), arrays=arrays)

    def midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()


SITES = (
    Site("no-ct", "5.0"),
    Site("metered", "7.6"),
    Site("load-only", "8.3-load"),
    Site("battery", "8.3", ("south", "west")),
    Site("three-phase", "8.2-three"),
    Site("everything", "8.2", ("east", "west")),
)


OTHERS = (
    Site("collar", "8.3-collar"),
    Site("ac-batteries", "8.3-ac"),
)
"""Sites with hardware that none of the six has."""


@dataclass
class Truth:
    """Joules by local day and flow, from instants that are `MINUTE` apart."""

    site: Site
    joules: defaultdict[date, defaultdict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def watching(self, moments: Iterable[Instant]) -> Iterator[Instant]:
        """Yield the instants unchanged, and count each for the minute that begins with it."""
        for moment in moments:
            local = datetime.fromtimestamp(moment.site.time, self.site.zone)
            day = self.joules[local.date()]
            for flow, watts in self._flows(moment).items():
                day[flow] += watts * MINUTE
            yield moment

    def _flows(self, moment: Instant) -> dict[str, float]:
        site = moment.site
        produced = [phase.production for phase in site.phases]
        solar = sum(circuit.delivered.watts for circuit in produced)
        storage = sum(battery.watts for battery in site.batteries)
        nets = [sum(phase.net.watts for phase in site.phases)]
        if not self.site.is_netted:
            nets = [phase.net.watts for phase in site.phases]
        exported = sum(max(-net, 0.0) for net in nets)
        return {
            "solar": solar,
            # The inverters' consumption at night is load.
            "load": site.load.watts + sum(circuit.received.watts for circuit in produced),
            "import": sum(max(net, 0.0) for net in nets),
            "export": exported,
            "charge": max(-storage, 0.0),
            "discharge": max(storage, 0.0),
            "solar_to_grid": min(solar, exported),
        }

    @classmethod
    def of(cls, site: Site, joules: Mapping[str, Mapping[str, float]]) -> "Truth":
        """Return the truth that `to_dict()` has written."""
        truth = cls(site)
        for day, flows in joules.items():
            truth.joules[date.fromisoformat(day)].update(flows)
        return truth

    def to_dict(self) -> dict[str, dict[str, float]]:
        return {day.isoformat(): dict(flows) for day, flows in self.joules.items()}

    def kilowatt_hours(self, day: date, flow: str) -> float:
        return self.joules[day][flow] / 3.6e6

    def self_consumption(self, day: date) -> float:
        return 1 - self.joules[day]["solar_to_grid"] / self.joules[day]["solar"]


def local_days(first: date, count: int) -> list[date]:
    return [first + timedelta(number) for number in range(count)]
