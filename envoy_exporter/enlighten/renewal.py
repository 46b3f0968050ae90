"""One gateway's tokens from Enlighten: when a new one is due, where it comes from, and what came of it.

Who waits for the cloud? The gateway's own thread does all that blocks, so it asks the cloud too, and there are
no timers: a scrape is what makes it look. As long as a token is good, the thread asks only after a poll, when
the scrapes have their documents; a cloud that hangs then holds the next poll up by fifteen seconds at most,
for which documents remain readable. Only where there is no token that could be used does the poll wait.
"""

import logging
from collections import Counter
from random import Random

from envoy_exporter.clock import Clock, utc_date
from envoy_exporter.token import Token

from .account import Account, RateLimited
from .client import RESULTS, SECONDS, CloudError
from .token_store import TokenStore

log = logging.getLogger(__name__)

_PART = 12
"""A token is renewed when this part of its life is left: 30 days of a year, an hour of twelve."""
_SPREAD = 0.1
"""Up to this much of that earlier, so that the tokens of one day's gateways are not renewed in one minute."""
_UNKNOWN_LIFE = 43200.0
"""Twelve hours, as an installer's: of a token that does not say when it was made."""


def due(token: Token, chance: float) -> float:
    """When to renew it, in seconds since 1970; `chance` from 0 to 1. One without an end never is."""
    if token.expires is None:
        return float("inf")
    life = token.expires - token.issued if token.issued is not None else _UNKNOWN_LIFE
    return token.expires - max(life, 0.0) / _PART * (1 + _SPREAD * chance)


def has_run_out(token: Token, now: float) -> bool:
    return token.expires is not None and token.expires <= now


class Renewal:
    """Of one gateway, used by its thread. `results` counts what came of asking, each from 0."""

    def __init__(
        self, account: Account, store: TokenStore, *, name: str, serial: str, clock: Clock, random: Random
    ) -> None:
        self._account = account
        self._store = store
        self.name = name
        self._serial = serial
        self._clock = clock
        self._random = random
        self._chance = random.random()
        self._proven: Token | None = None
        self._is_kept = True
        self._found: Token | None = None
        self._is_from_cloud = False
        self._said = ""
        self.results = Counter(dict.fromkeys(RESULTS, 0))

    @property
    def trouble(self) -> str:
        """Why there is no new token, in words; empty if nothing is known to be wrong."""
        trouble = self._account.trouble(self._serial)
        return trouble and f"no new token from Enlighten: {trouble}"

    def stored(self) -> Token | None:
        """What an earlier run, or another exporter, has left; without a disk, what this one has fetched."""
        return self._store.load(self._serial) or self._proven

    def is_open(self) -> bool:
        """May the cloud be asked now."""
        return self._account.is_open(self._serial)

    def is_due(self, token: Token) -> bool:
        return self._clock.time() >= due(token, self._chance)

    def has_run_out(self, token: Token) -> bool:
        """By our clock, which may be wrong: the gateway has the last word."""
        return has_run_out(token, self._clock.time())

    def fetch(self, old: Token | None, *, urgent: bool) -> Token | None:
        """A token that is not the old one: another exporter's if it has left one, else the cloud's. None: no.

        Takes time, at most SECONDS, and as much again if another gateway is asking and this one is in need.
        """
        stored = self.stored()
        if stored is not None and stored not in {old, self._found} and not self.is_due(stored):
            self._found, self._is_from_cloud = stored, False
            return stored
        try:
            token = self._account.token(self._serial, SECONDS if urgent else 0.0)
        except RateLimited:
            return None
        except CloudError as error:
            self.results[error.result] += 1
            self._say(old)
            return None
        self._is_from_cloud = True
        if self.is_due(token):
            self._account.rest(self._serial)  # a cloud that gives such tokens would be asked with every poll
        return token

    def proven(self, token: Token) -> None:
        """The gateway takes it."""
        self._account.proven(self._serial)
        self.results["success"] += 1
        self._said = ""
        self._chance = self._random.random()
        self._proven, self._is_kept = token, False
        log.info("gateway %s has a new token, good until %s", self.name, utc_date(token.expires or 0))

    def spoiled(self, old: Token | None) -> None:
        """The gateway refuses the new token. One from the disk says nothing of what the cloud would make."""
        if not self._is_from_cloud:
            return
        self._account.spoiled(self._serial)
        self.results["gateway"] += 1
        self._say(old)

    def keep(self) -> None:
        """Bring a token that was proven to the disk."""
        if self._proven is not None and not self._is_kept:
            self._store.save(self._serial, self._proven)
            self._is_kept = True

    def _say(self, old: Token | None) -> None:
        trouble = self.trouble
        if trouble != self._said:
            good = old is not None and not self.has_run_out(old)
            until = f"; the old one is good until {utc_date(old.expires)}" if good and old and old.expires else ""
            log.warning("gateway %s: %s%s", self.name, trouble, until)
        self._said = trouble
