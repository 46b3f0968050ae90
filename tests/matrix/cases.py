"""The cases of the matrix: each fault in each phase, and the values that it makes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from envoy_simulator import PROFILES
from envoy_simulator.faults import FAULTS, Fault, Layer
from envoy_simulator.faults.fault import Value
from matrix.reference import readers


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
    return next(name for name in CANDIDATE_PROFILES if fault.suits(PROFILES[name], tls=PROFILES[name].requires_token))


NEEDS_A_KEPT_CONNECTION = frozenset({"crowded", "too-many"})
"""Below firmware 7 each request has its own connection; whether the last one is already closed is random."""
_ONE_ENDPOINT = ("/production.json",)
"""A fault of one endpoint, to test that the others continue."""


def phases_of(profile: str) -> list[Phase]:
    """Below firmware 7 no token is renewed."""
    return list(Phase) if PROFILES[profile].requires_token else [Phase.STARTING, Phase.RUNNING]


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
            if fault.name in NEEDS_A_KEPT_CONNECTION and not PROFILES[other].requires_token:
                continue
            if other != profile and fault.suits(PROFILES[other], tls=PROFILES[other].requires_token):
                cases += [Case(fault.name, phase, other) for phase in (Phase.STARTING, Phase.RUNNING)]
    return cases


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


def unverifiable(case: Case) -> frozenset[str]:
    """The collectors whose correct values are unknown, because the gateway itself reports wrong ones."""
    rejected = case.phase in REJECTED.get(case.fault, ())
    if case.fault in UNPREDICTABLE or (FAULTS[case.fault].breaks == "values" and not rejected):
        return readers(case.affected)
    return frozenset()
