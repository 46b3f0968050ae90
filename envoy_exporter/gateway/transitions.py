"""What the result of a request changes in the state of a gateway.

A failure stays with its endpoint. It is the gateway's if no connection can be made, or if `/info` fails: then nothing
is requested until a back-off is over, and `/info` first. If a request gets no response, `/info` decides which of the
two it is; it is requested next, as soon as `min_interval` permits.

Everything here is a function of a state that returns the next state and the events for the poller to carry out.
"""

import logging
from dataclasses import replace

from envoy_exporter import entries
from envoy_exporter.documents import INFO, Document, Documents
from envoy_exporter.transport.errors import InvalidResponse, NoResponse, RequestError, Unreachable

from . import login as logins
from .endpoint_state import back_off
from .errors import HTTPStatusError, NotAvailable
from .state import (
    CountFailure,
    Down,
    Event,
    Events,
    ForgetConnection,
    GatewayState,
    Log,
    Moment,
    RequestResult,
    Step,
    Unknown,
    Up,
)
from .unauthorized import decide_401s

SETTLING = 600.0
"""Seconds after an outage, or the first contact, in which a gateway may report what it has as missing."""
MAX_WITHOUT_RESPONSE = 3
"""If so many endpoints in a row got no response and `/info` may not be requested yet, nothing more is until then."""
_IDENTITY = (("sn", "serial", "gateway serial number changed"), ("software", "firmware", "gateway firmware changed"))
_GATEWAY = "gateway"


# --- the result of a request


def on_result(state: GatewayState, result: RequestResult, moment: Moment) -> Step:
    """The request is over: with a document, without one, or because the endpoint is not available."""
    error, events = result.error, Events()
    if result.endpoint != INFO:
        state = replace(state, login=logins.on_result(state.login, result))
    elif error is None:
        identity = Documents({INFO: Document(result.content)})
        error = logins.identity_mismatch(state.login, moment.settings, identity)
        if error is None:
            state, events = _on_identity(state, identity)
    if error is None:
        state, more = on_response(state, result, moment)
    elif isinstance(error, NotAvailable):
        state, more = on_absent(state, result, str(error), moment)
    else:
        state, more = on_error(state, result, error, moment)
    # A scrape that waits must wait for what is no longer suspended, too.
    suspended = logins.suspended(state.login, state.documents)
    cache = replace(state.cache, awaiting_verdict=bool(state.login.unexplained_401s), suspended=suspended)
    return replace(state, cache=cache), (*events, *more)


def on_response(state: GatewayState, result: RequestResult, moment: Moment) -> Step:
    """The endpoint sent its document."""
    name, events = result.endpoint, list[Event]()
    cache = state.cache.succeeded(name, result.content, result.requested_at, result.duration)
    state = replace(state, cache=cache)
    if name == INFO:
        state, found = _on_contact(state, moment)
        events += found
    login, accepted = logins.on_response(state.login, result, state.documents)
    events += accepted
    state = replace(state, reachability=Up(), without_response={}, login=login)
    if login.accepted_by:
        state, explained = decide_401s(state, moment)
        events += explained
    if name in state.failing:
        state = replace(state, failing=state.failing - {name})
        events.append(Log(logging.INFO, "endpoint recovered", name, {"endpoint": name}))
    return state, tuple(events)


def on_absent(state: GatewayState, result: RequestResult, why: str, moment: Moment) -> Step:
    """The gateway reports that it does not have this endpoint."""
    name = result.endpoint
    if name == INFO:
        message = f"/info is not available ({why}); check that this is a gateway"
        return on_error(state, result, InvalidResponse("schema", message), moment)
    cache, gone = state.cache.not_available(name, why, moment.now, result.duration)
    state = replace(state, cache=cache)
    if not gone:
        return on_error(state, result, HTTPStatusError(404, why), moment)
    login = logins.on_absent(state.login, name)
    state = replace(state, without_response={}, failing=state.failing - {name}, login=login)
    return state, (Log(logging.DEBUG, "endpoint not available", name, {"endpoint": name, "error": why}),)


def on_error(state: GatewayState, result: RequestResult, error: RequestError, moment: Moment) -> Step:
    """The request brought no document."""
    name, now = result.endpoint, moment.now
    wait = (error.retry_after if isinstance(error, HTTPStatusError) else None) or 0.0
    hung = error.reason in {"timeout", "deadline"}
    cache = state.cache.failed(name, error, now, result.duration, hung=hung, wait=wait, jitter=moment.jitter)
    state = replace(state, cache=cache)
    if error.reason == "http_401" and name != INFO:
        return on_unauthorized(state, name, moment)
    events: list[Event] = [CountFailure(name, error.reason)]
    if name == INFO or isinstance(error, Unreachable):
        state, lost = on_unreachable(state, error, wait, moment)
        return state, (*events, *lost)
    was_failing = name in state.failing
    if not was_failing:
        fields = {"endpoint": name, "reason": error.reason, "error": str(error)}
        events.append(Log(logging.WARNING, "endpoint failed", name, fields))
        cache = state.cache.paused(max(state.cache.paused_until, now + wait))
        state = replace(state, cache=cache, failing=state.failing | {name})
    if isinstance(error, NoResponse):
        state = on_no_response(state, name, was_failing=was_failing, hung=hung, now=now)
    else:
        state = replace(state, without_response={})
    return state, tuple(events)


def on_unauthorized(state: GatewayState, endpoint: str, moment: Moment) -> Step:
    """The endpoint responded with 401: about the role, if another one accepted the credentials in this poll."""
    state = replace(state, without_response={}, login=logins.on_unauthorized(state.login, endpoint))
    return decide_401s(state, moment) if state.login.accepted_by else (state, ())


def on_no_response(state: GatewayState, endpoint: str, *, was_failing: bool, hung: bool, now: float) -> GatewayState:
    """Decide with `/info`, as soon as it may be requested, whether the endpoint or the gateway does not respond.

    Endpoints that were failing before do not make the gateway suspect; each hang does.
    """
    without_response = {**state.without_response, endpoint: state.without_response.get(endpoint, was_failing)}
    state = replace(state, without_response=without_response)
    suspect = sum(not was_failing for was_failing in without_response.values())
    if not hung and not suspect:
        return state
    cache = state.cache.expedited(INFO, now)
    state = replace(state, cache=cache)
    if cache.may_request(INFO, now):
        return replace(state, reachability=Unknown())
    if suspect >= MAX_WITHOUT_RESPONSE:
        return replace(state, cache=cache.paused(cache.states[INFO].due))
    return state


def on_unreachable(state: GatewayState, error: RequestError, wait: float, moment: Moment) -> Step:
    """The gateway does not respond, or it is another one. `wait`: the seconds of its Retry-After."""
    events: list[Event] = []
    before = state.reachability
    if not isinstance(before, Down) or before.error.reason != error.reason:
        fields = {"reason": error.reason, "error": str(error)}
        events.append(Log(logging.ERROR, "gateway unreachable", _GATEWAY, fields))
    cache = state.cache
    if state.without_response:
        cache = cache.postponed(next(iter(state.without_response)), moment.now, moment.jitter)
    wait = max(wait, back_off(state.failures, moment.settings.min_interval) * moment.jitter)
    retry_at = moment.now + wait
    cache = cache.paused(retry_at).expedited(INFO, retry_at)
    state = replace(
        state,
        cache=cache,
        reachability=Down(retry_at, error),
        failures=state.failures + 1,
        without_response={},
    )
    return state, (*events, ForgetConnection())


def _on_identity(state: GatewayState, after: Documents) -> Step:
    """The serial and firmware of the gateway. If one of them has changed, the documents and the login are dropped."""
    before = state.documents
    events: list[Event] = []
    if INFO not in before.available:
        return state, ()
    for element, name, message in _IDENTITY:
        old, new = entries.device(before, element), entries.device(after, element)
        if old and new and old != new:
            events.append(Log(logging.WARNING, message, name, {name: new, "previous": old}))
            login, dropped = logins.on_other_gateway(state.login)
            events += dropped
            state = replace(state, cache=state.cache.reset(), login=login)
    return state, tuple(events)


def _on_contact(state: GatewayState, moment: Moment) -> Step:
    """The gateway responds, and it is the configured one."""
    was_down = isinstance(state.reachability, Down)
    if state.was_up and not was_down:
        return state, ()
    if was_down:
        state = replace(state, cache=state.cache.recovered())
    model, firmware = (entries.device(state.documents, element) or "" for element in ("pn", "software"))
    event = Log(logging.INFO, "gateway reachable", _GATEWAY, {"model": model, "firmware": firmware})
    return replace(state, was_up=True, retry_absent_at=moment.now + SETTLING), (event,)
