"""A clock that several processes share: it stands until one of them turns it, and whoever sleeps on it turns it."""

from ctypes import c_double
from multiprocessing.context import SpawnContext

START = 1_781_000_000.0
"""A day in June: the sun is up for most of it."""


class SharedClock:
    def __init__(self, context: SpawnContext) -> None:
        self._turned = context.Value(c_double, 0.0)

    def time(self) -> float:
        return START + self._turned.value

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._turned.value

    def sleep(self, seconds: float) -> None:
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        with self._turned.get_lock():
            self._turned.value += max(seconds, 0.0)
