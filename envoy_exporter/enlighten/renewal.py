"""The tokens of one gateway from Enlighten: when a new one is due, and the result of requesting it.

The gateway's own thread does everything that blocks, so it requests tokens too; there are no timers. While a token is
good, the thread requests a new one only after a poll, when the scrapes have their documents. If Enlighten hangs then,
the next poll waits for fifteen seconds at most, during which documents remain readable. A poll waits for Enlighten
only if there is no usable token.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from envoy_exporter.clock import Clock, utc_date
from envoy_exporter.token import Token, due, has_expired

from .account import Account, RateLimited
from .client import RESULTS, EnlightenError
from .token_store import TokenStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RenewalStatus:
    """`error`: why there is no new token, "" if there is no error. `results`: number of tries by result.

    Enlighten is not requested before `retry_at`, of the monotonic clock.
    """

    error: str
    results: Mapping[str, int]
    retry_at: float = 0.0


class Renewal:
    """The token source of one gateway, used by the gateway's thread."""

    def __init__(
        self, account: Account, store: TokenStore, *, name: str, serial: str, clock: Clock, random: Random
    ) -> None:
        self._account = account
        self._store = store
        self.name = name
        self._serial = serial
        self._clock = clock
        self._random = random
        self._random_fraction = random.random()
        self._accepted_token: Token | None = None
        self._is_persisted = True
        self._old_token: Token | None = None
        self._fetched_token: Token | None = None
        self._is_from_enlighten = False
        self._stored_token: Token | None = None
        self._logged_error = ""
        self._results = Counter(dict.fromkeys(RESULTS, 0))

    @property
    def status(self) -> RenewalStatus:
        return RenewalStatus(self._error, dict(self._results), self._account.retry_at(self._serial))

    def stored(self) -> Token | None:
        """The token of an earlier run or of another exporter; without a disk, the one fetched by this process."""
        return self._store.load(self._serial) or self._accepted_token

    def fetch(self, old: Token | None, *, urgent: bool, wait: bool) -> Token | None:
        """A token other than `old`: from the state directory if another exporter left one, else from Enlighten.

        None if no token can be fetched now, or if `old` is not due for renewal. `urgent`: there is no usable token, so
        `old` is replaced in any case. This takes as long as a login may; with `wait`, twice as long if another gateway
        logs in at the same time.
        """
        if not self._account.is_open(self._serial) or not (urgent or old is None or self._is_due(old)):
            return None
        self._old_token = old
        stored = self.stored()
        if stored is not None and stored not in {old, self._stored_token} and not self._is_due(stored):
            self._stored_token = self._fetched_token = stored
            self._is_from_enlighten = False
            return stored
        try:
            token = self._account.token(self._serial, wait=wait)
        except RateLimited:
            return None
        except EnlightenError as error:
            self._results[error.result] += 1
            self._log_error()
            return None
        self._fetched_token, self._is_from_enlighten = token, True
        if self._is_due(token):
            self._account.back_off(self._serial)  # otherwise each poll would request another one
        return token

    def report(self, token: Token, *, accepted: bool) -> None:
        """Whether the gateway accepts this token."""
        if accepted:
            self._on_accepted(token)
        elif token == self._old_token:
            self._old_token = None
        elif token == self._fetched_token and self._is_from_enlighten:  # a stored one was not fetched now
            self._account.rejected(self._serial)
            self._results["gateway"] += 1
            self._log_error()

    def _on_accepted(self, token: Token) -> None:
        self._account.accepted(self._serial)
        self._results["success"] += 1
        self._logged_error = ""
        self._random_fraction = self._random.random()
        self._accepted_token, self._is_persisted = token, False
        log.info("token renewed", extra={"gateway": self.name, "expires": _expiry(token)})

    def persist(self) -> None:
        """Write an accepted token to the state directory, once."""
        if self._accepted_token is not None and not self._is_persisted:
            self._store.save(self._serial, self._accepted_token)
            self._is_persisted = True

    def _is_due(self, token: Token) -> bool:
        return self._clock.time() >= due(token, self._random_fraction)

    @property
    def _error(self) -> str:
        error = self._account.error(self._serial)
        return error and f"token renewal failed: {error}"

    def _log_error(self) -> None:
        error, old = self._account.error(self._serial), self._old_token
        if error != self._logged_error:
            valid_until = _expiry(old) if old is not None and not has_expired(old, self._clock.time()) else ""
            extra = {"gateway": self.name, "error": error, "old_token_expires": valid_until}
            log.warning("token renewal failed", extra=extra)
        self._logged_error = error


def _expiry(token: Token) -> str:
    return utc_date(token.expires) if token.expires else ""
