"""Faults that are others, one after the other."""

from collections.abc import Iterator, Mapping

from envoy_simulator.faults.fault import Acts, Occasion, Value, fault
from envoy_simulator.faults.units import ProfileName

Part = tuple[str, Mapping[str, Value]]


@fault(Acts.SEQUENCE, "gateway", "it restarts: down, then busy (503), then all zero, then well; seconds of each")
def reboot(at: Occasion, *, down: float = 60.0, busy: float = 60.0, zero: float = 180.0) -> Iterator[Part]:
    if at.since < down:
        yield "closed", {}
    elif at.since < down + busy:
        yield "busy", {}
    elif at.since < down + busy + zero:
        yield "all-zero", {}


@fault(Acts.SEQUENCE, "gateway", "every night from that hour on, its own time, it says nothing for some minutes")
def nightly(at: Occasion, *, hour: float = 23.0, minutes: float = 3.0) -> Iterator[Part]:
    local = at.local.hour + at.local.minute / 60 + at.local.second / 3600
    if 0 <= (local - hour) % 24 < minutes / 60:
        yield "silent", {}
        yield "hangs", {}


@fault(Acts.SEQUENCE, "gateway", "it updates itself: down for so many seconds, then another firmware")
def update(at: Occasion, *, profile: ProfileName = "7.3", down: float = 60.0) -> Iterator[Part]:
    if at.since < down:
        yield "closed", {}
    else:
        yield "firmware", {"profile": profile}
