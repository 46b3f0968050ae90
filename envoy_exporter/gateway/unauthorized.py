"""What the 401s of a poll mean: for the role of the user, or for the credentials."""

from dataclasses import replace

from . import login as logins
from .state import CountFailure, Event, GatewayState, Moment, Step


def next_probe(state: GatewayState, now: float) -> str | None:
    probe = logins.probe_endpoint(state.login, state.documents)
    if probe is None or not logins.may_try(state.login, now) or not state.cache.may_request(probe, now):
        return None
    return probe


def decide_401s(state: GatewayState, moment: Moment) -> Step:
    """What the 401s of this poll meant: about the role, about the credentials, or not known before the next poll."""
    login, unexplained, now = state.login, state.login.unexplained_401s, moment.now
    if not unexplained:
        return state, ()
    decided = replace(login, unexplained_401s=())
    if login.accepted_by:
        return _not_for_role(replace(state, login=decided), unexplained, now)
    counted = tuple(CountFailure(name, "http_401") for name in unexplained)
    probe = logins.probe_endpoint(login, state.documents)
    if login.accepted is not False and probe and not state.cache.may_request(probe, now):
        # The probe endpoint was requested less than `min_interval` ago: the next poll requests it.
        return replace(state, login=decided), counted
    login, events = logins.on_rejected(login, state.documents, moment)
    return replace(state, login=replace(login, unexplained_401s=())), (*events, *counted)


def _not_for_role(state: GatewayState, endpoints: tuple[str, ...], now: float) -> Step:
    """Another endpoint accepted the credentials, so these are not available to this user."""
    events: list[Event] = []
    cache = state.cache
    for name in endpoints:
        cache, gone = cache.not_available(name, "HTTP 401: not for this user's role", now, 0.0)
        if not gone:
            events.append(CountFailure(name, "http_401"))
    return replace(state, cache=cache), tuple(events)
