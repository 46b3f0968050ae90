"""The conditions under which a fault applies."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf

from envoy_simulator.faults.fault import FaultError
from envoy_simulator.prng import Purpose, uniform


@dataclass(frozen=True, slots=True)
class When:
    """All of these conditions must hold. `endpoints`: paths without query, `*` for any part of one; () is all of them.

    `first`, `last`, `every`: numbers of the requests (to these endpoints) or connections since it was switched on.
    `since`, `until`: seconds of the gateway's clock since then. `seed`: of the `probability`.
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
            raise FaultError("from and every are 1 or more, probability is from 0 to 1, and since is not before now")

    @property
    def counts(self) -> bool:
        """Whether it depends on the number of the request or connection."""
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
