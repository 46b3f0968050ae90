"""What a gateway's documents decide about its endpoints: which are required, in which order, and at which ages."""

from collections.abc import Mapping
from dataclasses import dataclass

from envoy_exporter.documents import INFO, METERS, Documents

from .endpoint_state import NEVER, EndpointState
from .endpoints import ENDPOINTS, Endpoint, EndpointClass

_ORDER = {endpoint.name: place for place, endpoint in enumerate(ENDPOINTS)}
_FIRST = (INFO, METERS)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The required endpoints in order, and the class and the maximum age of every endpoint.

    `documents` has all that the gateway ever sent, to decide what is installed; it must not be read for metrics.
    """

    documents: Documents
    classes: Mapping[str, EndpointClass]
    ages: Mapping[str, float]
    required: tuple[Endpoint, ...]


def schedule(
    states: Mapping[str, EndpointState],
    collectors: frozenset[str],
    min_interval: float,
    maximum_ages: Mapping[str, float],
) -> Schedule:
    """The schedule for these states and settings. `maximum_ages`: by collector, where the config sets one."""
    documents = _documents(states)
    classes = {endpoint.name: endpoint.class_for(documents) for endpoint in ENDPOINTS}
    ages = {
        endpoint.name: _age(endpoint, classes[endpoint.name], collectors, min_interval, maximum_ages)
        for endpoint in ENDPOINTS
    }
    read = (endpoint for endpoint in ENDPOINTS if endpoint.name == INFO or endpoint.readers & collectors)
    required = [endpoint for endpoint in read if endpoint.is_required(documents)]
    required.sort(key=lambda endpoint: _rank(endpoint, states[endpoint.name], classes[endpoint.name]))
    return Schedule(documents, classes, ages, tuple(required))


def _age(
    endpoint: Endpoint,
    endpoint_class: EndpointClass,
    collectors: frozenset[str],
    min_interval: float,
    maximum_ages: Mapping[str, float],
) -> float:
    """The maximum age of an endpoint: the smallest that one of its collectors sets."""
    usual = min_interval if endpoint_class.maximum_age is None else endpoint_class.maximum_age
    readers = endpoint.readers & collectors
    ages = [maximum_ages.get(reader, usual) for reader in (readers - endpoint.conditional_readers.keys() or readers)]
    if not endpoint_class.awaited:
        ages = [max(seconds, usual) for seconds in ages]  # slow data change no faster
    return max(min(ages, default=usual), min_interval)


def _documents(states: Mapping[str, EndpointState]) -> Documents:
    return Documents(
        {name: state.document for name, state in states.items() if state.document is not None},
        frozenset(name for name, state in states.items() if state.absent is not None),
        frozenset(name for name, state in states.items() if state.error is not None),
        {name: state.earlier for name, state in states.items() if state.earlier is not None},
        frozenset(name for name, state in states.items() if state.was_available),
    )


def _rank(endpoint: Endpoint, state: EndpointState, endpoint_class: EndpointClass) -> tuple[float, int]:
    """`/info` identifies the gateway, `/ivp/meters` decides what else to request; then the fastest class first."""
    if endpoint.name in _FIRST and (endpoint.name == INFO or not state.is_known):
        return NEVER, _FIRST.index(endpoint.name)
    return endpoint_class.maximum_age or 0, _ORDER[endpoint.name]
