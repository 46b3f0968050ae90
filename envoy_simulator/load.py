"""The load that clients put on the gateway, counted so that tests can assert on it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from envoy_simulator.pages import OTHER_PATHS
from envoy_simulator.profiles import PROFILES

_KNOWN_PATHS = OTHER_PATHS.union(*(profile.paths for profile in PROFILES.values()))


@dataclass(frozen=True, slots=True)
class Load:
    """The load so far: requests by path (without query), and responses by path and status in `codes`.

    `most_in_flight`: the maximum number of simultaneous requests. `invalid_requests`: "METHOD path" of the requests
    that are not GET, or for a path that no gateway has.
    """

    requests: Mapping[str, int]
    codes: Mapping[tuple[str, int], int]
    connections: int
    open_connections: int
    most_in_flight: int
    invalid_requests: list[str]


class LoadCount:
    """Counts the load of all connections. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._in_flight = 0
        self._clear()

    def _clear(self) -> None:
        self._requests: Counter[str] = Counter()
        self._codes: Counter[tuple[str, int]] = Counter()
        self._connections = 0
        self._most_in_flight = self._in_flight
        self._invalid: list[str] = []

    @contextmanager
    def connection(self) -> Iterator[None]:
        with self._lock:
            self._connections += 1
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    @contextmanager
    def request(self, method: str, path: str) -> Iterator[None]:
        """A request in flight: from its last header to the last byte of its response."""
        with self._lock:
            if method != "GET" or path not in _KNOWN_PATHS:
                self._invalid.append(f"{method} {path}")
            self._requests[path] += 1
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def responded(self, path: str, status: int) -> None:
        with self._lock:
            self._codes[path, status] += 1

    def snapshot(self) -> Load:
        with self._lock:
            return Load(
                requests=dict(self._requests),
                codes=dict(self._codes),
                connections=self._connections,
                open_connections=self._open,
                most_in_flight=self._most_in_flight,
                invalid_requests=list(self._invalid),
            )

    def reset(self) -> None:
        """Reset all counts except open connections and requests in flight."""
        with self._lock:
            self._clear()
