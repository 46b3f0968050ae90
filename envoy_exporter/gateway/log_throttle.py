"""Log lines about changes of state: one line for each change, and an hourly summary of frequent changes.

A gateway on a bad Wi-Fi link fails and recovers all day; the log of that day must remain readable.
"""

import logging
from collections import Counter
from dataclasses import replace

from envoy_exporter.clock import Clock

from .state import Log

log = logging.getLogger(__name__)

LINES_BEFORE_SUMMARY = 4
"""The lines about one subject, until it has not changed for SPAN seconds."""
SPAN = 3600.0


class LogThrottle:
    """The log lines of one gateway. Call `log_summary()` regularly: there is no timer."""

    def __init__(self, gateway: str, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._lines: Counter[str] = Counter()
        self._changed_at: dict[str, float] = {}
        self._suppressed: Counter[str] = Counter()
        self._latest: dict[str, Log] = {}
        self._since = 0.0

    def changed(self, event: Log) -> None:
        """Log the event, unless there were too many lines about its subject."""
        if event.level == logging.DEBUG:
            self._write(event, event.message)
            return
        now, subject = self._clock.monotonic(), event.subject
        if now - self._changed_at.get(subject, now) > SPAN:
            del self._lines[subject]
        self._changed_at[subject] = now
        self._lines[subject] += 1
        if self._lines[subject] < LINES_BEFORE_SUMMARY:
            self._write(event, event.message)
        elif self._lines[subject] == LINES_BEFORE_SUMMARY:
            self._write(event, "flapping; further changes are summarised hourly", latest=event.message)
        else:
            self._since = self._since if self._suppressed else now
            self._suppressed[subject] += 1
            self._latest[subject] = event

    def log_summary(self) -> None:
        """Log the number of suppressed lines, one hour after the first."""
        if not self._suppressed or self._clock.monotonic() - self._since < SPAN:
            return
        ((subject, changes),) = self._suppressed.most_common(1)
        event = replace(self._latest[subject], level=logging.WARNING)
        others = len(self._suppressed) - 1 or None
        self._write(event, "hourly summary of changes", changes=changes, latest=event.message, other_subjects=others)
        self._suppressed.clear()
        self._latest.clear()

    def _write(self, event: Log, message: str, **more: object) -> None:
        log.log(event.level, message, extra={"gateway": self._gateway, **more, **event.fields})
