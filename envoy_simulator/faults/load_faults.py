"""A gateway that suffers under its clients: what they ask for is what breaks it."""

from collections import deque
from dataclasses import replace
from typing import Literal

from envoy_simulator.faults.fault import Acts, Occasion, fault
from envoy_simulator.http_types import Response
from envoy_simulator.steps import Pause, Reset, Silence, Steps

How = Literal["freezes", "restarts"]


@fault(Acts.WIRE, "endpoint", "an answer takes so many seconds for each request of the last minute")
def tiring(at: Occasion, steps: Steps, *, seconds: float = 0.05) -> Steps:
    yield Pause(seconds * _in_the_last(at, 60.0))
    yield from steps


@fault(Acts.WIRE, "nothing", "more than so many requests in ten seconds, and it is out for a while")
def overload(at: Occasion, steps: Steps, *, most: int = 30, seconds: float = 60.0, how: How = "freezes") -> Steps:
    if _in_the_last(at, 10.0) > most:
        at.memory["until"] = at.now + seconds
    yield from _out(at, steps, how)


@fault(Acts.WIRE, "gateway", "whoever asks for this path has it out for a while")
def deadly(
    at: Occasion,
    steps: Steps,
    *,
    path: str = "/ivp/pdm/device_data",
    seconds: float = 60.0,
    how: How = "freezes",
) -> Steps:
    if at.request.path == path and at.now >= at.memory.get("until", 0.0):
        at.memory["until"] = at.now + seconds
    yield from _out(at, steps, how)


@fault(Acts.RESPONSE, "nothing", "503 as long as more than so many connections are open")
def too_many(at: Occasion, response: Response, *, most: int = 1) -> Response:
    return replace(response, status=503, body=b"") if at.load.open_connections > most else response


def _in_the_last(at: Occasion, seconds: float) -> int:
    """Requests so far that are no older, this one among them."""
    times: deque[float] = at.memory.setdefault("times", deque())
    times.append(at.now)
    while times[0] <= at.now - seconds:
        times.popleft()
    return len(times)


def _out(at: Occasion, steps: Steps, how: str) -> Steps:
    if at.now < at.memory.get("until", 0.0):
        yield Silence() if how == "freezes" else Reset()
    yield from steps
