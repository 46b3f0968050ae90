"""Faults that are a sequence of other faults."""

from collections.abc import Iterator, Mapping

from envoy_simulator.faults.fault import FaultContext, Layer, Value, fault
from envoy_simulator.faults.units import ProfileName

Part = tuple[str, Mapping[str, Value]]


@fault(
    Layer.SEQUENCE,
    "gateway",
    "The gateway restarts: its port is closed, then it is busy (503), then all values are 0. In seconds.",
)
def reboot(context: FaultContext, *, down: float = 60.0, busy: float = 60.0, zero: float = 180.0) -> Iterator[Part]:
    if context.since < down:
        yield "closed", {}
    elif context.since < down + busy:
        yield "busy", {}
    elif context.since < down + busy + zero:
        yield "all-zero", {}


@fault(Layer.SEQUENCE, "gateway", "Every night at `hour`, local time, the gateway does not respond for `minutes`.")
def nightly(context: FaultContext, *, hour: float = 23.0, minutes: float = 3.0) -> Iterator[Part]:
    local = context.local.hour + context.local.minute / 60 + context.local.second / 3600
    if 0 <= (local - hour) % 24 < minutes / 60:
        yield "silent", {}
        yield "hangs", {}


@fault(
    Layer.SEQUENCE,
    "gateway",
    "The gateway updates itself: its port is closed for `down` seconds, then it has another firmware.",
)
def update(context: FaultContext, *, profile: ProfileName = "7.3", down: float = 60.0) -> Iterator[Part]:
    if context.since < down:
        yield "closed", {}
    else:
        yield "firmware", {"profile": profile}
