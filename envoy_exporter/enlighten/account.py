"""One account at Enlighten, shared by all gateways that log in with it, so that it is not locked or overloaded.

There is one try at a time. After a rejection the account backs off for one hour, then two, then four. A gateway for
which Enlighten rejects a token backs off likewise; the other gateways continue after a minute, then two, up to an hour,
until one of them gets its token. A gateway that rejects its tokens backs off alone. While Enlighten is down, the next
try is after a minute, then two, up to an hour, or after its Retry-After.
"""

import threading
from collections import Counter, defaultdict
from random import Random

from envoy_exporter.clock import Clock
from envoy_exporter.token import Token
from envoy_exporter.transport.timeouts import Timeouts

from .client import Enlighten, EnlightenError, NoToken, RequestRejected, Unavailable

REJECTED_PAUSES = (3600.0, 4 * 3600.0)
"""Seconds after the first rejection, and at most: each is twice the one before."""
FAILED_PAUSES = (60.0, 3600.0)
_ALL = ""
"""The key of failures that concern all serials."""


class RateLimited(Exception):
    """Nothing was requested, because of a recent failure or because another gateway logs in."""


def pause(failures: int, seconds: tuple[float, float]) -> float:
    """Seconds to wait after that many earlier failures."""
    shortest, longest = seconds
    return min(shortest * 2.0 ** min(failures, 16), longest)


class Account:
    """The back-off of one account. Several threads may use it."""

    def __init__(self, enlighten: Enlighten, clock: Clock, random: Random, timeouts: Timeouts | None = None) -> None:
        self._enlighten = enlighten
        self._clock = clock
        self._random = random
        self._timeouts = timeouts or Timeouts()
        self._trying = threading.Lock()
        self._retry_at: dict[str, float] = {}
        self._errors: dict[str, str] = {}
        self._failures: dict[str, Counter[tuple[float, float]]] = defaultdict(Counter)

    def is_open(self, serial: str) -> bool:
        """Whether a token for this gateway may be requested now."""
        return self.retry_at(serial) <= self._clock.monotonic()

    def retry_at(self, serial: str) -> float:
        """When a token for this gateway may be requested again, of the monotonic clock."""
        return max(self._retry_at.get(key, 0.0) for key in (_ALL, serial))

    def error(self, serial: str) -> str:
        """Why there is no token for this gateway or for any gateway; "" if there is no error."""
        return self._errors.get(serial) or self._errors.get(_ALL) or ""

    def token(self, serial: str, *, wait: bool) -> Token:
        """A new token. `wait` while another gateway requests one. Raises EnlightenError or RateLimited."""
        if not self._trying.acquire(timeout=self._timeouts.login if wait else 0.0):
            raise RateLimited
        try:
            if not self.is_open(serial):
                raise RateLimited
            return self._request(serial)
        finally:
            self._trying.release()

    def _request(self, serial: str) -> Token:
        try:
            token = self._enlighten.token(serial)
        except EnlightenError as error:
            self._on_error(error, serial)
            raise
        except Exception:  # a bug must not cause a login with each poll
            self._back_off(_ALL, FAILED_PAUSES)
            raise
        self._clear(_ALL)
        return token

    def rejected(self, serial: str) -> None:
        """The gateway rejects the new token; another one so soon would be rejected too."""
        self._errors[serial] = "the gateway does not accept the new token"
        self.back_off(serial)

    def back_off(self, serial: str) -> None:
        """Request nothing for this gateway for one hour or more."""
        self._back_off(serial, REJECTED_PAUSES)

    def accepted(self, serial: str) -> None:
        """The gateway accepts the new token."""
        self._clear(serial)

    def _on_error(self, error: EnlightenError, serial: str) -> None:
        at_least = (isinstance(error, Unavailable) and error.retry_after) or 0.0
        key = serial if isinstance(error, NoToken) or error.result == "serial" else _ALL
        self._errors[key] = str(error)
        self._back_off(key, REJECTED_PAUSES if isinstance(error, RequestRejected) else FAILED_PAUSES, at_least)
        if key and isinstance(error, RequestRejected):
            self._back_off(_ALL, FAILED_PAUSES)

    def _clear(self, key: str) -> None:
        self._failures.pop(key, None)
        self._errors.pop(key, None)

    def _back_off(self, key: str, seconds: tuple[float, float], at_least: float = 0.0) -> None:
        wait = max(pause(self._failures[key][seconds], seconds), at_least) * self._random.uniform(1.0, 1.2)
        self._failures[key][seconds] += 1
        self._retry_at[key] = self._clock.monotonic() + wait
