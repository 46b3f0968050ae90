"""Time, as an argument: whoever needs it is given a clock, so that no test patches one."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the exporter asks of time."""

    def time(self) -> float:
        """Seconds since 1970, for what people and gateways date."""

    def monotonic(self) -> float:
        """Seconds from some start, never stepped: for ages, deadlines and back-off."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class SystemClock:
    """The clock of this machine."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def utc_date(seconds: float) -> str:
    """The UTC date of seconds since 1970, as YYYY-MM-DD."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
