"""What the plant really does, held against what the exporter says of it: true, or not there.

The twin of a gateway is asked without sockets for every document, at all the moments that a sample may be of: no older
than the oldest document that it could have been read from. A sample must lie between what the twin said at those, give
or take one poll's change.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from math import ceil, floor

from prometheus_client.metrics_core import Metric
from support.clock import ManualClock
from support.exposition import Key, key
from support.gateways import unpolled_gateway

from envoy_exporter import documents
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.collector import Settings
from envoy_exporter.documents import Document, Documents
from envoy_exporter.families import describe
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoint_cache import LEAST_GRACE
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.gateway_collector import GatewayCollector, Snapshot
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request
from envoy_simulator.profiles import Profile

STEP = 15.0
"""Seconds between two scrapes, and between two moments of the twin."""
SLACK = {"enphase_gateway_clock_offset_seconds": 10.0}
"""What depends on the seconds that a test itself, and a busy machine, takes."""
_FIRST = frozenset({documents.INFO, documents.METERS})
"""Nearly all hangs on these, and takes no number from them."""
_AGES = {each.name: each.age.maximum_age or STEP for each in ENDPOINTS}
_READERS = {each.name: each.readers for each in ENDPOINTS}


@cache
def collector_of() -> Mapping[str, str]:
    """By the name of a sample; the exporter's words about itself and its requests are not in it."""
    return {family.name: each.name for each in COLLECTORS for family in describe(each.readings)}


class Twin:
    """A gateway in good health, from `start` (seconds since 1970) on."""

    def __init__(self, profile: Profile, start: float) -> None:
        self.start = start
        self._gateway = Simulator(profile, clock=lambda: start, tls=False)
        self._said: dict[int, Mapping[Key, float]] = {}
        self._less: dict[tuple[str, int], Mapping[Key, float]] = {}
        self._sources: Mapping[Key, frozenset[str]] | None = None

    @cached_property
    def there(self) -> frozenset[str]:
        """The documents that it has."""
        return frozenset(self._documents(0))

    def untrue(self, samples: Mapping[Key, float], now: float, gap: float, unjudged: frozenset[str]) -> Iterator[str]:
        """What of the samples nobody could have said in time. `gap`: the longest between scrapes."""
        for sample, value in samples.items():
            name, labels = sample
            if collector_of().get(name) in {None, *unjudged}:
                continue
            moments = self._lately(sample, now, gap)
            said = [each[sample] for each in map(self._at, moments) if sample in each]
            if not _is_meant(name, value, said) and not self._is_said_in_part(sample, value, moments):
                was = f"and was {min(said)} to {max(said)}" if said else "of what is not there"
                yield f"{name}{dict(labels)} is {value}, {was}"

    def _is_said_in_part(self, sample: Key, value: float, moments: range) -> bool:
        """Is it said where one document is missing; or under more labels, those that are not told being empty."""
        name, labels = sample
        told = {label for label in labels if label[1]}
        for less in (each for each in self._documents(0) if collector_of()[name] in _READERS[each]):
            said = []
            for moment in moments:
                known = self._without(less, moment)
                said += [known[sample]] if sample in known else []
            if _is_meant(name, value, said):
                return True
        if len(told) == len(labels):
            return False
        return any(
            other == name and told <= full and value == number
            for moment in moments
            for (other, full), number in self._at(moment).items()
        )

    def _lately(self, sample: Key, now: float, gap: float) -> range:
        oldest = max(now - self._lasts(sample, gap), self.start)
        return range(max(floor((oldest - self.start) / STEP) - 1, 0), ceil((now - self.start) / STEP) + 1)

    def _lasts(self, sample: Key, gap: float) -> float:
        """Seconds that a document remains readable of which the sample is."""
        if self._sources is None:
            self._sources = self._sources_now()
        ages = [_AGES[name] for name in self._sources.get(sample, frozenset()) - _FIRST] or [300.0]
        return max(age + max(age, LEAST_GRACE, 2 * gap) for age in ages)

    def _sources_now(self) -> Mapping[Key, frozenset[str]]:
        """Without which documents a sample would not be, or would be another; or which would do in their place."""
        whole = self._documents(0)
        usual = self._at(0)
        found: dict[Key, set[str]] = {}
        for name in whole:
            less = self._samples({each: document for each, document in whole.items() if each != name}, 0)
            alone = self._samples({each: whole[each] for each in (*_FIRST & whole.keys(), name)}, 0)
            for sample, value in usual.items():
                if less.get(sample) != value or sample in alone:
                    found.setdefault(sample, set()).add(name)
        return {sample: frozenset(names) for sample, names in found.items()}

    def _at(self, moment: int) -> Mapping[Key, float]:
        if moment not in self._said:
            self._said[moment] = self._samples(self._documents(moment), moment)
        return self._said[moment]

    def _without(self, name: str, moment: int) -> Mapping[Key, float]:
        if (name, moment) not in self._less:
            whole = self._documents(moment)
            self._less[name, moment] = self._samples({e: each for e, each in whole.items() if e != name}, moment)
        return self._less[name, moment]

    def _documents(self, moment: int) -> dict[str, Document]:
        now = self.start + moment * STEP
        bearer = {"authorization": f"Bearer {self._gateway.token}"} if self._gateway.wants_token else {}
        answered: dict[str, Document] = {}
        for endpoint in ENDPOINTS:
            request = Request("GET", endpoint.target, bearer)
            if self._gateway.wants_token:
                response = self._gateway.respond(request, now)
            else:
                response = self._gateway.site.document(request, now)
            told = Response(response.status, {name.lower(): value for name, value in response.headers}, response.body)
            try:
                content = responses.content(endpoint.name, told, Documents(answered), now)
            except (RequestError, NotAvailable):
                continue
            answered[endpoint.name] = Document(content, requested_at=now, duration=0.1)
        return answered

    def _samples(self, answered: Mapping[str, Document], moment: int) -> Mapping[Key, float]:
        clock = ManualClock(self.start + moment * STEP)
        collector = GatewayCollector(unpolled_gateway(clock), Settings(), clock)
        return samples(collector.families(_snapshot(Documents(answered))))


def samples(metrics: list[Metric]) -> dict[Key, float]:
    return {key(each.name, **each.labels): each.value for metric in metrics for each in metric.samples}


def _is_meant(name: str, value: float, said: Sequence[float]) -> bool:
    """Between what was said, or a poll's change from there."""
    if not said:
        return False
    slack = max((abs(b - a) for a, b in pairwise(said)), default=0.0) + SLACK.get(name, 1e-9 * abs(value))
    return min(said) - slack <= value <= max(said) + slack


def readers(endpoints: tuple[str, ...]) -> frozenset[str]:
    """The collectors that read one of these paths; of () all."""
    if not endpoints:
        return frozenset(collector_of().values())
    return frozenset(reader for name in endpoints for reader in _READERS.get(name, frozenset()))


def _snapshot(seen: Documents) -> Snapshot:
    return Snapshot(
        answering=True,
        authenticated=True,
        token=None,
        documents=seen,
        endpoints={},
        requests={},
        failures={},
        error=None,
        version=1,
        until=0.0,
    )
