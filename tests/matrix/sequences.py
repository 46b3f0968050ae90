"""Random sequences of faults by number: one to four faults that overlap, and then none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from envoy_simulator import PROFILES
from envoy_simulator.faults import FAULTS, When
from envoy_simulator.faults.fault import COUNTED, OF_A_REQUEST, Value
from matrix.cases import changes_documents, changes_system
from matrix.environment import Environment, with_few_inverters
from matrix.reference import STEP, readers
from matrix.runs import Checker, count

_PROFILES = ("3.7", "5.0", "7.3", "8.2", "8.3", "8.3-ac")
_PAUSES = (STEP, STEP, STEP, 2 * STEP, 4 * STEP, 20 * STEP)
_HEAVY = ({"kind": "bomb"}, {"kind": "chunks"})


@dataclass(frozen=True)
class Step:
    """A fault of a sequence, and before which scrape it begins."""

    first_scrape: int
    fault: str
    options: dict[str, Value]
    when: When

    def __str__(self) -> str:
        return f"{self.fault} {self.options} from scrape {self.first_scrape} on, {self.when}"


@dataclass(frozen=True)
class Sequence:
    profile: str
    steps: tuple[Step, ...]
    pauses: tuple[float, ...]

    def __str__(self) -> str:
        return "; ".join((f"{self.profile}, {len(self.pauses)} scrapes", *map(str, self.steps)))


def sequence(seed: int) -> Sequence:
    """The sequence is the same for the same number."""
    random = Random(seed)
    profile = random.choice(_PROFILES)
    scrapes = random.randint(3, 6)
    steps = sorted(_steps(random, profile, scrapes), key=lambda step: step.first_scrape)
    return Sequence(profile, tuple(steps), tuple(random.choice(_PAUSES) for _ in range(scrapes)))


def _steps(random: Random, profile: str, scrapes: int) -> Iterator[Step]:
    profile_design = PROFILES[profile]
    suitable = [fault for fault in FAULTS.values() if fault.suits(profile_design, tls=profile_design.requires_token)]
    for fault in random.sample(suitable, random.randint(1, 4)):
        when: dict[str, object] = {"seed": random.randrange(1000)}
        if fault.layer in OF_A_REQUEST and random.random() < 0.5:
            when["endpoints"] = tuple(
                random.sample(sorted(profile_design.paths), random.randint(1, min(4, len(profile_design.paths))))
            )
        if fault.layer in COUNTED and random.random() < 0.6:
            when["probability"] = random.choice((0.1, 0.3, 0.5, 0.9))
        if random.random() < 0.3:
            when["until"] = random.choice((10.0, 40.0, 100.0, 400.0))
        # with the same firmware the exporter would not notice that it is another gateway
        same = {"profile": profile.partition("-")[0]}
        options = random.choice([variant for variant in fault.variants if variant not in (*_HEAVY, same)])
        yield Step(random.randrange(scrapes), fault.name, options, When(**when))  # type: ignore[arg-type]


def run(seed: int, folder: Path, counted: Counter[str]) -> list[str]:
    """The violations."""
    chosen = sequence(seed)
    faults = [FAULTS[step.fault] for step in chosen.steps]
    documents_changed = any(map(changes_documents, faults))
    unverifiable: frozenset[str] = frozenset()
    for fault in faults:
        if changes_documents(fault):
            unverifiable |= readers(fault.endpoints)
    with Environment(folder, with_few_inverters(chosen.profile), http_client_logs=False) as environment:
        checker = Checker(environment, chosen.profile, unverifiable, "gateway")
        with environment.short_timeouts():
            for number, pause in enumerate(chosen.pauses):
                for step in chosen.steps:
                    if step.first_scrape == number:
                        environment.gateway.faults.on(step.fault, step.when, **step.options)
                        counted["faults switched on"] += 1
                checker.check_during_fault(environment.scrape(pause))
            environment.gateway.faults.heal()
        checker.check_recovery(documents_changed=documents_changed, system_changed=any(map(changes_system, faults)))
        environment.check_log()
    count(environment, counted)
    return environment.violations
