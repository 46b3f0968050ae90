"""The rate limit of the web config file: a token bucket."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One request each `interval` seconds on average, and up to `burst` at once."""

    interval: float
    burst: int


class TokenBucket:
    """Tokens for requests. It starts full, and again when the limit changes."""

    def __init__(self) -> None:
        self._limit: RateLimit | None = None
        self._tokens = 0.0
        self._updated = 0.0

    def take(self, limit: RateLimit | None, now: float) -> bool:
        """Whether a request is within the limit at this time, in seconds of a clock that never goes back."""
        if limit is None:
            return True
        if limit != self._limit:
            self._limit, self._tokens, self._updated = limit, float(limit.burst), now
        self._tokens = min(self._tokens + (now - self._updated) / limit.interval, float(limit.burst))
        self._updated = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
