"""Runs one collector for one gateway: keeps its memory, and counts what it rejects."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client.metrics_core import Metric

from .collectors.collector import Collector, Context, Settings
from .documents import Documents
from .families import collect
from .fields import DUPLICATE, MISSING, Rejection
from .gateway.endpoints import ENDPOINTS

log = logging.getLogger(__name__)

Memory = TypeVar("Memory")

INCOMPLETE_FOR = 600.0
"""Seconds for which a document may lack required content: a gateway that has just started sends empty documents."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """The names of what a document lacks, and when the first and the last such document were requested."""

    names: str
    since: float
    until: float


class CollectorRunner(Generic[Memory]):
    """One collector of one gateway, with its memory and the values that it has rejected."""

    def __init__(self, collector: Collector[Memory]) -> None:
        self.collector = collector
        self.name = collector.name
        self.reads = frozenset(endpoint.name for endpoint in ENDPOINTS if self.name in endpoint.readers)
        self.rejected = Counter(dict.fromkeys(collector.rules, 0))
        self.rejections: tuple[Rejection, ...] = ()
        self.broken = False
        self._requested_at: dict[str, float] = {}
        self._counted: dict[str, float] = {}
        self._before = collector.memory
        self._memory = collector.memory
        self._missing: dict[str, _Missing] = {}
        self._polled: frozenset[str] = frozenset()

    @property
    def suspect(self) -> Collection[str]:
        """The endpoints whose latest document was incomplete; documents that are undecided do not count."""
        return self._missing.keys()

    @property
    def incomplete(self) -> dict[str, str]:
        """What documents have lacked for ten minutes, by endpoint; without endpoints that are no longer polled."""
        return {
            endpoint: missing.names
            for endpoint, missing in self._missing.items()
            if missing.until - missing.since >= INCOMPLETE_FOR and endpoint in self._polled
        }

    def metrics(self, documents: Documents, settings: Settings, now: float, gateway: str) -> list[Metric]:
        """The families of these documents.

        The same documents may be read many times, but their rejections count once: a document that stays while others
        are new is known by the time of its request. Each reading starts from `_before`, the memory before these
        documents, so that it gives the same result.
        """
        available = documents.available.items()
        requested_at = {name: document.requested_at for name, document in available if name in self.reads}
        new = {name for name, time in requested_at.items() if time != self._counted.get(name)}
        if requested_at != self._requested_at:
            self._requested_at, self._before = requested_at, self._memory
        self._counted.update(requested_at)
        try:
            result = self.collector.read(Context(documents, settings, self._before, now))
        except Exception as error:  # read() is total by its tests; a bug must not cost the other collectors
            if not self.broken:
                fields = {"gateway": gateway, "collector": self.name, "error": repr(error)}
                log.exception("bug in a collector, please report it", extra=fields)
            self.broken = True
            return []
        self.broken = False
        self._memory = result.memory
        self._polled = documents.failing | requested_at.keys()
        self._missing = _missing(self._missing, result.rejections, requested_at, result.undecided)
        metrics, duplicates = collect(self.collector.readings, result.readings)
        self.rejected.update(rejection.rule for rejection in result.rejections if rejection.endpoint in new)
        self._log_rejections(result.rejections, gateway)
        self.rejections = result.rejections
        if new and duplicates:
            self.rejected[DUPLICATE] += duplicates
        return metrics

    def _log_rejections(self, rejections: Iterable[Rejection], gateway: str) -> None:
        """Log each rejection that the reading before did not have."""
        for rejection in dict.fromkeys(rejections):
            if rejection not in self.rejections:
                fields = {"gateway": gateway, "endpoint": rejection.endpoint, "collector": self.name}
                log.debug("value rejected", extra={**fields, "rule": rejection.rule, "field": rejection.key})


def _missing(
    before: Mapping[str, _Missing],
    rejections: Iterable[Rejection],
    requested_at: Mapping[str, float],
    undecided: frozenset[str],
) -> dict[str, _Missing]:
    """What documents lack, by endpoint, until a complete document follows.

    `undecided`: endpoints whose documents may be complete or not. The ten minutes start again if more than ten minutes
    have passed since the last incomplete document, whatever failed meanwhile.
    """
    decided = requested_at.keys() - undecided
    after = {endpoint: missing for endpoint, missing in before.items() if endpoint not in decided}
    for rejection in rejections:
        endpoint = rejection.endpoint
        if rejection.rule == MISSING and endpoint in requested_at:
            time = requested_at[endpoint]
            is_lasting = endpoint in before and time - before[endpoint].until <= INCOMPLETE_FOR
            since = min(before[endpoint].since, time) if is_lasting else time
            after[endpoint] = _Missing(rejection.key, since, time)
    return after
