"""Faults that the load of the clients causes."""

from collections import deque
from dataclasses import replace
from typing import Literal

from envoy_simulator.faults.fault import FaultContext, Layer, fault
from envoy_simulator.http_types import Response
from envoy_simulator.steps import Pause, Reset, Silence, Steps

How = Literal["freezes", "restarts"]


@fault(Layer.WIRE, "endpoint", "A response is late by `seconds` for each request of the last minute.")
def tiring(context: FaultContext, steps: Steps, *, seconds: float = 0.05) -> Steps:
    yield Pause(seconds * _in_the_last(context, 60.0))
    yield from steps


@fault(Layer.WIRE, "nothing", "After more than `most` requests in ten seconds the gateway is down for `seconds`.")
def overload(
    context: FaultContext, steps: Steps, *, most: int = 30, seconds: float = 60.0, how: How = "freezes"
) -> Steps:
    if _in_the_last(context, 10.0) > most:
        context.memory["until"] = context.now + seconds
    yield from _while_down(context, steps, how)


@fault(Layer.WIRE, "gateway", "A request for `path` takes the gateway down for `seconds`.")
def deadly(
    context: FaultContext,
    steps: Steps,
    *,
    path: str = "/ivp/pdm/device_data",
    seconds: float = 60.0,
    how: How = "freezes",
) -> Steps:
    if context.request.path == path and context.now >= context.memory.get("until", 0.0):
        context.memory["until"] = context.now + seconds
    yield from _while_down(context, steps, how)


@fault(Layer.RESPONSE, "nothing", "The status is 503 while more than `most` connections are open.")
def too_many(context: FaultContext, response: Response, *, most: int = 1) -> Response:
    return replace(response, status=503, body=b"") if context.load.open_connections > most else response


def _in_the_last(context: FaultContext, seconds: float) -> int:
    """The number of requests in the last seconds, including this one."""
    times: deque[float] = context.memory.setdefault("times", deque())
    times.append(context.now)
    while times[0] <= context.now - seconds:
        times.popleft()
    return len(times)


def _while_down(context: FaultContext, steps: Steps, how: str) -> Steps:
    if context.now < context.memory.get("until", 0.0):
        yield Silence() if how == "freezes" else Reset()
    yield from steps
