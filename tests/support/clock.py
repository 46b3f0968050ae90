"""Clocks that a test advances; `sleep` advances them, too."""

import threading
import time


class ManualClock:
    """`time` starts on a day in June; `monotonic` at 1000."""

    def __init__(self, time: float = 1_781_000_000.0) -> None:
        self._time = time
        self._advanced = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        return self._time + self._advanced

    def monotonic(self) -> float:
        return 1000.0 + self._advanced

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._advanced += seconds


class RunningClock(ManualClock):
    """`monotonic` also runs by itself, so that timeouts of sockets expire; the date changes only by `advance`."""

    def monotonic(self) -> float:
        return time.monotonic() + self._advanced
