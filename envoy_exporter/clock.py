"""Clocks are passed as arguments, so that a test can pass its own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The methods of a clock that the exporter uses."""

    def time(self) -> float:
        """Seconds since 1970, for dates that people or gateways see."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, never adjusted: for ages, deadlines and back-off."""

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""


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
