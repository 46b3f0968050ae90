"""When a fault strikes, of all that it could."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf

from envoy_simulator.faults.fault import FaultError
from envoy_simulator.prng import Purpose, chance


@dataclass(frozen=True, slots=True)
class When:
    """All conditions at once. `endpoints`: paths without query, `*` for any part of one; () is all of them.

    `first`, `last`, `every`: numbers of the requests (to these endpoints) or connections since it was switched on.
    `since`, `until`: seconds of the gateway's clock since then. `seed`: another one is another luck.
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
        """Does it look at numbers."""
        return (self.first, self.last, self.every, self.probability) != (1, inf, 1, 1.0)

    def is_meant(self, path: str) -> bool:
        return not self.endpoints or any(fnmatchcase(path, each) for each in self.endpoints)

    def strikes(self, number: int, elapsed: float) -> bool:
        if not self.since <= elapsed < self.until:
            return False
        if not self.counts:
            return True
        in_turn = self.first <= number <= self.last and (number - self.first) % self.every == 0
        return in_turn and chance(self.seed, Purpose.FAULT, number) < self.probability
