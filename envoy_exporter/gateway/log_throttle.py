"""Log lines about changes of state: one line each, and an hourly summary of what changes often.

A gateway on a bad Wi-Fi link fails and recovers all day; the log of that day must remain readable.
"""

import logging
from collections import Counter

from envoy_exporter.clock import Clock

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Lines about one subject, until it has not changed for SPAN seconds."""
SPAN = 3600.0


class LogThrottle:
    """Lines about the gateway `name`. Call `summary()` regularly: there is no timer."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._lines: Counter[str] = Counter()
        self._changed: dict[str, float] = {}
        self._suppressed: Counter[str] = Counter()
        self._last: dict[str, str] = {}
        self._since = 0.0

    def changed(self, what: str, level: int, words: str) -> None:
        """The state of `what` has changed: log the words, unless there are too many lines about it."""
        now = self._clock.monotonic()
        if now - self._changed.get(what, now) > SPAN:
            del self._lines[what]
        self._changed[what] = now
        self._lines[what] += 1
        if self._lines[what] < AT_ONCE:
            log.log(level, "gateway %s: %s", self._name, words)
        elif self._lines[what] == AT_ONCE:
            log.log(level, "gateway %s: %s; it changes often: from now on a summary an hour", self._name, words)
        else:
            self._since = self._since if self._suppressed else now
            self._suppressed[what] += 1
            self._last[what] = words

    def summary(self) -> None:
        """Log the number of changes without a line, one hour after the first."""
        if not self._suppressed or self._clock.monotonic() - self._since < SPAN:
            return
        for what, times in self._suppressed.most_common(1):
            others = f"; and {len(self._suppressed) - 1} others changed" if len(self._suppressed) > 1 else ""
            words = f"{what} changed {times} times, the last: {self._last[what]}{others}"
            log.warning("gateway %s: in the last hour %s", self._name, words)
        self._suppressed.clear()
        self._last.clear()
