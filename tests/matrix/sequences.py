"""Random sequences of faults by number: one to four of them over and under each other, then all is healed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from envoy_simulator import PROFILES
from envoy_simulator.faults import FAULTS, When
from envoy_simulator.faults.fault import COUNTED, OF_A_REQUEST, Value
from matrix.house import House, small
from matrix.runs import Judge, count, is_spoiling
from matrix.truth import STEP, readers

_PLANTS = ("3.7", "5.0", "7.3", "8.2", "8.3", "8.3-ac")
_PAUSES = (STEP, STEP, STEP, 2 * STEP, 4 * STEP, 20 * STEP)
_HEAVY = ({"kind": "bomb"}, {"kind": "chunks"})


@dataclass(frozen=True)
class Part:
    """A fault of a sequence, before which scrape it begins."""

    begins: int
    fault: str
    options: dict[str, Value]
    when: When

    def __str__(self) -> str:
        return f"{self.fault} {self.options} from scrape {self.begins} on, {self.when}"


@dataclass(frozen=True)
class Sequence:
    profile: str
    parts: tuple[Part, ...]
    pauses: tuple[float, ...]

    def __str__(self) -> str:
        return "; ".join((f"{self.profile}, {len(self.pauses)} scrapes", *map(str, self.parts)))


def sequence(seed: int) -> Sequence:
    """The same for the same number."""
    random = Random(seed)
    profile = random.choice(_PLANTS)
    scrapes = random.randint(3, 6)
    parts = sorted(_parts(random, profile, scrapes), key=lambda part: part.begins)
    return Sequence(profile, tuple(parts), tuple(random.choice(_PAUSES) for _ in range(scrapes)))


def _parts(random: Random, profile: str, scrapes: int) -> Iterator[Part]:
    plant = PROFILES[profile]
    suiting = [each for each in FAULTS.values() if each.suits(plant, tls=plant.requires_token)]
    for fault in random.sample(suiting, random.randint(1, 4)):
        when: dict[str, object] = {"seed": random.randrange(1000)}
        if fault.layer in OF_A_REQUEST and random.random() < 0.5:
            when["endpoints"] = tuple(random.sample(sorted(plant.paths), random.randint(1, min(4, len(plant.paths)))))
        if fault.layer in COUNTED and random.random() < 0.6:
            when["probability"] = random.choice((0.1, 0.3, 0.5, 0.9))
        if random.random() < 0.3:
            when["until"] = random.choice((10.0, 40.0, 100.0, 400.0))
        same = {"profile": profile.partition("-")[0]}  # of the same firmware: it would not be seen to be another plant
        options = random.choice([each for each in fault.variants if each not in (*_HEAVY, same)])
        yield Part(random.randrange(scrapes), fault.name, options, When(**when))  # type: ignore[arg-type]


def run(seed: int, folder: Path, counted: Counter[str]) -> list[str]:
    """What was wrong."""
    told = sequence(seed)
    faults = [FAULTS[part.fault] for part in told.parts]
    spoiled = any(map(is_spoiling, faults))
    unjudged: frozenset[str] = frozenset()
    for fault in faults:
        if is_spoiling(fault):
            unjudged |= readers(fault.endpoints)
    with House(folder, small(told.profile), loud=False) as house:
        judge = Judge(house, told.profile, unjudged, "gateway")
        with house.impatient():
            for number, pause in enumerate(told.pauses):
                for part in told.parts:
                    if part.begins == number:
                        house.gateway.faults.on(part.fault, part.when, **part.options)
                        counted["faults switched on"] += 1
                judge.faulty(house.scrape(pause))
            house.gateway.faults.heal()
        judge.recovers(spoiled=spoiled)
        house.read_the_log()
    count(house, counted)
    return house.breaches
