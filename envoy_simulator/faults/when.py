"""The conditions under which a fault applies."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf

from envoy_simulator.faults.fault import FaultError
from envoy_simulator.prng import Purpose, uniform


@dataclass(frozen=True, slots=True)
class When:
    """Conditions, of which all must hold.

    `endpoints`: paths without query, with `*` for any part of a path; () is all paths. `first`, `last`, `every`:
    numbers of the requests (to these endpoints) or connections since the fault was switched on. `since`, `until`:
    seconds of the gateway's clock since then. `seed`: the seed for `probability`.
    """

    endpoints: tuple[str, ...] = ()
    first: int = 1
    last: float = inf
    every: int = 1
    probability: float = 1.0
    since: float = 0.0
    until: float = inf
    seed: int = 0

    def __post_init__(self) -> None:
        if self.first < 1 or self.every < 1 or not 0 <= self.probability <= 1 or self.since < 0:
            raise FaultError(
                "out of range: from and every must be at least 1, probability from 0 to 1, since at least 0"
            )

    @property
    def counts(self) -> bool:
        """Whether the condition depends on the number of the request or connection."""
        return (self.first, self.last, self.every, self.probability) != (1, inf, 1, 1.0)

    def concerns(self, path: str) -> bool:
        return not self.endpoints or any(fnmatchcase(path, endpoint) for endpoint in self.endpoints)

    def applies(self, number: int, elapsed: float) -> bool:
        if not self.since <= elapsed < self.until:
            return False
        if not self.counts:
            return True
        in_turn = self.first <= number <= self.last and (number - self.first) % self.every == 0
        return in_turn and uniform(self.seed, Purpose.FAULT, number) < self.probability
