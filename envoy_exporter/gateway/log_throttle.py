"""What one gateway is worth in the log: a change of state is a line, and one that goes on changing a summary an hour.

A gateway on a bad Wi-Fi link fails and recovers all day long: the log of that day must stay one that people read.
"""

import logging
from collections import Counter

from envoy_exporter.clock import Clock

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Lines about one thing, until it has been still for SPAN seconds."""
SPAN = 3600.0


class LogThrottle:
    """Lines about the gateway `name`. `summary()` is to be called now and then: there is no timer."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._lines: Counter[str] = Counter()
        self._changed: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()
        self._last: dict[str, str] = {}
        self._since = 0.0

    def changed(self, what: str, level: int, words: str) -> None:
        """The state of `what` has changed: say the words, unless enough has been said of it."""
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
            self._since = self._since if self._unsaid else now
            self._unsaid[what] += 1
            self._last[what] = words

    def summary(self) -> None:
        """What was not said, once an hour has passed since."""
        if not self._unsaid or self._clock.monotonic() - self._since < SPAN:
            return
        for what, times in self._unsaid.most_common(1):
            others = f"; and {len(self._unsaid) - 1} others changed" if len(self._unsaid) > 1 else ""
            words = f"{what} changed {times} times, the last: {self._last[what]}{others}"
            log.warning("gateway %s: in the last hour %s", self._name, words)
        self._unsaid.clear()
        self._last.clear()
