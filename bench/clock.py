"""A clock that several processes share. It advances only when a process advances it or sleeps on it."""

from ctypes import c_double
from multiprocessing.context import SpawnContext

START = 1_781_000_000.0
"""The start of a day in June, most of which has daylight."""


class SharedClock:
    def __init__(self, context: SpawnContext) -> None:
        self._elapsed = context.Value(c_double, 0.0)

    def time(self) -> float:
        return START + self._elapsed.value

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed.value

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._elapsed.get_lock():
            self._elapsed.value += max(seconds, 0.0)
