"""One account at Enlighten, shared by all gateways that log in with it, so that it is not locked or worn out.

One try at a time. Rejected, it is left alone for an hour, then two, then four; so is a gateway that it refuses a token
for, and the others go on after a minute, then two, up to an hour, until one of them gets its own. A gateway that
refuses its tokens waits by itself. A cloud that is down is asked again after a minute, then two, up to an hour, or
when it says.
"""

import threading
from collections import Counter, defaultdict
from random import Random

from envoy_exporter.clock import Clock
from envoy_exporter.token import Token

from .client import CloudError, Enlighten, NoToken, Rejected, Unavailable

REFUSED = (3600.0, 4 * 3600.0)
"""Seconds after the first refusal, and at most: each is twice the one before."""
FAILED = (60.0, 3600.0)
_ALL = ""
"""Whom a failure concerns that is not of one gateway's serial."""


class RateLimited(Exception):
    """Not asked: it was refused or down a while ago, or another gateway is asking."""


def pause(failures: int, seconds: tuple[float, float]) -> float:
    """Seconds to wait after so many failures before."""
    shortest, longest = seconds
    return min(shortest * 2.0 ** min(failures, 16), longest)


class Account:
    """May be used by any number of threads."""

    def __init__(self, enlighten: Enlighten, clock: Clock, random: Random) -> None:
        self._enlighten = enlighten
        self._clock = clock
        self._random = random
        self._trying = threading.Lock()
        self._closed: dict[str, float] = {}
        self._troubles: dict[str, str] = {}
        self._failures: dict[str, Counter[tuple[float, float]]] = defaultdict(Counter)

    def is_open(self, serial: str) -> bool:
        """May it be asked for this gateway's token now."""
        now = self._clock.monotonic()
        return all(self._closed.get(who, now) <= now for who in (_ALL, serial))

    def trouble(self, serial: str) -> str:
        """Why there was no token for this gateway, or for none; empty if nothing is known to be wrong."""
        return self._troubles.get(serial) or self._troubles.get(_ALL) or ""

    def token(self, serial: str, patience: float) -> Token:
        """A new one; `patience`: seconds to wait for another gateway's try. Raises CloudError or RateLimited."""
        if not self._trying.acquire(timeout=patience):
            raise RateLimited
        try:
            if not self.is_open(serial):
                raise RateLimited
            return self._ask(serial)
        finally:
            self._trying.release()

    def _ask(self, serial: str) -> Token:
        try:
            token = self._enlighten.token(serial)
        except CloudError as error:
            self._close(error, serial)
            raise
        except Exception:  # a bug must not make a login of each poll
            self._leave_alone(_ALL, FAILED)
            raise
        self._clear(_ALL)
        return token

    def spoiled(self, serial: str) -> None:
        """The gateway refuses the token that came: another one so soon would fare no better."""
        self._troubles[serial] = "the gateway does not take the new token"
        self.rest(serial)

    def rest(self, serial: str) -> None:
        """Ask for nothing more for this gateway for an hour or longer."""
        self._leave_alone(serial, REFUSED)

    def proven(self, serial: str) -> None:
        """The gateway takes it."""
        self._clear(serial)

    def _close(self, error: CloudError, serial: str) -> None:
        at_least = (isinstance(error, Unavailable) and error.retry_after) or 0.0
        who = serial if isinstance(error, NoToken) or error.result == "serial" else _ALL
        self._troubles[who] = str(error)
        self._leave_alone(who, REFUSED if isinstance(error, Rejected) else FAILED, at_least)
        if who and isinstance(error, Rejected):
            self._leave_alone(_ALL, FAILED)

    def _clear(self, who: str) -> None:
        self._failures.pop(who, None)
        self._troubles.pop(who, None)

    def _leave_alone(self, who: str, seconds: tuple[float, float], at_least: float = 0.0) -> None:
        wait = max(pause(self._failures[who][seconds], seconds), at_least) * self._random.uniform(1.0, 1.2)
        self._failures[who][seconds] += 1
        self._closed[who] = self._clock.monotonic() + wait
