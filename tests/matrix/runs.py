"""The matrix as data, and one run of it. A run returns its violations, as text."""

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
from matrix.environment import SHORT_TIMEOUT, Environment, ScrapeResult, late_morning, with_few_inverters
from matrix.reference import STEP, ReferenceGateway, collector_of, readers

MAX_BACK_OFF = 600.0
"""Seconds after which everything has recovered."""
MAX_LOGINS = 2
"""In a minute, for an account that gets no token."""


class Phase(Enum):
    """When a fault begins."""

    STARTING = "while starting"
    RUNNING = "while running"
    RENEWING = "while a token is renewed"


@dataclass(frozen=True)
class Case:
    """A fault with its non-default parameters, on these endpoints; () means all."""

    fault: str
    phase: Phase
    profile: str
    options: Mapping[str, Value] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()

    def __str__(self) -> str:
        options = "".join(f",{name}={value}" for name, value in self.options.items())
        where = "".join(f" of {endpoint}" for endpoint in self.endpoints)
        return f"{self.fault}{options}{where} {self.phase.value} on {self.profile}"

    @property
    def affected(self) -> tuple[str, ...]:
        """The paths that it can affect; () means all."""
        own = FAULTS[self.fault].endpoints
        return tuple(endpoint for endpoint in self.endpoints if not own or endpoint in own) or own


CANDIDATE_PROFILES = ("8.3", "5.0", "8.3-collar", "8.2")
"""A fault is tried on the first of them that it affects."""


def profile_for(fault: Fault) -> str:
    return next(name for name in CANDIDATE_PROFILES if fault.suits(PROFILES[name], tls=PROFILES[name].wants_token))


NEEDS_A_KEPT_CONNECTION = frozenset({"crowded", "too-many"})
"""Below firmware 7 each request has its own connection; whether the last one is already closed is random."""
_ONE_ENDPOINT = ("/production.json",)
"""A fault of one endpoint, to test that the others continue."""


def phases_of(profile: str) -> list[Phase]:
    """Below firmware 7 no token is renewed."""
    return list(Phase) if PROFILES[profile].wants_token else [Phase.STARTING, Phase.RUNNING]


def every_fault_once() -> list[Case]:
    """Default parameters; the phases take turns."""
    cases = []
    for number, fault in enumerate(FAULTS.values()):
        profile = profile_for(fault)
        phases = phases_of(profile)
        phase = phases[number % len(phases)]
        alone = _ONE_ENDPOINT if phase is Phase.RUNNING and fault.breaks == "endpoint" else ()
        cases.append(Case(fault.name, phase, profile, endpoints=alone))
    return cases


def every_fault() -> list[Case]:
    """All variants in every phase, and the default parameters on other firmware versions."""
    cases = []
    for fault in FAULTS.values():
        profile = profile_for(fault)
        for options in fault.variants:
            cases += [Case(fault.name, phase, profile, options) for phase in phases_of(profile)]
            if fault.breaks == "endpoint":
                cases.append(Case(fault.name, Phase.RUNNING, profile, options, _ONE_ENDPOINT))
        for other in ("3.7", "5.0", "8.2"):
            if fault.name in NEEDS_A_KEPT_CONNECTION and not PROFILES[other].wants_token:
                continue
            if other != profile and fault.suits(PROFILES[other], tls=PROFILES[other].wants_token):
                cases += [Case(fault.name, phase, other) for phase in (Phase.STARTING, Phase.RUNNING)]
    return cases


VARYING_SERIES = {
    "enphase_gateway_requests_total": "has each status code that an endpoint ever returned",
    "enphase_gateway_request_failures_total": "has each failure that ever occurred",
    "enphase_exporter_cloud_requests_total": "has each status code that Enlighten ever returned",
    "enphase_exporter_gateway_request_duration_seconds": "has each endpoint that was ever requested",
}
"""Series that depend on past faults, by the beginning of their names."""

UNPREDICTABLE = {
    "flipped": "a flipped bit in a digit makes another number",
    "firmware": "the gateway belongs to another system meanwhile",
    "update": "the gateway belongs to another system meanwhile",
    "another-gateway": "it may be polled before it has been identified",
    "inverters-added": "the system has fewer of them",
    "battery-added": "the system has fewer of them",
}
"""Faults that do not falsify values but still make correct values unpredictable, and why."""

_MEMORY = frozenset({Phase.RUNNING, Phase.RENEWING})
REJECTED: Mapping[str, frozenset[Phase]] = {
    "total-is-net": frozenset(Phase),
    "lost-phase": _MEMORY,
    "all-zero": _MEMORY,
    "clock-1970": _MEMORY,
    "counters-zero": _MEMORY,
    "no-active-ct": _MEMORY,
    "today-is-lifetime": frozenset(Phase),
    "reading-time-zero": frozenset(Phase),
}
"""Faults of values that a rule rejects, so that no wrong value is exposed. Some rules need earlier values."""

EXPOSED_AS_REPORTED = {
    "no-active-ct": "enphase_meter_active",
    "all-zero": ".*(_power_watts|_power_factor_ratio|_today_joules|_last_week_joules|_report_energy_joules)",
    "clock-1970": "enphase_inverter_reporting",
    "info": "enphase_gateway_info",
}
"""Metrics that keep the gateway's wrong value: a gauge of 0, a date before 1970, a firmware name."""

LONG_LINES = {"head"}
"""At debug the HTTP library would log lines of a megabyte, which take seconds to search for secrets."""

DOCUMENT_LAYERS = frozenset({Layer.DOCUMENT, Layer.BODY, Layer.IDENTITY, Layer.SEQUENCE})
"""Layers whose changed documents are accepted: they are used until they reach their maximum age."""


def changes_documents(fault: Fault) -> bool:
    return fault.layer in DOCUMENT_LAYERS or fault.name in UNPREDICTABLE


@cache
def reference(profile: str) -> ReferenceGateway:
    return ReferenceGateway(with_few_inverters(profile), late_morning(with_few_inverters(profile)))


@cache
def healthy_series(profile: str) -> frozenset[Key]:
    """The series of a gateway that never had a fault."""
    with (
        TemporaryDirectory() as folder,
        Environment(Path(folder), with_few_inverters(profile), library_logs=False) as environment,
    ):
        environment.scrape()
        scraped = environment.scrape()
    assert not environment.violations, environment.violations
    assert scraped.failing == []
    assert not list(reference(profile).wrong_samples(scraped.exposition.samples, scraped.at, STEP, frozenset()))
    return series(scraped.exposition.samples)


def series(samples: Mapping[Key, float]) -> frozenset[Key]:
    return frozenset(sample for sample in samples if not sample[0].startswith((*VARYING_SERIES, "python_", "process_")))


def of_the_gateway(keys: frozenset[Key]) -> frozenset[Key]:
    return frozenset(key for key in keys if key[0] in collector_of())


def run(case: Case, folder: Path, counted: Counter[str]) -> list[str]:
    """The violations."""
    renewing = case.phase is Phase.RENEWING
    fault = FAULTS[case.fault]
    environment = Environment(
        folder,
        with_few_inverters(case.profile),
        with_enlighten=renewing,
        expiring_token=renewing,
        library_logs=case.fault not in LONG_LINES,
    )
    with environment:
        checker = Checker(
            environment,
            case.profile,
            unverifiable(case),
            fault.breaks,
            case.affected,
            EXPOSED_AS_REPORTED.get(case.fault, ""),
        )
        for _ in range({Phase.STARTING: 0, Phase.RUNNING: 2, Phase.RENEWING: 1}[case.phase]):
            checker.check_healthy(environment.scrape())
        environment.gateway.reset_load()
        with environment.short_timeouts() if fault.breaks != "nothing" else nullcontext():
            environment.gateway.faults.on(case.fault, When(endpoints=case.endpoints), **case.options)
            for after in {Phase.RUNNING: (STEP, 20 * STEP, *(STEP,) * 5)}.get(case.phase, (STEP,) * 4):
                checker.check_during_fault(environment.scrape(after))
            environment.fetch_every_page()
            if case.fault == "another-gateway":
                checker.report(leaked_secrets(environment), "sent to another gateway")
            environment.gateway.faults.heal()
        checker.check_recovery(documents_changed=changes_documents(fault))
        environment.check_log()
    count(environment, counted)
    return environment.violations


def run_enlighten_response(
    response: str, folder: Path, counted: Counter[str], *, expiring_token: bool, slow: When | None = None
) -> list[str]:
    """The violations while Enlighten responds this way, and afterwards.

    `expiring_token`: the old token is valid for another day. `slow`: slow answers of the gateway, as on a busy machine.
    """
    with Environment(
        folder, with_few_inverters("8.3"), with_enlighten=True, expiring_token=expiring_token
    ) as environment:
        environment.enlighten.response = response
        checker = Checker(environment, "8.3", frozenset(), "nothing" if expiring_token else "gateway")
        if slow is not None:
            environment.gateway.faults.on("slow", slow, seconds=SHORT_TIMEOUT)
        with environment.short_login_timeout():
            for _ in range(4):
                checker.check_during_fault(environment.scrape())
        environment.fetch_every_page()
        logins = environment.enlighten.logins
        if not 1 <= logins <= MAX_LOGINS:
            environment.violations.append(f"{logins} logins in a minute")
        environment.enlighten.response = ""
        environment.scrape(ceil((environment.enlighten_back_off() + 1) / STEP) * STEP)
        checker.check_recovery(documents_changed=False)
        renewals = environment.exporter_gateway.snapshot().renewals["success"]
        if renewals != 1:
            environment.violations.append(f"{renewals} new tokens")
        environment.check_log()
    count(environment, counted)
    return environment.violations


def leaked_secrets(environment: Environment) -> list[str]:
    """The beginnings of the secrets that the gateway received."""
    received = environment.gateway.received_bytes.decode("latin-1")
    return [f"{secret[:8]}..." for secret in environment.secrets if secret in received]


def count(environment: Environment, counted: Counter[str]) -> None:
    counted["runs"] += 1
    counted.update(environment.counted)
    for what, maximum in environment.maxima.items():
        counted[f"most {what}"] = max(counted[f"most {what}"], maximum)


def unverifiable(case: Case) -> frozenset[str]:
    """The collectors whose correct values are unknown, because the gateway itself reports wrong ones."""
    rejected = case.phase in REJECTED.get(case.fault, ())
    if case.fault in UNPREDICTABLE or (FAULTS[case.fault].breaks == "values" and not rejected):
        return readers(case.affected)
    return frozenset()


@dataclass
class Checker:
    """Compares each scrape with the simulated system, and with what the fault may break."""

    environment: Environment
    profile: str
    unverifiable: frozenset[str]
    breaks: str
    affected: tuple[str, ...] = ()
    exposed_as_reported: str = ""

    def check_healthy(self, scraped: ScrapeResult) -> None:
        self._check_values(scraped, frozenset())
        self._check_complete(scraped)

    def check_during_fault(self, scraped: ScrapeResult) -> None:
        self._check_values(scraped, self.unverifiable, self.exposed_as_reported)
        if self.breaks == "nothing":
            self._check_complete(scraped)
        elif self.breaks == "endpoint" and self.affected:
            self.report(set(scraped.failing) - readers(self.affected), "failing, although it reads another endpoint")

    def check_recovery(self, *, documents_changed: bool) -> None:
        """After the back-off and two scrapes the exporter has everything that it had before, and nothing else."""
        environment = self.environment
        wait = environment.back_off()
        environment.maxima["longest back-off"] = max(environment.maxima["longest back-off"], ceil(wait))
        if wait > MAX_BACK_OFF:
            environment.violations.append(f"a back-off of {wait:.0f} s")
        if environment.exporter_gateway.state.second_look_at == float("inf"):
            absent = environment.seconds_until_absent_documents_are_due(reference(self.profile).available)
            environment.clock.advance(absent)
        if documents_changed:
            wait = max(wait, environment.seconds_until_all_documents_are_due())
        environment.scrape(ceil(wait / STEP) * STEP)
        scraped = environment.scrape()
        environment.fetch_every_page()
        self.check_healthy(scraped)
        new = series(scraped.exposition.samples) - healthy_series(self.profile)
        if environment.with_enlighten:
            new = of_the_gateway(new)
        self.report((f"{name}{dict(labels)}" for name, labels in new), "never exposed before")
        environment.counted["recoveries"] += 1

    def report(self, found: Iterable[str], what: str) -> None:
        if names := sorted(found):
            self.environment.violations.append(f"{what}: {len(names)}: {'; '.join(names[:4])}")

    def _check_values(self, scraped: ScrapeResult, unverifiable: frozenset[str], exposed_as_reported: str = "") -> None:
        self.environment.counted["samples"] += len(scraped.exposition.samples)
        checked = {
            key: value
            for key, value in scraped.exposition.samples.items()
            if not re.fullmatch(exposed_as_reported, key[0])
        }
        wrong_samples = reference(self.profile).wrong_samples(checked, scraped.at, self.environment.gap, unverifiable)
        self.report(wrong_samples, "wrong values")

    def _check_complete(self, scraped: ScrapeResult) -> None:
        if not scraped.up:
            self.environment.violations.append(f"not up: {self.environment.exporter_gateway.snapshot().error}")
        self.report(scraped.failing, "collectors without their documents")
        missing = of_the_gateway(healthy_series(self.profile)) - scraped.exposition.samples.keys()
        self.report((f"{name}{dict(labels)}" for name, labels in missing if scraped.up), "missing")
