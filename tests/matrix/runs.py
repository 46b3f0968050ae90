"""The matrix as data, and one run of it: what was wrong, in words."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from support.exposition import Key

from envoy_simulator import PROFILES
from envoy_simulator.faults import FAULTS, Fault, Layer, When
from envoy_simulator.faults.fault import Value
from matrix.house import HURRY, House, Scraped, eleven, small
from matrix.truth import STEP, Twin, collector_of, readers

LONGEST = 600.0
"""Within ten minutes all is back."""


MOST_LOGINS = 2
"""In a minute of an account that gets no token."""


class Phase(Enum):
    """When a fault strikes."""

    STARTING = "while starting"
    RUNNING = "while running"
    RENEWING = "while a token is renewed"


@dataclass(frozen=True)
class Case:
    """A fault, with the parameters that are not its defaults, on the endpoints named; () is all."""

    fault: str
    phase: Phase
    profile: str
    options: Mapping[str, Value] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()

    def __str__(self) -> str:
        options = "".join(f",{name}={value}" for name, value in self.options.items())
        where = "".join(f" of {each}" for each in self.endpoints)
        return f"{self.fault}{options}{where} {self.phase.value} on {self.profile}"

    @property
    def struck(self) -> tuple[str, ...]:
        """The paths it can strike; () is all."""
        own = FAULTS[self.fault].endpoints
        return tuple(each for each in self.endpoints if not own or each in own) or own


PROFILES_TRIED = ("8.3", "5.0", "8.3-collar", "8.2")
"""The first of them that a fault makes a difference on."""


def profile_for(fault: Fault) -> str:
    return next(name for name in PROFILES_TRIED if fault.suits(PROFILES[name], tls=PROFILES[name].wants_token))


NEEDS_A_KEPT_CONNECTION = frozenset({"crowded", "too-many"})
"""Below firmware 7 each request has its own, and whether the last is counted out yet is a matter of luck."""
_ONE = ("/production.json",)
"""Of an endpoint alone, to see that the others go on."""


def phases_of(profile: str) -> list[Phase]:
    """Below firmware 7 there is no token."""
    return list(Phase) if PROFILES[profile].wants_token else [Phase.STARTING, Phase.RUNNING]


def every_fault_once() -> list[Case]:
    """Its default parameters, and the phases in turn."""
    cases = []
    for number, fault in enumerate(FAULTS.values()):
        profile = profile_for(fault)
        phases = phases_of(profile)
        phase = phases[number % len(phases)]
        alone = _ONE if phase is Phase.RUNNING and fault.breaks == "endpoint" else ()
        cases.append(Case(fault.name, phase, profile, endpoints=alone))
    return cases


def every_fault() -> list[Case]:
    """All parameters worth trying, in every phase; and by their defaults on gateways of other ages."""
    cases = []
    for fault in FAULTS.values():
        profile = profile_for(fault)
        for options in fault.variants:
            cases += [Case(fault.name, phase, profile, options) for phase in phases_of(profile)]
            if fault.breaks == "endpoint":
                cases.append(Case(fault.name, Phase.RUNNING, profile, options, _ONE))
        for other in ("3.7", "5.0", "8.2"):
            if fault.name in NEEDS_A_KEPT_CONNECTION and not PROFILES[other].wants_token:
                continue
            if other != profile and fault.suits(PROFILES[other], tls=PROFILES[other].wants_token):
                cases += [Case(fault.name, phase, other) for phase in (Phase.STARTING, Phase.RUNNING)]
    return cases


DIFFERS = {
    "enphase_gateway_requests_total": "it tells of each code that an endpoint ever answered with",
    "enphase_gateway_request_failures_total": "it tells of each failure there ever was",
    "enphase_exporter_cloud_requests_total": "it tells of each code that the cloud ever answered with",
    "enphase_exporter_gateway_request_duration_seconds": "it tells of each endpoint that was ever asked",
}
"""What an exporter has that has seen a fault and another has not, or the other way round: by the name's beginning."""

MADE_UP = {
    "flipped": "a bit turned over in a digit makes another number",
    "firmware": "it is another plant's gateway meanwhile",
    "update": "it is another plant's gateway meanwhile",
    "another-gateway": "it may be asked before it has said who it is",
    "inverters-added": "there are more of them than in the plant",
    "battery-added": "there are more of them than in the plant",
}
"""Faults not of values, while which the plant is not the measure of what their endpoints say, and why."""

_MEMORY = frozenset({Phase.RUNNING, Phase.RENEWING})
REFUSED: Mapping[str, frozenset[Phase]] = {
    "total-is-net": frozenset(Phase),
    "lost-phase": _MEMORY,
    "all-zero": _MEMORY,
    "clock-1970": _MEMORY,
    "counters-zero": _MEMORY,
    "no-active-ct": _MEMORY,
    "today-is-lifetime": frozenset(Phase),
    "reading-time-zero": frozenset(Phase),
}
"""Faults of values against which there is a rule, so that nothing untrue is seen; some lean on what was before."""

REPORTED = {
    "no-active-ct": "enphase_meter_active",
    "all-zero": ".*(_power_watts|_power_factor_ratio|_today_joules|_last_week_joules|_report_energy_joules)",
    "clock-1970": "enphase_inverter_reporting",
    "info": "enphase_gateway_info",
}
"""What is as the gateway says for all that: a 0 that is no counter's, a date before 1970, a firmware's name."""

LONG_LINES = {"head"}
"""The HTTP library would, at debug, write lines of a megabyte, which take seconds to search for secrets."""

SPOILING = frozenset({Layer.DOCUMENT, Layer.BODY, Layer.IDENTITY, Layer.SEQUENCE})
"""What they make of an answer is taken for one, so it stands until the document has its maximum age."""


def is_spoiling(fault: Fault) -> bool:
    return fault.layer in SPOILING or fault.name in MADE_UP


@cache
def twin(profile: str) -> Twin:
    return Twin(small(profile), eleven(small(profile)))


@cache
def usual(profile: str) -> frozenset[Key]:
    """The series of a gateway that nothing ever happened to."""
    with TemporaryDirectory() as folder, House(Path(folder), small(profile), loud=False) as house:
        house.scrape()
        scraped = house.scrape()
    assert not house.breaches, house.breaches
    assert scraped.failing == []
    assert not list(twin(profile).untrue(scraped.exposition.samples, scraped.at, STEP, frozenset()))
    return series(scraped.exposition.samples)


def series(samples: Mapping[Key, float]) -> frozenset[Key]:
    return frozenset(each for each in samples if not each[0].startswith((*DIFFERS, "python_", "process_")))


def of_the_gateway(keys: frozenset[Key]) -> frozenset[Key]:
    return frozenset(each for each in keys if each[0] in collector_of())


def run(case: Case, folder: Path, counted: Counter[str]) -> list[str]:
    """What was wrong."""
    renewing = case.phase is Phase.RENEWING
    fault = FAULTS[case.fault]
    house = House(folder, small(case.profile), cloud=renewing, aging=renewing, loud=case.fault not in LONG_LINES)
    with house:
        judge = Judge(house, case.profile, unjudged(case), fault.breaks, case.struck, REPORTED.get(case.fault, ""))
        for _ in range({Phase.STARTING: 0, Phase.RUNNING: 2, Phase.RENEWING: 1}[case.phase]):
            judge.well(house.scrape())
        house.gateway.reset_load()
        with house.impatient() if fault.breaks != "nothing" else nullcontext():
            house.gateway.faults.on(case.fault, When(endpoints=case.endpoints), **case.options)
            for after in {Phase.RUNNING: (STEP, 20 * STEP, *(STEP,) * 5)}.get(case.phase, (STEP,) * 4):
                judge.faulty(house.scrape(after))
            house.look_at_every_page()
            if case.fault == "another-gateway":
                judge.say(told(house), "told to another gateway")
            house.gateway.faults.heal()
        judge.recovers(spoiled=is_spoiling(fault))
        house.read_the_log()
    count(house, counted)
    return house.breaches


def run_mood(mood: str, folder: Path, counted: Counter[str], *, aging: bool, slow: When | None = None) -> list[str]:
    """What was wrong while the cloud was in that mood, and after. `aging`: the old token is good for a day.

    `slow`: the answers of the gateway that take their time, as all do on a busy machine.
    """
    with House(folder, small("8.3"), cloud=True, aging=aging) as house:
        house.enlighten.response = mood
        judge = Judge(house, "8.3", frozenset(), "nothing" if aging else "gateway")
        if slow is not None:
            house.gateway.faults.on("slow", slow, seconds=HURRY)
        with house.impatient_with_the_cloud():
            for _ in range(4):
                judge.faulty(house.scrape())
        house.look_at_every_page()
        asked = house.enlighten.logins
        if not 1 <= asked <= MOST_LOGINS:
            house.breaches.append(f"{asked} logins in a minute")
        house.enlighten.response = ""
        house.scrape(ceil((house.cloud_back_off() + 1) / STEP) * STEP)
        judge.recovers(spoiled=False)
        renewals = house.asker.snapshot().renewals["success"]
        if renewals != 1:
            house.breaches.append(f"{renewals} new tokens")
        house.read_the_log()
    count(house, counted)
    return house.breaches


def told(house: House) -> list[str]:
    """The secrets that the gateway was sent."""
    received = house.gateway.received_bytes.decode("latin-1")
    return [f"{each[:8]}..." for each in house.secrets if each in received]


def count(house: House, counted: Counter[str]) -> None:
    counted["runs"] += 1
    counted.update(house.counted)
    for what, most in house.most.items():
        counted[f"most {what}"] = max(counted[f"most {what}"], most)


def unjudged(case: Case) -> frozenset[str]:
    """The collectors of which the truth cannot be known: they say what the gateway says."""
    refused = case.phase in REFUSED.get(case.fault, ())
    if case.fault in MADE_UP or (FAULTS[case.fault].breaks == "values" and not refused):
        return readers(case.struck)
    return frozenset()


@dataclass
class Judge:
    """Holds each scrape of a house against the plant, and against what its fault may break."""

    house: House
    profile: str
    unjudged: frozenset[str]
    breaks: str
    struck: tuple[str, ...] = ()
    reported: str = ""

    def well(self, scraped: Scraped) -> None:
        self._true(scraped, frozenset())
        self._whole(scraped)

    def faulty(self, scraped: Scraped) -> None:
        self._true(scraped, self.unjudged, self.reported)
        if self.breaks == "nothing":
            self._whole(scraped)
        elif self.breaks == "endpoint" and self.struck:
            self.say(set(scraped.failing) - readers(self.struck), "failing, though it reads another endpoint")

    def recovers(self, *, spoiled: bool) -> None:
        """Well again: within its back-off and two scrapes it has all that it ever had, and nothing else."""
        house = self.house
        wait = house.back_off()
        house.most["longest back-off"] = max(house.most["longest back-off"], ceil(wait))
        if wait > LONGEST:
            house.breaches.append(f"a back-off of {wait:.0f} s")
        if house.asker.state.second_look_at == float("inf"):
            house.clock.advance(house.believed(twin(self.profile).there))
        house.scrape(ceil(max(wait, house.stands() if spoiled else 0.0) / STEP) * STEP)
        scraped = house.scrape()
        house.look_at_every_page()
        self.well(scraped)
        now = series(scraped.exposition.samples)
        new = of_the_gateway(now - usual(self.profile)) if house.cloud else now - usual(self.profile)
        self.say((f"{name}{dict(labels)}" for name, labels in new), "never there before")
        house.counted["recoveries"] += 1

    def say(self, found: Iterable[str], what: str) -> None:
        if words := sorted(found):
            self.house.breaches.append(f"{what}: {len(words)}: {'; '.join(words[:4])}")

    def _true(self, scraped: Scraped, unjudged: frozenset[str], reported: str = "") -> None:
        self.house.counted["samples"] += len(scraped.exposition.samples)
        judged = {key: each for key, each in scraped.exposition.samples.items() if not re.fullmatch(reported, key[0])}
        untrue = twin(self.profile).untrue(judged, scraped.at, self.house.gap, unjudged)
        self.say(untrue, "untrue")

    def _whole(self, scraped: Scraped) -> None:
        if not scraped.up:
            self.house.breaches.append(f"not up: {self.house.asker.snapshot().error}")
        self.say(scraped.failing, "without their data")
        missing = of_the_gateway(usual(self.profile)) - scraped.exposition.samples.keys()
        self.say((f"{name}{dict(labels)}" for name, labels in missing if scraped.up), "lost")
