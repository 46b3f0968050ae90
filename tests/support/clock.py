"""Clocks that a test turns; whoever sleeps on one turns it too."""

import threading
import time


class ManualClock:
    """`time` starts on a day in June; `monotonic` at 1000."""

    def __init__(self, time: float = 1_781_000_000.0) -> None:
        self._time = time
        self._turned = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        return self._time + self._turned

    def monotonic(self) -> float:
        return 1000.0 + self._turned

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._turned += seconds


class RunningClock(ManualClock):
    """`monotonic` goes on by itself besides, so that the timeouts of sockets end; the date is only turned."""

    def monotonic(self) -> float:
        return time.monotonic() + self._turned
